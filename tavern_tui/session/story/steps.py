"""Undo and redo in a story: what was done in one go is taken back in one go.

Events that belong together are told by a property that names them (``STEP``), written behind them. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tavern_tui.domain.chat import undone_ids
from tavern_tui.domain.events import ChatEvent, PropertySet, TextEdited, TurnAdded, TurnHidden, Undone
from tavern_tui.session.undo import in_words
from tavern_tui.session.undo import is_action as is_action_in_chat

STEP: Final = "story step"
"""The property that names the events that were one step; its last value alone says nothing."""


def step_of(ids: Sequence[str]) -> PropertySet:
    """The event that makes one step of those events."""
    return PropertySet(STEP, list(ids))


def next_undo(events: Sequence[ChatEvent], device: str) -> tuple[list[str], str]:
    """The events of the newest step of ``device`` that still count, newest first, and what it was in words.

    ``events`` in the order of the fold. Both empty where there is none.
    """
    undone = undone_ids(events)
    for event in reversed(events):
        if event.writer != device or event.id in undone:
            continue
        if named := _named_in(event):
            ids = [one for one in reversed(named) if one not in undone]
            return [*ids, event.id], _told(events, ids)
        if is_action(event):
            return [event.id], _told(events, [event.id])
    return [], ""


def next_redo(events: Sequence[ChatEvent], device: str) -> tuple[list[str], str]:
    """The undoings of the step that was taken back last, newest first, and what it was in words.

    Both empty where there is none, or something else was done since.
    """
    by_id = {event.id: event for event in events}
    undone = undone_ids(events)
    redone = {event.body.event for event in events if isinstance(event.body, Undone)}
    for event in reversed(events):
        if event.writer != device or event.id in undone:
            continue
        if isinstance(event.body, Undone):
            action = by_id.get(event.body.event)
            if action is None or not (is_action(action) or _named_in(action)):
                continue
            ids = {action.id, *_named_in(action)}
            takings = [
                one.id
                for one in reversed(events)
                if isinstance(one.body, Undone) and one.body.event in ids and one.id not in undone
            ]
            return takings, _told(events, _named_in(action) or [action.id])
        if (is_action(event) or _named_in(event)) and event.id not in redone:
            return [], ""
    return [], ""


def whole_step(events: Sequence[ChatEvent], action: ChatEvent) -> list[str]:
    """The events that are taken back with ``action``, newest first, as ``next_undo`` has them."""
    undone = undone_ids(events)
    for event in reversed(events):
        if event.id == action.id:
            break
        if event.id not in undone and action.id in (named := _named_in(event)):
            return [*(one for one in reversed(named) if one not in undone), event.id]
    return [action.id]


def is_action(event: ChatEvent) -> bool:
    """Whether the event was done by somebody; a passage was, also the first turn of a story."""
    generated = isinstance(event.body, TurnAdded) and event.body.receipt is not None
    return generated or is_action_in_chat(event)


def _named_in(event: ChatEvent) -> list[str]:
    body = event.body
    if not isinstance(body, PropertySet) or body.key != STEP or not isinstance(body.value, list):
        return []
    return [one for one in body.value if isinstance(one, str)]


def _told(events: Sequence[ChatEvent], ids: Sequence[str]) -> str:
    """What the events with these ids were: the passage that was generated among them, else an edit."""
    wanted = set(ids)
    of_step = [event for event in events if event.id in wanted]
    for event in of_step:
        if isinstance(event.body, TurnAdded) and event.body.receipt is not None:
            return "a passage"
    for event in of_step:
        if isinstance(event.body, PropertySet) and event.body.key == "mode":
            return in_words(event)
    edits = [event for event in of_step if isinstance(event.body, TextEdited | TurnAdded | TurnHidden)]
    return "an edit" if edits or not of_step else in_words(of_step[-1])
