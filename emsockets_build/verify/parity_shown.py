"""Differences between both builds that explain themselves: by their own words, with certainty."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import replace

from emsockets_build.verify.conduct import WASI_ERRORS
from emsockets_build.verify.parity import Aspect, Difference, Semantic
from emsockets_build.verify.parity_case import OUTPUT, Case, own_address

__all__ = ["shown_by"]

_NUMBER = re.compile(r"-?\d+")


def shown_by(difference: Difference, case: Case) -> Iterator[Semantic]:
    """Explain a difference by itself.

    Args:
        difference: What differs.
        case: Where.

    Yields:
        What its own words show.
    """
    if difference.aspect in OUTPUT:
        yield from _in_lines(difference.native, difference.web, case)
    elif difference.aspect is Aspect.EXIT and case.setting.wait == "asyncify":
        yield from _exit_code_lost(case)


def _exit_code_lost(case: Case) -> Iterator[Semantic]:
    """main()'s return value is lost under ASYNCIFY (observed; exit() keeps it)."""
    native, web = case.native, case.web
    same = (native.stdout, len(native.talks)) == (web.stdout, len(web.talks)) and all(
        (one.to_server.size, one.to_program.size) == (other.to_server.size, other.to_program.size)
        for one, other in zip(native.talks, web.talks, strict=False)
    )
    if native.exit_code and web.exit_code == 0 and same:
        yield Semantic(
            "exit-code-lost",
            "the value that main() returns is lost under ASYNCIFY: Node ends with 0",
            "call exit(code), or emscripten_force_exit(code), instead of returning it; WAIT jspi "
            "and WAIT pthread keep it",
            (f"native: {native.ending}", "web: exit code 0, with the same output and traffic"),
            certain=True,
        )


def _in_lines(native: str, web: str, case: Case) -> Iterator[Semantic]:
    """What two lines that differ in numbers alone say."""
    here, there = _NUMBER.findall(native), _NUMBER.findall(web)
    ports = {str(call.port) for call in case.native.named("getsockname") if call.port}
    if any(port in here and port not in there for port in ports):
        yield _own_port(native, web) if case.posix else replace(own_address(case), certain=True)
    if "172.29." in web and "172.29." not in native:
        yield Semantic(
            "made-up-address",
            "getaddrinfo() makes up an address (172.29.x.y) for every name and remembers the name",
            "do not print or compare addresses of names; connect() finds the name again",
            (f"native: {native}", f"web: {web}"),
            certain=True,
        )
    if _NUMBER.sub("#", native) != _NUMBER.sub("#", web) or len(here) != len(there):
        return
    pairs = [(one, other) for one, other in zip(here, there, strict=True) if one != other]
    names = [_same_error(abs(int(one)), abs(int(other))) for one, other in pairs]
    if names and all(names):
        said = ", ".join(
            f"{name} is {one} natively and {other} for the web"
            for name, (one, other) in zip(names, pairs, strict=True)
        )
        yield Semantic(
            "errno-numbers",
            "the numbers of errors are others: Emscripten's libc has those of WASI",
            "print and compare errors by name or with strerror(), never by number",
            (said,),
            certain=True,
        )


def _own_port(native: str, web: str) -> Semantic:
    return Semantic(
        "own-port",
        "the system chooses a socket's own port anew in every run",
        "leave it out of what is compared",
        (f"native: {native}", f"web: {web}"),
        certain=True,
    )


def _same_error(native: int, web: int) -> str:
    name = errno.errorcode.get(native, "")
    return name if 0 < web < len(WASI_ERRORS) and WASI_ERRORS[web] == name else ""
