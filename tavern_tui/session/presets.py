"""Choosing a sampler preset: by the settings, a saved connection, a start, or for one chat.

A preset of one's own that is called like one of ours takes its place. What reads files is imported where there are
some: a start without them does without. Making and changing presets is ``session.preset_files``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.config.files import nearest
from tavern_tui.config.paths import RENAMED_PRESETS
from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.preset import BALANCED, BUILT_IN, Preset
from tavern_tui.session.options import ReplyOptions

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.chats import ChatLog
    from tavern_tui.storage.presets import PresetFile, PresetStore

PROPERTY = "preset"
"""The chat's property that names its own preset."""

DRAFTS = ".preset-drafts"
"""Ends the name of the file, among a chat's journals, with what of presets was changed there and not saved."""

OURS, YOURS = "built in", "yours"
NOTHING = "nothing"
"""What a preset changes that changes nothing."""

NOTES = {
    "balanced": "The default: lively, without loops.",
    "neutral": "The model as it is.",
    "creative": "Bolder; leaves out the obvious.",
    "precise": "Keeps to what is likeliest: for facts and rules.",
    "story": "For long prose.",
    "starter": "For the starter model, which needs a tight rein.",
}
"""What each of ours is for."""


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
        from tavern_tui.formats.presets import preset_values, short_value

        values = {name: value for name, value in preset_values(self.preset).items() if name != "note"}
        return ", ".join(f"{name} {short_value(value)}" for name, value in values.items()) or NOTHING


def listed_presets(workspace: Workspace) -> list[ListedPreset]:
    """Every preset: ours, then the user's own by name. Raises ``StorageError`` for a folder that cannot be read."""
    store = _own_presets(workspace)
    own = [own_preset(file) for file in store.files()] if store else []
    taken = {one.name.casefold() for one in own}
    return [*(_ours(name) for name in BUILT_IN if name not in taken), *own]


def preset_named(workspace: Workspace, name: str) -> ListedPreset:
    """The preset of that name, in any case of letters, or that was called so before it was renamed.

    Raises ``SettingsError`` where none can be used.
    """
    found = _with_name(workspace, name) or _with_name(workspace, _name_now(workspace, name))
    if found is not None:
        return found
    names = [one.name for one in listed_presets(workspace)]
    near = nearest(name, names).strip()
    raise SettingsError(f"There is no sampler preset “{name}”.", hint=near or f"There are: {', '.join(names)}.")


def own_preset(file: PresetFile) -> ListedPreset:
    """One of the user's own files, as it is listed."""
    read = file.read
    return ListedPreset(file.name, YOURS, read.preset, file.path, read.problems, read.remarks, file.unreadable)


def with_preset(options: ReplyOptions, preset: Preset) -> ReplyOptions:
    """``options`` with a preset that somebody chose. A seed of this start counts for more than the preset's."""
    seed = options.seed if "seed" in options.asked else preset.seed
    chosen = options.chosen | {"preset"}
    return replace(options, preset=preset.sampling, rules=preset.rules, seed=seed, chosen=chosen)


def as_in_settings(options: ReplyOptions, workspace: Workspace) -> ReplyOptions:
    """``options`` with the preset of the settings, the usual one where that cannot be used (``setting_problems``)."""
    chosen = "reply.preset" in workspace.settings.chosen
    try:
        found = preset_named(workspace, workspace.settings.reply.preset).preset
    except TavernError:
        found, chosen = Preset(BALANCED), False
    with_it = with_preset(options, found)
    return with_it if chosen else replace(with_it, chosen=options.chosen - {"preset"})


def of_chat(workspace: Workspace, options: ReplyOptions, log: ChatLog) -> tuple[ReplyOptions, str]:
    """``options`` with the preset that is set for the chat of ``log``, as it was changed there, unless this start named
    one.

    And what to tell: that it is gone, or what of its file was not taken. Of the settings' preset nothing is told here.
    """
    asked = "preset" in options.asked
    named = options.preset.name if asked else log.tree.properties.get(PROPERTY)
    if not isinstance(named, str) or not named:
        return options, ""
    try:
        found = preset_named(workspace, named)
    except TavernError as error:
        return options, f"{error.title} This chat goes on with {options.preset.name}. /preset chooses another."
    note = " ".join(f"{found.path.name if found.path else ''}: {what}" for what in found.problems)
    return with_preset(options, found.preset if asked else _as_changed(log, found).preset), note


async def choose_in_chat(session: ChatSession, workspace: Workspace, name: str) -> ListedPreset:
    """Give a chat a preset of its own, for good, as it was changed there.

    Raises ``SettingsError``, ``StorageError``.
    """
    chosen = _as_changed(session.log, await asyncio.to_thread(preset_named, workspace, name))
    await session.changes.write(PropertySet(PROPERTY, chosen.name))
    session.options = with_preset(session.options, chosen.preset)
    return chosen


async def names_for(workspace: Workspace) -> list[str]:
    """The names of all presets. Raises ``StorageError``."""
    return [one.name for one in await asyncio.to_thread(listed_presets, workspace)]


def _with_name(workspace: Workspace, name: str) -> ListedPreset | None:
    """The preset that is called so now. Raises ``SettingsError`` for one that cannot be used."""
    store = _own_presets(workspace)
    file = store.named(name) if store else None
    if file is None:
        ours = name.strip().casefold()
        return _ours(ours) if ours in BUILT_IN else None
    if file.unreadable:
        raise SettingsError(f"The preset “{file.name}” cannot be used.", hint=file.unreadable, where=str(file.path))
    return own_preset(file)


def _as_changed(log: ChatLog, one: ListedPreset) -> ListedPreset:
    """A preset with what of it was changed in a chat and not saved."""
    if not (log.state / f"{log.key}{DRAFTS}").exists():
        return one
    from tavern_tui.session.preset_drafts import draft_of

    draft = draft_of(log, one.name)
    return replace(one, preset=draft) if draft is not None else one


def _name_now(workspace: Workspace, name: str) -> str:
    """What the preset is called now that was called ``name``; empty where it was never renamed."""
    if workspace.safe or not (workspace.directories.data / RENAMED_PRESETS).exists():
        return ""
    from tavern_tui.storage.renamed_presets import RenamedPresets

    return RenamedPresets(workspace.directories).now(name)


def _own_presets(workspace: Workspace) -> PresetStore | None:
    """The user's own presets; ``None`` where there are none, or none count."""
    if workspace.safe or not workspace.directories.presets.is_dir():
        return None
    from tavern_tui.storage.presets import PresetStore

    return PresetStore(workspace.directories)


def _ours(name: str) -> ListedPreset:
    return ListedPreset(name, OURS, Preset(BUILT_IN[name], note=NOTES.get(name, "")))
