"""``FileMover``: one file of another program into the library: told by its content, put where it belongs.

What a person may go on editing in the other program keeps its bytes (cards, lorebooks, templates, quick replies); what
has another shape here (sampler presets, personas) is written anew. Regex scripts arrive switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import FormatError, TavernError, UnsoundError
from tavern_tui.domain.exchange import Outcome, Remark
from tavern_tui.formats.card import is_plain_picture, read_card_file
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.lorebook_exchange import read_any_lorebook
from tavern_tui.formats.personas import read_backup, read_persona, write_persona
from tavern_tui.formats.preset_kinds import CODECS, PresetKind
from tavern_tui.formats.presets import write_preset
from tavern_tui.formats.recognise import FileKind, Recognised, recognise
from tavern_tui.formats.repair import repaired
from tavern_tui.formats.templates import read_bundle, write_template
from tavern_tui.session.chat_import import ChatImporter, ImportedChat
from tavern_tui.session.moving_report import LatestChat, MovingReport
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.cards import ALL_SUFFIXES
from tavern_tui.storage.import_record import IMPORTED, ImportRecord, Placed
from tavern_tui.storage.library import MAX_FILE
from tavern_tui.storage.reading import read_bytes

_TEMPLATES = (
    PresetKind.INSTRUCT,
    PresetKind.CONTEXT,
    PresetKind.SYSTEM_PROMPT,
    PresetKind.REASONING,
    PresetKind.CHAT,
    PresetKind.MODEL_TEMPLATE,
)
REPAIR = "What cannot be kept as it is was left out: mend it there, or import it with --repair for a sound copy."
_OFF = Remark("", "It is switched off: look at it, then switch it on in its file.")


class FileMover:
    """Takes files into ``workspace`` and notes them down in ``report``. Chats wait for ``take_chats``.

    ``repairs``: of files that cannot be kept as they are, a sound copy is taken.
    """

    def __init__(
        self, workspace: Workspace, report: MovingReport, *, writes: bool = True, repairs: bool = False
    ) -> None:
        dirs = workspace.directories
        self._dirs = dirs
        self._report = report
        self.writes = writes
        self._repairs = repairs
        self._given_up: tuple[Remark, ...] = ()
        self.record = ImportRecord(dirs.data / IMPORTED, dirs.data, writes=writes)
        self._importer = ChatImporter(workspace, writes=writes)
        self._chats: list[tuple[Path, str]] = []
        self.cards: dict[str, tuple[str, str]] = {}
        """Of each card's file name: the key of the record, and the character's name."""

    def take(self, path: Path, root: Path) -> None:
        """Take in the file at ``path``, which lies below ``root``. What is wrong with it is told in the report."""
        source = path.relative_to(root).as_posix()
        try:
            data = read_bytes(path, MAX_FILE)
            kind = recognise(data, path.name)
            if kind is FileKind.CHAT:
                self._chats.append((path, source))
            elif kind is None or kind in (FileKind.SETTINGS, FileKind.GROUP):
                self._report.unknown.append(source)
            else:
                self._put(kind, self.sound(data, path.name), path, source)
        except FormatError as error:
            if _is_picture(path) and (path.suffix.lower() != ".png" or is_plain_picture(data)):
                self._report.unknown.append(source)
            else:
                self._fail(source, error)
        except TavernError as error:
            self._fail(source, error)

    def sound(self, data: bytes, name: str) -> bytes:
        """``data`` to take: repaired where that is wanted. What that cost is told with what is noted down next."""
        self._given_up = ()
        if self._repairs:
            data, self._given_up = repaired(data, where=name)
        return data

    def take_chats(self, told: Callable[[int, int, str], None]) -> None:
        """Take in the chats that were met so far."""
        waiting, self._chats = self._chats, []
        for done, (path, source) in enumerate(waiting):
            told(done, len(waiting), path.name)
            self.take_chat(path, source)

    def take_chat(self, path: Path, source: str, *, title: str = "") -> list[ImportedChat]:
        """Take in every chat of one file, and give them; ``title`` is what to call it in the report."""
        try:
            taken = self._importer.take_file(path)
        except TavernError as error:
            self._fail(source, error)
            return []
        for one in taken:
            outcome = Outcome.NEW if one.new else Outcome.UPDATED if one.added else Outcome.SAME
            self._report.add("chat", title or one.title, source, outcome, one.remarks)
            if one.new and not self._report.rehearsal:
                self._report.new_chats.append(one.name)
            latest = LatestChat(one.name, one.title, (*one.characters, "")[0], one.turns, path.stat().st_mtime)
            if self._report.latest is None or latest.at > self._report.latest.at:
                self._report.latest = latest
        return taken

    def put_script(self, script: dict[str, Any], source: str) -> None:
        """One regex script, switched off, as a file of its own."""
        name = str(script.get("scriptName") or "regex script")
        data = write_json({**script, "disabled": True})
        key = f"regex:{source}:{script.get('id') or name}"
        placed = self.record.place(key, data, data, self._dirs.regex_scripts, name, ".json")
        self._note("regex script", name, source, placed, () if script.get("disabled") else (_OFF,))

    def put_personas(self, data: bytes, source: str) -> list[tuple[str, str]]:
        """Every persona of a backup or of settings: avatar and the name of its file here."""
        backup, remarks = read_backup(data, source)
        found = []
        for persona in backup.personas:
            written, told = write_persona(persona)
            key = f"persona:{persona.avatar or persona.name}"
            placed = self.record.place(key, written, written, self._dirs.personas, persona.name, ".yaml")
            self._note("persona", persona.name, source, placed, (*remarks, *told))
            if placed.path is not None:
                found.append((persona.avatar, placed.path.stem))
        return found

    def finish(self) -> None:
        """Remember what came from where. Raises ``StorageError``."""
        self.record.keep()

    def _put(self, kind: Recognised, data: bytes, path: Path, source: str) -> None:
        if kind is FileKind.CHARACTER:
            self._put_card(data, path, source)
        elif kind is FileKind.LOREBOOK:
            _, remarks = read_any_lorebook(data, path.stem, where=path.name)
            self._place(kind.value, data, data, self._dirs.worlds, path.stem, ".json", source, remarks)
        elif kind is FileKind.PERSONA:
            persona, remarks = read_persona(data, path.stem, where=path.name)
            written, _ = write_persona(persona)
            self._place(kind.value, data, written, self._dirs.personas, persona.name, ".yaml", source, remarks)
        elif kind is FileKind.PERSONAS:
            self.put_personas(data, source)
        elif kind is FileKind.TEMPLATES:
            self._put_bundle(data, path, source)
        elif isinstance(kind, PresetKind):
            self._put_preset(kind, data, path, source)

    def _put_card(self, data: bytes, path: Path, source: str) -> None:
        file = read_card_file(data, where=path.name, name=path.stem)
        key = f"character:{source}"
        suffix = ALL_SUFFIXES[file.container]
        placed = self.record.place(key, data, data, self._dirs.characters, path.stem, suffix)
        self.cards[path.name] = (key, file.character.name)
        self._note("character", file.character.name, source, placed, file.remarks)

    def _put_bundle(self, data: bytes, path: Path, source: str) -> None:
        files, remarks = read_bundle(data, path.stem, where=path.name)
        for file in files:
            written, _ = write_template(file)
            folder = self._dirs.templates / file.kind.value
            kind = PresetKind(file.kind.value)
            key_source = f"{source}#{file.kind.value}"
            self._place(CODECS[kind].title, data, written, folder, file.name, ".json", key_source, remarks)

    def _put_preset(self, kind: PresetKind, data: bytes, path: Path, source: str) -> None:
        read, remarks = CODECS[kind].read(data, path.stem)
        title = CODECS[kind].title
        if kind is PresetKind.SAMPLER:
            written = write_preset(read.preset, comment=f"From {path.name}").encode()
            self._place(title, data, written, self._dirs.presets, path.stem, ".yaml", source, remarks)
        elif kind is PresetKind.REGEX:
            value = read_json(data, where=path.name)
            for script in value if isinstance(value, list) else [value]:
                if isinstance(script, dict):
                    self.put_script(script, source)
        elif kind is PresetKind.QUICK_REPLIES:
            self._place(title, data, data, self._dirs.quick_replies, path.stem, ".json", source, remarks)
        else:
            assert kind in _TEMPLATES
            suffix = ".json" if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else path.suffix or ".yaml"
            self._place(title, data, data, self._dirs.templates / kind.value, path.stem, suffix, source, remarks)

    def _place(
        self,
        title: str,
        data: bytes,
        written: bytes,
        folder: Path,
        name: str,
        suffix: str,
        source: str,
        remarks: tuple[Remark, ...],
    ) -> None:
        placed = self.record.place(f"{title}:{source}", data, written, folder, name, suffix)
        self._note(title, name, source, placed, remarks)

    def _note(self, title: str, name: str, source: str, placed: Placed, remarks: tuple[Remark, ...]) -> None:
        self._report.add(title, name, source, placed.outcome, (*self._given_up, *remarks))

    def _fail(self, source: str, error: TavernError) -> None:
        self._report.failed.append((source, error.title))
        if isinstance(error, UnsoundError) and REPAIR not in self._report.notes:
            self._report.notes.append(REPAIR)


def _is_picture(path: Path) -> bool:
    """Whether a file is likely a picture without a card: nobody wonders that these are not taken."""
    return path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".gif", ".apng")
