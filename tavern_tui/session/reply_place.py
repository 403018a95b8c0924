"""``ReplyPlace``: where in a chat a reply goes."""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import Speaker


@dataclass(frozen=True, slots=True)
class ReplyPlace:
    """Where a reply goes: a new turn by ``name`` under ``parent``, or more of the turn ``extends``.

    ``next``: it is the chat's next turn. What another terminal adds under ``parent`` meanwhile then comes before it;
    otherwise that turn would be taken for a swipe of the reply.
    """

    name: str
    parent: str = ""
    extends: Turn | None = None
    next: bool = False

    def parent_in(self, tree: ChatTree) -> str:
        """The turn to follow in a chat that may have grown since the reply was begun."""
        if not self.next or tree.tip == self.parent:
            return self.parent
        return tree.tip if any(turn.parent == self.parent for turn in tree.walk_back()) else self.parent


def reply_at(tree: ChatTree, turn: str = "") -> Turn:
    """The turn of that id, else the newest one, which must be a reply. Raises ``NotFoundError``."""
    found = tree.turns.get(turn or tree.tip)
    if found is None:
        raise NotFoundError("That turn is no longer in this chat." if turn else "There is no turn yet.")
    if not turn and found.speaker is Speaker.USER:
        raise NotFoundError("The last turn is yours: there is no reply to change yet.")
    return found


def reply_to_extend(tree: ChatTree, turn: str = "") -> Turn:
    """That turn, else the newest, which must be a reply. Raises ``NotFoundError``."""
    reply = reply_at(tree, turn)
    if reply.speaker is Speaker.USER:
        raise NotFoundError("That turn is yours: only a reply can be continued.")
    return reply


def beside(turn: Turn, character: str) -> ReplyPlace:
    """Where a swipe of the reply ``turn`` goes; beside a turn of the user's it is another answer by ``character``."""
    if turn.speaker is Speaker.USER:
        return ReplyPlace(character, turn.id)
    return ReplyPlace(turn.name, turn.parent)
