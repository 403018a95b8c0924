"""A sampler preset while it is changed: its fields as rows, other values, another order, and where it is kept.

A draft is a ``Preset`` like any other and is never a file by itself: ``hold`` lets the next reply of a chat use it,
``save`` writes it to its file. What a field may hold is ``domain.preset_fields``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tavern_tui.config.settings import remember
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.preset import BUILT_IN, NEUTRAL, STAGES, Preset
from tavern_tui.domain.preset_fields import FIELDS, FieldRefusedError, built, checked
from tavern_tui.engines.base import Capabilities
from tavern_tui.engines.sampling_fit import Effect, effects
from tavern_tui.formats.presets import preset_values, short_value, write_preset
from tavern_tui.session.prepared import of_model
from tavern_tui.session.preset_drafts import rename_drafts
from tavern_tui.session.preset_files import change_preset, new_preset, typed_value
from tavern_tui.session.presets import PROPERTY, YOURS, ListedPreset, own_preset, preset_named, with_preset
from tavern_tui.storage.presets import PresetStore, usable_name
from tavern_tui.storage.renamed_presets import RenamedPresets
from tavern_tui.storage.shelf import Shelf

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

SLIDERS: Final[dict[str, tuple[float, float, float]]] = {
    "temperature": (0, 2, 0.05),
    "top_k": (0, 200, 5),
    "top_p": (0, 1, 0.01),
    "min_p": (0, 0.5, 0.01),
    "typical_p": (0, 1, 0.01),
    "top_n_sigma": (0, 5, 0.1),
    "tfs": (0, 1, 0.01),
    "top_a": (0, 1, 0.01),
    "repetition_penalty": (0.8, 1.5, 0.01),
    "repetition_range": (0, 8192, 128),
    "presence_penalty": (-2, 2, 0.05),
    "frequency_penalty": (-2, 2, 0.05),
    "dry_multiplier": (0, 3, 0.05),
    "dry_base": (1, 4, 0.05),
    "dry_allowed_length": (1, 20, 1),
    "dry_range": (0, 8192, 128),
    "xtc_threshold": (0, 0.5, 0.01),
    "xtc_probability": (0, 1, 0.05),
    "mirostat": (0, 2, 1),
    "mirostat_tau": (0, 10, 0.1),
    "mirostat_eta": (0, 1, 0.01),
    "dynamic_temperature_low": (0, 5, 0.05),
    "dynamic_temperature_high": (0, 5, 0.05),
    "dynamic_temperature_exponent": (0.1, 5, 0.1),
    "smoothing_factor": (0, 5, 0.05),
    "smoothing_curve": (1, 5, 0.1),
}
"""Where a field's slider begins and ends, and its step: what is of use, not what is allowed."""

LONG = frozenset({"grammar", "json_schema"})
"""Fields whose texts have lines: for an editor."""

