"""Regex scripts over one prompt: over its turns as they are pulled, over the lore that fired, and over the reply.

What a script does to a text is ``prompt.regex_scripts``'; here is which text it meets, at which depth.
Source: SillyTavern 1.12.6, ``public/script.js`` (``Generate``), ``public/scripts/world-info.js`` (``checkWorldInfo``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from tavern_tui.domain.chat import ROOT, Turn
from tavern_tui.domain.lorebook import LorePosition
from tavern_tui.domain.regex_script import Placement, Use, placement_of
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput
from tavern_tui.prompt.lore_outcome import Fired, Lore
from tavern_tui.prompt.plan import Part, PartKind, PartState
from tavern_tui.prompt.regex_scripts import ScriptRun
from tavern_tui.prompt.story import Story, tell


class ScriptedTurns(Iterable[Turn]):
    """The turns of ``given``, newest first, as scripts for prompts leave them; they can be walked as often as those.

    A turn that is changed keeps no token ids. Hidden turns have no depth. In ``economy`` the turn to be continued is
    above the newest one: its reply is not finished, as SillyTavern counts since 1.13.
    """

    def __init__(self, given: PromptInput, story: Story) -> None:
        self._turns = given.turns
        self._story = story
        self._newest = -1 if given.kind is GenerationKind.CONTINUE and given.policy is Policy.ECONOMY else 0

    def __iter__(self) -> Iterator[Turn]:
        depth = self._newest
        for turn in self._turns:
            if turn.hidden:
                yield turn
                continue
            yield self._scripted(turn, depth)
            depth += 1

    def _scripted(self, turn: Turn, depth: int) -> Turn:
        expand = partial(self._story.expand, place=("regex script", turn.id))
        placement = placement_of(turn.speaker)

        def changed(text: str) -> str:
            read = self._story.expand(text) if turn.parent == ROOT else text
            made = self._story.scripts.text(read, Use.PROMPT, placement, expand, depth)
            return text if made == read else made

        text, raw = changed(turn.text), turn.raw if turn.raw is None else changed(turn.raw)
        if text == turn.text and raw == turn.raw:
            return turn
        return replace(turn, text=text, raw=raw, tokens=None)


def scripted_lore(lore: Lore, story: Story) -> Lore:
    """``lore`` with its texts as scripts leave them; only entries at a depth have one."""
    run = story.scripts
    if not run.concerns(Use.PROMPT, Placement.WORLD_INFO):
        return lore

    def scripted(one: Fired) -> Fired:
        depth = one.depth if one.one.entry.position is LorePosition.AT_DEPTH else None
        expand = partial(story.expand, place=("regex script", one.one))
        return replace(one, text=run.text(one.text, Use.PROMPT, Placement.WORLD_INFO, expand, depth))

    return replace(lore, fired=tuple(map(scripted, lore.fired)))


def unused_scripts(run: ScriptRun) -> Iterator[Part]:
    """The parts of a plan for scripts that left a text as it was."""
    for name, reason in run.left_out.items():
        yield Part(PartKind.SCRIPT, f"regex script {name}", "", state=PartState.OUT, reason=reason)


def reply_edit(given: PromptInput) -> Callable[[str], str] | None:
    """What scripts make of the reply to ``given`` before it is stored; ``None`` where there are none for replies.

    May be called for a reply as it grows; the time for scripts holds for all of these together.
    """
    impersonates = given.kind is GenerationKind.IMPERSONATE
    placement = Placement.USER_INPUT if impersonates else Placement.AI_OUTPUT
    story: Story | None = None

    def edit(text: str) -> str:
        nonlocal story
        if story is None:
            story = tell(replace(given, turns=()))
        return story.scripts.text(text, Use.STORED, placement, story.expand)

    wanted = any(script.applies(Use.STORED, placement) for script in given.regex_scripts)
    return edit if wanted else None
