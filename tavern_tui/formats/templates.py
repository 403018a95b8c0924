"""Instruct, context, system-prompt and reasoning templates as SillyTavern writes them ⇄ the domain's.

A file holds one of them, or several in SillyTavern's master export (``instruct``, ``context``, ``sysprompt``,
``preset``, ``reasoning``). Which kind it is, its fields tell. What the domain has no field for stays in
``TemplateFile.source`` and is written back. Fields and their older spellings: ``docs/spec/sillytavern-prompts.md``
§4.1, §4.2, §11.2–11.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum, StrEnum
from typing import Any, TypeAlias

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.template import (
    ContextTemplate,
    InstructTemplate,
    NamesBehavior,
    ReasoningTemplate,
    SystemPrompt,
)
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.overlay import overlaid

MAX_BYTES = 1024 * 1024
OURS_KEY = "tavern_tui"
"""The key below which a file has the fields of an instruct template that SillyTavern does not know."""

Template: TypeAlias = InstructTemplate | ContextTemplate | SystemPrompt | ReasoningTemplate


class TemplateKind(StrEnum):
    """The kinds, by their names in a master export, which are those of SillyTavern's folders."""

    INSTRUCT = "instruct"
    CONTEXT = "context"
    SYSTEM_PROMPT = "sysprompt"
    REASONING = "reasoning"


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template, which kind it is, and the object that it was read from."""

    kind: TemplateKind
    template: Template
    source: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The template's name."""
        return self.template.name


def template_kind(value: object) -> TemplateKind | None:
    """Which kind of template a parsed JSON object is; ``None`` where it is none."""
    if not isinstance(value, Mapping):
        return None
    if "input_sequence" in value and "output_sequence" in value:
        return TemplateKind.INSTRUCT
    if isinstance(value.get("story_string"), str):
        return TemplateKind.CONTEXT
    if value.keys() <= _PROMPT and isinstance(value.get("content"), str) and "name" in value:
        return TemplateKind.SYSTEM_PROMPT
    if isinstance(value.get("prefix"), str) and isinstance(value.get("suffix"), str) and "separator" in value:
        return TemplateKind.REASONING
    return None


def is_template(value: object) -> bool:
    """Whether a parsed JSON file is one template."""
    return template_kind(value) is not None


def is_bundle(value: object) -> bool:
    """Whether a parsed JSON file is a master export of several templates."""
    return isinstance(value, Mapping) and any(template_kind(value.get(kind)) is kind for kind in TemplateKind)


def read_template(data: bytes, name: str, *, where: str = "") -> tuple[TemplateFile, tuple[Remark, ...]]:
    """The template in a JSON file, and what of it does nothing here; ``name`` is used where the file has none.

    Raises ``FormatError`` for a file that is none.
    """
    value = read_json(data, where=where or name, max_bytes=MAX_BYTES)
    kind = template_kind(value)
    if kind is None:
        raise FormatError(
            "There is no template inside.",
            hint="It has the fields of an instruct or context template, a system prompt or a reasoning template.",
            where=where or name,
        )
    return _file(kind, value, name, where or name)


def read_bundle(data: bytes, name: str, *, where: str = "") -> tuple[tuple[TemplateFile, ...], tuple[Remark, ...]]:
    """The templates of a master export. Raises ``FormatError`` where there is none."""
    value = read_json(data, where=where or name, max_bytes=MAX_BYTES)
    if not is_bundle(value):
        raise FormatError("There are no templates inside.", where=where or name)
    files, remarks = [], []
    for kind in TemplateKind:
        if template_kind(inside := value.get(kind)) is kind:
            file, told = _file(kind, inside, name, where or name)
            files.append(file)
            remarks += [Remark(f"{kind}.{one.place}", one.text) for one in told]
    return tuple(files), tuple(remarks)


def write_template(file: TemplateFile) -> tuple[bytes, tuple[Remark, ...]]:
    """The template as SillyTavern's file: what it was read from, with what was changed since.

    The remarks tell what only this program knows of a template. Raises ``FormatError``.
    """
    after = told_fields(file.template)
    before = told_fields(_TEMPLATES[file.kind](Fields(file.source), file.name)) if file.source else {}
    written = overlaid(file.source, before, after) if file.source else after
    ours = _OURS if isinstance(file.template, InstructTemplate) and OURS_KEY not in file.source else ()
    usual = InstructTemplate("")
    remarks = tuple(
        Remark(name, "SillyTavern has no such field: it is left out.")
        for name in ours
        if getattr(file.template, name) != getattr(usual, name)
    )
    return write_json(written), remarks


def with_ours_kept(file: TemplateFile) -> TemplateFile:
    """The file with what only this program knows of an instruct template, below a key that others pass over."""
    usual = InstructTemplate("")
    ours = {name: getattr(file.template, name) for name in _OURS if hasattr(file.template, name)}
    kept = {name: value for name, value in ours.items() if value != getattr(usual, name)}
    if not kept:
        return file
    return replace(file, source={**(file.source or told_fields(file.template)), OURS_KEY: kept})


def told_fields(template: Template) -> dict[str, Any]:
    """A template's fields in SillyTavern's words, without those that only this program has."""
    said = {field.name: getattr(template, field.name) for field in fields(template)}
    plain = {key: value.value if isinstance(value, Enum) else value for key, value in said.items()}
    return {key: value for key, value in plain.items() if key not in _OURS}


