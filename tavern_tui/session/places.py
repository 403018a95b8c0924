"""The named places of this installation, for ``locate``, the doctor and messages."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.config.paths import COPIED, HAND_WRITTEN, OVERLAY, Directories, directories, shipped


def places(dirs: Directories | None = None) -> dict[str, Path]:
    """Name → path of everything that the program reads or writes."""
    found = directories() if dirs is None else dirs
    return {
        "library": found.data,
        "characters": found.characters,
        "worlds": found.worlds,
        "personas": found.personas,
        "templates": found.templates,
        "regex": found.regex_scripts,
        "quick-replies": found.quick_replies,
        "presets": found.presets,
        "themes": found.themes,
        "chats": found.chats,
        "stories": found.stories,
        "scenarios": found.scenarios,
        "trash": found.trash,
        "models": found.models,
        "connections": found.connections,
        "secrets": found.secrets,
        "settings": found.config / OVERLAY,
        "config": found.config / HAND_WRITTEN,
        "state": found.state,
        "copied": found.state / COPIED,
        "backups": found.backups,
        "engine": found.engine,
        "cache": found.cache,
        "samples": shipped("cards"),
        "sample-worlds": shipped("worlds"),
        "sample-themes": shipped("themes"),
    }
