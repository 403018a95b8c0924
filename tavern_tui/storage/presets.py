"""The user's own sampler presets: one file each, in the folder ``presets`` of the library.

The file's name is the preset's. Every call looks at the disk anew. What a file of ours says is read by
``formats.presets``; SillyTavern's, KoboldAI's and text-generation-webui's can lie there as they are, and are read and
changed by ``formats.sampler_files``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError, TavernError
from tavern_tui.domain.preset import NEUTRAL, Preset
from tavern_tui.formats.preset_kinds import CODECS, PresetKind, kind_in
from tavern_tui.formats.presets import MAX_BYTES, ReadPreset, changed_text, preset_values, read_preset
from tavern_tui.formats.sampler_files import changed_sampler_file, read_sampler_file
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.reading import read_bytes, refusal
from tavern_tui.storage.trash import Trash

KIND = "presets"
"""What presets are called in the trash."""

ENDINGS = (".yaml", ".yml", ".json")
MOST_FILES = 1_000
"""Files of the folder that are read, in the order of their names."""

_LONGEST = 60
_NOT_IN_NAMES = '/\\:*?"<>|'
_LOCK_SECONDS = 5.0
_NEUTRAL = ReadPreset(Preset(NEUTRAL))


@dataclass(frozen=True, slots=True)
class PresetFile:
    """One file and what it says. ``unreadable`` says why it cannot be used at all, a sentence; empty where it can."""

    path: Path
    read: ReadPreset = _NEUTRAL
    unreadable: str = ""

    @property
    def name(self) -> str:
        """The preset's name: the file's, without its ending."""
        return self.path.stem


class PresetStore:
    """One user's presets."""

    def __init__(self, directories: Directories) -> None:
        self.folder = directories.presets
        self._lock = directories.state / "presets.lock"
        self._trash = Trash(directories.trash)

    def files(self) -> list[PresetFile]:
        """Every preset, by name. Of names that differ in capitals alone the first counts. Raises ``StorageError``."""
        found: dict[str, Path] = {}
        for path in self._paths():
            found.setdefault(path.stem.casefold(), path)
        return [_read(path) for path in found.values()]

    def named(self, name: str) -> PresetFile | None:
        """The preset of that name, in any case of letters; ``None`` where there is none. Raises ``StorageError``."""
        wanted = name.strip().casefold()
        path = next((path for path in self._paths() if path.stem.casefold() == wanted), None)
        return None if path is None else _read(path)

    def add(self, name: str, text: str) -> Path:
        """A new preset with that content; its file. Raises ``SettingsError`` for a name that is taken or cannot be."""
        name = usable_name(name)
        with self._writing():
            if (present := self.named(name)) is not None:
                raise SettingsError(
                    f"There is a preset “{present.name}” already.",
                    hint=f"tavern-tui presets edit {present.name}",
                    where=str(present.path),
                )
            path = self.folder / f"{name}{ENDINGS[0]}"
            write_atomic(path, text.encode("utf-8", "replace"))
        return path

    def change(self, name: str, changes: dict[str, object | None]) -> PresetFile:
        """Other values for some fields, ``None`` to take one out; the rest of the file stays as it was written.

        Raises ``NotFoundError``, ``FormatError`` for a file that is none, ``StorageError``.
        """
        with self._writing():
            path = self._existing(name).path
            data = read_bytes(path, MAX_BYTES)
            if _is_foreign(data):
                write_atomic(path, changed_sampler_file(data, path.stem, changes, where=str(path)))
            else:
                text = data.decode("utf-8-sig", "replace")
                write_atomic(path, changed_text(text, changes, where=str(path)).encode())
        return _read(path)

    def rename(self, name: str, to: str) -> PresetFile:
        """Call a preset something else. Raises ``NotFoundError``, ``SettingsError`` for a name that is taken or cannot
        be, ``StorageError``.
        """
        to = usable_name(to)
        with self._writing():
            path = self._existing(name).path
            present = self.named(to)
            if present is not None and present.path != path:
                raise SettingsError(f"There is a preset “{present.name}” already.", hint="Choose another name.")
            there = path.with_name(f"{to}{path.suffix}")
            try:
                path.rename(there)
            except OSError as error:
                raise storage_error(error, path) from error
        return _read(there)

    def delete(self, name: str) -> Path:
        """Move a preset to the trash; where it was. Raises ``NotFoundError``, ``StorageError``."""
        with self._writing():
            path = self._existing(name).path
            self._trash.put(KIND, [path])
        return path

    def _existing(self, name: str) -> PresetFile:
        present = self.named(name)
        if present is None:
            raise NotFoundError(f"There is no preset “{name}” of your own.", hint="tavern-tui presets lists them.")
        return present

    def _writing(self) -> FileLock:
        return FileLock(self._lock, timeout=_LOCK_SECONDS, guarded=self.folder)

    def _paths(self) -> list[Path]:
        try:
            paths = sorted(self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise refusal(self.folder, error) from None
        return [path for path in paths if path.suffix.lower() in ENDINGS and not path.name.startswith(".")][:MOST_FILES]


def usable_name(name: str) -> str:
    """``name`` as a file's, trimmed. Raises ``SettingsError`` where no file can be called that on every system."""
    name = name.strip()
    bad = next((c for c in name if c in _NOT_IN_NAMES or not c.isprintable()), "")
    if bad:
        raise SettingsError(f"A preset's name cannot have “{bad if bad.isprintable() else ' '}” in it.")
    if not name or len(name) > _LONGEST or name.startswith(".") or name.endswith("."):
        raise SettingsError(f"A preset's name has 1 to {_LONGEST} characters and no dot at its ends.")
    return name


def _read(path: Path) -> PresetFile:
    try:
        data = read_bytes(path, MAX_BYTES)
        if not _is_foreign(data):
            return PresetFile(path, read_preset(data, name=path.stem, where=path.name))
        file, remarks = read_sampler_file(data, path.stem, where=path.name)
    except TavernError as error:
        return PresetFile(path, unreadable=str(error))
    told = tuple(f"{remark.place}: {remark.text}" for remark in remarks)
    return PresetFile(path, ReadPreset(file.preset, tuple(preset_values(file.preset)), remarks=told))


def _is_foreign(data: bytes) -> bool:
    """Whether a file is another program's. Raises ``FormatError`` for one that holds something else."""
    kind = kind_in(data)
    if kind not in (None, PresetKind.SAMPLER):
        hint = f"Templates lie in the folder of: tavern-tui locate templates, in {kind}/."
        raise FormatError(f"It is no sampler preset, but a {CODECS[kind].title}.", hint=hint)
    return kind is PresetKind.SAMPLER
