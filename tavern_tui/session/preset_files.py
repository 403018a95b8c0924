"""Sampler presets as things: what one says, what engines make of it, making, changing and deleting one's own.

Choosing one is ``session.presets``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tavern_tui.domain.errors import FormatError, SettingsError
from tavern_tui.domain.preset import BUILT_IN, Preset
from tavern_tui.domain.preset_fields import FIELDS, TEXTUAL, nearest_field
from tavern_tui.engines.base import Capabilities
from tavern_tui.engines.sampling_fit import EMBEDDED_SAMPLERS, effects
from tavern_tui.engines.wire_tables import WIRES
from tavern_tui.formats.presets import preset_values, read_preset, short_value, write_preset
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.session.presets import ListedPreset, own_preset, preset_named
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.presets import PresetStore

EMBEDDED = "embedded"
_RULES = ("seed", "grammar", "json_schema", "logit_bias", "banned")


def effects_by_engine(preset: Preset) -> dict[str, dict[str, str]]:
    """What each kind of engine makes of each field that the preset changes: ``works``, ``ignored`` or ``overruled``.

    The kinds are those of ``engines.wire_tables`` and the embedded engine.
    """
    own = Capabilities(samplers=EMBEDDED_SAMPLERS, seed=True, grammar=True, json_schema=True, logit_bias=True)
    kinds = {EMBEDDED: replace(own, banned=True)} | {name: wire.capable() for name, wire in WIRES.items()}
    return {kind: effects_on(preset, able, passes_on=kind != EMBEDDED) for kind, able in kinds.items()}


def effects_on(preset: Preset, able: Capabilities, *, passes_on: bool = True) -> dict[str, str]:
    """What an engine with these capabilities makes of each field that the preset changes.

    ``passes_on``: it is a server, which gets the keys that are no fields of ours (``passed on``).
    """
    sampling = effects(preset.sampling, able.samplers)
    found: dict[str, str] = {}
    for name in preset_values(preset):
        if name in sampling:
            found[name] = sampling[name].value
        elif name in _RULES:
            found[name] = "works" if getattr(able, name) else "ignored"
        elif name == "stop":
            found[name] = "works"
        elif name != "note":
            found[name] = "passed on" if passes_on else "ignored"
    return found


def new_preset(
    workspace: Workspace, name: str, *, like: str = "", changes: Mapping[str, object | None]
) -> ListedPreset:
    """A preset of one's own, with the values of another and ``changes`` over them. Raises ``SettingsError``."""
    base = replace(preset_named(workspace, like).preset, note="") if like else Preset()
    came = f"A sampler preset of your own{f', made from {like}' if like else ''}. docs/presets.md has every field."
    store = PresetStore(workspace.directories)
    checked_changes(changes)
    path = store.add(name, write_preset(base, comment=came))
    file = store.change(path.stem, dict(changes)) if changes else store.named(path.stem)
    assert file is not None
    return own_preset(file)


def change_preset(workspace: Workspace, name: str, changes: Mapping[str, object | None]) -> ListedPreset:
    """Other values in a preset of one's own. Raises ``SettingsError``, ``NotFoundError``, ``StorageError``."""
    checked_changes(changes)
    store = PresetStore(workspace.directories)
    if store.named(name) is None and name.strip().casefold() in BUILT_IN:
        raise SettingsError(
            f"“{name}” is one of ours and stays as it is.", hint=f"tavern-tui presets new NAME --from {name}"
        )
    return own_preset(store.change(name, dict(changes)))


def delete_preset(workspace: Workspace, name: str) -> Path:
    """Move a preset of one's own to the trash; where it was. Raises ``NotFoundError``, ``StorageError``."""
    return PresetStore(workspace.directories).delete(name)


def export_preset(one: ListedPreset, program: str, *, to: Path | None = None) -> tuple[str, Path | None, list[str]]:
    """A preset as another program's file, written to ``to`` (a file, or a folder) where one is given.

    The text, where it was written, and what that program cannot say. Raises ``SettingsError`` for a program that is
    none, ``StorageError``.
    """
    from tavern_tui.formats.sampler_files import write_sampler_as
    from tavern_tui.formats.sampler_tables import LAYOUTS
    from tavern_tui.storage.atomic import write_atomic

    layout = next((one for one in LAYOUTS if one.program == program), None)
    if layout is None:
        names = ", ".join(one.program for one in LAYOUTS)
        raise SettingsError(f"A preset is not written as “{program}”.", hint=f"There are: {names}.")
    data, remarks = write_sampler_as(one.preset, layout)
    path = None
    if to is not None:
        path = to / f"{one.name}{'.yaml' if layout.yaml else '.json'}" if to.is_dir() else to
        write_atomic(path, data)
    return data.decode(), path, [f"{remark.place}: {remark.text}" for remark in remarks]


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
    return {name: short_value(value, 60) for name, value in plain_values(one).items() if name != "note"}


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
