"""``Habit``: what is remembered for one model beside its template: preset, length of replies, context.

It comes back whenever that model writes. What was asked for at this start and what is set for a chat count for more;
the settings and a saved connection count for less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tavern_tui.config.settings import Settings
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.preset import Preset
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.presets import PROPERTY, preset_named, with_preset
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.model_habits import NO_HABIT, ModelHabit, ModelHabits

RESPONSE_TOKENS = "response_tokens"
"""The chat's property that says how long its replies are, and the field of ``ReplyOptions``."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What is remembered for a model, its preset read. ``note`` says what of it cannot be had any more."""

    preset: Preset | None = None
    response_tokens: int | None = None
    context_tokens: int | None = None
    note: str = ""


def habits(workspace: Workspace) -> ModelHabits:
    """The file of them."""
    return ModelHabits(workspace.directories.model_habits, workspace.directories.state / "models.lock")


def habit_for(workspace: Workspace, model: str) -> Habit:
    """What is remembered for ``model``. Blocks, and raises nothing: what cannot be read is told in ``note``."""
    try:
        kept = habits(workspace).of(model)
        preset = preset_named(workspace, kept.preset).preset if kept.preset else None
    except TavernError as error:
        return Habit(note=f"What is remembered for this model cannot be used: {error.title}")
    return Habit(preset, kept.response_tokens, kept.context_tokens)


def with_habit(options: ReplyOptions, habit: Habit, properties: Mapping[str, Any]) -> ReplyOptions:
    """``options`` with what is remembered for the model that writes, in a chat with these properties."""
    if habit.preset is not None and "preset" not in options.asked and not properties.get(PROPERTY):
        options = with_preset(options, habit.preset)
    length = habit.response_tokens
    if length is not None and RESPONSE_TOKENS not in options.asked and not properties.get(RESPONSE_TOKENS):
        options = options.with_length(length)
    return options


def with_context(workspace: Workspace, settings: Settings, model: str) -> Settings:
    """``settings`` with the context that is remembered for ``model``, if there is one."""
    context = habit_for(workspace, model).context_tokens
    return settings if context is None else replace(settings, engine=replace(settings.engine, context_tokens=context))


def remember(workspace: Workspace, model: str, changes: Mapping[str, Any]) -> tuple[str, ModelHabit]:
    """Remember ``changes`` for a model, given as a file or by its name; the name, and all that is remembered then.

    ``None`` lets go of a field. Raises ``SettingsError`` for a preset that is not there, ``NotFoundError``,
    ``FormatError``, ``StorageError``.
    """
    from tavern_tui.session.template_of_model import known_model

    name = known_model(workspace, model)
    if changes.get("preset"):
        changes = {**changes, "preset": preset_named(workspace, changes["preset"]).name}
    store = habits(workspace)
    present = store.of(name)
    wanted = replace(present, **{field: value or getattr(NO_HABIT, field) for field, value in changes.items()})
    if wanted != present:
        store.keep(name, wanted)
    return name, wanted
