"""Native and web builds side by side, as a section of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emsockets_build.report.html.markup import Element, add, new, tail

__all__ = ["parity_section"]


def parity_section(parity: Mapping[str, Any]) -> Element:
    """Describe comparisons.

    Args:
        parity: As `report.parity.parity_document` describes them.
    """
    section = new("section", id="parity", class_="scenario")
    head = add(section, "div", class_="head")
    add(head, "h2", "Native and web builds")
    alike = parity["verdict"] == "pass"
    words, class_ = ("alike", "pass") if alike else ("different", "fail")
    add(head, "span", words, class_=f"verdict {class_}")
    body = add(section, "div", class_="body")
    for one in parity["compared"]:
        add(body, "h3", f"{one['name']}: {'alike' if one['equal'] else 'different'}")
        if one["differences"]:
            _differences(body, one["differences"])
        for explanation in one["explanations"]:
            _explanation(body, explanation)
    for one in parity["not_compared"]:
        add(body, "p", f"{one['name']} is not compared: {one['why']}")
    for one in parity["broken"]:
        words = f"{one['name']} could not be compared: {one['what']}. {one['why']}"
        add(body, "p", words.strip(), class_="trouble")
    return section


def _differences(body: Element, differences: list[Mapping[str, Any]]) -> None:
    table = add(body, "table", class_="mismatches")
    row = add(add(table, "thead"), "tr")
    for heading in ("what", "native", "web", ""):
        add(row, "th", heading, scope="col")
    rows = add(table, "tbody")
    for one in differences:
        row = add(rows, "tr")
        add(row, "th", one["aspect"], scope="row")
        add(row, "td", str(one["native"]), class_="code")
        add(row, "td", str(one["web"]), class_="code")
        add(row, "td", "" if one["matters"] else "explained")


def _explanation(body: Element, explanation: Mapping[str, Any]) -> None:
    box = add(body, "div", class_="note")
    add(box, "p", explanation["summary"], class_="summary")
    add(add(box, "p", class_="identity"), "code", explanation["id"])
    if explanation["remedy"]:
        remedy = add(box, "p", class_="remedy")
        add(remedy, "strong", "Remedy: ")
        tail(remedy, explanation["remedy"])
