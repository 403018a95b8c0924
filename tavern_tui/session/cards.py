"""What is done with character cards: made, changed, copied, renamed, deleted, brought back, marked and exported.

Every function opens the library's files anew and writes whole files or nothing. The samples are never changed: a change
makes a copy of one's own that stands before the sample. How a card is shown: ``session.card_view``; as a form:
``session.card_form``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.config.paths import shipped
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError, StorageError, TavernError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.renaming import renaming
from tavern_tui.formats.card import CardFile, Container, write_card, write_card_file, write_card_png
from tavern_tui.formats.card_export import Exported, to_charx, to_json, to_png
from tavern_tui.session.card_form import with_fields
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.cards import ALL_SUFFIXES, SUFFIXES, CardStore, StoredCard
from tavern_tui.storage.import_record import IMPORTED, ImportRecord
from tavern_tui.storage.library import MAX_FILE
from tavern_tui.storage.marks import Mark
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.trash import Discarded

_MAX_NAME = 500
_MOST_INTENTION = 65_536  # bytes
_CONTAINERS = {suffix.removeprefix("."): container for container, suffix in SUFFIXES.items()} | {"apng": Container.PNG}


@dataclass(frozen=True, slots=True)
class ChangedCard:
    """A card after a change: where its file is, and what there is to say about that, a sentence each."""

    character: Character
    path: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeletedCard:
    """A card in the trash. ``name`` is what ``restore_card`` takes."""

    name: str
    item: Discarded


def card_store(workspace: Workspace) -> CardStore:
    """The cards as files that can be changed."""
    return CardStore(workspace.directories, workspace.library, shipped("cards"))


def open_card(workspace: Workspace, name: str) -> StoredCard:
    """The card called ``name`` with its file. Raises ``NotFoundError``, ``FormatError``, ``StorageError``."""
    return card_store(workspace).open(name)


def new_card(
    workspace: Workspace, name: str, changes: Mapping[str, str], *, picture: Path | None = None
) -> ChangedCard:
    """A card of one's own called ``name``, in ``picture`` (a PNG) or as JSON. Raises as ``with_fields`` does."""
    _check_free(workspace, _checked(name))
    character = with_fields(Character(name.strip()), changes)
    data, suffix = write_card(character), SUFFIXES[Container.JSON]
    if picture is not None:
        data = write_card_png(character, read_bytes(picture, MAX_FILE), where=picture.name)
        suffix = SUFFIXES[Container.PNG]
    return ChangedCard(character, card_store(workspace).add(name, data, suffix))


def keep_card(workspace: Workspace, file: CardFile) -> Path:
    """Take a card's file into the library as it is, beside whatever is there. Raises ``StorageError``."""
    return card_store(workspace).add(file.character.name, file.data, ALL_SUFFIXES[file.container])


def save_card(workspace: Workspace, card: StoredCard, character: Character, *, now: float | None = None) -> ChangedCard:
    """Write ``character`` into the file of ``card``; in the library a new name is that of its file and chats too.

    ``now`` (Unix seconds) is noted in cards that say when they were changed. Raises ``StorageError`` where the file was
    changed by something else since it was read.
    """
    if character == card.file.character:
        return ChangedCard(character, card.path)
    old = card.file.character
    if character.name != old.name:
        _check_free(workspace, _checked(character.name))
    if character.modified:
        character = replace(character, modified=float(int(time.time() if now is None else now)))
    container = card.file.container
    notes: list[str] = []
    if container.writable:
        data = write_card_file(card.file, character, where=card.path.name)
    else:
        notes.append(f"{container.value} cards are only read: the changed one is a JSON file beside it.")
        container, data = Container.JSON, write_card(character)
    renamed = character.name != old.name and not _lies_elsewhere(workspace, card)
    if renamed:
        _intend(workspace, old.name, character.name)
    path = card_store(workspace).save(card, data, container)
    if card.shipped:
        notes.append("It was one of the samples; this is a copy of your own.")
    if renamed:
        path, told = _renamed(workspace, path, old.name, character.name)
        notes += told
    return ChangedCard(character, path, tuple(notes))


def change_fields(workspace: Workspace, name: str, changes: Mapping[str, str]) -> ChangedCard:
    """The card called ``name`` with fields set to what was typed. Raises as ``with_fields`` and ``save_card`` do."""
    card = open_card(workspace, name)
    return save_card(workspace, card, with_fields(card.file.character, changes))


