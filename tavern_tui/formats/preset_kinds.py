"""Which kind of preset or template a file is, told by its content, and the codec of each kind: one table.

The kinds' folders in the library are named by them. Single codecs: ``sampler_files``, ``templates``, ``chat_presets``,
``webui_templates``, ``reply_sets``, ``script_files``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats import (
    chat_presets,
    reply_sets,
    sampler_files,
    script_files,
    templates,
    webui_templates,
)
from tavern_tui.formats.json_text import decode_text, read_json
from tavern_tui.formats.yaml_text import read_yaml


class PresetKind(StrEnum):
    """Kinds of files that are chosen by name."""

    SAMPLER = "sampler"
    INSTRUCT = "instruct"
    CONTEXT = "context"
    SYSTEM_PROMPT = "sysprompt"
    REASONING = "reasoning"
    CHAT = "chat"
    MODEL_TEMPLATE = "model-template"
    QUICK_REPLIES = "quick-replies"
    REGEX = "regex"


Read = tuple[Any, tuple[Remark, ...]]
Written = tuple[bytes, tuple[Remark, ...]]


@dataclass(frozen=True, slots=True)
class Codec:
    """What reads a file of a kind (bytes, name) and what writes it back. ``title`` is the kind in words."""

    title: str
    read: Callable[[bytes, str], Read]
    write: Callable[[Any], Written]


CODECS: dict[PresetKind, Codec] = {
    PresetKind.SAMPLER: Codec("sampler preset", sampler_files.read_sampler_file, sampler_files.write_sampler_file),
    PresetKind.INSTRUCT: Codec("instruct template", templates.read_template, templates.write_template),
    PresetKind.CONTEXT: Codec("context template", templates.read_template, templates.write_template),
    PresetKind.SYSTEM_PROMPT: Codec("system prompt", templates.read_template, templates.write_template),
    PresetKind.REASONING: Codec("reasoning template", templates.read_template, templates.write_template),
    PresetKind.CHAT: Codec("chat completion preset", chat_presets.read_chat_preset, chat_presets.write_chat_preset),
    PresetKind.MODEL_TEMPLATE: Codec(
        "chat template of a model",
        webui_templates.read_instruction_template,
        webui_templates.write_instruction_template,
    ),
    PresetKind.QUICK_REPLIES: Codec("set of quick replies", reply_sets.read_reply_set, reply_sets.write_reply_set),
    PresetKind.REGEX: Codec("regex scripts", script_files.read_script_file, script_files.write_script_file),
}
_TEMPLATES = {
    templates.TemplateKind.INSTRUCT: PresetKind.INSTRUCT,
    templates.TemplateKind.CONTEXT: PresetKind.CONTEXT,
    templates.TemplateKind.SYSTEM_PROMPT: PresetKind.SYSTEM_PROMPT,
    templates.TemplateKind.REASONING: PresetKind.REASONING,
}


def preset_kind(value: object) -> PresetKind | None:
    """Which kind a parsed JSON or YAML file is; ``None`` where it is none of these. Cheap: looks at the fields' names.

    A master export of several templates has no kind (``templates.is_bundle``).
    """
    if (kind := templates.template_kind(value)) is not None:
        return _TEMPLATES[kind]
    if chat_presets.is_chat_preset(value):
        return PresetKind.CHAT
    if sampler_files.is_sampler_file(value):
        return PresetKind.SAMPLER
    if reply_sets.is_reply_set(value):
        return PresetKind.QUICK_REPLIES
    if script_files.is_script_file(value):
        return PresetKind.REGEX
    return PresetKind.MODEL_TEMPLATE if webui_templates.is_instruction_template(value) else None


def kind_in(data: bytes, *, where: str = "") -> PresetKind | None:
    """Which kind the file with these bytes is. Raises ``FormatError`` for one that is neither text nor data."""
    start = data.lstrip(b"\xef\xbb\xbf\x00 \t\r\n")[:2]
    if start in (b"{%", b"{#", b"{{"):
        text = decode_text(data, where=where, max_bytes=webui_templates.MAX_BYTES)
        return PresetKind.MODEL_TEMPLATE if webui_templates.is_jinja(text) else None
    value = read_json(data, where=where) if start[:1] in (b"{", b"[") else read_yaml(data, where=where).value
    return preset_kind(value)


def read_preset_file(data: bytes, name: str, *, where: str = "") -> tuple[PresetKind, Any, tuple[Remark, ...]]:
    """What a file holds, of whichever kind. Raises ``FormatError`` where it is none of them."""
    kind = kind_in(data, where=where or name)
    if kind is None:
        raise FormatError("There is no preset or template inside that is known here.", where=where or name)
    read, remarks = CODECS[kind].read(data, name)
    return kind, read, remarks