_RULES = ("seed", "grammar", "json_schema", "logit_bias", "banned")
_VALUE = 40  # characters of a value on a row


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a draft; texts are safe. ``part`` is how far along its slider the value is, ``None`` without one.

    ``without`` says in a few words why it does nothing now, empty where it does.
    """

    name: str
    value: str
    neutral: bool
    part: float | None
    help: str
    bounds: str
    without: str = ""


def field_rows(draft: Preset, able: Capabilities | None = None, engine: str = "") -> list[FieldRow]:
    """Every field of ``draft``; ``able`` is what the engine called ``engine`` can do, ``None`` where none is there."""
    changed = preset_values(draft)
    found = effects(draft.sampling, able.samplers) if able is not None else {}
    rows = []
    for name, field in FIELDS.items():
        value = value_of(draft, name)
        without = ""
        if able is not None and (found.get(name) is Effect.IGNORED or (name in _RULES and not getattr(able, name))):
            without = f"{safe_line(engine, 40) or 'the engine'} does not know it"
        elif found.get(name) is Effect.OVERRULED:
            what = "a temperature of 0" if draft.sampling.temperature <= 0 else "mirostat"
            without = f"{what} leaves it nothing to do"
        elif name in changed and found.get(name) is Effect.OFF:
            without = "its sampler is off"
        shown = _shown(value)
        rows.append(FieldRow(name, shown, name not in changed, _part(name, value), field.help, field.bounds, without))
    return rows


def value_of(draft: Preset, name: str) -> object:
    """The value of the field ``name``, neutral or not, as plain values."""
    changed = preset_values(draft)
    if name in changed:
        return changed[name]
    usual = getattr(NEUTRAL, name, None)
    return list(usual) if isinstance(usual, tuple) else usual


def typed_as(draft: Preset, name: str) -> str:
    """What stands in the line where a field's value is typed, to begin with."""
    value = value_of(draft, name)
    if value is None or value == [] or value == "":
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def with_value(draft: Preset, name: str, value: object | None) -> Preset:
    """``draft`` with another value in a field, ``None`` for the neutral one. Raises ``SettingsError``."""
    values = {key: held for key, held in preset_values(draft).items() if key in FIELDS and key != name}
    if value is not None:
        values[name] = value
    try:
        taken = {key: checked(key, held) for key, held in values.items()}
    except FieldRefusedError as error:
        raise SettingsError(f"{name}: {error}.") from None
    return built(taken, name=draft.sampling.name, extra=draft.sampling.extra)


def with_typed(draft: Preset, name: str, typed: str) -> Preset:
    """``draft`` with what was typed in a field; nothing is the neutral value. Raises ``SettingsError``."""
    if name in LONG:
        return with_value(draft, name, typed if typed.strip() else None)
    return with_value(draft, name, typed_value(name, typed))


def stepped(draft: Preset, name: str, steps: int) -> Preset:
    """``draft`` with the slider of ``name`` moved by ``steps``, or its switch turned; the same where it has neither."""
    value = value_of(draft, name)
    if isinstance(value, bool):
        return with_value(draft, name, not value)
    if name not in SLIDERS or not isinstance(value, int | float):
        return draft
    low, high, step = SLIDERS[name]
    to = round(value / step + steps) * step
    # A value beyond the slider, which was typed, comes back to it; one within stops at its ends.
    to = min(max(to, min(low, value)), max(high, value))
    whole = isinstance(value, int)
    moved = with_value(draft, name, int(to) if whole else round(to, 4))
    return moved if name in preset_values(moved) else with_value(moved, name, None)


def with_stage_moved(draft: Preset, stage: str, places: int) -> Preset:
    """``draft`` with a stage of sampling earlier (negative) or later; our own order is kept as none."""
    stages = list(draft.sampling.stages)
    before = stages.index(stage)
    after = min(max(0, before + places), len(stages) - 1)
    stages.insert(after, stages.pop(before))
    return with_value(draft, "order", stages if tuple(stages) != STAGES else None)


async def in_force(session: ChatSession) -> Preset:
    """What the next reply is sampled with, what is remembered for its model counted in.

    The engine is taken as it was last known.
    """
    options = session.options
    try:
        if session.connection.known is not None:
            with session.connection.as_known():
                ready = await session.connection.ready(template=options.template, asked=options.template_asked)
            options = of_model(options, ready, session.tree, sample=False)
    except TavernError:  # which the next reply will tell of
        pass
    return Preset(options.preset, options.rules, options.seed)


def called(draft: Preset, name: str) -> Preset:
    """``draft`` under another name."""
    return replace(draft, sampling=replace(draft.sampling, name=name))


def same(one: Preset, other: Preset) -> bool:
    """Whether two presets sample alike; notes do not count."""
    values, others = preset_values(one), preset_values(other)
    return {**values, "note": ""} == {**others, "note": ""}


