"""How one target reaches the network and waits, as far as the rules on sources care."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emsockets_build.lint.context import Context, TargetFacts
from emsockets_build.settings.version import Version

__all__ = ["Web", "webs"]

_STACK_SETTINGS = ("-sSTACK_SIZE=", "-sTOTAL_STACK=", "-sDEFAULT_PTHREAD_STACK_SIZE=")
_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


@dataclass(frozen=True, slots=True)
class Web:
    """The facts of one target, or of no target in particular.

    Attributes:
        version: The release; None for all.
        wait: ``events``, ``asyncify``, ``jspi`` or ``pthread``; None if not known.
        backend: ``websocket`` if nothing else is known.
        environment: Where it runs; empty for anywhere.
        posix: Whether the blocking calls are made to work (``POSIX ON``).
        stack: The size of the stack in bytes, if it was chosen.
    """

    version: Version | None = None
    wait: str | None = None
    backend: str = "websocket"
    environment: tuple[str, ...] = ()
    posix: bool = False
    stack: int | None = None

    @property
    def suspends(self) -> bool:
        """Whether the program can be suspended in the middle of a function."""
        return self.wait in ("asyncify", "jspi")

    @property
    def emulated(self) -> bool:
        """Whether the sockets are WebSockets behind the POSIX calls."""
        return self.backend in ("websocket", "websocket-api")

    @property
    def browser_only(self) -> bool:
        """Whether it runs in browsers and nowhere else."""
        return bool(self.environment) and "node" not in self.environment

    def before(self, *release: int) -> bool:
        """Tell whether the release is surely or possibly older than another one."""
        return self.version is None or self.version < release

    def surely_before(self, *release: int) -> bool:
        """Tell whether the release is known and older than another one."""
        return self.version is not None and self.version < release


def webs(context: Context) -> Iterator[Web]:
    """Yield the different facts that a file must do for; one without any if no target is known."""
    found = {_web(context.version, target) for target in context.targets}
    yield from sorted(found, key=repr) or [Web(context.version)]


def _web(version: Version | None, target: TargetFacts) -> Web:
    return Web(
        version,
        target.wait,
        target.backend or "websocket",
        target.environment,
        any("--wrap=recv" in token or "emsockets_posix" in token for token in target.link),
        next(filter(None, map(_stack, target.link)), None),
    )


def _stack(token: str) -> int | None:
    for setting in _STACK_SETTINGS:
        if token.startswith(setting):
            number = token.removeprefix(setting).upper()
            scale = _UNITS.get(number[-2:], 1)
            digits = number[:-2] if scale > 1 else number
            return int(digits) * scale if re.fullmatch(r"[0-9]{1,12}", digits) else None
    return None