def duplicate_card(workspace: Workspace, name: str, new: str = "") -> ChangedCard:
    """A second card like that called ``name``, called ``new`` or the same with a number."""
    card = open_card(workspace, name)
    character = replace(
        card.file.character, name=_checked(new) if new else _numbered(workspace, card.file.character.name)
    )
    _check_free(workspace, character.name)
    container = card.file.container if card.file.container.writable else Container.JSON
    data = write_card_file(card.file, character) if card.file.container.writable else write_card(character)
    return ChangedCard(character, card_store(workspace).add(character.name, data, SUFFIXES[container]))


def rename_card(workspace: Workspace, name: str, new: str) -> ChangedCard:
    """Give a card another name: in it, in its file's name, and in its chats."""
    card = open_card(workspace, name)
    if card.file.character.name == _checked(new):
        return ChangedCard(card.file.character, card.path)
    return save_card(workspace, card, replace(card.file.character, name=new.strip()))


def delete_card(workspace: Workspace, name: str) -> Discarded:
    """Move the card called ``name`` to the trash; its chats stay. Raises ``NotFoundError`` for a sample.

    A card that cannot be read is found by its file's name.
    """
    try:
        path = workspace.library.character(name)[1]
    except FormatError:
        broken = [entry for entry in workspace.characters() if entry.problem and entry.name == name.strip()]
        path = broken[0].path if len(broken) == 1 else Path(name)
    return card_store(workspace).delete(path)


def deleted_cards(workspace: Workspace) -> list[DeletedCard]:
    """The cards in the trash, the last first."""
    store = card_store(workspace)
    found = []
    for item in store.deleted():
        name = item.files[0].stem
        for path in item.files:
            try:
                name = store.read(path).file.character.name
                break
            except TavernError:
                continue
        found.append(DeletedCard(name, item))
    return found


def restore_card(workspace: Workspace, name: str = "") -> tuple[DeletedCard, tuple[Path, ...]]:
    """Bring back the card called ``name``, or the one deleted last; where its files are now.

    Raises ``NotFoundError`` where there is none, ``StorageError`` where another stands in its place.
    """
    deleted = deleted_cards(workspace)
    wanted = name.strip().casefold()
    fitting = [
        one for one in deleted if not wanted or wanted in (one.name.casefold(), one.item.files[0].stem.casefold())
    ]
    if not fitting:
        there = ", ".join(dict.fromkeys(one.name for one in deleted[:5]))
        hint = f"There is: {there}." if there else "It is empty."
        raise NotFoundError(f"There is no {name.strip() or 'character'} in the trash.", hint=hint)
    return fitting[0], restore_deleted(workspace, fitting[0])


def restore_deleted(workspace: Workspace, deleted: DeletedCard) -> tuple[Path, ...]:
    """Bring this card back; where its files are now. Raises ``StorageError`` where another stands in its place."""
    return card_store(workspace).restore(deleted.item)


def mark_favourite(workspace: Workspace, name: str, on: bool = True) -> ChangedCard:
    """Mark a card as a favourite, or no longer."""
    card = open_card(workspace, name)
    if workspace.directories.marks.exists():
        workspace.marks.set(Mark.FAVOURITE, card.file.character.name, None)  # from now on the card says it
    return save_card(workspace, card, replace(card.file.character, favourite=on))


