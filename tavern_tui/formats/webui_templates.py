"""text-generation-webui's instruction templates: YAML or Jinja files ⇄ what a model is written to with.

Today's hold a chat template in Jinja (``instruction_template``, or the whole file); older ones name the tags
(``user``, ``bot``, ``turn_template``, ``context``) and become an ``InstructTemplate``. Source:
``docs/spec/webui-features.md`` §6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.template import InstructTemplate, NamesBehavior
from tavern_tui.formats.json_text import decode_text
from tavern_tui.formats.presets import write_entries
from tavern_tui.formats.yaml_text import read_yaml

MAX_BYTES = 256 * 1024
_MARKS = ("<|user|>", "<|user-message|>", "<|bot|>", "<|bot-message|>")
_SYSTEM = "<|system-message|>"


@dataclass(frozen=True, slots=True)
class WebuiTemplate:
    """A template: a chat template in ``jinja``, or ``instruct`` made from an older file. ``data`` is the file."""

    name: str
    jinja: str = ""
    instruct: InstructTemplate | None = None
    system_text: str = ""
    data: bytes = b""


def is_instruction_template(value: object) -> bool:
    """Whether a parsed YAML file is an instruction template."""
    if not isinstance(value, Mapping):
        return False
    return isinstance(value.get("instruction_template"), str) or isinstance(value.get("turn_template"), str)


def is_jinja(text: str) -> bool:
    """Whether a text is a chat template in Jinja: it goes over the messages."""
    return "{%" in text and "messages" in text


def read_instruction_template(data: bytes, name: str, *, where: str = "") -> tuple[WebuiTemplate, tuple[Remark, ...]]:
    """The template in a file, and what of it does nothing here. Raises ``FormatError`` for a file that is none."""
    where = where or name
    text = decode_text(data, where=where, max_bytes=MAX_BYTES)
    if is_jinja(text) and text.lstrip().startswith(("{%", "{{", "{#")):
        return WebuiTemplate(name, jinja=text, data=data), ()
    value = read_yaml(text, where=where).value
    if not is_instruction_template(value):
        raise FormatError("There is no instruction template inside.", where=where)
    if isinstance(jinja := value.get("instruction_template"), str):
        rest = tuple(Remark(key, "It does nothing here.") for key in value if key != "instruction_template")
        return WebuiTemplate(name, jinja=jinja, data=data), rest
    instruct, system_text = _instruct(value, name, where)
    return WebuiTemplate(name, instruct=instruct, system_text=system_text, data=data), ()


def write_instruction_template(template: WebuiTemplate) -> tuple[bytes, tuple[Remark, ...]]:
    """The template as text-generation-webui's file; one that was read as it was."""
    if template.data:
        return template.data, ()
    if template.jinja:
        return write_entries({"instruction_template": template.jinja}).encode(), ()
    return b"", (Remark("", "An instruct template cannot be written as text-generation-webui's."),)


def _instruct(value: Mapping[str, Any], name: str, where: str) -> tuple[InstructTemplate, str]:
    """The tags of an older file. What stands between the four marks belongs to the tag before the text."""
    turn = value["turn_template"]
    places = [turn.find(mark) for mark in _MARKS]
    if -1 in places or places != sorted(places):
        raise FormatError(f"Field turn_template should have {', '.join(_MARKS)}, in this order.", where=where)
    before_user, rest = turn.split(_MARKS[0], 1)
    after_user, rest = rest.split(_MARKS[1], 1)
    before_bot, rest = rest.split(_MARKS[2], 1)
    after_bot, closing = rest.split(_MARKS[3], 1)
    user, bot, context = (_text(value, key, where) for key in ("user", "bot", "context"))
    head, _, tail = context.partition(_SYSTEM) if _SYSTEM in context else ("", "", "")
    instruct = InstructTemplate(
        name,
        input_sequence=before_user + user + after_user,
        input_suffix=before_bot,
        output_sequence=bot + after_bot,
        output_suffix=closing,
        system_sequence=head,
        system_suffix=tail,
        story_string_prefix=head,
        story_string_suffix=tail,
        stop_sequence=(before_user + user + after_user).strip(),
        wrap=False,
        macro=False,
        names_behavior=NamesBehavior.ALWAYS,
        system_same_as_user=not head.strip(),
    )
    return instruct, "" if _SYSTEM in context else context


def _text(value: Mapping[str, Any], key: str, where: str) -> str:
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise FormatError(f"Field {key} should be text.", where=where)
    return found
