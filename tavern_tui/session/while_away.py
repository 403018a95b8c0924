"""What happened in a chat while nobody looked (``docs/ux.md`` §5, §10): in one line, and where it begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.events import ChatEvent, Speaker, TextExtended, TurnAdded

_NAME_CHARACTERS = 40


def while_away(
    events: Iterable[ChatEvent],
    tree: ChatTree,
    seen: str,
    *,
    left_open: bool,
    now: datetime,
) -> str:
    """One line on what the chat gained after the event ``seen``, the newest that was shown; empty for nothing.

    ``events`` are the chat's in the order of the fold and ``tree`` is what they fold to. The user's own turns do not
    count, nor what was taken back or deleted since. ``left_open``: the last visit was not ended by the user, the link
    or the program broke. ``now`` gives today's date and the zone for the time. Without a known ``seen`` nothing is new.
    """
    replies = {turn.id: (turn, at) for turn, at in _news(events, tree, seen) if turn.speaker is not Speaker.USER}
    if not replies:
        return ""
    when = "while you were disconnected" if left_open else "while you were away"
    last, at = list(replies.values())[-1]
    time = _clock_time(at, now)
    if len(replies) > 1:
        return f"{len(replies):,} replies came {when}, the last at {time}."
    name = safe_line(last.name, _NAME_CHARACTERS)
    reply = f"{name}'s reply" if name else "A reply"
    if last.interrupted:
        return f"{reply} was cut off {when} ({time}). What had come is kept."
    return f"{reply} was finished {when} ({time})."


def first_new(events: Iterable[ChatEvent], tree: ChatTree, seen: str) -> str:
    """The first turn of the branch that came after the event ``seen``; empty for none, and where ``seen`` is unknown.

    Arguments as those of ``while_away``. The user's own turns count: they were written elsewhere.
    """
    fresh: set[str] = set()
    known = False
    for event in events:
        if event.id == seen:
            known = True
        elif known and isinstance(event.body, TurnAdded):
            fresh.add(event.id)
    first = ""
    if fresh:
        for turn in tree.walk_back():
            first = turn.id if turn.id in fresh else first
    return first


def _news(events: Iterable[ChatEvent], tree: ChatTree, seen: str) -> list[tuple[Turn, float]]:
    """Turns that were added or continued after ``seen``, as they are now, with the time of it."""
    fresh: list[ChatEvent] = []
    known = False
    for event in events:
        if event.id == seen:
            known = True
        elif known:
            fresh.append(event)
    found: list[tuple[Turn, float]] = []
    for event in fresh:
        match event.body:
            case TurnAdded() if event.id in tree.turns:
                found.append((tree.turns[event.id], event.at))
            case TextExtended(turn=turn) if turn in tree.turns:
                found.append((tree.turns[turn], event.at))
            case _:
                pass
    return found


def _clock_time(at: float, now: datetime) -> str:
    """The time of day, with the date where it was another day."""
    zone: tzinfo | None = now.tzinfo
    then = datetime.fromtimestamp(at, zone)
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"