def change_tags(workspace: Workspace, name: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> ChangedCard:
    """Give a card tags and take others away; case is kept, and does not tell tags apart."""
    card = open_card(workspace, name)
    gone = {tag.strip().casefold() for tag in remove}
    tags = {tag.casefold(): tag for tag in card.file.character.tags if tag.casefold() not in gone}
    for tag in filter(None, map(str.strip, add)):
        tags.setdefault(tag.casefold(), tag)
    return save_card(workspace, card, replace(card.file.character, tags=tuple(tags.values())))


def export_card(
    workspace: Workspace,
    name: str,
    target: Path,
    *,
    kind: str = "",
    picture: Path | None = None,
    replace_it: bool = False,
) -> tuple[Path, tuple[Remark, ...]]:
    """Write the card called ``name`` to ``target``, a file or a folder; where it is, and what could not go with it.

    ``kind`` is ``png``, ``json`` or ``charx``; without it the target's ending says, else the kind that the card is in.
    Raises ``StorageError`` where something is there and ``replace_it`` is not given.
    """
    card = open_card(workspace, name)
    container = _container(kind, target, card.file.container)
    if target.is_dir():
        target = target / f"{card.path.stem}{SUFFIXES[container]}"
    if os.path.lexists(target) and not replace_it:
        raise StorageError(f"{target.name} is there already.", hint="Name another file, or --force.", where=str(target))
    if container is card.file.container and picture is None:
        data, remarks = card.file.data, tuple[Remark, ...]()
    else:
        data, remarks = _exported(card.file, container, picture, card.path)
    write_atomic(target, data)
    return target, remarks


def _exported(file: CardFile, container: Container, picture: Path | None, path: Path) -> Exported:
    if container is Container.PNG:
        portrait = picture or _portrait_beside(path)
        return to_png(file, None if portrait is None else read_bytes(portrait, MAX_FILE), where=path.name)
    return to_charx(file, where=path.name) if container is Container.CHARX else to_json(file)


def _portrait_beside(path: Path) -> Path | None:
    """The PNG of the same name beside a card that is no picture."""
    beside = path.with_suffix(".png")
    return beside if beside != path and beside.is_file() else None


def _container(kind: str, target: Path, own: Container) -> Container:
    wanted = (kind or ("" if target.is_dir() else target.suffix)).lower().removeprefix(".")
    if wanted and wanted not in _CONTAINERS:
        raise SettingsError(f"“{wanted}” is no kind of card that is written.", hint="There are: png, charx, json.")
    return _CONTAINERS[wanted] if wanted else own if own.writable else Container.JSON


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _MAX_NAME:
        raise SettingsError("A character needs a name." if not name else f"That name is longer than {_MAX_NAME}.")
    return name


def _check_free(workspace: Workspace, name: str) -> None:
    """Chats know characters by name: two of one name would share theirs."""
    if any(entry.name == name and not entry.problem for entry in workspace.characters()):
        raise SettingsError(f"There is a character “{name}” already.", hint="Choose another name.")


def _numbered(workspace: Workspace, name: str) -> str:
    taken = {entry.name for entry in workspace.characters()}
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def finish_renaming(workspace: Workspace) -> list[str]:
    """Go on with a renaming that ended in the middle (a crash, a full disk); a sentence about it, if there was one.

    A card that has not got its new name yet keeps the old one. Raises ``StorageError``.
    """
    path = _intention(workspace)
    try:
        intended = json.loads(read_bytes(path, _MOST_INTENTION))
        old, new = str(intended["from"]), str(intended["to"])
    except NotFoundError:
        return []
    except (ValueError, KeyError, TypeError, RecursionError):
        path.unlink(missing_ok=True)  # it was cut off before anything was begun
        return []
    own = [one for one in workspace.characters() if one.name == new and not one.problem and not one.shipped]
    if not own:
        path.unlink(missing_ok=True)
        return []
    _, told = _renamed(workspace, own[0].path, old, new)
    return [f"The renaming of {old} to {new} was finished.", *told]


def _renamed(workspace: Workspace, path: Path, old: str, new: str) -> tuple[Path, list[str]]:
    """What is left once the card at ``path`` has its new name inside: its file, marks, chats. May be repeated."""
    before, path = path, card_store(workspace).rename(path, new)
    data = workspace.directories.data
    if path != before and (record := data / IMPORTED).exists():
        ImportRecord(record, data).renamed(before, path)
    told = _rename_in_chats(workspace, old, new)
    if workspace.directories.marks.exists():
        workspace.marks.rename_character(old, new)
    if workspace.library.has_beside_cards:
        workspace.library.beside_cards.rename(old, new)
    _intention(workspace).unlink(missing_ok=True)
    return path, told


def _lies_elsewhere(workspace: Workspace, card: StoredCard) -> bool:
    """Whether a card is neither in the library nor a sample, whose change is a copy in the library."""
    return not card.shipped and card.path.resolve().parent != workspace.directories.characters.resolve()


def _intend(workspace: Workspace, old: str, new: str) -> None:
    """Note what is about to be renamed, for ``finish_renaming``."""
    write_atomic(_intention(workspace), json.dumps({"from": old, "to": new}).encode())


def _intention(workspace: Workspace) -> Path:
    return workspace.directories.state / "renaming.json"


def _rename_in_chats(workspace: Workspace, old: str, new: str) -> list[str]:
    """Tell the chats with ``old``; a sentence about them. They stay where another card still has the old name."""
    if any(entry.name == old and not entry.problem and not entry.shipped for entry in workspace.characters()):
        return [f"Another character is called {old}: the chats stay with that one."]
    told = 0
    for summary in workspace.chats.list():
        if old in summary.characters and not summary.problem:
            workspace.chats.open(summary.name).append(renaming(old, new))
            told += 1
    return [f"{told} chats have the new name."] if told > 1 else ["Its chat has the new name."] if told else []


def keep_form(workspace: Workspace, card: StoredCard, text: str, ending: str) -> Path:
    """Put a form that could not be read where its writer finds it again. Raises ``StorageError``."""
    path = workspace.directories.state / "forms" / f"{card.path.stem}{ending}"
    write_atomic(path, text.encode("utf-8", "replace"))
    return path
