"""What stands between the turns: a preset's in-chat prompts and the texts that are injected at a depth.

Source: SillyTavern 1.12.6, ``public/scripts/openai.js`` (``populationInjectionPrompts``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tavern_tui.domain.chat_completion import USUAL_ORDER
from tavern_tui.domain.request import Role
from tavern_tui.prompt.chat_completion.slots import InChat
from tavern_tui.prompt.injections import Injected
from tavern_tui.prompt.items import ROLE_OF, Item

_SPEAKER = {role: speaker for speaker, role in ROLE_OF.items()}
_LOWEST_FIRST = (Role.SYSTEM, Role.USER, Role.ASSISTANT)


def combined(texts: Sequence[Injected], prompts: Sequence[InChat], *, ordered: bool, floor: int) -> list[Injected]:
    """One message for each depth and role, the lowest first; of one message a preset's prompts stand first.

    ``ordered``: prompts of another ``injection_order`` than the usual are messages of their own, of the highest order
    lowest. No message stands below ``floor`` turns above the end.
    """
    made: list[Injected] = []
    depths = {max(one.depth, floor) for one in texts} | {max(one.depth, floor) for one in prompts if one.depth >= 0}
    for depth in sorted(depths):
        here = [one for one in prompts if one.depth >= 0 and max(one.depth, floor) == depth]
        injected = [one.item for one in texts if max(one.depth, floor) == depth]
        orders = {one.order for one in here} | {USUAL_ORDER} if ordered else {USUAL_ORDER}
        for order in sorted(orders, reverse=True):
            own = [one for one in here if not ordered or one.order == order]
            found = injected if order == USUAL_ORDER else []
            made += (Injected(depth, item) for item in _by_role(own, found))
    return made


def _by_role(prompts: Sequence[InChat], injected: Sequence[Item]) -> Iterator[Item]:
    for role in _LOWEST_FIRST:
        own = [one.part for one in prompts if one.part.role is role]
        found = [item for item in injected if ROLE_OF[item.speaker] is role]
        texts = ["\n".join(part.text for part in own).strip(), *(item.text.strip() for item in found)]
        text = "\n".join(text for text in texts if text)
        if not text:
            continue
        sources = dict.fromkeys((*(part.source for part in own), *(item.source for item in found)))
        reasons = dict.fromkeys(item.reason for item in found if item.reason)
        kind = found[0].kind if found else own[0].kind
        yield Item(_SPEAKER[role], "", text, kind, " and ".join(sources), bare=True, reason="; ".join(reasons))


def interleaved(turns: Iterable[Item], texts: Sequence[Injected]) -> Iterator[Item]:
    """Newest-first ``turns`` with the injected texts in their places, pulled one by one."""
    waiting = list(texts)
    for at, turn in enumerate(turns):
        while waiting and waiting[0].depth <= at:
            yield waiting.pop(0).item
        yield turn
    yield from (one.item for one in waiting)
