"""HTML as a tree: whatever a program or a peer said enters it as text or as an attribute's value.

The standard library's ElementTree escapes both when it writes the tree; no markup is ever put
together from strings.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from emsockets_build.quoting import terminal_escape

__all__ = ["Element", "add", "document", "new", "tail"]

Element = ET.Element


def new(tag: str, text: str = "", **attributes: str | None) -> Element:
    """Make an element.

    Args:
        tag: Such as ``p``.
        text: What it says; control characters become visible.
        attributes: Values by name; a name's last ``_`` is dropped, others become ``-``. None
            leaves one out.
    """
    named = {
        name.rstrip("_").replace("_", "-"): terminal_escape(value)
        for name, value in attributes.items()
        if value is not None
    }
    element = ET.Element(tag, named)
    element.text = terminal_escape(text)
    return element


def add(parent: Element, tag: str, text: str = "", **attributes: str | None) -> Element:
    """Make an element as `new` does, as the last child of ``parent``, and return it."""
    element = new(tag, text, **attributes)
    parent.append(element)
    return element


def tail(parent: Element, text: str) -> None:
    """Say something after the last child of ``parent``."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + terminal_escape(text)
    else:
        parent.text = (parent.text or "") + terminal_escape(text)


def document(root: Element) -> str:
    """Write a whole document, its type included."""
    return f"<!DOCTYPE html>\n{ET.tostring(root, encoding='unicode', method='html')}\n"
