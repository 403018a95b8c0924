"""A chat to be read: plain text as SillyTavern exports it, and Markdown. Written only.

Source of the plain text's form: ``docs/spec/sillytavern-prompts.md`` §9 (export).
"""

from __future__ import annotations

from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import ToldChat
from tavern_tui.formats.chat_path import shown_turns


def write_text(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """``Name: text`` for every turn that is not hidden, a blank line behind each."""
    turns, remarks = shown_turns(chat)
    text = "".join(f"{turn.name}: {turn.text}\n\n" if turn.name else f"{turn.text}\n\n" for turn in turns)
    return _encoded(text), tuple(remarks)


def write_markdown(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """The title as a heading, then every turn that is not hidden under its speaker's name in bold.

    The texts stay as they are: what roleplay marks with stars is Markdown already.
    """
    turns, remarks = shown_turns(chat)
    title = " ".join(chat.title.split())
    parts = [f"# {title}", *(f"**{turn.name}:** {turn.text}" if turn.name else turn.text for turn in turns)]
    return _encoded("\n\n".join(parts) + "\n"), tuple(remarks)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
