"""What expressions come to once the answer of one socket call is given."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from emsockets_build.lint.source.tree import Node
from emsockets_build.lint.source.unit import Call, Unit

__all__ = ["ERRNO", "STALE", "Answer", "Evaluator"]

# <bits/errno.h> of Emscripten (WASI's numbers).
ERRNO: Mapping[str, int] = {
    "EAGAIN": 6,
    "EWOULDBLOCK": 6,
    "EALREADY": 7,
    "EBADF": 8,
    "ECONNABORTED": 13,
    "ECONNREFUSED": 14,
    "ECONNRESET": 15,
    "EHOSTUNREACH": 23,
    "EINPROGRESS": 26,
    "EINTR": 27,
    "EINVAL": 28,
    "EISCONN": 30,
    "ENOPROTOOPT": 50,
    "ENOSYS": 52,
    "ENOTCONN": 53,
    "ETIMEDOUT": 73,
}
STALE = -1_000_000
"""The value of errno after a call that succeeded: whatever it was, nobody compares with it."""

_CONSTANTS = {
    **ERRNO,
    "true": 1,
    "false": 0,
    "TRUE": 1,
    "FALSE": 0,
    "NULL": 0,
    "nullptr": 0,
    "SOCKET_ERROR": -1,
    "INVALID_SOCKET": -1,
    "EXIT_SUCCESS": 0,
    "EXIT_FAILURE": 1,
    "WSAEWOULDBLOCK": 6,
    "WSAEINPROGRESS": 26,
}
_OWN_NAME = re.compile(r"[A-Z]\w*?_(?:(SOCKET_ERROR|E[A-Z]{3,})|\w*INVALID\w*)")
_MOST = re.compile(r"(?:[A-Z0-9]+_)*MAX(?:_[A-Z0-9_]+)?")
_MANY = 1 << 30  # what a constant with MAX in its name is: more than any answer
_ANY_ERRNO = re.compile(r"(?:WSA)?E[A-Z0-9]{2,}")
_ERRNO_LIKE = re.compile(
    r"(?:\w*_)?errno|\w*SOCKERRNO\w*|\w*last_?error\w*|\w*geterror", re.IGNORECASE
)
_TRANSPARENT = frozenset({"likely", "unlikely", "LIKELY", "UNLIKELY", "__builtin_expect"})
_CASTS = frozenset({"static_cast", "reinterpret_cast", "const_cast", "int", "bool", "ssize_t"})
_LEAVES = re.compile(
    r"(?:_|quick_|emscripten_force_)?exit|_Exit|abort|terminate|errx?|verrx?|die\w*|fatal\w*"
    r"|panic\w*|emscripten_exit\w*|longjmp|FAIL\w*|ABORT\w*"
)
# Macros of test frameworks and of programs' own; FAILURE is what some of them expect.
_ASSERTS = re.compile(r"(?!\w*FAIL)(?:[A-Z]\w*_)?(?:ASSERT|REQUIRE)\w*")
_WAITS = frozenset({"poll", "ppoll", "select", "pselect"})
_READY = re.compile(r"[\w.>\[\]-]*\brevents&\(?(?:POLL(?:RD|WR)?(?:IN|OUT|NORM|PRI)\|?)+\)?")
_NUMBER = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|\d+)[uUlLzZ]*")


class Answer:
    """What one call answers.

    Args:
        call: The call.
        value: What it returns.
        errno: What errno is then.
        others: What other calls of certain functions return, as nothing happens meanwhile.
    """

    __slots__ = ("call", "errno", "others", "value")

    def __init__(
        self,
        call: Call,
        value: int,
        errno: int = STALE,
        others: Mapping[str, int] | None = None,
    ) -> None:
        self.call = call
        self.value = value
        self.errno = errno
        self.others = others or {}


class Evaluator:
    """Evaluates expressions in the order in which the program does; None is "not known".

    Args:
        unit: The file.
        answer: What is given.

    Attributes:
        variables: What variables hold, by their text.
        answered: Whether the call was reached.
        left: Whether a function was called that never returns.
        certain: Whether what is evaluated now is for certain.
        depends: Whether the last value depended on the answer.
        seen: The calls that were made for certain after the answer.
    """

    def __init__(self, unit: Unit, answer: Answer) -> None:
        self.unit = unit
        self.variables: dict[str, int] = {}
        self.answered = False
        self.left = False
        self.certain = True
        self.depends = False
        self.seen: list[Node] = []
        self._answer = answer

    def value(self, node: Node | None) -> int | None:
        """Evaluate an expression."""
        if node is None:
            return None
        evaluate = self._kinds.get(node.kind)
        if evaluate is not None:
            return evaluate(self, node)
        for child in node.children:
            if child.kind != "lambda_expression":
                self.value(child)
        return None

    def _inner(self, node: Node) -> int | None:
        result = None
        for child in node.children:
            if child.field != "type":
                result = self.value(child)
        return result

    def _name(self, node: Node) -> int | None:
        text = self._key(node)
        if text in self.variables:
            self.depends = self.depends or self.answered
            return self.variables[text]
        if _ERRNO_LIKE.fullmatch(text):
            return self._errno()
        return _constant_value(text)

    def _errno(self) -> int | None:
        if not self.answered:
            return None
        self.depends = True
        return self._answer.errno

    def _key(self, node: Node) -> str:
        return re.sub(r"\s+", "", self.unit.text(node))

    def _number(self, node: Node) -> int | None:
        match = _NUMBER.fullmatch(self.unit.text(node).replace("'", ""))
        if match is None:
            return None
        sign, digits = match.groups()
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        if octal and not set(digits) <= set("01234567"):
            return None
        return int(digits, 8 if octal else 0) * (-1 if sign == "-" else 1)

    def _constant(self, node: Node) -> int | None:
        return _CONSTANTS.get(self.unit.text(node))

    def _call(self, node: Node) -> int | None:
        called, arguments = node.child("function"), node.child("arguments")
        text = self._key(called) if called is not None else ""
        name = re.split(r"::|\.|->", text)[-1].split("<")[0]
        if called is not None and called.kind == "field_expression":
            self.value(called.child("argument"))
        given = [self.value(one) for one in arguments.children] if arguments is not None else []
        if node is self._answer.call.node:
            self.answered = self.depends = True
            return self._answer.value
        if (known := self._known(text)) is not None:
            return known
        if name in _TRANSPARENT or name in _CASTS:
            return given[0] if given else None
        if _ERRNO_LIKE.fullmatch(name) and not _ASSERTS.fullmatch(name):
            return self._errno()
        if self.answered and self.certain:
            self.seen.append(node)
        if name == "assert" and given:
            self.left = self.left or (given[0] == 0 and self.certain)
        elif _LEAVES.fullmatch(name) or self._asserted(name, given):
            self.left = True
        if arguments is not None:
            self._forget_outputs(arguments)
        return None

    def _asserted(self, name: str, given: list[int | None]) -> bool:
        """Tell whether a macro ends the program, or the test, because the answer is a failure."""
        if not self.answered or self._answer.value >= 0 or not _ASSERTS.fullmatch(name):
            return False
        if len(given) == 1:
            # One that compares itself, such as ASSERT_SUCCESS(n), or one that is given a condition.
            return given[0] in (0, self._answer.value)
        expected = "NOT" not in name and set(given) == {self._answer.value}
        return self._answer.value in given and not expected

    def _known(self, name: str) -> int | None:
        """Return what another call answers where nothing happens; None if it may be anything."""
        if name == "FD_ISSET" and self._nothing_is_ready:
            return 0
        return self._answer.others.get(name)

    @property
    def _nothing_is_ready(self) -> bool:
        """Whether a wait has ended, or would, with nothing to tell."""
        waited = self.answered and self._answer.call.name in _WAITS and self._answer.value == 0
        return waited or self._answer.others.get("poll") == 0

    def _forget_outputs(self, arguments: Node) -> None:
        for one in arguments.children:
            if one.kind == "pointer_expression" and self.unit.text(one).startswith("&"):
                self.variables.pop(self._key(one)[1:], None)

    def _assignment(self, node: Node) -> int | None:
        left, right = node.child("left"), node.child("right")
        value = self.value(right)
        sign = node.child("operator")
        if sign is not None and self.unit.text(sign) != "=":
            value = None
        if left is not None:
            self._set(self._key(left), value)
        return value

    def _set(self, key: str, value: int | None) -> None:
        # What a member holds before the answer may be changed by every function that is called.
        if value is None or not (self.answered or key.isidentifier()):
            self.variables.pop(key, None)
        else:
            self.variables[key] = value

    def _initialised(self, node: Node) -> int | None:
        declarator = node.child("declarator")
        value = self.value(node.child("value"))
        if declarator is not None:
            self._set(self._key(declarator).lstrip("*&"), value)
        return value

    def _declaration(self, node: Node) -> int | None:
        if node.child("value") is not None:  # `if (int n = f())`
            return self._initialised(node)
        for child in node.children:
            if child.field != "type":
                self.value(child)
        return None

    def _list(self, node: Node) -> int | None:
        values = [self.value(child) for child in node.children]
        return values[0] if len(values) == 1 else None

    def _updated(self, node: Node) -> int | None:
        argument = node.child("argument")
        if argument is not None:
            self.variables.pop(self._key(argument), None)
        return None

    def _unary(self, node: Node) -> int | None:
        written, value = node.child("operator"), self.value(node.child("argument"))
        if written is None or value is None:
            return None
        sign = self.unit.text(written)
        if sign in ("!", "not"):
            return int(not value)
        return {"-": -value, "+": value, "~": ~value}.get(sign)

    def _pointer(self, node: Node) -> int | None:
        self.value(node.child("argument"))
        return None

    def _binary(self, node: Node) -> int | None:
        written = node.child("operator")
        sign = self.unit.text(written) if written is not None else ""
        left, right = node.child("left"), node.child("right")
        if sign in ("&&", "and", "||", "or"):
            return self._logical(left, right, stop=int(sign in ("||", "or")))
        if sign == "&" and self._nothing_is_ready and _READY.fullmatch(self._key(node)):
            return 0
        one, other = self.value(left), self.value(right)
        if one is None or other is None:
            return None
        return _compare(sign, one, other)

    def _logical(self, left: Node | None, right: Node | None, *, stop: int) -> int | None:
        one = self.value(left)
        if one is not None and bool(one) == bool(stop):
            return stop
        other = self.doubtfully(right) if one is None else self.value(right)
        if other is not None and bool(other) == bool(stop):
            return stop
        return None if one is None or other is None else 1 - stop

    def doubtfully(self, node: Node | None) -> int | None:
        """Evaluate an expression that is only reached on some ways."""
        certain, left = self.certain, self.left
        self.certain = False
        value = self.value(node)
        self.certain, self.left = certain, left
        return value

    def _ternary(self, node: Node) -> int | None:
        condition = self.value(node.child("condition"))
        if condition is None:
            one = self.doubtfully(node.child("consequence"))
            other = self.doubtfully(node.child("alternative"))
            return one if one == other else None
        return self.value(node.child("consequence" if condition else "alternative"))

    def _field(self, node: Node) -> int | None:
        self.value(node.child("argument"))
        return self._name(node)

    def _nothing(self, _: Node) -> int | None:
        return None

    _kinds: ClassVar[Mapping[str, Callable[[Evaluator, Node], int | None]]] = {
        "argument_list": _list,
        "assignment_expression": _assignment,
        "binary_expression": _binary,
        "call_expression": _call,
        "cast_expression": _inner,
        "comma_expression": _inner,
        "condition_clause": _inner,
        "conditional_expression": _ternary,
        "declaration": _declaration,
        "expression_statement": _inner,
        "false": _constant,
        "field_expression": _field,
        "identifier": _name,
        "init_declarator": _initialised,
        "initializer_list": _list,
        "lambda_expression": _nothing,
        "null": _constant,
        "number_literal": _number,
        "parenthesized_expression": _inner,
        "pointer_expression": _pointer,
        "qualified_identifier": _name,
        "true": _constant,
        "unary_expression": _unary,
        "update_expression": _updated,
    }


_OPERATORS: Mapping[str, Callable[[int, int], int]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "-": operator.sub,
    "+": operator.add,
    "&": operator.and_,
}


def _compare(sign: str, one: int, other: int) -> int | None:
    if sign not in _OPERATORS or (STALE in (one, other) and sign not in ("==", "!=")):
        return None
    return int(_OPERATORS[sign](one, other))


def _constant_value(name: str) -> int | None:
    """Return what a constant holds, as far as its name tells; None if it does not."""
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    if _MOST.fullmatch(name):
        return _MANY
    if (own := _OWN_NAME.fullmatch(name)) is not None:  # such as POCO_EINTR
        return _CONSTANTS.get(own[1] or "INVALID_SOCKET")
    if _ANY_ERRNO.fullmatch(name):
        return 10_000 + sum(map(ord, name))
    return None
