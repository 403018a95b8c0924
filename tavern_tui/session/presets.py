"""Choosing sampler presets: ours and the user's own in one list, by the settings, a start, or for one chat.

A preset of one's own that is called like one of ours takes its place. Files are ``storage.presets``'; what engines
make of a preset is ``engines.sampling_fit`` and ``engines.wire_tables``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tavern_tui.config.files import nearest
from tavern_tui.domain.errors import FormatError, SettingsError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.preset import BALANCED, BUILT_IN, Preset
from tavern_tui.domain.preset_fields import FIELDS, TEXTUAL, nearest_field
from tavern_tui.formats.presets import preset_values, read_preset, write_preset
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.session.options import ReplyOptions
from tavern_tui.storage.presets import PresetFile, PresetStore

if TYPE_CHECKING:
    from tavern_tui.engines.base import Capabilities
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

PROPERTY = "preset"
"""The chat's property that names its own preset."""

EMBEDDED = "embedded"
OURS, YOURS = "built in", "yours"

_NOTES = {
    "balanced": "The default: lively, without loops.",
    "neutral": "The model as it is.",
    "creative": "Bolder; leaves out the obvious.",
    "precise": "Keeps to what is likeliest: for facts and rules.",
    "story": "For long prose.",
    "starter": "For the starter model, which needs a tight rein.",
}


@dataclass(frozen=True, slots=True)
class ListedPreset:
    """A preset that can be chosen. ``source`` is ``OURS`` or ``YOURS``; ``path`` the file of one of the user's.

    ``problems`` are what of the file was not taken, ``remarks`` what is doubtful. ``unreadable`` says why a file cannot
    be used at all.
    """

    name: str
    source: str
    preset: Preset
    path: Path | None = None
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unreadable: str = ""

    @property
    def summary(self) -> str:
        """What it changes, on one line."""
        values = {name: value for name, value in preset_values(self.preset).items() if name != "note"}
        return ", ".join(f"{name} {_short(value)}" for name, value in values.items()) or "nothing"


def listed_presets(workspace: Workspace) -> list[ListedPreset]:
    """Every preset: ours, then the user's own by name. Raises ``StorageError`` for a folder that cannot be read."""
    own = [] if workspace.safe else [_own(file) for file in store_of(workspace).files()]
    taken = {one.name.casefold() for one in own}
    return [*(_ours(name) for name in BUILT_IN if name not in taken), *own]


def preset_named(workspace: Workspace, name: str) -> ListedPreset:
    """The preset of that name, in any case of letters. Raises ``SettingsError`` where none can be used."""
    file = None if workspace.safe else store_of(workspace).named(name)
    if file is not None:
        if file.unreadable:
            raise SettingsError(f"The preset “{file.name}” cannot be used.", hint=file.unreadable, where=str(file.path))
        return _own(file)
    if (ours := name.strip().casefold()) in BUILT_IN:
        return _ours(ours)
    names = [one.name for one in listed_presets(workspace)]
    near = nearest(name, names).strip()
    raise SettingsError(f"There is no sampler preset “{name}”.", hint=near or f"There are: {', '.join(names)}.")


def store_of(workspace: Workspace) -> PresetStore:
    """The user's own presets."""
    return PresetStore(workspace.directories)


def with_preset(options: ReplyOptions, preset: Preset) -> ReplyOptions:
    """``options`` with a preset that somebody chose. A seed of this start counts for more than the preset's."""
    seed = options.seed if "seed" in options.asked else preset.seed
    chosen = options.chosen | {"preset"}
    return replace(options, preset=preset.sampling, rules=preset.rules, seed=seed, chosen=chosen)


def as_in_settings(options: ReplyOptions, workspace: Workspace) -> ReplyOptions:
    """``options`` with the preset of the settings, the usual one where that cannot be used (``setting_problems``)."""
    try:
        found = preset_named(workspace, workspace.settings.reply.preset).preset
    except TavernError:
        return replace(with_preset(options, Preset(BALANCED)), chosen=options.chosen - {"preset"})
    with_it = with_preset(options, found)
    return (
        with_it if "reply.preset" in workspace.settings.chosen else replace(with_it, chosen=options.chosen - {"preset"})
    )


def of_chat(workspace: Workspace, options: ReplyOptions, properties: Mapping[str, Any]) -> tuple[ReplyOptions, str]:
    """``options`` with the preset that is set for a chat with these properties, and what to tell where it is gone."""
    name = properties.get(PROPERTY)
    if not isinstance(name, str) or not name or "preset" in options.asked:
        return options, ""
    try:
        return with_preset(options, preset_named(workspace, name).preset), ""
    except TavernError as error:
        return options, f"{error.title} This chat goes on with {options.preset.name}. /preset chooses another."


async def choose_in_chat(session: ChatSession, workspace: Workspace, name: str) -> ListedPreset:
    """Give a chat a preset of its own, for good. Raises ``SettingsError``, ``StorageError``."""
    chosen = await asyncio.to_thread(preset_named, workspace, name)
    await session.changes.write(PropertySet(PROPERTY, chosen.name))
    session.options = with_preset(session.options, chosen.preset)
    return chosen


