"""The settings as a list to look through and change: made from the schema, with where each value comes from.

What is changed goes to ``settings.yaml``; a value of ``config.yaml`` is a person's and is only shown. What a change
means for a chat that is open is the front end's business (``holds_from``).
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import HAND_WRITTEN, Directories
from tavern_tui.config.setting_values import Choices, NotTakenError
from tavern_tui.config.settings import GROUPS, Settings, declared, forget, load_settings, remember, setting_names
from tavern_tui.config.themes import theme_files
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.session.setting_problems import setting_problems
from tavern_tui.session.workspace import Workspace

EMPTY = "—"
"""What stands for an empty text, an empty list, and a number that is chosen by the program."""

_STEPS = ((20, 1), (100, 5), (400, 10), (1_000, 50), (5_000, 250), (20_000, 1_024))
_LARGEST_STEP = 4_096
_VALUE = 200  # characters of a value


class Holds(StrEnum):
    """From when on a changed setting holds, in the words that a screen shows."""

    NOW = "at once"
    REPLY = "from the next reply on"
    CHATS = "in chats that begin from then on"
    LOADING = "when this page is closed: the engine is connected to anew"
    START = "from the next start on"


_BY_GROUP = {
    "persona": Holds.REPLY,
    "reply": Holds.REPLY,
    "lore": Holds.REPLY,
    "engine": Holds.LOADING,
    "connection": Holds.LOADING,
    "backup": Holds.START,
    "adventure": Holds.REPLY,
    "story": Holds.REPLY,
}
_BY_NAME = {
    "ui.theme": Holds.NOW,
    "ui.confirm": Holds.NOW,
    "ui.follow": Holds.NOW,
    "ui.bell": Holds.NOW,
    "engine.idle_minutes": Holds.START,
    "persona.name": Holds.CHATS,
}


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. ``name`` is ``group.name``, ``title`` a sentence about it; ``value`` and ``default`` as they are
    shown, safe. ``words`` are all that it takes, where they are known. ``place`` is ``file:line``, empty for a default;
    ``by_hand``: it stands in the file that is only read. ``typed`` is the whole value as it would be typed, as it is.
    """

    name: str
    title: str
    value: str
    default: str
    words: tuple[str, ...] = ()
    place: str = ""
    by_hand: bool = False
    typed: str = ""

    @property
    def group(self) -> str:
        """Its group's name."""
        return self.name.partition(".")[0]

    @property
    def chosen(self) -> bool:
        """Whether somebody chose it."""
        return bool(self.place)

    @property
    def holds_from(self) -> Holds:
        """From when on a change holds."""
        return _BY_NAME.get(self.name) or _BY_GROUP.get(self.group, Holds.START)

    @property
    def source(self) -> str:
        """Where the value comes from, in a few words: a file's name and line, or that it is the default."""
        path, _, line = self.place.rpartition(":")
        return f"{Path(path).name}, line {line}" if path else "default"


def group_title(group: str) -> str:
    """What a group of settings is about."""
    return (GROUPS[group].__doc__ or group).partition("\n")[0].rstrip(".")


def setting_rows(directories: Directories, words: str = "") -> list[SettingRow]:
    """The settings as the files have them now; of these those in which every one of ``words`` is found. Blocks."""
    loaded = load_settings(directories)
    wanted = words.casefold().split()
    rows = [_row(name, loaded.settings, loaded.places.get(name, ""), directories) for name in setting_names()]
    return [row for row in rows if all(word in _searched(row) for word in wanted)]


def change(workspace: Workspace, name: str, typed: str) -> str:
    """Set ``group.name`` to what was typed; a sentence about what it cannot mean here, empty where all is well.

    Raises ``SettingsError`` with the schema's own words for a value that means nothing, and for one that stands in the
    file written by hand; ``StorageError``. Blocks.
    """
    _refuse_by_hand(workspace.directories, name)
    try:
        value = declared(name).metadata["check"](_read(name, typed))
    except NotTakenError as error:
        raise SettingsError(str(error)) from None
    remember(workspace.directories, name, value)
    return _doubt(workspace, name)


