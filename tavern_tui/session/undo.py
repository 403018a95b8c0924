"""Undo and redo over a chat's events: which event to take back next, and what that means in words.

Undo is per device: it takes back what was done here, newest first. Looking at another swipe is not an action; going
back to a turn so that a branch begins there is one until the reader goes elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from tavern_tui.domain.chat import ROOT, undone_ids
from tavern_tui.domain.events import (
    ChatEvent,
    ChatStarted,
    PropertySet,
    Speaker,
    TextEdited,
    TextExtended,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    TurnMoved,
    Undone,
)
from tavern_tui.domain.groups import TOLD as GROUP_CHANGES
from tavern_tui.domain.renaming import RENAMED
from tavern_tui.domain.summary import KEY as SUMMARY
from tavern_tui.session.author_note import NOTE
from tavern_tui.session.bookmarks import BOOKMARK
from tavern_tui.session.chat_variables import VARIABLE
from tavern_tui.session.lore import PROPERTY as LORE_STATE
from tavern_tui.session.titles import TITLE, named_by_itself

_KEPT_BY_ITSELF = frozenset({LORE_STATE, TITLE, RENAMED, "input_kind"})
"""Properties that the program writes without being asked, as it does variables: nobody means them by "undo"."""


_NAMED = {
    NOTE: "the author's note",
    TITLE: "the title",
    "chat_preset": "the prompts for messages",
    "connection": "who writes here",
    "dice": "the dice",
    "memory": "the plot",
    "mode": "the mode of play",
    "later": "what is read later",
    "notebook": "the notebook",
    "notes_stay": "how long notes stay",
    "persona": "who you are",
    "policy": "the policy of prompts",
    "preset": "the sampler preset",
    "response_tokens": "the length of replies",
    "summaries": "when summaries are written",
    "think": "how much is thought",
    "worlds": "which lorebooks are read",
    **GROUP_CHANGES,
}
"""What else a person sets in a chat, in words."""

STORY: Final = "story "
"""How the keys of the properties begin that a story keeps: how it is written, not what."""


def next_undo(events: Sequence[ChatEvent], device: str) -> ChatEvent | None:
    """The newest action of ``device`` that still counts; ``events`` in the order of the fold.

    What was set before the chat's first turn is how the chat began, and no action.
    """
    undone = undone_ids(events)
    begins = next((at for at, event in enumerate(events) if isinstance(event.body, TurnAdded)), 0)
    meant = _Meant(events, undone)
    gone_on = False
    for event in reversed(events[begins:]):
        if event.writer != device or event.id in undone:
            continue
        if meant.counts(event, gone_on=gone_on):
            return event
        gone_on = gone_on or isinstance(event.body, TipMoved)
    return None


def next_redo(events: Sequence[ChatEvent], device: str) -> tuple[ChatEvent, ChatEvent] | None:
    """The newest undo of ``device`` that can be taken back, with the action it took back; none after a new action."""
    by_id = {event.id: event for event in events}
    undone = undone_ids(events)
    redone = {event.body.event for event in events if isinstance(event.body, Undone)}
    meant = _Meant(events)
    gone_on = False
    for event in reversed(events):
        if event.writer != device or event.id in undone:
            continue
        if isinstance(event.body, Undone):
            action = by_id.get(event.body.event)
            if action is not None and meant.counts(action, gone_on=gone_on):
                return event, action
        elif meant.counts(event) and event.id not in redone:
            return None
        gone_on = gone_on or isinstance(event.body, TipMoved)
    return None


class _Meant:
    """What of ``events`` counts as done by somebody, where an event alone does not tell.

    Going to a turn that other turns followed then, as the next one begins a branch there; and a title that the chat was
    not given by itself.
    """

    def __init__(self, events: Sequence[ChatEvent], undone: Collection[str] = ()) -> None:
        self._branched: set[str] = set()
        self._titled: set[str] = set()
        above: dict[str, str] = {}
        depth: dict[str, int] = {}
        followed: Counter[str] = Counter()
        title, deepest = "", 0
        for event in events:
            if event.id in undone:
                continue
            match event.body:
                case ChatStarted(title=title):
                    pass
                case TurnAdded(parent=parent):
                    above[event.id] = parent
                    depth[event.id] = depth.get(parent, 0) + 1
                    deepest = max(deepest, depth[event.id])
                    followed[parent] += 1
                case TurnDeleted(turn=turn) if turn in above:
                    followed[above.pop(turn)] -= 1
                case TipMoved(turn=turn) if followed[turn] > 0:
                    self._branched.add(event.id)
                case PropertySet(key=key, value=str(value)) if key == TITLE:
                    if not named_by_itself(title, deepest):
                        self._titled.add(event.id)
                    title = value
                case _:
                    pass

    def counts(self, event: ChatEvent, *, gone_on: bool = False) -> bool:
        """Whether somebody did it; a branch no longer counts once the reader has ``gone_on`` to another turn."""
        return is_action(event) or event.id in self._titled or (event.id in self._branched and not gone_on)


def in_words(event: ChatEvent) -> str:
    """What an action was: ``Mira's reply``, ``an edit``."""
    from tavern_tui.session.branches import NAME as BRANCH

    match event.body:
        case TurnAdded(speaker=Speaker.USER):
            return "your message"
        case TurnAdded(speaker=Speaker.NARRATOR, hidden=hidden):
            return "a comment" if hidden else "what the narrator said"
        case TurnAdded(name=name):
            return f"{name}'s reply"
        case TextExtended():
            return "the continuation"
        case TextEdited():
            return "an edit"
        case TurnHidden(hidden=True):
            return "hiding a turn"
        case TurnHidden():
            return "showing a turn"
        case TurnDeleted():
            return "deleting a turn"
        case TurnMoved():
            return "moving a turn"
        case TipMoved():
            return "a branch"
        case PropertySet(key=key, value=value) if key.startswith(BOOKMARK):
            return "taking a bookmark away" if value is None else "a bookmark"
        case PropertySet(key=key) if key.startswith(SUMMARY):
            return "a summary"
        case PropertySet(key=key) if key.startswith(BRANCH):
            return "the name of a branch"
        case PropertySet(key=key):
            return _NAMED.get(key.partition("/")[0], f"setting {key}")
        case _:
            return "a change"


def is_action(event: ChatEvent) -> bool:
    """Whether somebody who takes back what was done last may mean ``event``."""
    match event.body:
        case TurnAdded(parent=parent, speaker=speaker):
            return parent != ROOT or speaker is Speaker.USER
        case PropertySet(key=key, value=value) if key.startswith(SUMMARY):
            return not isinstance(value, dict) or value.get("by") != "model"
        case PropertySet(key="summaries", value={"when": "asked"}):
            return False
        case PropertySet(key=key):
            return key not in _KEPT_BY_ITSELF and not key.startswith((VARIABLE, STORY))
        case TextExtended() | TextEdited() | TurnHidden() | TurnDeleted() | TurnMoved():
            return True
        case _:
            return False
