"""The user's library of characters and lorebooks: folders of files, with the shipped samples beneath them.

Files are the truth; nothing is cached and nothing is written here. A user's file shadows a shipped one of the same
stem; in one folder a PNG card shadows a JSON card, and that a YAML card, of the same stem, as long as there is a
character inside (a plain picture beside a JSON card is its portrait). A file that cannot be read is listed with its
problem and stops nothing. File names are as untrusted as their contents.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar

from tavern_tui.config.paths import Directories, shipped
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import NotFoundError, TavernError, UnsoundError
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.formats.card import read_card
from tavern_tui.formats.lorebook import read_lorebook
from tavern_tui.storage.reading import read_bytes, refusal

if TYPE_CHECKING:
    from tavern_tui.storage.beside_cards import BesideCards

MAX_FILE = 128 * 1024 * 1024
CARD_SUFFIXES = (".png", ".apng", ".charx", ".json", ".yaml", ".yml", ".jpg", ".jpeg", ".webp")
WORLD_SUFFIXES = (".json", ".lorebook")

_Content = TypeVar("_Content", Character, Lorebook)
Group = tuple[Path, ...]
"""Files of one stem in one folder, the one that counts first."""
_Spelling = Callable[[str], bool]


class _Measures(TypedDict):
    size: int
    changed: float


@dataclass(frozen=True, slots=True)
class CharacterEntry:
    """One character in the list. ``problem`` says why the card cannot be read; ``name`` is then the file's stem.

    ``size`` is the file's in bytes and ``changed`` its time in Unix seconds, as far as they are known.
    """

    name: str
    path: Path
    tags: tuple[str, ...] = ()
    shipped: bool = False
    problem: str = ""
    creator: str = ""
    nickname: str = ""
    size: int = 0
    changed: float = 0.0
    favourite: bool = False


@dataclass(frozen=True, slots=True)
class LorebookEntry:
    """One lorebook in the list, named by its file's stem; ``size`` is its number of entries."""

    name: str
    path: Path
    size: int = 0
    shipped: bool = False
    problem: str = ""


class Library:
    """What the user can choose from. Every call looks at the disk anew.

    ``shipped_cards`` and ``shipped_worlds`` default to the samples of the installed program.
    """

    def __init__(
        self, directories: Directories, *, shipped_cards: Path | None = None, shipped_worlds: Path | None = None
    ) -> None:
        self.card_folders = (directories.characters, shipped("cards") if shipped_cards is None else shipped_cards)
        self._directories = directories
        self.world_folders = (directories.worlds, shipped("worlds") if shipped_worlds is None else shipped_worlds)

    @property
    def beside_cards(self) -> BesideCards:
        """What is kept of characters beside their cards."""
        from tavern_tui.storage.beside_cards import BesideCards

        return BesideCards(self._directories.beside_cards, self._directories.state / "beside-cards.lock")

    @property
    def has_beside_cards(self) -> bool:
        """Whether anything is kept beside a card: what reads it is loaded only then."""
        return self._directories.beside_cards.exists()

    def characters(self) -> list[CharacterEntry]:
        """All characters, by name. Raises ``StorageError`` only where the characters' folder itself cannot be read."""
        return sorted(map(self.character_entry, groups(self.card_folders, CARD_SUFFIXES)), key=by_name)

    def has_more_than(self, files: int) -> bool:
        """Whether the user's folder of characters holds more than so many files; false where it cannot be read."""
        try:
            with os.scandir(self.card_folders[0]) as entries:
                return any(place >= files for place, _ in enumerate(entries))
        except OSError:
            return False

    def character(self, name: str) -> tuple[Character, Path]:
        """The character called ``name``, and its file.

        ``name`` is the path of a file that is there, a file's stem, a character's name, any of these two without regard
        to case, or a beginning that fits one character only. Raises ``NotFoundError`` with what was nearest,
        ``FormatError`` or ``StorageError`` for a card that cannot be read.
        """
        path = _typed_path(name, CARD_SUFFIXES)
        if path is not None and os.path.exists(path):  # noqa: PTH110 (false for what can be no path at all)
            return _card(path), path
        found = groups(self.card_folders, CARD_SUFFIXES)
        try:
            group = _found(name, found, lambda group: self.character_entry(group).name, "character")
        except NotFoundError:
            if path is None:
                raise
            return _card(path), path  # says that there is no such file
        return _first(group, _card)

    def lorebooks(self) -> list[LorebookEntry]:
        """All lorebooks, by name. Raises ``StorageError`` only where the worlds' folder itself cannot be read."""
        return sorted(map(self.lorebook_entry, groups(self.world_folders, WORLD_SUFFIXES)), key=by_name)

    def lorebook(self, name: str, *, typed: bool = True) -> tuple[Lorebook, Path]:
        """The lorebook called ``name``, and its file; found and refused as ``character`` does.

        A name that no person ``typed``, a card's or a chat's, is never a path.
        """
        path = _typed_path(name, WORLD_SUFFIXES) if typed else None
        if path is not None:  # a book is called as its file is, and no file's name has a slash
            return _world(path), path
        found = groups(self.world_folders, WORLD_SUFFIXES)
        return _first(_found(name, found, lambda group: group[0].stem, "lorebook"), _world)

    def character_entry(self, group: Group) -> CharacterEntry:
        """What the list says of the card in these files, which are read."""
        own = group[0].parent == self.card_folders[1]
        try:
            card, path = _first(group, _card)
        except TavernError as error:
            return CharacterEntry(group[0].stem, group[0], shipped=own, problem=str(error), **_measured(group[0]))
        return CharacterEntry(
            card.name,
            path,
            card.tags,
            own,
            creator=card.creator,
            nickname=card.nickname,
            favourite=card.favourite,
            **_measured(path),
        )

    def lorebook_entry(self, group: Group) -> LorebookEntry:
        """What the list says of the lorebook in these files, which are read."""
        own = group[0].parent == self.world_folders[1]
        try:
            book, path = _first(group, _world)
        except TavernError as error:
            return LorebookEntry(group[0].stem, group[0], shipped=own, problem=str(error))
        return LorebookEntry(path.stem, path, len(book.entries), own)