def reset(workspace: Workspace, name: str) -> None:
    """Let the default of ``group.name`` hold again. Raises as ``change``."""
    _refuse_by_hand(workspace.directories, name)
    forget(workspace.directories, name)


def neighbour(row: SettingRow, step: int) -> str | None:
    """The value one ``step`` further (−1 back) as it would be typed; ``None`` where only typing helps."""
    if row.words:
        place = row.words.index(row.value) if row.value in row.words else 0
        return row.words[(place + step) % len(row.words)]
    default = _default(row.name)
    if isinstance(default, bool) or not isinstance(default, int | float):
        return None
    try:
        number = float(row.value)
    except ValueError:
        return None
    size = next((one for most, one in _STEPS if abs(number) < most), _LARGEST_STEP)
    if isinstance(default, float) and abs(number) < 2:
        return f"{round(number + step * 0.05, 2):g}"
    return f"{number + step * size:g}" if isinstance(default, float) else str(int(number) + step * size)


def suggestions(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Names that there are for a setting that takes a name; empty for others. Blocks; raises ``StorageError``."""
    if name == "ui.theme":
        return tuple(theme_files(workspace.directories))
    if name == "reply.preset":
        from tavern_tui.session.presets import listed_presets

        return tuple(one.name for one in listed_presets(workspace) if not one.unreadable)
    if name == "connection.server":
        return tuple(one.name for one in workspace.connections.listed().connections)
    kind = {"reply.context": "context", "reply.system_prompt": "sysprompt", "reply.chat_preset": "chat"}.get(name, "")
    if not kind and name != "reply.template":
        return ()
    from tavern_tui.session.template_files import OURS, listed_templates

    listed = listed_templates(workspace, kind or "instruct")
    ours_too = name == "reply.template"
    return tuple(one.name for one in listed if not one.problem and (ours_too or one.source != OURS))


def _row(name: str, settings: Settings, place: str, directories: Directories) -> SettingRow:
    field = declared(name)
    check = field.metadata["check"]
    group, key = name.split(".")
    value = getattr(getattr(settings, group), key)
    return SettingRow(
        name,
        field.metadata["title"],
        _shown(value),
        _shown(_default(name)),
        check.words if isinstance(check, Choices) else (),
        place,
        by_hand=place.startswith(f"{directories.config / HAND_WRITTEN}:"),
        typed=_told(value),
    )


def _default(name: str) -> Any:
    field = declared(name)
    if field.default is not MISSING:
        return field.default
    assert field.default_factory is not MISSING
    return field.default_factory()


def _shown(value: object) -> str:
    return safe_line(_told(value), _VALUE) or EMPTY


def _told(value: object) -> str:
    """A value as it would be typed."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _searched(row: SettingRow) -> str:
    return f"{row.name} {row.name.replace('_', ' ')} {row.title} {row.value} {group_title(row.group)}".casefold()


def _read(name: str, typed: str) -> object:
    """What was typed, as a file would say it: nothing for a number is none, a list is divided by commas."""
    default = _default(name)
    if isinstance(default, tuple):
        return [one.strip() for one in typed.split(",") if one.strip()]
    if not typed.strip() and not isinstance(default, str):
        return None
    return typed.strip()


def _refuse_by_hand(directories: Directories, name: str) -> None:
    place = load_settings(directories).places.get(name, "")
    if place.startswith(f"{directories.config / HAND_WRITTEN}:"):
        raise SettingsError(
            f"{name} is set in {HAND_WRITTEN}, which is yours and is never rewritten.",
            hint="Change it there.",
            where=place,
        )


def _doubt(workspace: Workspace, name: str) -> str:
    """Why what is set now cannot hold, as far as the disk and the library tell."""
    try:
        now = replace(workspace, loaded=load_settings(workspace.directories))
        return next((one.what for one in setting_problems(now) if one.what.startswith(f"{name}:")), "")
    except TavernError as error:
        return error.title
