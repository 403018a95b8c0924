"""``Story``: the chat is one text that both write on: its turns, one after the other, are the story.

What the model reads beside the text is told in notes one turn above its end: the direction for the passage and, where
it writes into the middle, what follows, unless it fills in (``session.story.filling``). Comments in double square
brackets are never sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.domain.comments import stripped
from tavern_tui.domain.summary import Summaries
from tavern_tui.prompt.defaults import STORY
from tavern_tui.prompt.inputs import AFTER, GenerationKind, Injection, InjectionPosition, Policy, Prose
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.modes.adventure import memory_of
from tavern_tui.session.modes.mode import Mode
from tavern_tui.session.story.chapters import ReadTurns, read_turns
from tavern_tui.session.story.comments import without_comments
from tavern_tui.session.story.directions import direction_of
from tavern_tui.session.story.gaps import Gap, open_gap, text_after
from tavern_tui.session.story.joining import followed_by, joined_to
from tavern_tui.session.story.until import Until, until_of

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree, Turn
    from tavern_tui.prompt.cleanup import ReplyRules
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.session.options import ReplyOptions

GO_ON = "Go on with the story from its very end. Write nothing but its text."
"""What stands above the story where it is one open turn of a model that answers."""

AFTER_CHARACTERS = 1_200
"""How much of the text behind the cursor a passage in the middle of a story is told of in a note."""

FILLED_CHARACTERS = 4_000
"""How much of it a model may get that fills in; ``prompt.fill_in`` takes off what has no room."""

_NEXT, _BEFORE = "What comes next", "Write what leads up to this, which follows"
_NOTE = re.compile(rf"(?:\A|\n)[ \t]*\[(?:{_NEXT}|{_BEFORE})[^\]\n]*(?:\]|(?=\n)|\Z)")  # small models imitate them
_LOOKED_AT = 6 * FILLED_CHARACTERS
_TAIL_CHARACTERS = 400  # of the text before a passage that its beginning is compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryProse(Prose):
    """Running text, where the passage that is asked for ends, and the end of the text ``before`` it as it is sent.

    ``blank``: in the story a blank stands right before the passage.
    """

    until: Until
    before: str
    blank: bool


class Story(Mode):
    """A story: no names, no joints, no blanks taken off."""

    name = "story"
    title = "Story"
    response_tokens = 300
    system_text = STORY

    def shaped(self, given: PromptInput, tree: ChatTree) -> PromptInput:
        """One open text without comments, up to where the passage goes, its chapters as they are to be read."""
        quiet = given.kind is GenerationKind.QUIET
        gap = None if quiet else open_gap(tree)
        turns = _up_to(gap, list(given.turns))
        blank = _newest(turns).endswith(" ")
        chosen = self._chosen(turns, tree)
        until = until_of(tree.properties)
        after = _after(tree, gap) if gap is not None else ""
        notes = () if quiet else _notes(tree, after)
        before = _newest(chosen.turns)[-_TAIL_CHARACTERS:]
        return replace(
            given,
            turns=chosen.turns,
            policy=Policy.ECONOMY,
            prose=StoryProse(joint="", open=True, asks=GO_ON, until=until, before=before, blank=blank, after=after),
            injections=(*given.injections, *_in_head(tree, chosen), *notes),
            summaries=_told(given.summaries, chosen.untold),
        )

    def read(self, turns: Iterable[Turn], tree: ChatTree) -> list[Turn]:
        """Without comments, and without chapters that are read otherwise."""
        return self._chosen(list(turns), tree).turns

    def sent(self, turns: Sequence[Turn]) -> list[Turn]:
        """Without comments."""
        return without_comments(turns)

    def _chosen(self, turns: Sequence[Turn], tree: ChatTree) -> ReadTurns:
        return read_turns(self.sent(turns), tree)

    def cleaned(self, rules: ReplyRules, given: PromptInput, options: ReplyOptions) -> ReplyRules:
        """Nobody in particular writes or must not be written for; the borders of a passage stay as they came."""
        told = given.prose
        if not isinstance(told, StoryProse):
            told = StoryProse(until=Until(), before="", blank=False)
        before, until = told.before, told.until

        def of_mode(text: str) -> str:
            text = _NOTE.sub("", text)
            text = joined_to(before, text) if rules.messages else text
            text = text.lstrip(" ") if told.blank else text  # most models begin a word with a blank of its own
            return followed_by(until.cut(text), before, told.after)

        return replace(
            rules,
            own="",
            other="",
            others=(),
            classic=None,
            keep_start=True,
            keep_end=True,
            of_mode=of_mode,
            enough=until.reached,
        )


def _newest(turns: Iterable[Turn]) -> str:
    """The text of the newest turn that is shown."""
    return next((turn.text for turn in turns if not turn.hidden), "")


def _up_to(gap: Gap | None, turns: list[Turn]) -> list[Turn]:
    """``turns``, newest first, up to where the passage goes."""
    if gap is not None and turns and turns[0].id == gap.turn and gap.at < len(turns[0].text):
        turns[0] = replace(turns[0], text=turns[0].text[: gap.at], tokens=None)
    return turns


def _told(summaries: Summaries, untold: frozenset[str]) -> Summaries:
    """``summaries`` without those of chapters that are read in full, or not at all."""
    if not untold:
        return summaries
    now = tuple(one for one in summaries.now if one.first not in untold)
    return Summaries(now, tuple(one for one in summaries.from_cut if one.first not in untold))


def _in_head(tree: ChatTree, chosen: ReadTurns) -> list[Injection]:
    """What is read above the text: what the story is about, and the chapters that are pinned."""
    place = InjectionPosition.AFTER_SCENARIO
    memory = memory_of(tree.properties)
    found = (
        [Injection(memory, kind=PartKind.SCENARIO, source="memory", key="0_memory", position=place)] if memory else []
    )
    return found + [
        Injection(text, kind=PartKind.SCENARIO, source=name, key=f"7_{name}", reason="pinned", position=place)
        for name, text in chosen.pinned
    ]


def _after(tree: ChatTree, gap: Gap) -> str:
    """What follows the passage, without comments; one that is cut off is none of it."""
    text = text_after(tree, gap, _LOOKED_AT)
    shown = stripped(text)
    return (shown.partition("[[")[0] if len(text) == _LOOKED_AT else shown)[:FILLED_CHARACTERS]


def _notes(tree: ChatTree, after: str) -> list[Injection]:
    """What is told of the passage itself."""
    found = []
    if direction := direction_of(tree):
        text = f"[{_NEXT}: {direction}]"
        found.append(Injection(text, depth=1, source="direction", key="8_direction", reason="for the next passage"))
    if told := " ".join(after[:AFTER_CHARACTERS].split()):
        text = f"[{_BEFORE}: {told}]"
        found.append(Injection(text, depth=1, source=AFTER, key="9_after", reason="it follows"))
    return found
