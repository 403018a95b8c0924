"""Regex scripts over one prompt: over its turns as they are pulled, over the lore that fired, and over the reply.

What a script does to a text is ``prompt.regex_scripts``'; here is which text it meets, at which depth.
Source: SillyTavern 1.12.6, ``public/script.js`` (``Generate``), ``public/scripts/world-info.js`` (``checkWorldInfo``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from tavern_tui.domain.chat import ROOT, Turn
from tavern_tui.domain.lorebook import LorePosition
from tavern_tui.domain.regex_script import Placement, Use, placement_of
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput
from tavern_tui.prompt.lore_outcome import Fired, Lore
from tavern_tui.prompt.plan import Part, PartKind, PartState, PromptPlan
from tavern_tui.prompt.regex_scripts import TOO_SLOW, Memory, ScriptRun
from tavern_tui.prompt.story import Story, tell


class ScriptedTurns(Iterable[Turn]):
    """The turns of ``given``, newest first, as scripts for prompts leave them; they can be walked as often as those.

    So is the thinking of those replies that keep it. A turn that is changed keeps no token ids. Hidden turns have no
    depth. In ``economy`` the turn to be continued is above the newest one, as it is not finished: so later versions of
    SillyTavern count.
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

        thoughts = self._story.scripts.text(turn.reasoning, Use.PROMPT, Placement.REASONING, expand, depth)
        if thoughts != turn.reasoning:
            turn = replace(turn, reasoning=thoughts)
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
        yield Part(PartKind.SCRIPT, name, "", state=PartState.OUT, reason=reason)


def left_out_of(plan: PromptPlan) -> dict[str, str]:
    """The scripts, by name, that left a text of ``plan`` as it was, and why."""
    return {part.source: part.reason for part in plan.parts if part.kind is PartKind.SCRIPT}


class ReplyEdit:
    """What scripts make of a reply before it is stored: call it with the reply's text.

    It may be called for every state of a growing reply; after ``finish`` comes the last. The states share the time of
    one prompt and are shown as they came once it is used up, so that no script holds up what is being written.
    """

    def __init__(self, given: PromptInput, left_out: dict[str, str]) -> None:
        self._given = given
        self._left_out = left_out
        self._placement = _placement_of_reply(given)
        self._story: Story | None = None
        self._run = ScriptRun(given.regex_scripts, memory=Memory(limit=0))

    def __call__(self, text: str) -> str:
        if self._run.allowance.left <= 0:
            return text
        if self._story is None:
            self._story = tell(replace(self._given, turns=()))
        made = self._run.text(text, Use.STORED, self._placement, self._story.expand)
        if TOO_SLOW in self._run.left_out.values():
            self._run.allowance.left = 0.0  # and what has grown since would take longer still
        return made

    def finish(self) -> None:
        """The next text is the whole reply: it has time of its own, and what cannot be done with it is told."""
        self._run = ScriptRun(self._given.regex_scripts, left_out=self._left_out, memory=Memory(limit=0))


def reply_edit(given: PromptInput, left_out: dict[str, str]) -> ReplyEdit | None:
    """What scripts make of the reply to ``given``; ``None`` where there are none for replies.

    ``left_out`` takes in, by name, which scripts left the reply as it was, and why.
    """
    placement = _placement_of_reply(given)
    wanted = any(script.applies(Use.STORED, placement) for script in given.regex_scripts)
    return ReplyEdit(given, left_out) if wanted else None


def _placement_of_reply(given: PromptInput) -> Placement:
    return Placement.USER_INPUT if given.kind is GenerationKind.IMPERSONATE else Placement.AI_OUTPUT