async def hold(session: ChatSession, draft: Preset) -> None:
    """Let the next reply of a chat be sampled so. Raises ``StorageError`` where the chat cannot be written to."""
    if session.tree.properties.get(PROPERTY) != draft.sampling.name:
        await session.changes.write(PropertySet(PROPERTY, draft.sampling.name))
    session.options = with_preset(session.options, draft)


def own_copy(workspace: Workspace, one: ListedPreset, *, name: str = "") -> ListedPreset:
    """A preset of the user's own with the values of another: called ``name``, else like it. Raises as ``new_preset``.

    Blocks.
    """
    if not name:
        store = PresetStore(workspace.directories)
        wanted = f"my {one.name}" if one.source != YOURS else one.name
        tries = (wanted if number == 1 else f"{wanted} {number}" for number in range(1, 1000))
        name = next(name for name in tries if store.named(name) is None and name.casefold() not in BUILT_IN)
    return new_preset(workspace, name, like=one.name, changes={})


def save(workspace: Workspace, draft: Preset) -> ListedPreset:
    """Write a draft to the file of its name; only the lines that changed are written anew. Blocks.

    Raises ``SettingsError``, ``NotFoundError``, ``StorageError``.
    """
    name = draft.sampling.name
    before, after = preset_values(preset_named(workspace, name).preset), preset_values(draft)
    if "note" in before and "note" not in after:
        after["note"] = before["note"]
    changes = {key: after.get(key) for key in before | after if before.get(key) != after.get(key)}
    return change_preset(workspace, name, changes)


def save_as(workspace: Workspace, draft: Preset, name: str) -> ListedPreset:
    """Write a draft to a new file. Blocks. Raises ``SettingsError`` for a name that is taken, ``StorageError``."""
    called = usable_name(name)
    _refuse_ours(called)
    PresetStore(workspace.directories).add(called, write_preset(draft, comment="A sampler preset of your own."))
    return preset_named(workspace, called)


def rename(workspace: Workspace, name: str, to: str) -> ListedPreset:
    """Call a preset of the user's own something else; whatever names it finds it all the same. Blocks.

    Raises ``SettingsError`` for a name that is taken, ``NotFoundError``, ``StorageError``.
    """
    _refuse_ours(usable_name(to))
    renamed = own_preset(PresetStore(workspace.directories).rename(name, to))
    RenamedPresets(workspace.directories).note(name, renamed.name)
    rename_drafts(workspace.directories.journals, name, renamed.name)
    if workspace.settings.reply.preset.casefold() == name.casefold():
        remember(workspace.directories, "reply.preset", renamed.name)
    return renamed


def to_trash(workspace: Workspace, name: str) -> Path:
    """Move a preset of the user's own to the trash. Blocks. Raises ``NotFoundError``, ``StorageError``."""
    return _shelf(workspace).delete(name)


def out_of_trash(workspace: Workspace, name: str) -> Path:
    """Bring back a preset that was deleted. Blocks. Raises as ``Shelf.restore``."""
    return _shelf(workspace).restore(name)


def use_everywhere(workspace: Workspace, name: str) -> None:
    """Let a preset be that of every chat without one of its own. Blocks. Raises ``SettingsError``, ``StorageError``."""
    remember(workspace.directories, "reply.preset", preset_named(workspace, name).name)


def _refuse_ours(name: str) -> None:
    if name.casefold() in BUILT_IN:
        raise SettingsError(f"“{name}” is the name of one of ours.", hint="Choose another one.")


def _shelf(workspace: Workspace) -> Shelf:
    dirs = workspace.directories
    return Shelf(dirs, dirs.presets, "sampler preset", "presets", (".yaml", ".yml", ".json"), 256 * 1024)


def _shown(value: object) -> str:
    if value is None or value == [] or value == "" or value == {}:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return safe_line(f"{value:,}" if isinstance(value, int) else short_value(value, _VALUE), _VALUE)


def _part(name: str, value: object) -> float | None:
    if name not in SLIDERS or not isinstance(value, int | float):
        return None
    low, high, _ = SLIDERS[name]
    return (value - low) / (high - low)
