"""What formats that know one line of turns take of a chat, and what is told of the rest."""

from __future__ import annotations

from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import ToldChat, ToldTurn


def shown_turns(
    chat: ToldChat, *, with_hidden: bool = False, with_swipes: bool = False
) -> tuple[list[ToldTurn], list[Remark]]:
    """The turns on the active path, and what is left out: hidden turns, swipes and branches beside it.

    ``with_swipes``: the format says them elsewhere.
    """
    path = chat.shown()
    turns = path if with_hidden else [turn for turn in path if not turn.hidden]
    remarks = []
    if hidden := len(path) - len(turns):
        remarks.append(Remark("turns", f"{_turns(hidden)} hidden here left out: this format cannot say that."))
    if (beside := len(chat.turns) - len(path)) and not with_swipes:
        remarks.append(Remark("swipes", f"{_turns(beside)} beside the active path left out."))
    return turns, remarks


def _turns(count: int) -> str:
    return f"{count} turn{'' if count == 1 else 's'}"
