"""Summaries of turns that are no longer read, as texts that stand in the history under ``economy``.

A summary is put where the prompt goes on, once turns that it covers have left: so it costs its own tokens and nothing
else is read again. It stays there as it is until the history is cut again; with that cut, which moves or rereads what
follows anyway, a newer version takes its place. ``classic`` has them after the scenario, as SillyTavern does.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import replace

from tavern_tui.domain.events import PlacedText, Speaker
from tavern_tui.domain.summary import KEY, StorySummary
from tavern_tui.prompt.inputs import Injection, InjectionPosition, Policy, PromptInput
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.standing import Shown, Standing, Wanted
from tavern_tui.prompt.story import untrusted

_FIRST, _LATER = "[The story so far: {}]", "[After that: {}]"
_CLASSIC_KEY = "1_memory"  # SillyTavern's place for its own among the texts of one position


def with_summaries(standing: Standing, given: PromptInput) -> Standing:
    """``standing`` with the chat's summaries among what is called for."""
    now, later = given.summaries.now, given.summaries.from_cut
    if not (now or later):
        return standing
    wanted = [_wanted(one, given, alone=one is now[0]) for one in now]
    wanted += [_wanted(one, given, alone=one is later[0]) for one in later if one not in now]
    keys, keys_later = {one.key for one in now}, {one.key for one in later}
    items = {one.item.key: one.item for one in wanted}
    others = standing.shown

    def shown(placed: PlacedText) -> Shown | None:
        if not placed.key.startswith(KEY):
            return others(placed)
        item = items.get(placed.key)
        return Shown(item, placed.mark) if item is not None else None

    def due(one: Wanted, turns: Collection[str], *, cut: bool) -> bool:
        summary = summaries.get(one.item.key)
        if summary is None:
            return True
        return summary.key in (keys_later if cut else keys) and summary.first not in turns

    summaries = {one.key: one for one in (*now, *later)}
    superseded = frozenset(keys - keys_later)
    return replace(standing, wanted=(*wanted, *standing.wanted), shown=shown, due=due, superseded=superseded)


def as_injections(given: PromptInput) -> Iterator[Injection]:
    """The summaries of a prompt of ``classic``."""
    if given.policy is Policy.CLASSIC:
        for one in given.summaries.now:
            place = InjectionPosition.AFTER_SCENARIO
            text = f"[Summary: {one.text}]"
            yield Injection(text, 2, kind=PartKind.SUMMARY, source=one.source, key=_CLASSIC_KEY, position=place)


def _wanted(one: StorySummary, given: PromptInput, *, alone: bool) -> Wanted:
    text = (_FIRST if alone else _LATER).format(untrusted(one.text.strip(), given))
    mark = f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
    return Wanted(Item(Speaker.NARRATOR, "", text, PartKind.SUMMARY, one.source, reason=_REASON, key=one.key), mark)


_REASON = "tells of turns that are no longer read"
