"""Presets and templates as files of the library: listed by kind, put in from anywhere, deleted, brought back, written.

Sampler presets are ``session.presets``' and ``session.preset_files``', choosing templates ``session.user_templates``'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError, TavernError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.template import InstructTemplate
from tavern_tui.formats.chat_presets import SECRET
from tavern_tui.formats.json_text import read_json
from tavern_tui.formats.preset_kinds import CODECS, PresetKind, read_preset_file
from tavern_tui.formats.quick_replies import read_quick_replies
from tavern_tui.formats.reply_sets import ReplySet
from tavern_tui.formats.script_files import ScriptFile
from tavern_tui.formats.templates import TemplateFile, TemplateKind, is_bundle, read_bundle, told_fields
from tavern_tui.prompt.templates import BUILT_IN, CHAT_CONTEXT, PLAIN_CONTEXT, PYGMALION_CONTEXT
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.shelf import Shelf
from tavern_tui.storage.templates import FOLDERS, StoredTemplate, TemplateStore, folder_of, stored

OURS, YOURS = "built in", "yours"
KINDS = (PresetKind.SAMPLER, *FOLDERS, PresetKind.QUICK_REPLIES, PresetKind.REGEX)
"""The kinds that can be listed."""

_MAX_BYTES = 8 * 1024 * 1024
_OURS: dict[PresetKind, dict[str, Any]] = {
    PresetKind.INSTRUCT: dict(BUILT_IN),
    PresetKind.CONTEXT: {one.name: one for one in (CHAT_CONTEXT, PLAIN_CONTEXT, PYGMALION_CONTEXT)},
}
_MASTER = {
    TemplateKind.INSTRUCT: PresetKind.INSTRUCT,
    TemplateKind.CONTEXT: PresetKind.CONTEXT,
    TemplateKind.SYSTEM_PROMPT: PresetKind.SYSTEM_PROMPT,
    TemplateKind.REASONING: PresetKind.REASONING,
}


@dataclass(frozen=True, slots=True)
class ListedTemplate:
    """A template that can be chosen. ``source`` is ``OURS`` or ``YOURS``; ``problem`` says why it cannot be used."""

    name: str
    kind: PresetKind
    source: str
    held: Any = None
    path: Path | None = None
    remarks: tuple[Remark, ...] = ()
    problem: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """What it says, by SillyTavern's field names."""
        if self.held is None:
            return {}
        if self.path is None:
            return told_fields(self.held)
        data, _ = CODECS[self.kind].write(self.held)
        if data.lstrip()[:1] in (b"{", b"["):
            read = read_json(data)
            fields = read if isinstance(read, dict) else {"list": read}
            return {key: "(kept in the file)" if key in SECRET and value else value for key, value in fields.items()}
        return {"text": data.decode("utf-8", "replace")}


@dataclass(frozen=True, slots=True)
class Added:
    """A file that was put into the library: what it is, where it lies, what of it does nothing here."""

    kind: PresetKind
    path: Path
    remarks: tuple[Remark, ...] = ()

    @property
    def title(self) -> str:
        """The kind in words."""
        return CODECS[self.kind].title


def kind_named(name: str) -> PresetKind:
    """The kind that was typed. Raises ``SettingsError``."""
    wanted = name.strip().casefold()
    found = next((kind for kind in KINDS if kind.value == wanted), None)
    if found is None:
        raise SettingsError(f"There is no kind “{name}”.", hint=f"There are: {', '.join(KINDS)}.")
    return found


def listed_templates(workspace: Workspace, kind: str) -> list[ListedTemplate]:
    """Every template of a kind, quick replies and regex scripts too: ours, then the user's by name.

    Raises ``SettingsError`` for a kind that has other lists, ``StorageError``.
    """
    wanted = _listed_kind(kind)
    shelf = _shelf(workspace, wanted)
    own = [] if workspace.safe else [_stored(shelf, path, wanted) for path in shelf.paths()]
    taken = {one.name.casefold() for one in own}
    ours = [
        ListedTemplate(name, wanted, OURS, template)
        for name, template in _OURS.get(wanted, {}).items()
        if name.casefold() not in taken
    ]
    yours = [ListedTemplate(one.name, one.kind, YOURS, one.held, one.path, one.remarks, one.problem) for one in own]
    return [*ours, *yours]


def template_in_list(workspace: Workspace, kind: str, name: str) -> ListedTemplate:
    """The template of that kind and name. Raises ``NotFoundError``."""
    listed = listed_templates(workspace, kind)
    wanted = name.strip().casefold()
    found = next((one for one in listed if one.name.casefold() == wanted), None)
    if found is None:
        title = CODECS[_listed_kind(kind)].title
        raise NotFoundError(f"There is no {title} “{name}”.", hint=f"tavern-tui presets list --kind {kind} lists them.")
    return found


