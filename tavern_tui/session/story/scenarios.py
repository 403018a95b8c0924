"""Stories to begin with: four beginnings of our own, a blank page, and how a chat is made that is a story.

The beginnings are in ``scenarios.yaml``, shipped with the program; they are family-friendly, and nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.note import ChatNote
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.session.author_note import note_set
from tavern_tui.session.story.manuscripts import new_story

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace

FILE: Final = "scenarios.yaml"
BLANK_TITLE: Final = "Untitled story"


@dataclass(frozen=True, slots=True)
class StoryScenario:
    """One beginning: its ``name``, what it is ``about`` in a sentence, an author's ``note``, and its first page."""

    name: str
    about: str
    note: str
    beginning: str


BLANK: Final = StoryScenario(BLANK_TITLE, "An empty document: the first word is yours.", "", "")


def story_scenarios() -> tuple[StoryScenario, ...]:
    """The beginnings that are shipped, in their order."""
    data = resources.files("tavern_tui.session.story").joinpath(FILE).read_bytes()
    rows = read_yaml(data, where=FILE).value["scenarios"]
    return tuple(StoryScenario(row["name"], row["about"], row["note"], row["beginning"]) for row in rows)


def begin_story(workspace: Workspace, scenario: StoryScenario) -> str:
    """Make a chat that is the story of ``scenario``; the name of its file. Blocks. Raises ``StorageError``."""
    log = new_story(workspace, scenario.name, f"{scenario.beginning.rstrip()}\n\n" if scenario.beginning else "")
    note = note_set(log.tree, ChatNote(text=scenario.note)) if scenario.note else None
    if note is not None:
        log.append(note)
    return log.path.stem
