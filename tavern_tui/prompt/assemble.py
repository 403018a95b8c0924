"""``assemble``: from a ``PromptInput`` to a ``PromptPlan``, and what every pipeline shares of it.

Order: cleaned texts (``story``), what is injected beside the chat (``notes``), the lore that fires (``lore``), then an
assembly that knows its pipeline: ``text_assembly`` here, ``chat_completion`` for messages. No I/O: the generator yields
batches of texts and is sent their token counts. Lore, head and the first block of the history are one batch; further
ones follow where lore costs more than was expected, and while counts of older turns are unknown.
``docs/prompt.md`` explains the budget.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Protocol

from tavern_tui.domain.errors import PromptError
from tavern_tui.prompt.counting import Counting, Counts, drive
from tavern_tui.prompt.inputs import Policy, PromptInput, Quiet
from tavern_tui.prompt.lore import LoreScan
from tavern_tui.prompt.lore_outcome import Lore
from tavern_tui.prompt.lore_places import left_out, placed, titles
from tavern_tui.prompt.lore_standing import LoreStanding
from tavern_tui.prompt.lore_text import Recalled
from tavern_tui.prompt.notes import with_notes, without_depth_lore
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.scripted_prompt import ScriptedTurns, scripted_lore, unused_scripts
from tavern_tui.prompt.standing import Standing
from tavern_tui.prompt.standing_notes import StandingNotes
from tavern_tui.prompt.standing_summaries import as_injections, with_summaries
from tavern_tui.prompt.story import Story, tell
from tavern_tui.prompt.text_assembly import TextAssembly
from tavern_tui.prompt.variables import Scope

__all__ = ["assemble", "drive"]

_LORE_SHARES = (1.0, 0.5, 0.0)  # of its budget that economy tries, where the rest does not fit beside it


def assemble(given: PromptInput) -> Generator[tuple[str, ...], Sequence[int], PromptPlan]:
    """Plan a prompt. Yields batches of texts whose tokens are to be counted, special tokens parsed, no BOS added.

    Equal texts come again in the next prompt of a chat, so a cache of counts is worth having; no text is asked for
    twice in one plan. Raises ``PromptError`` where the card or the newest turn alone is too long, or where there is
    nothing to continue.
    """
    return (yield from planned(given, TextAssembly))


class Assembly(Protocol):
    """A prompt in the making, its lore decided."""

    def first_batch(self) -> list[str]:
        """The texts to be counted first."""
        ...

    def plan(self) -> Counting[PromptPlan]:
        """Fit everything into the budget and write it down."""
        ...


Maker = Callable[[PromptInput, Story, Counts], Assembly]


def planned(given: PromptInput, make: Maker) -> Counting[PromptPlan]:
    """The plan that ``make``'s assembly comes to, lore scanned and paid for: what both pipelines share."""
    given = replace(given, turns=Recalled(given.turns), quiet=_asked(given))
    story = tell(given)
    given = with_notes(replace(given, injections=(*given.injections, *as_injections(given))), story)
    if story.scripts.scripts:
        given = replace(given, turns=ScriptedTurns(given, story))
    plan = yield from _fitted(given, story, make)
    variables = story.variables
    return replace(
        plan,
        parts=(*plan.parts, *unused_scripts(story.scripts)),
        variables=variables.values(Scope.CHAT),
        global_variables=variables.values(Scope.EVERYWHERE),
        banned=variables.banned,
    )


def _asked(given: PromptInput) -> Quiet | None:
    """The quiet question; SillyTavern forgets in a group how it was to be asked."""
    quiet = given.quiet
    forgets = given.policy is Policy.CLASSIC and given.group is not None
    return Quiet(text=quiet.text) if quiet is not None and forgets else quiet


def _fitted(given: PromptInput, story: Story, make: Maker) -> Counting[PromptPlan]:
    """The plan with as much lore as fits."""
    counts = Counts()
    scan = LoreScan(given, story)
    if not scan.entries:
        notes = StandingNotes(given, story)
        standing = with_summaries(Standing(given, notes.wanted, notes.shown), given)
        story = replace(story, standing=standing)
        return (yield from make(notes.given, story, counts).plan())
    yield from counts.ask(scan.index.priced)
    for share in _LORE_SHARES[:-1] if given.policy is Policy.ECONOMY else ():
        try:
            return (yield from _with_lore(scan, share, given, story, counts, make))
        except PromptError:  # it may fit with less lore
            continue
    share = _LORE_SHARES[0] if given.policy is Policy.CLASSIC else _LORE_SHARES[-1]
    return (yield from _with_lore(scan, share, given, story, counts, make))


def _with_lore(
    scan: LoreScan, share: float, given: PromptInput, story: Story, counts: Counts, make: Maker
) -> Counting[PromptPlan]:
    """The plan with what fires of the lore. What it costs is counted together with the rest, as it is expected."""
    lore = scan.run(counts, share)
    expected = [one.one for one in lore.fired]
    assembly = make(*_in_place(given, story, lore, scan), counts)
    unknown = lore.unknown
    batch = [*unknown, *assembly.first_batch()]
    as_expected = story.variables.mark()
    yield from counts.ask(batch)
    while unknown and not scan.stands(lore, counts):
        lore = scan.run(counts, share)
        unknown = lore.unknown
        yield from counts.ask(unknown)
    if [one.one for one in lore.fired] != expected:
        assembly = make(*_in_place(given, story, lore, scan), counts)
    else:
        story.variables.go_back(as_expected)
    plan = yield from assembly.plan()
    told = left_out(lore, scan.patterns.switched_off.items())
    return replace(plan, parts=(*plan.parts, *told), fired=titles(lore), lore_state=lore.state)


def _in_place(given: PromptInput, story: Story, lore: Lore, scan: LoreScan) -> tuple[PromptInput, Story]:
    """The input and the story with ``lore`` where it goes."""
    lore = scripted_lore(lore, story)
    if given.policy is Policy.CLASSIC:
        given, story = placed(given, story, lore)
        return without_depth_lore(given), story
    notes = StandingNotes(given, story)
    given = notes.given
    standing = LoreStanding(given, story, lore, scan, notes)
    given, story = placed(given, story, standing.placed, lore)
    return given, replace(story, standing=with_summaries(standing.standing, given), head=standing.made)
