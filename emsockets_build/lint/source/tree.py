"""Parses C and C++ with tree-sitter and copies the functions that matter into a plain tree.

tree-sitter answers for any bytes, in C and without recursion; what costs time is to look at its
nodes from Python, one by one. So only the functions around interesting names are copied, and only
to a certain depth: everything that walks the copy may therefore be recursive.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tree_sitter

__all__ = ["DEEPEST", "Node", "Parsed", "parse"]

DEEPEST = 160
"""Levels of a function that are copied; deeper ones are cut off."""
_SECONDS = 4.0
"""CPU time for one file; ordinary code takes a second for 3 MB, garbage 20 seconds for 1 MB."""

_NESTED = 60
_DECLARATIONS = frozenset({"function_definition", "declaration", "field_declaration"})
_CONTAINERS = frozenset(
    {
        "translation_unit",
        "namespace_definition",
        "declaration_list",
        "linkage_specification",
        "class_specifier",
        "struct_specifier",
        "field_declaration_list",
        "template_declaration",
        "friend_declaration",
        "ERROR",
    }
)


class Node:
    """A node of the copy.

    Attributes:
        kind: The grammar's name of it, such as ``call_expression``.
        start: The offset of its first byte.
        end: The offset behind its last byte.
        field: What it is to its parent, such as ``condition``; empty for nothing in particular.
        parent: The node that it is part of.
        children: Its named parts, and the operators.
        cut: Whether it had parts that were too deep.
    """

    __slots__ = ("children", "cut", "end", "field", "kind", "parent", "start")

    def __init__(self, kind: str, start: int, end: int, field: str, parent: Node | None) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.field = field
        self.parent = parent
        self.children: list[Node] = []
        self.cut = False

    def child(self, field: str) -> Node | None:
        """Return the part that has a field's name."""
        for node in self.children:
            if node.field == field:
                return node
        return None

    def walk(self) -> Iterator[Node]:
        """Yield the node and everything in it, in the order of the text."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def ancestors(self) -> Iterator[Node]:
        """Yield what it is part of, from the inside out."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


class Parsed:
    """One parsed file.

    Args:
        tree: tree-sitter's tree.

    Attributes:
        declared: The names of all functions that the file declares or defines.
    """

    def __init__(self, tree: tree_sitter.Tree) -> None:
        self._functions: list[tree_sitter.Node] = []
        names: set[str] = set()
        for node in _items(tree):
            declarator = _declarator(node)
            if declarator is not None:
                text = declarator.text or b""
                names.add(text.rpartition(b"::")[2].decode("utf-8", "replace"))
            if node.type == "function_definition":
                self._functions.append(node)
        self.declared = frozenset(names)
        self._starts = [node.start_byte for node in self._functions]

    def bodies(self) -> dict[str, bytes]:
        """Return the text of each function by its name without scopes; the first of equal ones."""
        found: dict[str, bytes] = {}
        for node in self._functions:
            declarator = _declarator(node)
            name = (declarator.text or b"") if declarator is not None else b""
            text = name.rpartition(b"::")[2].decode("utf-8", "replace")
            body = node.child_by_field_name("body")
            if body is not None:
                found.setdefault(text, body.text or b"")
        return found

    def function_at(self, offset: int) -> Node | None:
        """Copy the outermost function that a byte is in; None if it is in none.

        Args:
            offset: The byte.
        """
        place = bisect_right(self._starts, offset) - 1
        if place < 0 or self._functions[place].end_byte <= offset:
            return None
        return _copy(self._functions[place])


def _items(tree: tree_sitter.Tree) -> Iterator[tree_sitter.Node]:
    """Yield the declarations and the functions of a file, those in namespaces and classes, too."""
    # A query, or `Node.first_child_for_byte`, would do this in C. But tree-sitter 0.26.1 needs ten
    # seconds for the former on broken code and crashes in the latter on nodes without children.
    cursor = tree.walk()
    depth = 0
    while True:
        node = cursor.node
        if node is not None:
            if node.type in _DECLARATIONS:
                yield node
            elif node.type in _CONTAINERS and depth < _NESTED and cursor.goto_first_child():
                depth += 1
                continue
        while not cursor.goto_next_sibling():
            if depth == 0 or not cursor.goto_parent():
                return
            depth -= 1


def _declarator(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the name of the function that an item declares; None if it declares none."""
    inner: tree_sitter.Node | None = node
    for _ in range(_NESTED):
        if inner is None:
            return None
        function = inner.type == "function_declarator"
        inner = inner.child_by_field_name("declarator")
        if function:
            return inner
    return None


def parse(data: bytes, *, cplusplus: bool) -> Parsed | None:
    """Parse a file.

    Args:
        data: Its text.
        cplusplus: Whether it is C++.

    Returns:
        What was parsed; None if it took too long.
    """
    parser = _parser(cplusplus=cplusplus)
    deadline = time.process_time() + _SECONDS
    try:
        tree = parser.parse(
            lambda offset, _: data[offset : offset + 65_536],
            progress_callback=lambda _offset, _error: time.process_time() > deadline,
        )
    except ValueError:  # "Parsing failed": the deadline
        parser.reset()
        return None
    return Parsed(tree)


@cache
def _parser(*, cplusplus: bool) -> tree_sitter.Parser:
    import tree_sitter

    if cplusplus:
        import tree_sitter_cpp as grammar
    else:
        import tree_sitter_c as grammar  # type: ignore[no-redef] # the same interface
    return tree_sitter.Parser(tree_sitter.Language(grammar.language()))


def _copy(root: tree_sitter.Node) -> Node:
    top = Node(root.type, root.start_byte, root.end_byte, "", None)
    cursor = root.walk()
    parents = [top] if cursor.goto_first_child() else []
    while parents:
        source, field = cursor.node, cursor.field_name or ""
        if source is not None and (field or source.is_named):
            node = Node(source.type, source.start_byte, source.end_byte, field, parents[-1])
            parents[-1].children.append(node)
            if len(parents) >= DEEPEST:
                node.cut = source.child_count > 0
            elif cursor.goto_first_child():
                parents.append(node)
                continue
        while parents and not cursor.goto_next_sibling():
            parents.pop()
            cursor.goto_parent()
    return top
