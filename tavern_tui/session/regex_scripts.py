"""Regex scripts in use: which are in force in a chat, and what they make of what is stored and of what is shown.

What they make of prompts is ``prompt.scripted_prompt``'s. The user's own scripts come first, then the card's, where the
user has allowed these. In safe mode there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.regex_script import Placement, RegexScript, Use, placement_of
from tavern_tui.formats.regex_scripts import card_scripts
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.regex_scripts import ScriptStore

if TYPE_CHECKING:
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.prompt.regex_scripts import ScriptRun

Expand = Callable[[str], str]

SECONDS_TO_SHOW = 0.25
"""CPU time that scripts have for what is shown at once: a whole chat, or what is new of it."""


def scripts_in_force(workspace: Workspace, character: Character) -> tuple[RegexScript, ...]:
    """The scripts for a chat with ``character``, in the order in which they run. What cannot be read is left out."""
    if workspace.safe:
        return ()
    store = ScriptStore(workspace.directories)
    try:
        own = [script for file in store.files() for script in file.scripts]
    except StorageError:
        own = []
    brought = card_scripts(character).scripts
    if brought and store.is_allowed(character):
        own += brought
    return tuple(script for script in own if not script.disabled)


def chat_scripts(workspace: Workspace, character: Character) -> ChatScripts:
    """The scripts for a chat with ``character``, and what to tell of those that wait."""
    return ChatScripts(scripts_in_force(workspace, character), waiting_notice(workspace, character))


def waiting_notice(workspace: Workspace, character: Character) -> str:
    """What to tell of a card whose scripts are off because nobody allowed them; empty where there is nothing to."""
    brought = [script for script in card_scripts(character).scripts if not script.disabled]
    if workspace.safe or not brought or ScriptStore(workspace.directories).is_allowed(character):
        return ""
    what = "a regex script, which is" if len(brought) == 1 else f"{len(brought)} regex scripts, which are"
    name = character.name
    return f"{name}'s card brings {what} off: tavern-tui regex list {name} shows, tavern-tui regex allow {name} allows."


class ChatScripts:
    """The scripts of one chat, over what is stored. ``scripts`` may be exchanged; ``left_out`` says which failed.

    ``waiting`` is what to tell of scripts that wait to be allowed, empty where none do.
    """

    def __init__(self, scripts: tuple[RegexScript, ...] = (), waiting: str = "") -> None:
        self.scripts = scripts
        self.waiting = waiting
        self.left_out: dict[str, str] = {}
        self._told: set[str] = set()

    def stored(self, text: str, placement: Placement, expand: Expand) -> str:
        """What is stored of ``text``."""
        return self.run().text(text, Use.STORED, placement, expand) if self.scripts else text

    def edited(self, turn: Turn, text: str, expand: Expand) -> str:
        """What is stored of ``text``, the new text of ``turn``."""
        return self.run().text(text, Use.EDITED, placement_of(turn.speaker), expand) if self.scripts else text

    def run(self) -> ScriptRun:
        """The scripts for one text, or for several that share the time."""
        from tavern_tui.prompt.regex_scripts import ScriptRun

        return ScriptRun(self.scripts, left_out=self.left_out)

    def news(self, plan: PromptPlan) -> Iterator[str]:
        """A sentence for each script that left something of a prompt or of a turn as it was, once in a session."""
        from tavern_tui.prompt.scripted_prompt import left_out_of

        for name, reason in (self.left_out | left_out_of(plan)).items():
            if name not in self._told:
                self._told.add(name)
                yield f"The regex script “{name}” left a text as it was: {reason.rstrip('.')}."


class Display:
    """What is shown of a chat's turns: their texts as scripts for the screen leave them. The log keeps the source."""

    def __init__(self, scripts: ChatScripts | None = None, expand: Expand = str) -> None:
        self._scripts = scripts or ChatScripts()
        self._expand = expand

    @property
    def changes(self) -> bool:
        """Whether any script is for the screen."""
        return any(script.markdown_only for script in self._scripts.scripts)

    @property
    def slow(self) -> bool:
        """Whether a script took too long: what is left of a long chat is better shown as it is."""
        from tavern_tui.prompt.regex_scripts import TOO_SLOW

        return TOO_SLOW in self._scripts.left_out.values()

    def texts(self, tree: ChatTree, turns: Sequence[Turn]) -> dict[str, str]:
        """What is shown of ``turns``, given oldest first, by their ids; those that are shown as they are left out.

        The newest come first: once the time for it is used up, the rest is shown as it is.
        """
        if not self.changes:
            return {}
        from tavern_tui.prompt.pattern_runs import Allowance
        from tavern_tui.prompt.regex_scripts import NO_TIME, ScriptRun

        run = ScriptRun(self._scripts.scripts, allowance=Allowance(SECONDS_TO_SHOW))
        deepest = max(run.borders(), default=0)
        depths = {turn.id: depth for depth, turn in _newest(tree, deepest)}
        found: dict[str, str] = {}
        for turn in reversed(turns):
            depth = depths.get(turn.id, deepest)
            shown = run.text(turn.text, Use.DISPLAY, placement_of(turn.speaker), self._expand, depth)
            if shown != turn.text:
                found[turn.id] = shown
        self._scripts.left_out |= {name: why for name, why in run.left_out.items() if why != NO_TIME}
        return found

    def aged(self, tree: ChatTree, fresh: int) -> list[str]:
        """The turns that other scripts may apply to since ``fresh`` turns came after them."""
        if not self.changes:
            return []
        borders = self._scripts.run().borders()
        newest = _newest(tree, max(borders, default=0) + fresh)
        return [turn.id for depth, turn in newest if any(border <= depth < border + fresh for border in borders)]


def _newest(tree: ChatTree, depth: int) -> Iterator[tuple[int, Turn]]:
    """The turns up to so many visible ones above the newest, newest first, with their depths."""
    at = 0
    for turn in tree.walk_back():
        if at >= depth:
            return
        yield at, turn
        at += not turn.hidden
