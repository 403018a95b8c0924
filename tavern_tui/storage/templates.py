"""The user's own templates: folders of files in ``templates``, one for each kind, named by their files.

What SillyTavern and text-generation-webui wrote lies there as it is. What a file says is read by
``formats.preset_kinds``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import FormatError, SettingsError, TavernError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.preset_kinds import CODECS, PresetKind, read_preset_file
from tavern_tui.storage.shelf import Shelf, templates_shelf

FOLDERS: dict[PresetKind, tuple[str, ...]] = {
    PresetKind.INSTRUCT: (".json", ".jinja", ".yaml", ".yml"),
    PresetKind.CONTEXT: (".json",),
    PresetKind.SYSTEM_PROMPT: (".json",),
    PresetKind.REASONING: (".json",),
    PresetKind.CHAT: (".json",),
}
"""The kinds that have a folder, and which files count there."""


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A file and what it holds (``None`` where ``problem`` says why it cannot be used)."""

    path: Path
    kind: PresetKind
    held: Any = None
    remarks: tuple[Remark, ...] = ()
    problem: str = ""

    @property
    def name(self) -> str:
        """What it is chosen by: the file's name, without its ending."""
        return self.path.stem


class TemplateStore:
    """One user's templates. Every call looks at the disk anew; methods raise ``StorageError``."""

    def __init__(self, directories: Directories) -> None:
        self._directories = directories

    def shelf(self, kind: PresetKind) -> Shelf:
        """The folder of a kind."""
        folder = folder_of(kind)
        return templates_shelf(self._directories, folder, CODECS[folder].title, FOLDERS[folder])

    def all(self, kind: PresetKind) -> list[StoredTemplate]:
        """Every template of a kind, by name."""
        shelf = self.shelf(kind)
        return [stored(shelf, path, kind) for path in shelf.paths()]

    def named(self, kind: PresetKind, name: str) -> StoredTemplate | None:
        """The template of that name, in any case of letters; ``None`` where there is none.

        Raises ``SettingsError`` for a file that cannot be used.
        """
        shelf = self.shelf(kind)
        path = shelf.path(name)
        if path is None:
            return None
        found = stored(shelf, path, kind)
        if found.problem:
            raise SettingsError(f"The {shelf.noun} “{found.name}” cannot be used.", hint=found.problem, where=str(path))
        return found


def folder_of(kind: PresetKind) -> PresetKind:
    """The kind whose folder a kind is kept in: a model's chat template is chosen like an instruct template."""
    return PresetKind.INSTRUCT if kind is PresetKind.MODEL_TEMPLATE else kind


def stored(shelf: Shelf, path: Path, kind: PresetKind) -> StoredTemplate:
    """What the file ``path`` of a shelf of this kind holds."""
    try:
        found, held, remarks = read_preset_file(shelf.read(path), path.stem, where=path.name)
        if folder_of(found) is not kind:
            raise FormatError(f"It is no {CODECS[kind].title}, but a {CODECS[found].title}.", where=path.name)
    except TavernError as error:
        return StoredTemplate(path, kind, problem=str(error))
    return StoredTemplate(path, found, held, remarks)