async def names_for(workspace: Workspace) -> list[str]:
    """The names of all presets. Raises ``StorageError``."""
    return [one.name for one in await asyncio.to_thread(listed_presets, workspace)]


def effects_by_engine(preset: Preset) -> dict[str, dict[str, str]]:
    """What each kind of engine makes of each field that the preset changes: ``works``, ``ignored`` or ``overruled``.

    The kinds are those of ``engines.wire_tables`` and the embedded engine.
    """
    from tavern_tui.engines.base import Capabilities
    from tavern_tui.engines.sampling_fit import EMBEDDED_SAMPLERS
    from tavern_tui.engines.wire_tables import WIRES

    own = Capabilities(samplers=EMBEDDED_SAMPLERS, seed=True, grammar=True, json_schema=True, logit_bias=True)
    kinds = {EMBEDDED: replace(own, banned=True)} | {name: wire.capable() for name, wire in WIRES.items()}
    return {kind: effects_on(preset, able) for kind, able in kinds.items()}


def effects_on(preset: Preset, able: Capabilities) -> dict[str, str]:
    """What an engine with these ``Capabilities`` makes of each field that the preset changes."""
    from tavern_tui.engines.sampling_fit import effects

    sampling = effects(preset.sampling, able.samplers)
    rules = {name: getattr(able, name) for name in ("seed", "grammar", "json_schema", "logit_bias", "banned")}
    found: dict[str, str] = {}
    for name in preset_values(preset):
        if name in sampling:
            found[name] = sampling[name].value
        elif name in rules:
            found[name] = "works" if rules[name] else "ignored"
        elif name != "note":
            found[name] = "works" if name == "stop" else "passed on"
    return found


def new_preset(
    workspace: Workspace, name: str, *, like: str = "", changes: Mapping[str, object | None]
) -> ListedPreset:
    """A preset of one's own, with the values of another and ``changes`` over them. Raises ``SettingsError``."""
    base = replace(preset_named(workspace, like).preset, note="") if like else Preset()
    came = f"A sampler preset of your own{f', made from {like}' if like else ''}. docs/presets.md has every field."
    store = store_of(workspace)
    checked_changes(changes)
    path = store.add(name, write_preset(base, comment=came))
    file = store.change(path.stem, dict(changes)) if changes else store.named(path.stem)
    assert file is not None
    return _own(file)


def change_preset(workspace: Workspace, name: str, changes: Mapping[str, object | None]) -> ListedPreset:
    """Other values in a preset of one's own. Raises ``SettingsError``, ``NotFoundError``, ``StorageError``."""
    checked_changes(changes)
    store = store_of(workspace)
    if store.named(name) is None and name.strip().casefold() in BUILT_IN:
        raise SettingsError(
            f"“{name}” is one of ours and stays as it is.", hint=f"tavern-tui presets new NAME --from {name}"
        )
    return _own(store.change(name, dict(changes)))


def checked_changes(changes: Mapping[str, object | None]) -> None:
    """See that values can be taken, before anything is written. Raises ``SettingsError``."""
    for name in changes:
        if name not in FIELDS and (near := nearest_field(name)):
            raise SettingsError(f"A preset has no field “{name}”.", hint=f"Did you mean {near}?")
    written = (f"{json.dumps(key)}: {json.dumps(value)}\n" for key, value in changes.items() if value is not None)
    for what in read_preset("".join(written), name="").problems:
        raise SettingsError(what.partition(": ")[2])


def plain_values(one: ListedPreset) -> dict[str, object]:
    """What the preset changes, by field, as plain values."""
    return preset_values(one.preset)


def values_of(one: ListedPreset) -> dict[str, str]:
    """What the preset changes, by field, each as one short text."""
    return {name: _short(value, 60) for name, value in plain_values(one).items() if name != "note"}


def typed_value(name: str, text: str) -> object | None:
    """What was typed as the value of a field, read as in a file; ``None`` for nothing, which takes the field out.

    Where a field holds texts, what is neither in quotes nor in brackets is one. Raises ``SettingsError``.
    """
    if not text.strip():
        return None
    try:
        value: object = read_yaml(text).value
    except FormatError as error:
        raise SettingsError(f"{name}: {error.title}") from error
    return text if name in TEXTUAL and not isinstance(value, str | list | dict) else value


def _ours(name: str) -> ListedPreset:
    return ListedPreset(name, OURS, Preset(BUILT_IN[name], note=_NOTES.get(name, "")))


def _own(file: PresetFile) -> ListedPreset:
    read = file.read
    return ListedPreset(file.name, YOURS, read.preset, file.path, read.problems, read.remarks, file.unreadable)


def _short(value: object, most: int = 20) -> str:
    """A value on a line: numbers as they are, texts in quotes, what is long by its size."""
    if isinstance(value, float):
        return f"{value:g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= most and "\n" not in text:
        return text
    return f"({len(value)})" if isinstance(value, list | dict) else f"({len(text):,} characters)"
