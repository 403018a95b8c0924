"""Which turns look different after an event: those that it names, and their swipes, whose number may change. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import (
    ChatEvent,
    PropertySet,
    TextEdited,
    TextExtended,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    TurnMoved,
    Undone,
)
from tavern_tui.session.bookmarks import turns_of


def turns_touched(news: Iterable[ChatEvent], events: Iterable[ChatEvent], tree: ChatTree) -> frozenset[str]:
    """The turns that ``news`` touch, some of which may be gone. ``events`` are all of the chat, ``tree`` their fold.

    All events are looked at only where something was deleted, moved, taken back or brought back.
    """
    every: dict[str, ChatEvent] = {}
    touched: set[str] = set()
    for event in news:
        if isinstance(event.body, TurnDeleted | TurnMoved | Undone) and not every:
            every = {one.id: one for one in events}
        touched.update(_touched(event, every, tree))
    return frozenset(touched)


def _touched(event: ChatEvent, every: Mapping[str, ChatEvent], tree: ChatTree) -> Iterator[str]:
    seen = {event.id}
    while isinstance(event.body, Undone):
        found = every.get(event.body.event)
        if found is None or found.id in seen:
            return
        event = found
        seen.add(event.id)
    match event.body:
        case TurnAdded(parent=parent):
            yield event.id
            yield from tree.children.get(parent, ())
        case TurnDeleted(turn=turn):
            yield turn
            added = every.get(turn)
            if added is not None and isinstance(added.body, TurnAdded):
                yield from tree.children.get(added.body.parent, ())
        case TextExtended(turn=turn) | TextEdited(turn=turn) | TurnHidden(turn=turn):
            yield turn
        case TurnMoved(turn=turn):
            yield turn
            for place in _places_of(turn, every.values()):
                yield from tree.children.get(place, ())
        case PropertySet(key=key):
            yield from turns_of([key])
        case _:
            pass


def _places_of(turn: str, events: Iterable[ChatEvent]) -> set[str]:
    """Every turn that ``turn`` hung under at some time."""
    places = set()
    for event in events:
        match event.body:
            case TurnAdded(parent=parent) if event.id == turn:
                places.add(parent)
            case TurnMoved(turn=moved, parent=parent) if moved == turn:
                places.add(parent)
            case _:
                pass
    return places