def _file(
    kind: TemplateKind, value: Mapping[str, Any], name: str, where: str
) -> tuple[TemplateFile, tuple[Remark, ...]]:
    template = _TEMPLATES[kind](Fields(value, where=where), name)
    remarks = tuple(
        Remark(key, text) for key, usual, text in _SILENT.get(kind, ()) if key in value and value[key] not in usual
    )
    return TemplateFile(kind, template, value), remarks


def _instruct(raw: Fields, name: str) -> InstructTemplate:
    texts: dict[str, Any] = {key: raw.text(key) for key in _SEQUENCES}
    if "output_suffix" not in raw.value and raw.get("separator_sequence"):
        texts["output_suffix"] = raw.text("separator_sequence")
    template = InstructTemplate(raw.text("name") or name, **texts)
    return replace(
        template,
        **_ours_in(raw),
        wrap=raw.flag("wrap", True),
        macro=raw.flag("macro", True),
        names_behavior=_names(raw),
        system_same_as_user=raw.flag("system_same_as_user"),
        skip_examples=raw.flag("skip_examples"),
        # 1.12.6 knows no such switch, and always stops at sequences
        sequences_as_stop_strings=raw.flag("sequences_as_stop_strings", True),
    )


def _ours_in(raw: Fields) -> dict[str, Any]:
    """What a file of ours says beyond SillyTavern's fields; what is of another type than it should be is left out."""
    told = raw.get(OURS_KEY)
    usual = InstructTemplate("")
    found: dict[str, Any] = {}
    for name in _OURS if isinstance(told, Mapping) else ():
        value, like = told.get(name), getattr(usual, name)
        if isinstance(like, tuple) and isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
            found[name] = tuple(value)
        elif not isinstance(like, tuple) and type(value) is type(like):
            found[name] = value
    return found


def _names(raw: Fields) -> NamesBehavior:
    said = raw.get("names_behavior")
    if isinstance(said, str) and said in {one.value for one in NamesBehavior}:
        return NamesBehavior(said)
    if raw.get("names") is None and raw.get("names_force_groups") is None:
        return NamesBehavior.FORCE
    if raw.flag("names"):
        return NamesBehavior.ALWAYS
    return NamesBehavior.FORCE if raw.flag("names_force_groups") else NamesBehavior.NONE


def _context(raw: Fields, name: str) -> ContextTemplate:
    return ContextTemplate(
        raw.text("name") or name,
        raw.text("story_string"),
        example_separator=raw.text("example_separator"),
        chat_start=raw.text("chat_start"),
        use_stop_strings=raw.flag("use_stop_strings"),
        names_as_stop_strings=raw.flag("names_as_stop_strings", True),
    )


def _system_prompt(raw: Fields, name: str) -> SystemPrompt:
    return SystemPrompt(raw.text("name") or name, raw.text("content"), raw.text("post_history"))


def _reasoning(raw: Fields, name: str) -> ReasoningTemplate:
    return ReasoningTemplate(raw.text("name") or name, raw.text("prefix"), raw.text("suffix"), raw.text("separator"))


_TEMPLATES: Mapping[TemplateKind, Callable[[Fields, str], Template]] = {
    TemplateKind.INSTRUCT: _instruct,
    TemplateKind.CONTEXT: _context,
    TemplateKind.SYSTEM_PROMPT: _system_prompt,
    TemplateKind.REASONING: _reasoning,
}
_PROMPT = frozenset(("name", "content", "post_history", "preset", "enabled"))
_SEQUENCES = (
    *("input_sequence", "input_suffix", "output_sequence", "output_suffix", "system_sequence", "system_suffix"),
    *("first_input_sequence", "last_input_sequence", "first_output_sequence", "last_output_sequence"),
    *("last_system_sequence", "system_sequence_prefix", "system_sequence_suffix", "story_string_prefix"),
    *("story_string_suffix", "stop_sequence", "user_alignment_message", "activation_regex"),
)
_OURS = (
    *("system_in_user", "alternates", "reasoning_open", "reasoning_close", "control_tokens", "stop_strings"),
    *("reasoning_prefill", "reasoning_closed", "trim_content", "blank_lines_end_turns"),
)
_KEPT = "It is kept in the file and does nothing here"
_SILENT: Mapping[TemplateKind, tuple[tuple[str, tuple[Any, ...], str], ...]] = {
    TemplateKind.INSTRUCT: (
        ("system_prompt", ("",), f"{_KEPT}: a system prompt is a template of its own."),
        ("bind_to_context", (False,), f"{_KEPT}: a context template of the same name is always taken with it."),
        ("derived", (False,), f"{_KEPT}: the model's own chat template is looked at."),
    ),
    TemplateKind.CONTEXT: (
        ("story_string_position", (0,), f"{_KEPT}: the story stands above the chat."),
        ("always_force_name2", (True,), f"{_KEPT}: the character's name always begins a reply."),
        ("trim_sentences", (False,), f"{_KEPT}: the setting reply.finish_sentence decides."),
        ("single_line", (False,), f"{_KEPT}."),
        ("allow_jailbreak", (False, True), f"{_KEPT}."),
    ),
}
"""Fields that do nothing here: values that are not worth a word, and what is said of others."""
