"""What conditions of the preprocessor are under Emscripten: true, false or not known."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

__all__ = ["Macros"]

# `em++ -dM -E` of 3.1.6, 3.1.69 and 6.0.5. EMSCRIPTEN came from the command line until 5.0.3 and
# comes from <emscripten.h> since: code behind it was written for the web in any case.
_DEFINED_NAMES = """
__EMSCRIPTEN__ EMSCRIPTEN __unix__ __unix unix __wasm__ __wasm __wasm32__ __wasm32 __clang__
__llvm__ __GNUC__ __STDC__ AF_INET SOCK_STREAM O_NONBLOCK EAGAIN EWOULDBLOCK EINPROGRESS
MSG_PEEK MSG_NOSIGNAL SO_ERROR F_SETFL FIONBIO
"""
_DEFINED = frozenset(_DEFINED_NAMES.split())
_UNDEFINED_NAMES = """
__linux__ __linux linux __gnu_linux__ __gnu_hurd__ __GLIBC__ __APPLE__ __MACH__ __ANDROID__
__FreeBSD__ __FreeBSD_kernel__ __NetBSD__ __OpenBSD__ __DragonFly__ BSD __sun __sun__ sun
__svr4__ __SVR4 _AIX __hpux hpux __sgi __osf__ __CYGWIN__ __MINGW32__ __MINGW64__ _MSC_VER
__BORLANDC__ __WATCOMC__ __DJGPP__ MSDOS __VMS __vxworks __VXWORKS__ __QNX__ __QNXNTO__
__HAIKU__ __BEOS__ __amigaos__ AMIGA __OS400__ __riscos__ __SYMBIAN32__ __wasi__ __EMX__
ESP_PLATFORM ARDUINO WIN32 _WIN32 __WIN32__ WIN64 _WIN64 _WIN32_WINNT _WINDOWS SO_NOSIGPIPE
__MVS__ __TOS_MVS__ __PASE__ __TANDEM __SWITCH__ __3DS__ __PSP__
__ORBIS__ __PROSPERO__ __NX__ __ZEPHYR__ __NuttX__ UNDER_CE
_WIN32_WCE __i386__ __x86_64__ __amd64__ _M_IX86 _M_X64 __arm__ __aarch64__
"""
_UNDEFINED = frozenset(_UNDEFINED_NAMES.split())
# A project's own names for platforms, such as POCO_OS_FAMILY_WINDOWS or HAVE_WINSOCK2_H.
_WEB = re.compile(r"EMSCRIPTEN|(?:^|_)WASM(?:32|_|$)", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"(?:^|_)(?:WIN(?:32|64|CE|DOWS\w*|SOCK\w*|NT|RT|UWP)|MSVC|MSC|MINGW\w*|CYGWIN|LINUX|APPLE"
    r"|MAC(?:OSX?)?|DARWIN|OSX|IOS|ANDROID|\w{3,4}BSD|SOLARIS|SUNOS|HPUX|AIX|IRIX|QNX|VXWORKS"
    r"|FREERTOS|RTOS|OPTEE|ESP\d*|ESP32\w*|ARDUINO|LWIP|ZEPHYR|NUTTX|AMIGA\w*|OS400|MSDOS|DOS"
    r"|VMS|BEOS|HAIKU|SYMBIAN|XBOX|HURD|RISCOS|NETWARE|TPF|UEFI|KQUEUE|IOCP|EVENT_?PORTS?"
    r"|DEVPOLL|IO_?URING|WEPOLL|PICO|NINTENDO|PLAYSTATION)(?:_|\d*$)",
    re.IGNORECASE,
)

_WORD = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F']+|\d[\d']*)[uUlLzZ]*|([A-Za-z_]\w*)"
    r"|(&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%<>!~&|^?:(),])|('(?:\\.|[^'\\])+'))"
)
_BINARY: Mapping[str, tuple[int, Callable[[int, int], int]]] = {
    "|": (3, operator.or_),
    "^": (4, operator.xor),
    "&": (5, operator.and_),
    "==": (6, operator.eq),
    "!=": (6, operator.ne),
    "<": (7, operator.lt),
    ">": (7, operator.gt),
    "<=": (7, operator.le),
    ">=": (7, operator.ge),
    "<<": (8, lambda one, other: one << other if 0 <= other < _WIDTH else 0),
    ">>": (8, lambda one, other: one >> other if 0 <= other < _WIDTH else 0),
    "+": (9, operator.add),
    "-": (9, operator.sub),
    "*": (10, operator.mul),
    "/": (10, lambda one, other: one // other if other else 0),
    "%": (10, lambda one, other: one % other if other else 0),
}
_WIDTH = 64
_LONGEST = 2_000
_DEEPEST = 20
_MOST = 500  # macros in one expression
_UNKNOWN = object()


class Macros:
    """The macros that are known at one place of a file.

    Args:
        cplusplus: Whether the file is C++.
        defined: More names that are defined, such as those of the target's WAIT.
        undefined: More names that are not.
    """

    def __init__(
        self,
        *,
        cplusplus: bool,
        defined: frozenset[str] = frozenset(),
        undefined: frozenset[str] = frozenset(),
    ) -> None:
        self._open: set[str] = set()  # macros in the middle of whose value we are
        self._expansions = 0
        self._own: dict[str, object] = {
            **dict.fromkeys(undefined),
            **dict.fromkeys(defined, ""),
        }
        if cplusplus:
            self._own["__cplusplus"] = _UNKNOWN

    def define(self, name: str, value: str, *, surely: bool) -> None:
        """Note a ``#define``.

        Args:
            name: The macro.
            value: Its replacement.
            surely: Whether the line is compiled for certain.
        """
        self._own[name] = value.strip() if surely else _UNKNOWN

    def undefine(self, name: str, *, surely: bool) -> None:
        """Note an ``#undef``."""
        if surely:
            self._own[name] = None
        else:
            self._own.pop(name, None)

    def defined(self, name: str) -> bool | None:
        """Tell whether a macro is defined; None if that is not known."""
        if name in self._own:
            value = self._own[name]
            return None if value is _UNKNOWN and name != "__cplusplus" else value is not None
        if name in _DEFINED or _WEB.search(name):
            return True
        if name in _UNDEFINED or _ELSEWHERE.search(name):
            return False
        return None

    def holds(self, expression: str) -> bool | None:
        """Evaluate the expression of an ``#if``; None if its value is not known."""
        value = self.calculate(expression)
        return None if value is None else value != 0

    def calculate(self, expression: str) -> int | None:
        """Evaluate a constant expression of numbers and macros; None if it is not known."""
        self._expansions = 0
        return _Expression(self, expression).value() if len(expression) <= _LONGEST else None

    def number(self, name: str) -> int | None:
        """Return the value of a name in an expression; None if it is not known."""
        if name in ("true", "false"):
            return int(name == "true")
        value = self._own.get(name, _UNKNOWN)
        if isinstance(value, str) and value and name not in self._open:
            return self._expanded(name, value)
        if self.defined(name) is False:
            return 0
        return 1 if name not in self._own and _WEB.search(name) else None

    def _expanded(self, name: str, value: str) -> int | None:
        self._expansions += 1
        if self._expansions > _MOST or len(self._open) > _DEEPEST or len(value) > _LONGEST:
            return None
        self._open.add(name)
        number = _Expression(self, value).value()
        self._open.discard(name)
        return number


