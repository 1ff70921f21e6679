"""``.emsockets.json``: what a project was made from, so that it can follow its template.

Beside the answers it holds the files as the template made them: a three-way merge needs what both
sides began with, and a newer release of this package no longer has it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emsockets_build.errors import UsageError
from emsockets_build.scaffold.names import check_file_name

__all__ = ["RECORD", "Record", "parse_record", "read_record"]

RECORD = ".emsockets.json"
_SCHEMA = 1
# What people, merges and disks do to JSON: every shape but the right one.
_DAMAGE = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    zlib.error,
)
_MOST_BYTES = 16 << 20  # of one file; a damaged record shall not fill the memory


@dataclass(frozen=True, slots=True)
class Record:
    """What a project was made from.

    Attributes:
        template: The template's name.
        version: The template's version.
        answers: A word for every placeholder.
        ci: Which CI the project has a workflow for: ``github``, ``gitlab`` or ``none``.
        base: The files as the template made them, by their path in the project.
    """

    template: str
    version: int
    answers: Mapping[str, str]
    ci: str
    base: Mapping[str, bytes]

    def text(self) -> str:
        """Write it down."""
        document = {
            "about": "What `emsockets init` made this project from; `emsockets init --update` "
            "reads it. Keep it under version control.",
            "schema": _SCHEMA,
            "template": self.template,
            "version": self.version,
            "answers": dict(self.answers),
            "ci": self.ci,
            "base": {path: _pack(content) for path, content in sorted(self.base.items())},
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_record(project: Path) -> Record:
    """Read the record of a project.

    Args:
        project: Its folder.

    Raises:
        UsageError: There is none, or it cannot be read.
    """
    path = project / RECORD
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{project} was not made by `emsockets init`",
            where=str(path),
            why=str(error),
            remedy="give the folder of a project that was; for others there is `emsockets add`",
        ) from error
    return parse_record(text, where=str(path))


def parse_record(text: str, *, where: str) -> Record:
    """Read what `Record.text` wrote, after people and merges had their hands on it.

    Args:
        text: The file's content.
        where: The file's name, for the message.

    Raises:
        UsageError: It is damaged, or a newer release wrote it.
    """
    try:
        document = json.loads(text)
        schema = int(document["schema"])
        if schema > _SCHEMA:
            raise _too_new(where, f"its schema is {schema}; this release reads {_SCHEMA}")
        return Record(
            template=str(document["template"]),
            version=int(document["version"]),
            answers=_answers(document["answers"]),
            ci=str(document["ci"]),
            base={_path(path): _unpack(packed) for path, packed in document["base"].items()},
        )
    except _DAMAGE as error:
        raise UsageError(
            "the project's record is damaged",
            where=where,
            why=f"{type(error).__name__}: {error}",
            remedy="take the file back from version control",
        ) from error


def _answers(entry: Mapping[str, object]) -> dict[str, str]:
    answers = {str(key): str(word) for key, word in entry.items()}
    if "NAME" not in answers:
        raise ValueError("it has no NAME")
    return answers


def _too_new(where: str, why: str) -> UsageError:
    return UsageError(
        "a newer release of emsockets-build made this project",
        where=where,
        why=why,
        remedy="pip install --upgrade emsockets-build",
    )


def _path(text: str) -> str:
    """Check that a path leads to a file below the project."""
    path = PurePosixPath(text)
    if path.is_absolute() or not path.parts:
        raise ValueError(f"{text!r} leads out of the project")
    try:
        for part in path.parts:
            check_file_name(part)
    except UsageError as error:
        raise ValueError(error.what) from None
    return str(path)


def _pack(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def _unpack(packed: str) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(base64.b64decode(packed, validate=True), _MOST_BYTES)
    if not stream.eof:
        raise ValueError("a file in it is cut off or too large")
    return content
