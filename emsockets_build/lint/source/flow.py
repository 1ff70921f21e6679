"""Where a program goes after one socket call, given what the call answers.

A statement is run over all ways that are open: both sides of a condition whose value is not known,
one side where the answer decides. Loops in it are run once. The result is in which ways the
statement can end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import ClassVar

from emsockets_build.lint.source.tree import Node
from emsockets_build.lint.source.unit import Function, Unit
from emsockets_build.lint.source.values import Answer, Evaluator

__all__ = ["End", "Outcome", "comes_round", "outcome"]


class End(StrEnum):
    """How a statement ends."""

    FALL = "fall"
    BREAK = "break"
    CONTINUE = "continue"
    RETURN = "return"
    GOTO = "goto"
    THROW = "throw"
    EXIT = "exit"


class Outcome(StrEnum):
    """What an answer means to the program."""

    FAILURE = "failure"
    """It gives up: says so, closes the socket, throws, exits or goes to its cleaning up."""
    REPORTED = "reported"
    """It returns a failure and leaves the rest to its caller."""
    OTHER = "other"
    """It goes on."""
    UNKNOWN = "unknown"
    """It depends on more than the answer."""


_FALL = frozenset({End.FALL})
_LOOPS = frozenset({"while_statement", "for_statement", "do_statement", "for_range_loop"})
_ERROR_WORDS = re.compile(
    r"\b(?:stderr|cerr|perror|\w*strerror\w*|LOG_(?:ERR|CRIT|WARNING)\w*)\b", re.ASCII
)
_ERROR_NAMES = re.compile(
    r"\w*(?:perror|error|fail|fatal|panic|abort|die|warn|throw)\w*|(?:\w*_)?err(?:_\w+|x)?",
    re.IGNORECASE,
)
_CLOSES = re.compile(r"\w*(?:close|shutdown|disconnect)\w*", re.IGNORECASE)
_BENIGN = re.compile(
    r"\w*(?:print|puts|log|trace|debug|strlen|memset|FD_\w+|htons|ntohs|inet_\w+|time|flush|free)\w*",
    re.IGNORECASE,
)
_FAILED_LABEL = re.compile(
    r"\w*(?:err|fail|bad|bail|abort|clean|close|out|done|end|fini|exit|free|quit)\w*", re.IGNORECASE
)


_LONGEST = 2_000  # bytes of a statement that can be one message


class _Runner:
    def __init__(self, unit: Unit, answer: Answer) -> None:
        self.unit = unit
        self.evaluator = Evaluator(unit, answer)
        self.verdict: Outcome | None = None
        self.decided = False
        self.said = False  # a failure was told, and what comes of it is open
        arguments = answer.call.arguments
        self._socket = unit.text(arguments[0]).strip() if arguments else ""

    def run(self, node: Node | None) -> frozenset[End]:
        """Run a statement; no statement falls through."""
        if node is None:
            return _FALL
        runner = self._statements.get(node.kind)
        if runner is not None:
            return runner(self, node)
        self.evaluator.value(node)
        self._judge(node)
        return self._unless_left(_FALL)

    def _unless_left(self, ends: frozenset[End]) -> frozenset[End]:
        if self.evaluator.left:
            self.evaluator.left = False
            return frozenset({End.EXIT})
        return ends

    def _sequence(self, node: Node) -> frozenset[End]:
        return self.run_all(node.children)

    def run_all(self, statements: list[Node]) -> frozenset[End]:
        """Run statements one after the other."""
        ends: set[End] = {End.FALL}
        for statement in statements:
            ends.discard(End.FALL)
            ends |= self.run(statement)
            if End.FALL not in ends:
                break
        return frozenset(ends)

    def _if(self, node: Node) -> frozenset[End]:
        evaluator = self.evaluator
        evaluator.depends = False
        self.run(node.child("initializer"))
        value = evaluator.value(node.child("condition"))
        if evaluator.left:
            return self._unless_left(_FALL)
        self._judge(node.child("condition"))
        if value is not None:
            self.decided = self.decided or evaluator.depends
            said = self.said
            ends = self.run(node.child("consequence" if value else "alternative"))
            self.said = said or (self.said and End.FALL not in ends)  # told, and went on
            return ends
        return self._either(node.child("consequence"), node.child("alternative"))

    def _either(self, *nodes: Node | None) -> frozenset[End]:
        """Run several statements of which one is run, nobody knows which.

        If the call stands in one of them, that is the one.
        """
        evaluator = self.evaluator
        certain, answered = evaluator.certain, evaluator.answered
        before = dict(evaluator.variables)
        ways: list[tuple[bool, dict[str, int], frozenset[End]]] = []
        for node in nodes:
            evaluator.certain, evaluator.answered = False, answered
            evaluator.variables = dict(before)
            run = self.run(node)
            ways.append((evaluator.answered, evaluator.variables, run))
        ways = [way for way in ways if way[0]] or ways
        evaluator.certain, evaluator.answered = certain, ways[0][0]
        ends = frozenset().union(*(run for _, _, run in ways))
        evaluator.variables = {
            key: value
            for key, value in ways[0][1].items()
            if all(variables.get(key) == value for _, variables, _ in ways)
        }
        if certain and ends != _FALL and self.verdict is None and evaluator.answered:
            self.verdict = Outcome.UNKNOWN
        return ends

    def _loop(self, node: Node) -> frozenset[End]:
        evaluator = self.evaluator
        condition = node.child("condition")
        if node.kind == "do_statement":
            ends = set(self.run(node.child("body")))
            if not ends & {End.FALL, End.CONTINUE}:  # never asked whether there is another round
                return frozenset(ends - {End.BREAK} | ({End.FALL} if End.BREAK in ends else set()))
            value = evaluator.value(condition)
        else:
            self.run(node.child("initializer"))
            value = evaluator.value(condition) if condition is not None else 1
            if value == 0:
                return _FALL
            ends = set(self._either(node.child("body"), None) - _FALL)
            evaluator.doubtfully(node.child("update"))
        endless = value not in (None, 0) and condition is not None and self._constant(condition)
        endless = endless or (node.kind == "for_statement" and condition is None)
        if not endless or End.BREAK in ends:
            ends.add(End.FALL)
        return frozenset(ends - {End.BREAK, End.CONTINUE})

    def _constant(self, condition: Node) -> bool:
        return self.unit.text(condition).strip("() ") in ("1", "true", "TRUE")

    def _switch(self, node: Node) -> frozenset[End]:
        value = self.evaluator.value(node.child("condition"))
        body = node.child("body")
        cases = [one for one in body.children if one.kind == "case_statement"] if body else []
        if value is None or not cases:
            ends = set(self._either(*cases, None))
        else:
            self.decided = True
            chosen = next(
                (n for n, case in enumerate(cases) if self._case(case) == value),
                next((n for n, case in enumerate(cases) if case.child("value") is None), None),
            )
            rest = cases[chosen:] if chosen is not None else []
            ends = set(self.run_all(rest))
        if End.BREAK in ends:
            ends = (ends - {End.BREAK}) | {End.FALL}
        return frozenset(ends)

    def _case(self, case: Node) -> int | None:
        label = case.child("value")
        return self.evaluator.doubtfully(label) if label is not None else None

    def _case_body(self, node: Node) -> frozenset[End]:
        return self.run_all([one for one in node.children if one.field != "value"])

    def _try(self, node: Node) -> frozenset[End]:
        return self.run(node.child("body"))

    def _labeled(self, node: Node) -> frozenset[End]:
        return self.run_all([one for one in node.children if one.field != "label"])

    def _return(self, node: Node) -> frozenset[End]:
        evaluator = self.evaluator
        values = [evaluator.value(child) for child in node.children]
        if evaluator.left:
            self._judge(node)
        elif self._fresh():
            text = self.unit.text(node).removeprefix("return").strip(" ;()")
            failed = text in ("false", "NULL", "nullptr", "FALSE", "INVALID_SOCKET") or (
                _ERROR_NAMES.search(text) is not None
            )
            negative = bool(values) and (values[-1] or 0) < 0
            constant = bool(node.children) and node.children[0].kind in (
                "number_literal",
                "unary_expression",
            )
            if self.said:
                self.verdict = Outcome.FAILURE
            elif failed or (negative and constant):
                self.verdict = Outcome.REPORTED
            elif not self.decided and text and values and values[-1] is None:
                self.verdict = Outcome.UNKNOWN
            else:
                self.verdict = Outcome.OTHER
        return frozenset({End.RETURN})

    def _throw(self, node: Node) -> frozenset[End]:
        self.evaluator.value(node)
        if self._fresh():
            self.verdict = Outcome.FAILURE
        return frozenset({End.THROW})

    def _goto(self, node: Node) -> frozenset[End]:
        if self._fresh():
            failed = _FAILED_LABEL.search(self.unit.text(node).removeprefix("goto"))
            self.verdict = Outcome.FAILURE if failed or self.said else Outcome.OTHER
        return frozenset({End.GOTO})

    def _break(self, _: Node) -> frozenset[End]:
        self._leave()
        return frozenset({End.BREAK})

    def _continue(self, _: Node) -> frozenset[End]:
        self._leave()
        return frozenset({End.CONTINUE})

    def _leave(self) -> None:
        if self.said and self._fresh():
            self.verdict = Outcome.FAILURE

    def _fresh(self) -> bool:
        return self.verdict is None and self.evaluator.answered and self.evaluator.certain

    def _judge(self, node: Node | None) -> None:
        """Draw from a statement that was run for certain what the program makes of the answer."""
        if node is None or not self._fresh():
            return
        seen, self.evaluator.seen = self.evaluator.seen, []
        if self.evaluator.left:
            self.verdict = Outcome.FAILURE
        elif self.decided:
            text = self.unit.text(node)
            if len(text) < _LONGEST and _ERROR_WORDS.search(text):
                self.said = True
            self.verdict = self._verdict(seen)

    def _verdict(self, seen: list[Node]) -> Outcome | None:
        """Draw it from the first call that means something."""
        for call in seen:
            called = call.child("function")
            name = re.split(r"::|\.|->", self.unit.text(called))[-1] if called is not None else ""
            if _CLOSES.fullmatch(name) and self._is_given(call):
                return Outcome.FAILURE
            if _ERROR_NAMES.fullmatch(name):
                self.said = True
            elif not self.said and not _BENIGN.fullmatch(name):
                return Outcome.OTHER
        return None

    def _is_given(self, call: Node) -> bool:
        """Tell whether a call is about the socket of the answer, or about everything."""
        arguments = call.child("arguments")
        given = self.unit.text(arguments) if arguments is not None else "()"
        return given == "()" or self._socket in given

    _statements: ClassVar[Mapping[str, Callable[[_Runner, Node], frozenset[End]]]] = {
        "break_statement": _break,
        "case_statement": _case_body,
        "compound_statement": _sequence,
        "continue_statement": _continue,
        "do_statement": _loop,
        "else_clause": _sequence,
        "for_range_loop": _loop,
        "for_statement": _loop,
        "goto_statement": _goto,
        "if_statement": _if,
        "labeled_statement": _labeled,
        "return_statement": _return,
        "co_return_statement": _return,
        "switch_statement": _switch,
        "throw_statement": _throw,
        "try_statement": _try,
        "while_statement": _loop,
    }


def comes_round(unit: Unit, loop: Node, answer: Answer) -> bool:
    """Tell whether a loop may run again after a call in it has given an answer.

    Args:
        unit: The file.
        loop: The loop.
        answer: The answer of a call in its condition or in its body.
    """
    runner = _Runner(unit, answer)
    condition, body = loop.child("condition"), loop.child("body")
    first = runner.evaluator.value(condition) if loop.kind != "do_statement" else None
    if first == 0 or runner.evaluator.left:
        return False
    ends = runner.run(body)
    if not ends & {End.FALL, End.CONTINUE}:
        return False
    runner.evaluator.value(loop.child("update"))
    again = condition is None or runner.evaluator.value(condition) != 0
    return again and runner.evaluator.answered


def outcome(unit: Unit, function: Function, answer: Answer) -> Outcome:
    """Tell what an answer means to the function that got it.

    Args:
        unit: The file.
        function: The function.
        answer: The answer of a call in it.
    """
    runner = _Runner(unit, answer)
    node = _statement(answer.call.node)
    ends = runner.run(node)
    while runner.verdict is None and node is not function.body:
        parent = node.parent
        if parent is None or ends == {End.CONTINUE} or not ends & {End.FALL, End.BREAK}:
            break
        if parent.kind in _LOOPS or parent.kind == "switch_statement":
            if End.BREAK not in ends and parent.kind != "switch_statement":
                break  # the next round
            ends = _FALL
        elif End.FALL in ends and parent.kind in ("compound_statement", "case_statement"):
            place = parent.children.index(node)
            ends = runner.run_all(parent.children[place + 1 :])
        node = parent
    if runner.verdict is not None:
        return runner.verdict
    if runner.said:
        return Outcome.FAILURE
    if End.EXIT in ends or End.THROW in ends:
        return Outcome.FAILURE if len(ends) == 1 else Outcome.UNKNOWN
    return Outcome.OTHER if runner.decided else Outcome.UNKNOWN


def _statement(node: Node) -> Node:
    """Return the innermost statement that a call is part of."""
    while node.parent is not None and not (
        node.kind.endswith(("_statement", "_loop"))
        or (node.kind == "declaration" and node.parent.kind != "condition_clause")
    ):
        node = node.parent
    return node
