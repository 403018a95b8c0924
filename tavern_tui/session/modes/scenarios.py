"""Scenarios: adventures to begin with: questions about the player, an opening scene, what the narrator must know.

Four are shipped; a person's own lie in the folder ``scenarios`` of the library, as YAML with the same fields. What the
texts have between ``${`` and ``}`` is asked for at the start: the name of one of the scenario's questions, or a
question itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.config.files import file_bytes
from tavern_tui.domain.chat import ROOT
from tavern_tui.domain.dice import read_dice
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import ContradictionError, FormatError, NotFoundError, SettingsError, TavernError
from tavern_tui.domain.events import Body, PropertySet, Speaker, TurnAdded
from tavern_tui.domain.note import ChatNote, NotePlace
from tavern_tui.domain.outcomes import OutcomeTable, read_outcomes
from tavern_tui.formats.yaml_text import YamlDocument, read_yaml
from tavern_tui.session.author_note import NOTE
from tavern_tui.session.modes.adventure import MEMORY, Adventure
from tavern_tui.session.modes.choosing import mode_set
from tavern_tui.session.modes.rolls import dice_set
from tavern_tui.session.opening import NARRATOR

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.chats import ChatLog

FOLDER: Final = "scenarios"
"""The folder of a person's own scenarios, below the library's."""

MOST_ANSWERS: Final = 9
"""Answers that one question can offer: each has a digit."""

_SHIPPED = "tavern_tui.session.modes"
_ASKED = re.compile(r"\$\{([^{}\n]{1,200})\}")
_LONGEST_ANSWER = 400
_USUAL_DICE = "1d20"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at the start. ``name`` stands in the texts; ``answers`` are offered, another one can be typed."""

    name: str
    ask: str
    answers: tuple[str, ...] = ()

    def answered(self, given: str) -> str:
        """The answer that ``given`` is: a digit of an offered one, a text of its own, or the first where it is empty.

        Raises ``ContradictionError`` where there is none to take.
        """
        text = " ".join(given.split())
        if text.isascii() and text.isdigit() and len(text) == 1 and 1 <= int(text) <= len(self.answers):
            return self.answers[int(text) - 1]
        if not text and self.answers:
            return self.answers[0]
        if not text:
            raise ContradictionError(f"“{safe_line(self.ask, 80)}” has no answer yet.", hint="Type one.")
        return text[:_LONGEST_ANSWER]


@dataclass(frozen=True, slots=True)
class Scenario:
    """An adventure to begin. ``about`` is a sentence, ``opening`` the first scene; ``memory`` is always read.

    ``dice`` are thrown in it, empty: the usual; ``outcomes`` is its own table for them. ``shipped``: it is one of ours.
    """

    title: str
    about: str = ""
    questions: tuple[Question, ...] = ()
    opening: str = ""
    memory: str = ""
    note: str = ""
    shipped: bool = False
    dice: str = ""
    outcomes: OutcomeTable | None = None

    @property
    def asked(self) -> tuple[Question, ...]:
        """Everything that is asked: the scenario's questions, and what its texts ask besides."""
        known = {question.name for question in self.questions}
        texts = (found for text in (self.opening, self.memory, self.note) for found in _ASKED.findall(text))
        more = dict.fromkeys(text.strip() for text in texts if text.strip() not in known)
        return (*self.questions, *(Question(text, text) for text in more))

    def told(self, answers: Mapping[str, str]) -> Scenario:
        """The scenario with ``answers`` in its texts, by the questions' names; those left open take their first one.

        Raises ``ContradictionError`` for a question without any.
        """
        filled = {question.name: question.answered(answers.get(question.name, "")) for question in self.asked}

        def fill(text: str) -> str:
            return _ASKED.sub(lambda found: filled[found[1].strip()], text)

        opening, memory, note = (fill(text) for text in (self.opening, self.memory, self.note))
        return replace(self, questions=(), opening=opening, memory=memory, note=note)


def scenarios(workspace: Workspace) -> tuple[list[Scenario], list[str]]:
    """Every scenario, a person's own first; and what is wrong with files that cannot be read. Blocks."""
    found: list[Scenario] = []
    problems: list[str] = []
    folder = workspace.directories.data / FOLDER
    for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))) if folder.is_dir() else ():
        try:
            found.append(read_scenario(_bytes(path), path.name))
        except TavernError as error:
            problems.append(f"{safe_line(path.name)} is passed over: {error}")
    return [*found, *shipped_scenarios()], problems


