"""The chat files of other programs: the table of formats, and which one some bytes are, by their content alone.

Adding a format is one row here and one file beside. A reader gives every chat that a file holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import ToldChat
from tavern_tui.formats import (
    chat_text,
    kobold_save,
    kobold_share,
    llama_ui_chat,
    novelai,
    risuai_chat,
    sillytavern_chat,
    training,
    webui_chat,
)
from tavern_tui.formats.json_lines import first_value, read_whole

Remarks = tuple[Remark, ...]
Read = tuple[tuple[ToldChat, ...], Remarks]


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """A format. ``title`` is what a person calls it. ``is_line`` and ``is_file`` know it by the value of a file's first
    line, or of the whole of it; ``is_bytes`` by bytes that are no JSON. ``read`` and ``write`` are ``None`` where the
    format is only written or only read; ``suffix`` is that of a written file.
    """

    name: str
    title: str
    suffix: str
    read: Callable[[bytes, str], Read] | None = None
    write: Callable[[ToldChat], tuple[bytes, Remarks]] | None = None
    is_line: Callable[[object], bool] | None = None
    is_file: Callable[[object], bool] | None = None
    is_bytes: Callable[[bytes], bool] | None = None


def _one(read: Callable[[bytes, str], tuple[ToldChat, Remarks]]) -> Callable[[bytes, str], Read]:
    def read_one(data: bytes, name: str) -> Read:
        chat, remarks = read(data, name)
        return (chat,), remarks

    return read_one


CHAT_FORMATS: tuple[ChatFormat, ...] = (
    ChatFormat(
        sillytavern_chat.FORMAT,
        "SillyTavern chat",
        ".jsonl",
        _one(sillytavern_chat.read_sillytavern),
        sillytavern_chat.write_sillytavern,
        is_line=sillytavern_chat.is_sillytavern_line,
    ),
    ChatFormat(
        llama_ui_chat.FORMAT,
        "llama.cpp web UI conversation",
        ".jsonl",
        llama_ui_chat.read_llama_ui,
        llama_ui_chat.write_llama_ui,
        is_line=llama_ui_chat.is_llama_ui_line,
        is_file=llama_ui_chat.is_llama_ui_file,
    ),
    ChatFormat(
        kobold_save.FORMAT,
        "Kobold save",
        ".json",
        _one(kobold_save.read_kobold),
        kobold_save.write_kobold,
        is_file=kobold_save.is_kobold_save,
        is_bytes=kobold_save.is_kaistory,
    ),
    ChatFormat(
        kobold_share.FORMAT,
        "Kobold Lite share text",
        ".txt",
        _one(kobold_share.read_share),
        kobold_share.write_share,
        is_bytes=kobold_share.is_share,
    ),
    ChatFormat(
        webui_chat.FORMAT,
        "text-generation-webui history",
        ".json",
        _one(webui_chat.read_webui),
        webui_chat.write_webui,
        is_file=webui_chat.is_webui_chat,
    ),
    ChatFormat(
        risuai_chat.FORMAT,
        "RisuAI chat",
        ".json",
        risuai_chat.read_risuai,
        risuai_chat.write_risuai,
        is_file=risuai_chat.is_risuai_chat,
    ),
    ChatFormat(
        novelai.FORMAT,
        "NovelAI scenario",
        ".scenario",
        _one(novelai.read_novelai),
        novelai.write_scenario,
        is_file=novelai.is_novelai,
    ),
    ChatFormat("text", "plain text", ".txt", write=chat_text.write_text),
    ChatFormat("markdown", "Markdown", ".md", write=chat_text.write_markdown),
    ChatFormat("sharegpt", "ShareGPT, for training", ".jsonl", write=training.write_sharegpt),
    ChatFormat("alpaca", "Alpaca, for training", ".jsonl", write=training.write_alpaca),
)


def chat_format(name: str) -> ChatFormat:
    """The format called ``name``. Raises ``FormatError``."""
    found = next((row for row in CHAT_FORMATS if row.name == name), None)
    if found is None:
        raise FormatError(f"No format is called {name}.", hint=f"There are: {', '.join(r.name for r in CHAT_FORMATS)}")
    return found


def format_of(data: bytes) -> ChatFormat | None:
    """The format of some bytes, by what is in them; ``None`` where they are no chat that is known."""
    for row in CHAT_FORMATS:
        if row.is_bytes is not None and row.is_bytes(data):
            return row
    line = first_value(data)
    for row in CHAT_FORMATS:
        if row.is_line is not None and row.is_line(line):
            return row
    if data.lstrip(b"\xef\xbb\xbf \t\r\n\x00")[:1] not in (b"{", b"["):
        return None
    return _format_of_file(line if isinstance(line, dict | list) and b"\n" not in data.strip() else _whole(data))


def read_chats(data: bytes, name: str) -> tuple[ChatFormat, tuple[ToldChat, ...], Remarks]:
    """Every chat of a file called ``name``, and its format. Raises ``FormatError``."""
    found = format_of(data)
    if found is None or found.read is None:
        if data.lstrip(b"\xef\xbb\xbf \t\r\n\x00")[:1] in (b"{", b"["):
            read_whole(data, name)  # JSON that cannot be read says why
        raise FormatError("This is no chat of a program that is known here.", where=name)
    chats, remarks = found.read(data, name)
    return found, chats, remarks


def _format_of_file(value: Any) -> ChatFormat | None:
    return next((row for row in CHAT_FORMATS if row.is_file is not None and row.is_file(value)), None)


def _whole(data: bytes) -> Any:
    try:
        return read_whole(data, "")
    except FormatError:
        return None
