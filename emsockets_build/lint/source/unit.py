"""One C or C++ file, read: its functions, what they call, and which of that is the C library's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from emsockets_build.lint.source.names import ARITY, INTERESTING, THREAD_STARTERS
from emsockets_build.lint.source.tree import Node, Parsed
from emsockets_build.lint.source.webview import WebView

__all__ = ["LOOPS", "Call", "Function", "Unit"]

LOOPS = frozenset({"while_statement", "for_statement", "do_statement"})
_ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call.

    Attributes:
        name: The last part of what is called, such as ``connect``.
        node: The call.
        arguments: Its arguments.
        qualifier: What stands before the name: nothing, ``::`` or a scope; ``.`` for a method.
    """

    name: str
    node: Node
    arguments: tuple[Node, ...]
    qualifier: str


@dataclass(frozen=True, eq=False)
class Function:
    """One function, method or lambda.

    Attributes:
        name: Its name without scopes; empty for a lambda.
        node: All of it.
        body: Its statements.
        parameters: The names of its parameters.
        calls: What it calls, lambdas in it left out, in the order of the text.
        loops: Its loops, the outer ones first.
        doubtful: Whether the parser did not understand all of it, or not all of it was copied.
        lambdas: The lambdas in it.
    """

    name: str
    node: Node
    body: Node
    parameters: tuple[str, ...]
    calls: tuple[Call, ...]
    loops: tuple[Node, ...]
    doubtful: bool
    lambdas: tuple[Function, ...] = field(default=(), repr=False)

    @property
    def title(self) -> str:
        """What it is called in a message; lambdas and what macros define have no name."""
        return f"{self.name}()" if self.name else "this function"


