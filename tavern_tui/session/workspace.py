"""``Workspace``: one user's library, chats and settings, opened together; where every use case begins."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.config.paths import Directories, directories, shipped
from tavern_tui.config.settings import LoadedSettings, Settings, load_settings
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.domain.persona import Persona
from tavern_tui.session.titles import title_at_first
from tavern_tui.storage.chat_store import ChatStore, ChatSummary
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.device import Device
from tavern_tui.storage.global_variables import GlobalVariables
from tavern_tui.storage.library import CharacterEntry, Library
from tavern_tui.storage.template_choices import TemplateChoices

if TYPE_CHECKING:
    from tavern_tui.storage.connections import Connections
    from tavern_tui.storage.marks import Marks
    from tavern_tui.storage.secrets import Secrets

SAMPLE = "Wren"
FEW_CARDS = 100
"""Files of cards that are read as fast as the index is asked."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Open one with ``open``. ``safe`` is the mode without own settings and without an engine."""

    directories: Directories
    loaded: LoadedSettings
    library: Library
    chats: ChatStore
    safe: bool = False

    @classmethod
    def open(cls, *, safe: bool = False, dirs: Directories | None = None) -> Workspace:
        """The workspace of this user. Nothing is made or written before something is to be kept."""
        found = directories() if dirs is None else dirs
        loaded = LoadedSettings(Settings()) if safe else load_settings(found)
        store = ChatStore(found.chats, device=Device(found.state), state=found.journals)
        return cls(found, loaded, Library(found), store, safe)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded.settings

    @property
    def shipped_chats(self) -> ChatStore:
        """The finished chats that come with the program; for reading only."""
        return ChatStore(shipped("chats"), device="", state=self.directories.journals)

    @property
    def global_variables(self) -> GlobalVariables:
        """The variables that macros share between all chats."""
        return GlobalVariables(self.directories.variables, self.directories.state / "variables.lock")

    @property
    def template_choices(self) -> TemplateChoices:
        """The templates that were chosen for single models."""
        return TemplateChoices(self.directories.template_choices, self.directories.state / "templates.lock")

    @property
    def marks(self) -> Marks:
        """What was marked as a favourite, or as private."""
        from tavern_tui.storage.marks import Marks

        return Marks(self.directories.marks, self.directories.state / "marks.lock")

    @property
    def connections(self) -> Connections:
        """The saved connections."""
        from tavern_tui.storage.connections import Connections

        dirs = self.directories
        return Connections(dirs.connections, dirs.saved_connections, dirs.state / "connections.lock")

    @property
    def secrets(self) -> Secrets:
        """The keys of servers."""
        from tavern_tui.storage.secrets import Secrets

        return Secrets(self.directories.secrets)

    @property
    def persona(self) -> Persona:
        """The default persona."""
        return Persona(self.settings.persona.name, self.settings.persona.description)

    def characters(self) -> list[CharacterEntry]:
        """Every character card, own and shipped, unreadable ones too; of a large library through its index."""
        if self.library.has_more_than(FEW_CARDS):
            from tavern_tui.session.library_index import characters_in_library

            return characters_in_library(self)
        return self.library.characters()

    def character(self, name: str) -> tuple[Character, Path]:
        """A card by name, file or path. Raises ``NotFoundError`` or ``FormatError``."""
        return self.library.character(name)

    def card_of(self, name: str) -> tuple[Character, Path]:
        """The card of the character that a chat names; a similar name is not taken. Raises as ``character`` does."""
        character, path = self.character(name)
        if name.casefold() not in (character.name.casefold(), path.stem.casefold()):
            raise NotFoundError(f"There is no character “{name}”.", hint=f"Did you mean {character.name}?")
        return character, path

    def is_sample(self, path: Path) -> bool:
        """Whether the card at ``path`` is one of those shipped."""
        return path.resolve().parent == shipped("cards")

    def chats_with(self, character: str) -> list[ChatSummary]:
        """Chats whose first character is ``character``, the last written first."""
        return [chat for chat in self.chats.list() if chat.characters[:1] == (character,)]

    def latest_character(self) -> str:
        """The character last talked to whose card can be read, else a sample.

        Raises ``NotFoundError`` for an empty library.
        """
        for name in dict.fromkeys(chat.characters[0] for chat in self.chats.list() if chat.characters):
            try:
                self.card_of(name)
            except TavernError:
                continue
            return name
        entries = [entry for entry in self.characters() if not entry.problem]
        if not entries:
            raise NotFoundError("There is no character yet.", hint="Put a card into the folder of: locate characters.")
        return next((entry.name for entry in entries if entry.name.startswith(SAMPLE)), entries[0].name)

    def new_chat(self, character: Character, persona: Persona) -> ChatLog:
        """A chat with ``character`` in a file of its own, without any turn yet. Raises ``StorageError``."""
        title = title_at_first(character.name, time.strftime("%Y-%m-%d %H.%M"))
        return self.chats.create(title, (character.name,), persona.name)