def add_file(workspace: Workspace, path: Path, *, name: str = "") -> list[Added]:
    """Put what a file of any kind holds into the library, as it is; a master export becomes a file for each part.

    Regex scripts arrive switched off. Raises ``FormatError`` for a file that is none, ``SettingsError`` for a name that
    is taken, ``StorageError``.
    """
    data = read_bytes(path, _MAX_BYTES)
    name = name or path.stem
    if _may_be_bundle(data) and is_bundle(read_json(data, where=path.name)):
        return _add_bundle(workspace, data, name, path.name)
    kind, held, remarks = read_preset_file(data, name, where=path.name)
    if kind is PresetKind.REGEX:
        data, remarks = _switched_off(held, remarks)
    suffix = path.suffix.lower()
    shelf = _shelf(workspace, kind)
    if suffix not in shelf.suffixes:
        suffix = ".json" if data.lstrip()[:1] in (b"{", b"[") else shelf.suffixes[-1]
    return [Added(kind, shelf.add(name, data, suffix=suffix), remarks)]


def delete_template(workspace: Workspace, kind: str, name: str) -> Path:
    """Move a template of one's own to the trash; where it was. Raises ``NotFoundError``, ``StorageError``."""
    return _shelf(workspace, kind_named(kind)).delete(name)


def restore_template(workspace: Workspace, kind: str, name: str) -> Path:
    """Bring back a template that was deleted. Raises ``NotFoundError``, ``StorageError``."""
    return _shelf(workspace, kind_named(kind)).restore(name)


def export_template(one: ListedTemplate, *, to: Path | None = None) -> tuple[str, Path | None, tuple[Remark, ...]]:
    """A template as the file that other programs read, written to ``to`` (a file, or a folder) where one is given.

    Raises ``FormatError``, ``StorageError``.
    """
    if one.problem:
        raise FormatError(f"The file cannot be read: {one.problem}")
    held = one.held
    if one.path is None:
        kind = TemplateKind.INSTRUCT if isinstance(held, InstructTemplate) else TemplateKind.CONTEXT
        held = TemplateFile(kind, held, {})
    data, remarks = CODECS[one.kind].write(held)
    written = None
    if to is not None:
        suffix = ".json" if one.path is None or data.lstrip()[:1] in (b"{", b"[") else one.path.suffix
        written = to / f"{one.name}{suffix}" if to.is_dir() else to
        write_atomic(written, data)
    return data.decode("utf-8", "replace"), written, remarks


def _may_be_bundle(data: bytes) -> bool:
    """Whether a file is an object of JSON, and not Jinja, which begins with a brace, too."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:2]
    return start[:1] == b"{" and start not in (b"{%", b"{{", b"{#")


def _add_bundle(workspace: Workspace, data: bytes, name: str, where: str) -> list[Added]:
    files, remarks = read_bundle(data, name, where=where)
    taken = [kind for file in files if _shelf(workspace, kind := _MASTER[file.kind]).path(file.name) is not None]
    if taken:
        raise SettingsError(
            f"A part of it is there already: {CODECS[taken[0]].title}.",
            hint=f"tavern-tui presets delete --kind {taken[0]} NAME takes it away.",
            where=where,
        )
    added = []
    for file in files:
        kind = _MASTER[file.kind]
        path = _shelf(workspace, kind).add(file.name, CODECS[kind].write(file)[0])
        added.append(Added(kind, path, tuple(one for one in remarks if one.place.startswith(f"{file.kind}."))))
    return added


def _switched_off(held: ScriptFile, remarks: tuple[Remark, ...]) -> tuple[bytes, tuple[Remark, ...]]:
    """Scripts as they arrive: off, so that somebody looks at them first."""
    off = replace(held, scripts=tuple(replace(one, disabled=True) for one in held.scripts))
    told = tuple(
        Remark(one.name, "It is switched off until somebody has looked at it.")
        for one in held.scripts
        if not one.disabled
    )
    return CODECS[PresetKind.REGEX].write(off)[0], (*remarks, *told)


def _stored(shelf: Shelf, path: Path, kind: PresetKind) -> StoredTemplate:
    """What a file holds; quick replies in our own words as a set of SillyTavern's."""
    found = stored(shelf, path, kind)
    if found.problem and kind is PresetKind.QUICK_REPLIES:
        try:
            read = read_quick_replies(shelf.read(path), where=path.name)
        except TavernError as error:
            return StoredTemplate(path, kind, problem=str(error))
        remarks = tuple(Remark("", problem) for problem in read.problems)
        return StoredTemplate(path, kind, ReplySet(path.stem, read.replies), remarks)
    return found


def _listed_kind(kind: str) -> PresetKind:
    found = kind_named(kind)
    if found is PresetKind.SAMPLER:
        others = ", ".join(one for one in KINDS if one is not PresetKind.SAMPLER)
        raise SettingsError("Sampler presets are listed without a kind.", hint=f"Kinds are: {others}.")
    return found


def _shelf(workspace: Workspace, kind: PresetKind) -> Shelf:
    dirs = workspace.directories
    folder = folder_of(kind)
    if folder in FOLDERS:
        return TemplateStore(dirs).shelf(folder)
    places = {
        PresetKind.SAMPLER: (dirs.presets, ("yaml", "yml", "json")),
        PresetKind.QUICK_REPLIES: (dirs.quick_replies, ("json", "yaml")),
        PresetKind.REGEX: (dirs.regex_scripts, ("json",)),
    }
    path, endings = places[folder]
    return Shelf(dirs, path, CODECS[folder].title, path.name, tuple(f".{one}" for one in endings), _MAX_BYTES)