class _Expression:
    """A recursive descent over one expression, three-valued; None is "not known"."""

    def __init__(self, macros: Macros, text: str) -> None:
        self._macros = macros
        self._words: list[str] = []
        place = 0
        while match := _WORD.match(text, place):
            self._words.append(match[0].strip())
            place = match.end()
        self._whole = not text[place:].strip()
        self._place = 0

    def value(self) -> int | None:
        """Evaluate it; None also for what is no expression."""
        if not self._whole or self._words.count("(") > _DEEPEST:
            return None
        result = self._ternary()
        return result if self._place == len(self._words) else None

    def _peek(self) -> str:
        return self._words[self._place] if self._place < len(self._words) else ""

    def _take(self) -> str:
        word = self._peek()
        self._place += 1
        return word

    def _ternary(self) -> int | None:
        condition = self._either()
        if self._peek() != "?":
            return condition
        self._place = len(self._words)  # rare, and not worth more
        return None

    def _either(self) -> int | None:
        values = [self._both()]
        while self._peek() == "||":
            self._take()
            values.append(self._both())
        if len(values) == 1:
            return values[0]
        if any(values):
            return 1
        return None if None in values else 0

    def _both(self) -> int | None:
        values = [self._binary(0)]
        while self._peek() == "&&":
            self._take()
            values.append(self._binary(0))
        if len(values) == 1:
            return values[0]
        if 0 in values:
            return 0
        return None if None in values else 1

    def _binary(self, least: int) -> int | None:
        left = self._unary()
        while (entry := _BINARY.get(self._peek())) and entry[0] > least:
            self._take()
            right = self._binary(entry[0])
            if left is None or right is None:
                left = None
                continue
            left = int(entry[1](left, right))
            if abs(left) >> _WIDTH:  # wider than any integer: not worth computing with
                left = None
        return left

    def _unary(self) -> int | None:
        negations = ""
        while self._peek() in ("!", "-", "+", "~") and self._peek():
            negations += self._take()
        value = self._primary()
        for sign in reversed(negations):
            if value is None:
                return None
            value = {"!": int(not value), "-": -value, "+": value, "~": ~value}[sign]
        return value

    def _primary(self) -> int | None:  # noqa: PLR0911 # one for each kind of operand
        word = self._take()
        if word == "(":
            value = self._ternary()
            if self._take() != ")":
                self._place = len(self._words) + 1
            return value
        if word == "defined":
            parenthesis = self._peek() == "("
            self._place += parenthesis
            known = self._macros.defined(self._take())
            self._place += parenthesis
            return None if known is None else int(known)
        if word[:1].isdigit():
            digits = word.rstrip("uUlLzZ").replace("'", "")
            if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
                return int(digits, 8) if set(digits) <= set("01234567") else None
            return int(digits, 0)
        if word[:1].isalpha() or word[:1] == "_":
            if self._peek() == "(":
                self._skip_call()
                return None
            return self._macros.number(word)
        return None

    def _skip_call(self) -> None:
        depth = 0
        while word := self._take():
            depth += (word == "(") - (word == ")")
            if depth == 0:
                return
