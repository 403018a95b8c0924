"""Moving out: the library as a folder that SillyTavern takes for one of its users. Nothing is ever written over.

Single things are exported by ``cards``, ``chat_export``, ``worlds``, ``personas`` and ``preset_files``. Folder names:
``docs/spec/sillytavern-prompts.md`` §11. Blocks: call it from a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import StorageError, TavernError
from tavern_tui.domain.exchange import Outcome, Remark
from tavern_tui.formats.json_text import write_json
from tavern_tui.formats.preset_kinds import PresetKind
from tavern_tui.session.cards import export_card
from tavern_tui.session.chat_export import export_chat, write_export
from tavern_tui.session.groups.exchange import definition_of
from tavern_tui.session.moving_beside import BESIDE
from tavern_tui.session.moving_report import MovingReport
from tavern_tui.session.personas import export_personas, listed_personas
from tavern_tui.session.preset_files import export_preset
from tavern_tui.session.presets import YOURS, ListedPreset, listed_presets
from tavern_tui.session.template_files import export_template, template_in_list
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.worlds import export_world, world_named
from tavern_tui.storage.atomic import make_folder, write_atomic
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.import_sources import files_below
from tavern_tui.storage.reading import read_bytes

_MOST = 1024**3
_TEMPLATES = {
    "instruct": "instruct",
    "context": "context",
    "sysprompt": "sysprompt",
    "reasoning": "reasoning",
    "chat": "OpenAI Settings",
}
_BY_HAND = (
    "personas.json and the scripts in regex go in by hand: Persona Management, Restore; Extensions, Regex, Import."
)

_REPLIES = "set of quick replies"
_BESIDE_BY_HAND = (
    f"So do the notes and further lorebooks of characters in {BESIDE}: Author's Note, Character Author's Note;"
    " the globe on a card, Additional Lorebooks."
)
_STAYS = "Settings, connections and keys of servers stay here."


class MovingOut:
    """One export of ``workspace`` into the folder ``target``, which is new or empty."""

    def __init__(self, workspace: Workspace, target: Path) -> None:
        self._workspace = workspace
        self._target = target
        self._avatars: dict[str, str] = {}
        self.report = MovingReport()

    def write(self) -> MovingReport:
        """Write all of it. What cannot be written is told in the report and costs itself alone.

        Raises ``StorageError`` where something is in the folder already, or it cannot be made.
        """
        if self._target.exists() and any(self._target.iterdir()):
            raise StorageError(
                f"There is something in {self._target.name} already.",
                hint="Name a folder that is new: nothing is ever written over.",
                where=str(self._target),
            )
        for step in (self._cards, self._worlds, self._presets, self._files, self._personas, self._chats):
            step()
        self.report.notes.append(_BY_HAND)
        self._beside_cards()
        self.report.notes.append(_STAYS)
        return self.report

    def _cards(self) -> None:
        met = {name for chat in self._workspace.chats.list() for name in chat.characters}
        for entry in self._workspace.characters():
            if entry.problem:
                self.report.failed.append((entry.path.name, entry.problem))
            elif not entry.shipped or entry.name in met:
                self._one("character", entry.name, partial(self._card, entry.name, entry.path))

    def _card(self, name: str, source: Path) -> tuple[Remark, ...]:
        path, remarks = export_card(self._workspace, str(source), self._free("characters", source.stem), kind="png")
        self._avatars.setdefault(name, path.stem)
        return remarks

    def _worlds(self) -> None:
        for entry in self._workspace.library.lorebooks():
            if entry.problem:
                self.report.failed.append((entry.path.name, entry.problem))
            elif not entry.shipped:
                self._one("lorebook", entry.name, partial(self._world, entry.path))

    def _world(self, source: Path) -> tuple[Remark, ...]:
        to = self._free("worlds", source.stem, ".json")
        return export_world(world_named(self._workspace, str(source)), "sillytavern", to=to)[2]

    def _presets(self) -> None:
        for one in listed_presets(self._workspace):
            if one.source == YOURS and one.unreadable:
                self.report.failed.append((one.name, one.unreadable))
            elif one.source == YOURS:
                self._one("sampler preset", one.name, partial(self._preset, one))

    def _preset(self, one: ListedPreset) -> tuple[Remark, ...]:
        _, _, lost = export_preset(one, "sillytavern", to=self._free("TextGen Settings", one.name, ".json"))
        return tuple(Remark("", text) for text in lost)

    def _files(self) -> None:
        """What we keep as SillyTavern writes it."""
        dirs = self._workspace.directories
        places = [(dirs.templates / ours, theirs, ours) for ours, theirs in _TEMPLATES.items()]
        places += [(dirs.quick_replies, "QuickReplies", _REPLIES), (dirs.regex_scripts, "regex", "regex")]
        for folder, theirs, kind in places:
            for path in files_below(folder) if folder.is_dir() else ():
                if path.name == "allowed-scripts.json":
                    continue
                if kind == _REPLIES and path.suffix.lower() in (".yaml", ".yml"):
                    self._one(kind, path.stem, partial(self._replies, path))
                elif path.suffix.lower() != ".json":
                    self.report.failed.append((path.name, "SillyTavern reads JSON alone: it stays here."))
                else:
                    self._one(kind, path.stem, partial(self._copy, path, theirs))

    def _copy(self, path: Path, folder: str) -> tuple[Remark, ...]:
        write_atomic(self._free(folder, path.stem, path.suffix), read_bytes(path, _MOST))
        return ()

    def _replies(self, path: Path) -> tuple[Remark, ...]:
        """Quick replies in words of our own."""
        _, _, remarks = export_template(
            template_in_list(self._workspace, PresetKind.QUICK_REPLIES, path.stem),
            to=self._free("QuickReplies", path.stem, ".json"),
        )
        return remarks

    def _personas(self) -> None:
        if len(listed_personas(self._workspace)) > 1:
            self._one("personas", "personas.json", self._all_personas)

    def _all_personas(self) -> tuple[Remark, ...]:
        make_folder(self._target)
        return export_personas(self._workspace, (), self._target / "personas.json")[1]

    def _beside_cards(self) -> None:
        library = self._workspace.library
        kept = library.beside_cards.all() if library.has_beside_cards else {}
        told = {name: one.as_dict() for name, one in kept.items() if one.note or one.books}
        if told:
            self._one("notes and books of characters", BESIDE, partial(self._write_beside, told))
            self.report.notes.append(_BESIDE_BY_HAND)

    def _write_beside(self, told: Mapping[str, Mapping[str, Any]]) -> tuple[Remark, ...]:
        make_folder(self._target)
        write_atomic(self._target / BESIDE, write_json(told))
        return ()

    def _chats(self) -> None:
        for chat in self._workspace.chats.list():
            if chat.problem:
                self.report.failed.append((chat.name, chat.problem))
                continue
            self._one("chat", chat.title or chat.name, partial(self._chat, chat.name, chat.characters))

    def _chat(self, name: str, characters: tuple[str, ...]) -> tuple[Remark, ...]:
        found = export_chat(self._workspace, name, "sillytavern")
        title = found.title or name
        if len(characters) > 1:
            path = self._free("group chats", title, found.suffix)
            self._group(path.stem, name)
        else:
            who = characters[0] if characters else "No character"
            path = self._free(f"chats/{self._avatar(who)}", title, found.suffix)
        write_export(found, path)
        return found.remarks

    def _group(self, chat_id: str, name: str) -> None:
        """SillyTavern finds a group's chats through a file about the group."""
        group = definition_of(self._workspace.chats.open(name).tree, chat_id, lambda who: f"{self._avatar(who)}.png")
        write_atomic(self._free("groups", str(group["id"]), ".json"), write_json(group))

    def _avatar(self, name: str) -> str:
        """The name of a character's file there; of one whose card is gone, what SillyTavern would make of the name."""
        return self._avatars.get(name) or next(stems(name, "No character"))

    def _one(self, kind: str, name: str, write: Callable[[], tuple[Remark, ...]]) -> None:
        try:
            remarks = write()
        except TavernError as error:
            self.report.failed.append((name, error.title))
        else:
            self.report.add(kind, name, name, Outcome.NEW, remarks)

    def _free(self, folder: str, name: str, suffix: str = ".png") -> Path:
        """A path in ``folder`` of the export at which there is nothing."""
        place = self._target / folder
        make_folder(place)
        return next(path for stem in stems(name, "unnamed") if not (path := place / f"{stem}{suffix}").exists())
