"""SillyTavern's chat completion presets (its prompt manager's) ⇄ ``ChatCompletionPreset``, with the samplers beside it.

A file of a whole preset, of its prompts alone (``{version, type, data}``), and older presets whose three texts stand
outside the list of prompts. Everything else in it (services, models, addresses) stays in ``ChatPresetFile.source`` and
is written back. An address and a proxy's password that somebody left in are never used. Fields:
``docs/spec/sillytavern-prompts.md`` §7.1, §11.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from tavern_tui.domain.chat_completion import (
    USUAL_DEPTH,
    USUAL_ORDER,
    ChatCompletionPreset,
    Marker,
    NamesIn,
    OrderEntry,
    Placement,
    PostProcessing,
    PromptEntry,
    PromptOrder,
)
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.preset import Preset
from tavern_tui.domain.request import Role
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.overlay import alike, overlaid
from tavern_tui.formats.sampler_files import from_fields, told_fields
from tavern_tui.formats.sampler_tables import CHAT

MAX_BYTES = 4 * 1024 * 1024
MOST_PROMPTS = 2_000
_Kind = TypeVar("_Kind", bound=Enum)

_TEXTS = (
    *("impersonation_prompt", "new_chat_prompt", "new_group_chat_prompt", "new_example_chat_prompt"),
    *("continue_nudge_prompt", "group_nudge_prompt", "wi_format", "scenario_format", "personality_format"),
    *("send_if_empty", "continue_postfix", "assistant_prefill", "assistant_impersonation"),
)
_FLAGS = ("continue_prefill", "squash_system_messages", "wrap_in_quotes")
_TELLING = frozenset(
    (
        *("openai_max_context", "openai_max_tokens", "chat_completion_source", "wi_format", "jailbreak_prompt"),
        *("main_prompt", "nsfw_prompt", "squash_system_messages", "impersonation_prompt", "new_chat_prompt"),
    )
)
_OLD = {"main_prompt": Marker.MAIN, "nsfw_prompt": Marker.AUXILIARY, "jailbreak_prompt": Marker.POST_HISTORY}
_OLD_NAMES = {"main_prompt": "Main prompt", "nsfw_prompt": "Auxiliary", "jailbreak_prompt": "Post-history"}
SECRET = ("reverse_proxy", "proxy_password", "custom_url", "custom_include_headers")
"""Fields that may hold an address or a password: kept, never used and never shown."""


@dataclass(frozen=True, slots=True)
class ChatPresetFile:
    """A preset, the samplers beside it, and the object that both were read from.

    ``inner`` says that the preset's fields stand in the object's ``data`` (an export of prompts alone).
    """

    preset: ChatCompletionPreset
    sampling: Preset
    source: Mapping[str, Any]
    inner: bool = False


def is_chat_preset(value: object) -> bool:
    """Whether a parsed JSON file is a chat completion preset, or an export of its prompts."""
    if not isinstance(value, Mapping):
        return False
    data = value.get("data")
    if value.get("type") in ("full", "character") and isinstance(data, Mapping):
        return _has_prompts(data)
    return _has_prompts(value) or len(_TELLING & value.keys()) > 1


def _has_prompts(value: Mapping[str, Any]) -> bool:
    prompts = value.get("prompts")
    return isinstance(prompts, list) and all(isinstance(one, Mapping) and "identifier" in one for one in prompts[:3])


def read_chat_preset(data: bytes, name: str, *, where: str = "") -> tuple[ChatPresetFile, tuple[Remark, ...]]:
    """The preset in a JSON file, and what of it does nothing here. ``name`` is the preset's.

    Raises ``FormatError`` for a file that is none, and for a prompt that makes no sense.
    """
    where = where or name
    value = read_json(data, where=where, max_bytes=MAX_BYTES)
    if not is_chat_preset(value):
        raise FormatError("There is no chat completion preset inside.", where=where)
    inner = isinstance(value.get("data"), Mapping) and "prompts" not in value
    body = value["data"] if inner else value
    preset = _preset(Fields(body, path="data" if inner else "", where=where), name)
    sampling, remarks = from_fields(CHAT, body, name)
    hidden = [Remark(key, "It is kept in the file and never used.") for key in SECRET if body.get(key)]
    return ChatPresetFile(preset, sampling, value, inner), (*remarks, *hidden, *_unfollowed(preset))


def write_chat_preset(file: ChatPresetFile) -> tuple[bytes, tuple[Remark, ...]]:
    """The preset as SillyTavern's file: what it was read from, with what was changed. Raises ``FormatError``."""
    body = file.source.get("data", {}) if file.inner else file.source
    after = told(file.preset) | told_fields(CHAT, file.sampling)
    before: dict[str, Any] = {}
    if body:
        read = _preset(Fields(body), file.preset.name)
        before = told(read) | told_fields(CHAT, from_fields(CHAT, body, file.preset.name)[0])
    written = overlaid(body, before, after)
    for key, identify in (("prompts", "identifier"), ("prompt_order", "character_id")):
        if key in written and isinstance(body.get(key), list) and written[key] is not body[key]:
            written[key] = _merged(body[key], before.get(key, []), after[key], identify)
    return write_json({**file.source, "data": written} if file.inner else written), ()


