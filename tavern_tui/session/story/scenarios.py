"""Stories to begin with: four beginnings of our own, a blank page, and how a chat is made that is a story.

The beginnings are in ``scenarios.yaml``, shipped with the program; they are family-friendly, and nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

from tavern_tui.formats.yaml_text import read_yaml

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