def shipped_scenarios() -> list[Scenario]:
    """Ours, by their titles."""
    files = (one for one in resources.files(_SHIPPED).joinpath(FOLDER).iterdir() if one.name.endswith(".yaml"))
    read = (read_scenario(one.read_bytes(), one.name, shipped=True) for one in files)
    return sorted(read, key=lambda one: one.title.removeprefix("The "))


def scenario_named(workspace: Workspace, typed: str) -> Scenario:
    """The scenario that ``typed`` means: its title or how that begins, whatever the case. Raises ``NotFoundError``."""
    wanted = typed.strip().casefold()
    every = scenarios(workspace)[0]
    for fits in (str.__eq__, str.startswith, str.__contains__):
        found = [one for one in every if fits(one.title.casefold(), wanted)]
        if found and wanted:
            return found[0]
    titles = ", ".join(safe_line(one.title) for one in every)
    raise NotFoundError(f"There is no scenario {safe_line(typed, 40)}.", hint=f"There are: {titles}.")


def read_scenario(data: bytes, name: str, *, shipped: bool = False) -> Scenario:
    """The scenario that a YAML file holds; ``name`` is the file's, for messages. Raises ``FormatError``."""
    document = read_yaml(data, where=name)
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("opening"), str) or not value["opening"].strip():
        raise FormatError("That is no scenario.", hint="It has a title and an opening, and may ask.", where=name)
    return Scenario(
        title=_text(value.get("title")) or Path(name).stem,
        about=_text(value.get("about")),
        questions=tuple(_questions(value.get("questions"))),
        opening=_text(value["opening"]),
        memory=_text(value.get("memory")),
        note=_text(value.get("note")),
        shipped=shipped,
        **_dice(document, name),
    )


def begin(workspace: Workspace, scenario: Scenario, answers: Mapping[str, str]) -> ChatLog:
    """A chat in which ``scenario`` has begun. Blocks.

    Raises ``ContradictionError`` for a question without an answer, ``StorageError``.
    """
    told = scenario.told(answers)
    log = workspace.chats.create(told.title, (), workspace.persona.name)
    bodies: list[Body] = [mode_set(Adventure.name)]
    if told.memory:
        bodies.append(PropertySet(MEMORY, told.memory))
    if told.note:
        bodies.append(PropertySet(NOTE, ChatNote(text=told.note, place=NotePlace.AFTER).as_dict()))
    if told.dice:
        bodies.append(dice_set(told.dice, told.outcomes))
    log.append(*bodies, TurnAdded(ROOT, Speaker.CHARACTER, NARRATOR, told.opening))
    return log


def _dice(document: YamlDocument, name: str) -> dict[str, Any]:
    """What is thrown, and the table for it; a table without dice is for the 20-sided one."""
    value = document.value
    dice, lines = _text(value.get("dice")), value.get("outcomes")
    if lines is not None and not isinstance(lines, list):
        place = f"{name}:{document.line('outcomes')}"
        raise FormatError("The outcomes are no list.", hint="Each is a line that begins with a dash.", where=place)
    try:
        place = f"{name}:{document.line('dice')}"
        written = read_dice(dice or _USUAL_DICE).written if dice or lines else ""
        table = read_outcomes(lines or [])
    except SettingsError as error:
        at = int(error.where) - 1 if error.where else None
        place = place if at is None else f"{name}:{document.line('outcomes', at)}"
        raise FormatError(error.title, hint=error.hint, where=place) from None
    return {"dice": written, "outcomes": table}


def _questions(value: Any) -> Iterator[Question]:
    for row in value if isinstance(value, list) else ():
        if isinstance(row, dict) and (name := _text(row.get("name")) or _text(row.get("ask"))):
            answers = row.get("answers")
            offered = (_text(one) for one in (answers if isinstance(answers, list) else ()))
            yield Question(name, _text(row.get("ask")) or name, tuple(filter(None, offered))[:MOST_ANSWERS])


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _bytes(path: Path) -> bytes:
    try:
        return file_bytes(path)
    except OSError as error:
        raise FormatError("It cannot be read.", hint=str(error.strerror or error), where=path.name) from error