class Unit:
    """The functions of a file that have to do with sockets, or with functions that have.

    Args:
        view: What is compiled.
        parsed: The same, parsed.
    """

    def __init__(self, view: WebView, parsed: Parsed) -> None:
        self.view = view
        self._parsed = parsed
        self.code = view.code
        self.declared = parsed.declared
        self.functions: tuple[Function, ...] = tuple(self._read(parsed))

    def text(self, node: Node) -> str:
        """Return the text of a node, blanks as they are."""
        return self.code[node.start : node.end].decode("utf-8", "replace")

    def mentions(self, *words: str) -> bool:
        """Tell whether a word stands anywhere in the file's code."""
        return any(word.encode() in self.code for word in words)

    def posix(self, call: Call) -> str | None:
        """Return the name of the C library's function that a call calls; None if it is another."""
        if len(call.arguments) != ARITY.get(call.name, -1):
            return None
        if call.qualifier == "::":
            return call.name
        if call.qualifier or call.name in self.declared:
            return None
        if call.name == "connect" and self._is_signal(call):
            return None
        return call.name

    def _is_signal(self, call: Call) -> bool:
        """Tell whether ``connect`` is that of Qt, and not that of a socket."""
        receiver = self.text(call.arguments[1])
        return (
            "SIGNAL" in receiver
            or "lambda" in call.arguments[2].kind
            or re.match(r"&\s*\w+::", receiver) is not None
        )

    def find(self, name: str) -> Function | None:
        """Return the function of a name, of those that were read."""
        return next((one for one in self.functions if one.name == name), None)

    def body_of(self, name: str) -> bytes | None:
        """Return the text of a function of the file, whether it was read or not."""
        return self._bodies.get(name)

    @cached_property
    def _bodies(self) -> dict[str, bytes]:
        return self._parsed.bodies()

    def calling(self, matches: Callable[[Call], bool]) -> frozenset[str]:
        """Return the names of the functions that call something, themselves or through others.

        Args:
            matches: Tells whether a call is one of it.
        """
        names: set[str] = set()
        grown = True
        while grown:
            grown = False
            for function in self.functions:
                if (
                    function.name
                    and function.name not in names
                    and any(
                        matches(call) or (call.name in names and call.name in self._own)
                        for call in function.calls
                    )
                ):
                    names.add(function.name)
                    grown = True
        return frozenset(names)

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(function.name for function in self.functions)

    @cached_property
    def threads(self) -> frozenset[str]:
        """The functions that run on threads of their own: blocking is right there."""
        started = {
            name
            for function in self.functions
            for call in function.calls
            if call.name in THREAD_STARTERS
            for argument in call.arguments
            for name in re.findall(r"[A-Za-z_]\w*", self.text(argument))
            if name in self._own
        }
        grown = True
        while grown:
            called = {
                call.name
                for function in self.functions
                if function.name in started
                for call in function.calls
                if call.name in self._own
            }
            grown = not called <= started
            started |= called
        return frozenset(started)

    def is_threaded(self, function: Function) -> bool:
        """Tell whether a function runs on a thread of its own."""
        if function.name:
            return function.name in self.threads
        return any(
            node.kind == "call_expression"
            and (called := node.child("function")) is not None
            and re.split(r"::|\.|->", self.text(called))[-1].split("<")[0] in THREAD_STARTERS
            for node in function.node.ancestors()
        ) or self._is_thread_object(function.node)

    def _is_thread_object(self, node: Node) -> bool:
        """Tell whether a lambda is what a ``std::thread`` is made of."""
        for outer in node.ancestors():
            if outer.kind in ("declaration", "field_declaration"):
                kind = outer.child("type")
                return kind is not None and "thread" in self.text(kind)
        return False

    def _read(self, parsed: Parsed) -> Iterator[Function]:
        pattern = INTERESTING
        seen: set[int] = set()
        for _ in range(_ROUNDS):
            names: set[bytes] = set()
            end = -1
            for match in pattern.finditer(self.code):
                if match.start() < end:
                    continue
                node = parsed.function_at(match.start())
                if node is None:
                    continue
                end = node.end
                if node.start in seen:
                    continue
                seen.add(node.start)
                for function in self._functions(node):
                    yield function
                    if len(function.name) > 1:
                        names.add(function.name.encode("utf-8", "replace"))
            if not names:
                return
            pattern = re.compile(rb"\b(?:" + b"|".join(map(re.escape, sorted(names))) + rb")\s*\(")

    def _functions(self, node: Node) -> Iterator[Function]:
        """Yield a function and the lambdas in it."""
        pending = [node]
        while pending:
            root = pending.pop()
            body = root.child("body")
            if body is None:
                continue
            calls: list[Call] = []
            loops: list[Node] = []
            doubtful = False
            stack = list(reversed(root.children))
            while stack:
                inner = stack.pop()
                doubtful = doubtful or inner.cut or inner.kind == "ERROR"
                if inner.kind == "lambda_expression":
                    pending.append(inner)
                    continue
                if inner.kind == "call_expression" and (call := self._call(inner)):
                    calls.append(call)
                elif inner.kind in LOOPS or inner.kind == "for_range_loop":
                    loops.append(inner)
                stack.extend(reversed(inner.children))
            name, parameters = self._signature(root)
            yield Function(name, root, body, parameters, tuple(calls), tuple(loops), doubtful)

    def _call(self, node: Node) -> Call | None:
        called, arguments = node.child("function"), node.child("arguments")
        if called is None or arguments is None:
            return None
        given = tuple(one for one in arguments.children if one.kind != "comment")
        qualifier = ""
        if called.kind == "field_expression":
            field_node = called.child("field")
            if field_node is None:
                return None
            return Call(self.text(field_node), node, given, ".")
        text = self.text(called)
        scope, colons, name = text.rpartition("::")
        if colons:
            qualifier = scope or "::"
        return Call(name.split("<")[0].strip(), node, given, qualifier)

    def _signature(self, node: Node) -> tuple[str, tuple[str, ...]]:
        inner: Node | None = node
        while inner is not None and inner.kind != "function_declarator":
            inner = inner.child("declarator")
            if inner is not None and inner.kind == "abstract_function_declarator":
                break
        if inner is None:
            return "", ()
        named = inner.child("declarator")
        name = self.text(named).rpartition("::")[2] if named is not None else ""
        listed = inner.child("parameters")
        parameters = [
            self.text(declared).lstrip("*& ")
            for one in (listed.children if listed is not None else ())
            if (declared := one.child("declarator")) is not None
        ]
        return ("" if node.kind == "lambda_expression" else name), tuple(parameters)
