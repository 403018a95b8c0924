"""Where things live: the user's library, settings, state and caches, and the data shipped with the program.

``TAVERN_HOME`` puts everything under one folder; otherwise the platform's own folders are used. Nothing is created
here: the room that writes makes its folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP = "tavern-tui"
HAND_WRITTEN = "config.yaml"
OVERLAY = "settings.yaml"
"""The settings that the program writes; ``HAND_WRITTEN`` stands above it and is only read."""

RENAMED_PRESETS = "renamed-presets.json"
"""The file in ``data`` with what sampler presets were called before."""

COPIED, MOUSE = "copied.txt", "mouse.json"
"""The files in ``state`` with what was copied last, and with who has the mouse on which terminal."""


@dataclass(frozen=True, slots=True)
class Directories:
    """One user's folders. ``data`` is theirs to sync and back up; ``state`` and ``cache`` belong to this device."""

    data: Path
    config: Path
    state: Path
    cache: Path

    @property
    def characters(self) -> Path:
        """Character cards."""
        return self.data / "characters"

    @property
    def worlds(self) -> Path:
        """Lorebooks."""
        return self.data / "worlds"

    @property
    def themes(self) -> Path:
        """Themes."""
        return self.data / "themes"

    @property
    def regex_scripts(self) -> Path:
        """Regex scripts for every chat."""
        return self.data / "regex"

    @property
    def quick_replies(self) -> Path:
        """Sets of quick replies."""
        return self.data / "quick-replies"

    @property
    def presets(self) -> Path:
        """Sampler presets of the user's own."""
        return self.data / "presets"

    @property
    def personas(self) -> Path:
        """Personas: who the user is."""
        return self.data / "personas"

    @property
    def templates(self) -> Path:
        """Templates of the user's own, a folder for each kind."""
        return self.data / "templates"

    @property
    def chats(self) -> Path:
        """Chat logs, one file each."""
        return self.data / "chats"

    @property
    def stories(self) -> Path:
        """The texts of stories as Markdown, written beside their chats for other tools."""
        return self.data / "stories"

    @property
    def scenarios(self) -> Path:
        """Scenarios of the user's own."""
        return self.data / "scenarios"

    @property
    def trash(self) -> Path:
        """What was deleted, until it is restored or the folder is emptied by hand."""
        return self.data / "trash"

    @property
    def variables(self) -> Path:
        """The file with the variables that macros share between all chats."""
        return self.data / "variables.json"

    @property
    def marks(self) -> Path:
        """The file with what was marked as a favourite, or as private."""
        return self.data / "marks.json"

    @property
    def beside_cards(self) -> Path:
        """The file with what is kept of characters beside their cards."""
        return self.data / "beside-cards.json"

    @property
    def template_choices(self) -> Path:
        """The file with the templates that were chosen for single models."""
        return self.data / "templates.json"

    @property
    def model_habits(self) -> Path:
        """The file with what else was chosen for single models."""
        return self.data / "models.json"

    @property
    def connections(self) -> Path:
        """Connections that a person wrote down; only read."""
        return self.data / "connections.yaml"

    @property
    def saved_connections(self) -> Path:
        """Connections that the program wrote down."""
        return self.data / "connections.saved.yaml"

    @property
    def secrets(self) -> Path:
        """The folder with the keys of servers, or with where they are kept: for this user's eyes only."""
        return self.state / "secrets"

    @property
    def models(self) -> Path:
        """GGUF files that the program fetched or the user put here."""
        return self.data / "models"

    @property
    def engine(self) -> Path:
        """The engine host's socket, lock and log."""
        return self.state / "engine"

    @property
    def index(self) -> Path:
        """The folder of the library's index, which can be made again from the library."""
        return self.cache

    @property
    def backups(self) -> Path:
        """Backups of the library."""
        return self.state / "backups"

    @property
    def journals(self) -> Path:
        """Replies in progress, and locks of chats."""
        return self.state / "journals"


def directories(environ: Mapping[str, str] | None = None) -> Directories:
    """The folders to use, from ``TAVERN_HOME`` or the platform's conventions."""
    env = os.environ if environ is None else environ
    home = env.get("TAVERN_HOME", "").strip()
    if home:
        root = _typed(home)
        return Directories(root, root / "config", root / "state", root / "cache")
    dirs = platformdirs.PlatformDirs(APP, appauthor=False)
    return Directories(
        Path(dirs.user_data_dir), Path(dirs.user_config_dir), Path(dirs.user_state_dir), Path(dirs.user_cache_dir)
    )


def _typed(home: str) -> Path:
    """The folder that was typed; a home folder that nobody has is taken as it is written."""
    try:
        return Path(home).expanduser().absolute()
    except RuntimeError:
        return Path(home).absolute()


def shipped(kind: str) -> Path:
    """The folder of shipped ``cards``, ``worlds``, ``themes`` or ``chats``; it is never written to."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_shipped" / kind
    return packed if packed.is_dir() else package.parent / kind
