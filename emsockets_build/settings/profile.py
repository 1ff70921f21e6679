"""A profile: all socket options of one target."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from emsockets_build.errors import UsageError
from emsockets_build.quoting import terminal_escape
from emsockets_build.settings.catalogue import Catalogue

__all__ = ["Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """The options of ``emsockets_target()``; None is an option left out.

    Attributes:
        backend: How socket calls reach the network.
        wait: How the program waits without blocking the JavaScript event loop.
        url: ``ws://`` or ``wss://`` (the address comes from ``connect()``), or a full URL that
            every connection uses.
        subprotocols: The names that are offered; empty for none at all.
        debug: Whether socket calls are logged; in the Debug configuration only if None.
        environment: Where the program runs; anywhere if empty.
        module: The form of the JavaScript.
        exit_runtime: Whether the program ends when ``main`` returns.
        posix: Whether socket calls wait as POSIX has it.
    """

    backend: str | None = None
    wait: str | None = None
    url: str | None = None
    subprotocols: tuple[str, ...] | None = None
    debug: bool | None = None
    environment: tuple[str, ...] = ()
    module: str | None = None
    exit_runtime: bool | None = None
    posix: bool | None = None

    def check(self, catalogue: Catalogue) -> None:
        """Check each option by itself.

        Raises:
            UsageError: A word is not one that the option takes, or a text cannot survive the way
                into the program.
        """
        for option, words in (
            ("backend", (self.backend,)),
            ("wait", (self.wait,)),
            ("environment", self.environment),
            ("module", (self.module,)),
        ):
            for word in words:
                if word is not None and word not in catalogue.options[option]:
                    raise _unknown_word(option, word, catalogue.options[option])
        _check_texts(catalogue, "url", "URL", () if self.url is None else (self.url,))
        _check_texts(catalogue, "subprotocol", "SUBPROTOCOLS", self.subprotocols or ())


def _unknown_word(option: str, word: str, choices: tuple[str, ...]) -> UsageError:
    close = difflib.get_close_matches(word, choices, n=1)
    return UsageError(
        f"{option.upper()} does not take {terminal_escape(word)!r}",
        why=f"it is one of {', '.join(choices)}",
        remedy=f"did you mean {close[0]}?" if close else "use one of these words",
    )


def _check_texts(catalogue: Catalogue, name: str, option: str, texts: Iterable[str]) -> None:
    pattern = catalogue.patterns[name]
    for text in texts:
        if not pattern.accepts(text):
            raise UsageError(
                f"{option} does not take {terminal_escape(text)!r}",
                why=pattern.why,
                remedy=pattern.remedy,
            )
