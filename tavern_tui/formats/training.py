"""Chats as training data, one chat's active path: ShareGPT's and Alpaca's JSON Lines. Written only.

ShareGPT: a line for the chat, ``conversations`` of ``from`` (``system``, ``human``, ``gpt``) and ``value``. Alpaca: a
line for every reply, ``instruction``, ``input`` and ``output``. What one side said in several turns is one entry; where
several characters speak, their names stand before what they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import ToldChat, ToldTurn
from tavern_tui.formats.chat_path import shown_turns
from tavern_tui.formats.json_lines import write_line

_SIDES = {Speaker.USER: "human", Speaker.CHARACTER: "gpt", Speaker.NARRATOR: "system"}


def write_sharegpt(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """The chat as one line. Hidden turns and swipes are left out and told."""
    turns, remarks = shown_turns(chat)
    entries = [{"from": side, "value": value} for side, value in _entries(turns)]
    return write_line({"conversations": entries}) + b"\n", tuple(remarks)


def write_alpaca(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """A line for every reply to the user; what answers nobody, such as a greeting, is left out and told."""
    turns, remarks = shown_turns(chat)
    entries = list(_entries(turns))
    rows = [
        {"instruction": said, "input": "", "output": answer}
        for (side, said), (other, answer) in pairwise(entries)
        if (side, other) == ("human", "gpt")
    ]
    if alone := sum(side == "gpt" for side, _ in entries) - len(rows):
        remarks.append(
            Remark("turns", f"{alone} repl{'y' if alone == 1 else 'ies'} that no message stands before left out.")
        )
    return b"".join(write_line(row) + b"\n" for row in rows), tuple(remarks)


def _entries(turns: list[ToldTurn]) -> Iterator[tuple[str, str]]:
    several = len({turn.name for turn in turns if turn.speaker is Speaker.CHARACTER}) > 1
    for speaker, group in groupby(turns, key=lambda turn: turn.speaker):
        named = several and speaker is Speaker.CHARACTER
        yield _SIDES[speaker], "\n\n".join(f"{turn.name}: {turn.text}" if named else turn.text for turn in group)
