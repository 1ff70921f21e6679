"""Arrays that are larger than the stack."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emsockets_build.lint.source.conditions import Macros
from emsockets_build.lint.source.hit import Hit, at
from emsockets_build.lint.source.tree import Node
from emsockets_build.lint.source.unit import Function, Unit
from emsockets_build.lint.source.web import Web

__all__ = ["large_arrays"]

_DEFAULT = 64 << 10
_SIZES = {
    "bool": 1,
    "char": 1,
    "signed char": 1,
    "unsigned char": 1,
    "int8_t": 1,
    "uint8_t": 1,
    "std::byte": 1,
    "byte": 1,
    "BYTE": 1,
    "short": 2,
    "int16_t": 2,
    "uint16_t": 2,
    "char16_t": 2,
    "int": 4,
    "unsigned": 4,
    "unsigned int": 4,
    "long": 4,
    "unsigned long": 4,
    "int32_t": 4,
    "uint32_t": 4,
    "float": 4,
    "wchar_t": 4,
    "size_t": 4,
    "double": 8,
    "long long": 8,
    "int64_t": 8,
    "uint64_t": 8,
}
_ARRAY = re.compile(r"(?:std::)?array<([^<>]*),([^<>,]*)>")
_CONSTANT = re.compile(
    rb"\b(?:constexpr|const)\s+(?:static\s+|inline\s+)?[\w:]+(?:\s+\w+)?\s+(\w+)\s*(?:=\s*([^;{}]{1,80});|\{([^;{}]{1,80})\})"
)


def large_arrays(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES061: a local array that does not fit on the stack."""
    stack = web.stack or _DEFAULT
    if web.stack is None and web.surely_before(3, 1, 27):
        return
    macros = unit.view.macros
    constants: dict[str, str] | None = None
    for function in unit.functions:
        for declaration in _locals(unit, function):
            if constants is None:
                constants = _constants(unit)
            size, name = _size(unit, declaration, macros, constants)
            if size is not None and size > stack - (4 << 10):
                yield at(
                    "ES061",
                    declaration,
                    f"{name} has {size} bytes, and the stack has {stack} (64 KiB since Emscripten "
                    "3.1.27): it silently overwrites other variables. Make it static, put it on "
                    "the heap, or link with -sSTACK_SIZE",
                )


def _locals(unit: Unit, function: Function) -> Iterator[Node]:
    for node in function.body.walk():
        if node.kind == "declaration" and not any(
            child.kind == "storage_class_specifier"
            and unit.text(child) in ("static", "extern", "thread_local")
            for child in node.children
        ):
            yield node


def _constants(unit: Unit) -> dict[str, str]:
    return {
        match[1].decode(): (match[2] or match[3]).decode("utf-8", "replace")
        for match in _CONSTANT.finditer(unit.code)
    }


def _size(
    unit: Unit, declaration: Node, macros: Macros, constants: dict[str, str]
) -> tuple[int | None, str]:
    """Return the size of the largest array of a declaration in bytes, and its name."""
    kind = declaration.child("type")
    type_text = re.sub(r"\s+", " ", unit.text(kind)).strip() if kind is not None else ""
    largest: tuple[int | None, str] = (None, "")
    whole = 1
    array = _ARRAY.fullmatch(type_text.replace("std::uint8_t", "uint8_t"))
    if array is not None:
        type_text = array[1].strip()
        count = _number(array[2], macros, constants)
        if count is None:
            return largest
        whole = count
    width = _SIZES.get(type_text.removeprefix("std::"))
    if width is None:
        return largest
    for child in declaration.children:
        inner: Node | None = child
        if child.kind == "init_declarator":
            inner = child.child("declarator")
        count, counts = whole, 1 if array is not None else 0
        while inner is not None and inner.kind == "array_declarator":
            dimension = inner.child("size")
            value = _number(unit.text(dimension), macros, constants) if dimension else None
            if value is None:
                counts = 0
                break
            count, counts = count * value, counts + 1
            inner = inner.child("declarator")
        named = counts and inner is not None and inner.kind == "identifier"
        if named and inner is not None and count * width > (largest[0] or 0):
            largest = (count * width, unit.text(inner))
    return largest


def _number(text: str, macros: Macros, constants: dict[str, str]) -> int | None:
    """Evaluate a constant expression of numbers, macros and constants of the file."""
    for _ in range(4):
        replaced = re.sub(
            r"[A-Za-z_]\w*",
            lambda match: f"({constants[match[0]]})" if match[0] in constants else match[0],
            text,
        )
        if replaced == text or len(replaced) > 500:  # noqa: PLR2004 # no array has such a size
            break
        text = replaced
    return macros.calculate(text)
