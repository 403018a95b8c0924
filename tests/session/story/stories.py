"""Stories for tests: trees of turns from a few words, and what is unsaved written as the log would."""

from __future__ import annotations

from collections.abc import Sequence

from tavern_tui.domain.chat import ChatTree, fold
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    ChatStarted,
    Speaker,
    TextEdited,
    TurnAdded,
    TurnHidden,
    TurnTokens,
)
from tavern_tui.session.story.document import Document
from tavern_tui.session.story.origins import first_texts
from tests.domain.chat_events import event

Told = tuple[Speaker, str]
"""Who a turn is by, and its text."""

W, G = Speaker.USER, Speaker.CHARACTER


def story_events(turns: Sequence[Told]) -> list[ChatEvent]:
    """A story of these turns called t1, t2 …, the generated ones with token ids."""
    made = [event("start", 1, ChatStarted("A tale"))]
    for number, (speaker, text) in enumerate(turns, 1):
        parent = f"t{number - 1}" if number > 1 else ""
        tokens = TurnTokens("v", (number,)) if speaker is not W else None
        made.append(event(f"t{number}", number + 1, TurnAdded(parent, speaker, "Teller", text, tokens=tokens)))
    return made


def more_events(events: list[ChatEvent], document: Document) -> list[ChatEvent]:
    """``events`` with what is unsaved in ``document``, which is saved by this."""
    unsaved = document.unsaved()
    tip = fold(events).tip
    bodies: list[Body] = [TextEdited(piece.turn, text) for piece, text in unsaved.edited]
    bodies += [TurnHidden(turn) for turn in unsaved.hidden]
    ids = [f"n{len(events)}.{number}" for number in range(len(unsaved.added))]
    made = [event(f"x{len(events)}.{number}", len(events) + 1, body) for number, body in enumerate(bodies)]
    for number, (identity, (_, text)) in enumerate(zip(ids, unsaved.added, strict=True)):
        parent = ids[number - 1] if number else tip
        made.append(event(identity, len(events) + 2 + number, TurnAdded(parent, W, "You", text)))
    document.saved(unsaved, ids)
    return [*events, *made]


def document_of(events: Sequence[ChatEvent]) -> tuple[ChatTree, Document]:
    """The story that ``events`` tell."""
    tree = fold(events)
    return tree, Document.from_tree(tree, first_texts(tree, events))