def told(preset: ChatCompletionPreset) -> dict[str, Any]:
    """A preset's fields in SillyTavern's words."""
    plain = {name: getattr(preset, name) for name in (*_TEXTS, *_FLAGS)}
    return plain | {
        "names_behavior": int(preset.names_behavior),
        "custom_prompt_post_processing": preset.custom_prompt_post_processing.value,
        "prompts": [_told_prompt(one) for one in preset.prompts],
        "prompt_order": [
            {
                "character_id": one.character_id,
                "order": [{"identifier": each.identifier, "enabled": each.enabled} for each in one.order],
            }
            for one in preset.prompt_order
        ],
    }


def _told_prompt(entry: PromptEntry) -> dict[str, Any]:
    return {
        "identifier": entry.identifier,
        "name": entry.name,
        "content": entry.content,
        "role": entry.role.value,
        "system_prompt": entry.system_prompt,
        "marker": entry.marker,
        "injection_position": int(entry.injection_position),
        "injection_depth": entry.injection_depth,
        "injection_order": entry.injection_order,
        "injection_trigger": list(entry.injection_trigger),
        "forbid_overrides": entry.forbid_overrides,
    }


def _merged(source: list[Any], before: list[Any], after: list[Any], identify: str) -> list[Any]:
    """The list ``after`` with what else the file says of each entry, which is found again by its identifier."""
    found = {one.get(identify): one for one in source if isinstance(one, dict)}
    was = {one[identify]: one for one in before}
    return [
        overlaid(found[one[identify]], was.get(one[identify], {}), one) if one[identify] in found else one
        for one in after
    ]


def _preset(raw: Fields, name: str) -> ChatCompletionPreset:
    usual = ChatCompletionPreset(name=name)
    texts: dict[str, Any] = {key: raw.text(key, getattr(usual, key)) for key in _TEXTS}
    flags: dict[str, Any] = {key: raw.flag(key, getattr(usual, key)) for key in _FLAGS}
    return ChatCompletionPreset(
        name=name,
        prompts=_prompts(raw),
        prompt_order=_orders(raw),
        names_behavior=_one_of(NamesIn, raw.get("names_behavior"), NamesIn.DEFAULT),
        custom_prompt_post_processing=_one_of(
            PostProcessing, raw.get("custom_prompt_post_processing"), PostProcessing.NONE
        ),
        **texts,
        **flags,
    )


def _prompts(raw: Fields) -> tuple[PromptEntry, ...]:
    found = [_prompt(one) for one in _objects(raw, "prompts")]
    present = {one.identifier for one in found}
    old = [
        PromptEntry(identifier, _OLD_NAMES[key], raw.text(key), system_prompt=True)
        for key, identifier in _OLD.items()
        if raw.get(key) is not None and identifier not in present
    ]
    return (*found, *old)


def _prompt(raw: Fields) -> PromptEntry:
    role = raw.get("role")
    return PromptEntry(
        identifier=raw.text("identifier"),
        name=raw.text("name"),
        content=raw.text("content"),
        role=Role(role) if isinstance(role, str) and role in {one.value for one in Role} else Role.SYSTEM,
        system_prompt=raw.flag("system_prompt"),
        marker=raw.flag("marker"),
        injection_position=_one_of(Placement, raw.get("injection_position"), Placement.RELATIVE),
        injection_depth=raw.integer("injection_depth", USUAL_DEPTH),
        injection_order=raw.integer("injection_order", USUAL_ORDER),
        injection_trigger=raw.texts("injection_trigger"),
        forbid_overrides=raw.flag("forbid_overrides"),
    )


def _orders(raw: Fields) -> tuple[PromptOrder, ...]:
    found = []
    for one in _objects(raw, "prompt_order"):
        if "order" not in one.value:  # older presets: the entries themselves
            return (PromptOrder(100001, tuple(_ordered(each) for each in _objects(raw, "prompt_order"))),)
        entries = tuple(_ordered(each) for each in _objects(one, "order"))
        found.append(PromptOrder(one.integer("character_id", 0), entries))
    return tuple(found)


def _ordered(raw: Fields) -> OrderEntry:
    return OrderEntry(raw.text("identifier"), raw.flag("enabled", True))


def _objects(raw: Fields, key: str) -> list[Fields]:
    listed = raw.get(key)
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise raw.fault(key, "a list")
    if len(listed) > MOST_PROMPTS:
        raise FormatError(f"Field {raw.name(key)} has more than {MOST_PROMPTS:,} entries.", where=raw.where)
    for at, one in enumerate(listed):
        if not isinstance(one, dict):
            raise Fields({str(at): one}, path=raw.name(key), where=raw.where).fault(str(at), "an object")
    return [Fields(one, path=f"{raw.name(key)}.{at}", where=raw.where) for at, one in enumerate(listed)]


def _one_of(kind: type[_Kind], value: Any, usual: _Kind) -> _Kind:
    return next((one for one in kind if alike(one.value, value)), usual)


def _unfollowed(preset: ChatCompletionPreset) -> list[Remark]:
    twice = len(preset.prompts) - len({one.identifier for one in preset.prompts})
    return [Remark("prompts", f"{twice} prompts have the identifier of another: the first counts.")] if twice else []
