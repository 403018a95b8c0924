"""A chat that keeps of its prompts what a log keeps: for tests of what ``economy`` makes of the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.events import ChatEvent, PromptKept, Speaker
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.formats.chatlog import decode_log, encode
from tavern_tui.prompt.inputs import Examples, Policy
from tavern_tui.prompt.plan import PartKind, PromptPlan
from tests.prompt.builders import given, plan

LAMP = LoreEntry(uid=1, keys=("lamp",), content="The lamp burns whale oil.", comment="Lamp")
GULL = LoreEntry(uid=2, keys=("gull",), content="The gull is forty years old.", comment="Gull")
ROPE = LoreEntry(uid=3, keys=("rope",), content="The rope was stolen.", comment="Rope")
WORDS = ("lamp", "gull", "rope")


class LogChat:
    """A chat with Mira, ``path`` its turns. ``changes`` are fields of every prompt's input."""

    def __init__(self, *entries: LoreEntry, **changes: Any) -> None:
        self.entries = entries
        usual = {"chat_id": "chat", "context_tokens": 800, "response_tokens": 100, "examples": Examples.NEVER}
        self.changes: dict[str, Any] = {**usual, **changes}
        self.tree = ChatTree()
        self.path: list[Turn] = []
        self.plan: PromptPlan | None = None
        self._number = 0
        self._add(Speaker.CHARACTER, "Mira", "Come in.")

    def prompt(self, **changes: Any) -> PromptPlan:
        """The prompt for an answer to the newest turn; nothing is kept of it."""
        one = given(self.path, lorebooks=(Lorebook("Coast", self.entries),) if self.entries else ())
        kept = {
            "cuts": tuple(reversed(self.tree.cuts)),
            "heads": dict(self.tree.heads),
            "placed": lambda turn: self.tree.placed.get(turn, ()),
        }
        return plan(replace(one, **{**self.changes, **kept, **changes}))

    def ask(self, **changes: Any) -> PromptPlan:
        """The prompt, and what it leaves is kept."""
        made = self.prompt(**changes)
        if made.kept is not None:
            self.keep(made.kept)
        self.plan = made
        return made

    def keep(self, kept: PromptKept) -> None:
        """Keep what a prompt left, by way of the log's own line."""
        self._number += 1
        line = encode(ChatEvent(f"k{self._number}", "phone", self._number, kept))
        ((event,), problems) = decode_log(line)
        assert problems == []
        self.tree.apply(event)

    def say(self, text: str, answer: str = "So it is.", **changes: Any) -> PromptPlan:
        """Say something and hear an answer; the prompt of it."""
        self._add(Speaker.USER, "Tom", text)
        made = self.ask(**changes)
        self._add(Speaker.CHARACTER, "Mira", answer)
        return made

    def go_on(self, turns: int, text: str = "And then, what came of all that in the end?") -> PromptPlan:
        """So many more messages; the last one's prompt."""
        for _ in range(turns):
            made = self.say(text)
        return made

    def swipe(self, answer: str) -> PromptPlan:
        """Another answer in the place of the last one."""
        self.path.pop()
        made = self.ask()
        self._add(Speaker.CHARACTER, "Mira", answer)
        return made

    def edit(self, back: int, text: str) -> None:
        """Give the turn so many places above the newest another text."""
        self.path[-1 - back] = replace(self.path[-1 - back], text=text, edited=True)

    def branch(self, back: int) -> None:
        """Go back by so many turns."""
        del self.path[len(self.path) - back :]

    def seen(self, made: PromptPlan) -> set[int]:
        """The entries whose texts the model sees; each may stand there once only."""
        counts = {entry.uid: made.text.count(entry.content) for entry in self.entries}
        assert max(counts.values(), default=0) <= 1, counts
        return {uid for uid, count in counts.items() if count}

    def classic(self) -> set[int]:
        """What fires in the prompt of ``classic`` for the same turns."""
        made = self.prompt(policy=Policy.CLASSIC, cuts=(), heads={})
        return {one.uid for one in made.fired}

    def _add(self, speaker: Speaker, name: str, text: str) -> None:
        self._number += 1
        parent = self.path[-1].id if self.path else ROOT
        self.path.append(Turn(f"t{self._number}", parent, speaker, name, text))


def lore(made: PromptPlan) -> list[str]:
    """The lore that the model sees, in order."""
    return [part.body.strip() for part in made.included if part.kind is PartKind.LORE]


def bodies(made: PromptPlan) -> list[str]:
    """What stands in the history and below it, in order."""
    found = [part.body for part in made.included]
    return found[found.index(next(part.body for part in made.included if part.turn_id)) :] if found else []
