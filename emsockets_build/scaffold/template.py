"""What a template says of itself: ``template.json`` beside its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emsockets_build.errors import UsageError
from emsockets_build.resources import templates_dir
from emsockets_build.scaffold.names import check_project_name

__all__ = ["METADATA", "Template", "check_answers", "find_template", "list_templates"]

METADATA = "template.json"


@dataclass(frozen=True, slots=True)
class Template:
    """A template and what may be chosen in it.

    Attributes:
        name: What it is called; its folder's name.
        folder: Where its files lie.
        version: Grows with every change that existing projects should get.
        description: What it makes, in a sentence.
        native: Whether its native build has scenarios, too.
        requires: Packages of the host that its native build needs.
        choices: The words that each placeholder takes; the first is the default.
        takes: Files that it shares with other templates: where each goes, and where it comes from,
            as ``template/path``.
    """

    name: str
    folder: Path
    version: int
    description: str
    native: bool
    requires: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]
    takes: Mapping[str, str] = field(default_factory=dict)


def list_templates(folder: Path | None = None) -> tuple[Template, ...]:
    """Read what every template says of itself.

    Args:
        folder: The folder that holds them; ours if None.

    Returns:
        The templates by name.
    """
    files = sorted((folder or templates_dir()).glob(f"*/{METADATA}"))
    return tuple(_read(file) for file in files)


def find_template(name: str, folder: Path | None = None) -> Template:
    """Read one template.

    Args:
        name: Its name.
        folder: The folder that holds them; ours if None.

    Raises:
        UsageError: There is none of this name.
    """
    templates = {template.name: template for template in list_templates(folder)}
    if name not in templates:
        raise UsageError(
            f"there is no template {name!r}",
            remedy=f"choose one of: {', '.join(templates) or 'none is installed'}",
        )
    return templates[name]


def check_answers(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """Complete what somebody chose with the template's defaults.

    Args:
        template: What they chose in.
        given: A word for some placeholders, among them NAME.

    Returns:
        A word for every placeholder.

    Raises:
        UsageError: The name cannot be one, or the template does not offer a word.
    """
    answers = {"NAME": check_project_name(given["NAME"])}
    for placeholder, words in template.choices.items():
        word = given.get(placeholder, words[0])
        if word not in words:
            raise UsageError(
                f"the template {template.name} has no {placeholder.lower()} {word!r}",
                remedy=f"choose one of: {', '.join(words)}",
            )
        answers[placeholder] = word
    unknown = sorted(set(given) - set(answers))
    if unknown:
        raise UsageError(
            f"the template {template.name} leaves no choice of {', '.join(unknown).lower()}",
            remedy=f"it leaves these: {', '.join(answers).lower()}",
        )
    return answers


def _read(file: Path) -> Template:
    try:
        document = json.loads(file.read_text("utf-8"))
        return Template(
            name=file.parent.name,
            folder=file.parent,
            version=int(document["version"]),
            description=str(document["description"]),
            native=bool(document["native"]),
            requires=tuple(map(str, document["requires"])),
            choices=_choices(document["choices"]),
            takes={str(to): str(source) for to, source in document.get("takes", {}).items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the template {file.parent.name} cannot be read",
            where=str(file),
            why=f"{type(error).__name__}: {error}",
            remedy="install emsockets-build again",
        ) from error


def _choices(entry: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    choices = {placeholder: tuple(map(str, words)) for placeholder, words in entry.items()}
    if not all(choices.values()):
        raise ValueError("a placeholder without a word")
    return choices