def _first(group: Group, read: Callable[[Path], _Content]) -> tuple[_Content, Path]:
    """What the first readable file of a group holds; the first one's error where none can be read."""
    fault: TavernError | None = None
    for path in group:
        try:
            return read(path), path
        except TavernError as error:
            fault = fault or error
    assert fault is not None  # no group is empty
    raise fault


def _card(path: Path) -> Character:
    data = read_bytes(path, MAX_FILE)
    with naming(path):
        return read_card(data, where=path.name, name=path.stem)


def _world(path: Path) -> Lorebook:
    data = read_bytes(path, MAX_FILE)
    with naming(path):
        return read_lorebook(data, name=path.stem, where=path.name)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have what is refused within say with which command that file is repaired."""
    try:
        yield
    except UnsoundError as fault:
        raise fault.lying_at(str(path)) from None


def _measured(path: Path) -> _Measures:
    try:
        status = path.stat()
    except OSError:
        return {"size": 0, "changed": 0.0}
    return {"size": status.st_size, "changed": status.st_mtime_ns / 1e9}


def by_name(entry: CharacterEntry | LorebookEntry) -> tuple[str, str]:
    """The order of lists."""
    return entry.name.casefold(), str(entry.path)


def groups(folders: Iterable[Path], suffixes: Sequence[str]) -> list[Group]:
    """The files that count, in no useful order: those of one stem and folder together, the best suffix first."""
    chosen: dict[str, Group] = {}
    shadowed: set[str] = set()
    for folder in folders:
        here: dict[str, list[Path]] = {}
        for path in _listed(folder):
            hidden = path.name.startswith(".")  # temporary files, and what other systems leave behind
            if path.suffix.lower() in suffixes and not hidden and path.stem.casefold() not in shadowed:
                here.setdefault(path.stem, []).append(path)
        for stem, paths in here.items():
            chosen[stem] = tuple(sorted(paths, key=lambda path: (suffixes.index(path.suffix.lower()), path.name)))
        shadowed = {stem.casefold() for stem in chosen}
    return list(chosen.values())


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
    except NotADirectoryError as error:
        if not os.path.lexists(folder):
            return []  # a file stands where its home should be: there is nothing of the user's, but the samples are
        raise refusal(folder, error) from None
    except OSError as error:
        raise refusal(folder, error) from None


def _typed_path(name: str, suffixes: Sequence[str]) -> Path | None:
    """The path that a person typed, where ``name`` reads like one: with a slash, or a file of the current folder."""
    try:
        path = Path(name).expanduser()
        if os.sep in name or name.startswith("~"):
            return path
        return path if path.suffix.lower() in suffixes and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # a name too long, a home that nobody has, a NUL
        return None


def _found(name: str, among: Sequence[Group], own_name: Callable[[Group], str], kind: str) -> Group:
    """The one group that ``name`` means; stems are tried before the names inside, exact before similar."""
    wanted = name.strip()
    folded = wanted.casefold()
    spellings: tuple[_Spelling, ...] = (
        lambda text: text == wanted,
        lambda text: text.casefold() == folded,
        lambda text: bool(folded) and text.casefold().startswith(folded),
    )
    stems = [(group[0].stem, group) for group in among]
    for spelling in spellings[:2]:
        if (group := _only(stems, spelling, wanted, kind)) is not None:
            return group
    known = stems + [(own_name(group), group) for group in among]
    for spelling in spellings:
        if (group := _only(known, spelling, wanted, kind)) is not None:
            return group
    from difflib import get_close_matches

    near = get_close_matches(wanted, sorted({text for text, _ in known}), n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {len(among)} {kind}s in the library."
    raise NotFoundError(f"There is no {kind} “{wanted}”.", hint=hint)


def _only(known: Iterable[tuple[str, Group]], fits: _Spelling, wanted: str, kind: str) -> Group | None:
    """The one group that fits, ``None`` where none does. Raises ``NotFoundError`` where several do."""
    fitting = {group: text for text, group in known if fits(text)}
    if len(fitting) > 1:
        choices = ", ".join(sorted(f"{text} ({group[0].name})" for group, text in fitting.items())[:5])
        raise NotFoundError(
            f"“{wanted}” fits {len(fitting)} {kind}s: {choices}.", hint="Type more of the name, or the file's name."
        )
    return next(iter(fitting), None)
