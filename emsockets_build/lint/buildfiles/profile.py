"""What ``emsockets_target()`` gives a target, told by its keywords and the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emsockets_build.cmake_source import Call
from emsockets_build.errors import UsageError
from emsockets_build.lint.buildfiles.flags import Option, Stage, parse_options
from emsockets_build.lint.buildfiles.words import Word
from emsockets_build.settings import Profile, load_catalogue, resolve

__all__ = ["ProfileOptions", "profile_options"]

_ONE_WORD = frozenset(("BACKEND", "WAIT", "URL", "DEBUG", "MODULE", "EXIT_RUNTIME", "POSIX"))
_FILLED_IN = re.compile(r"\$\{|@\w+@")  # by a variable, or by a template
_MANY_WORDS = frozenset(("SUBPROTOCOLS", "ENVIRONMENT"))


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """What the call gives."""

    wait: str | None
    backend: str | None
    options: tuple[Option, ...]
    posix: bool = False


def profile_options(call: Call) -> ProfileOptions:
    """Read a call of ``emsockets_target()``.

    Args:
        call: The call.

    Returns:
        Its profile and options, marked as implied; nothing of a keyword whose value is a variable.
    """
    words = _keywords(call)
    catalogue = load_catalogue()

    def one(keyword: str) -> str | None:
        given = words.get(keyword)
        return given[0] if given and not _FILLED_IN.search(given[0]) else None

    switch = {"ON": True, "OFF": False}
    profile = Profile(
        backend=one("BACKEND"),
        wait=one("WAIT"),
        debug=switch.get(one("DEBUG") or ""),
        environment=tuple(words.get("ENVIRONMENT", ())),
        module=one("MODULE"),
        exit_runtime=switch.get(one("EXIT_RUNTIME") or ""),
        posix=switch.get(one("POSIX") or ""),
    )
    try:
        found = resolve(profile, catalogue.newest, catalogue)
    except UsageError:  # configuring says so, in better words
        return ProfileOptions(profile.wait, profile.backend, ())
    place = Word("", call.start, call.end, ((0, call.start),))
    stages = [(token, Stage.COMPILE) for token in found.compile]
    stages += [(option.token, Stage.LINK) for option in found.link if not option.configuration]
    options = tuple(
        Option(
            option.text, call.start, call.end, (place,), stage, setting=option.setting, implied=True
        )
        for token, stage in stages
        for option in parse_options([Word(token, call.start, call.end, ())], stage)
    )
    open_wait = "WAIT" in words and one("WAIT") is None
    open_backend = "BACKEND" in words and one("BACKEND") is None
    return ProfileOptions(
        None if open_wait else found.facts["wait"],
        None if open_backend else found.facts["backend"],
        options,
        bool(profile.posix),
    )


def _keywords(call: Call) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for word in call.arguments[1:]:
        if word in _ONE_WORD or word in _MANY_WORDS:
            current = found.setdefault(word, [])
        else:
            current.append(word)
    return found
