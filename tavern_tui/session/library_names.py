"""Whatever has a name that can be typed: characters, chats, lorebooks and settings, for the palette.

``LibraryNames`` takes the names from the index (``library_index``) as it stands, and the settings from the schema. How
well a name fits is a number, so that what else is found by name can be sorted in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.character_list import LINE_CHARACTERS, ChatChoice
from tavern_tui.session.library_index import open_index
from tavern_tui.session.modes.choosing import name_of
from tavern_tui.session.privacy import NOTHING_PRIVATE, private_things
from tavern_tui.session.settings_view import setting_rows
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_cards import indexed_lorebooks, listed_cards
from tavern_tui.storage.index_lists import indexed_chats
from tavern_tui.storage.index_words import folded_text

MOST: Final = 50
"""Things of each kind that are found at once: whoever sees so many types another letter."""

WHOLE, BEGINS, WORD, INSIDE, ABOUT, NOWHERE = range(6)
"""How well a word fits a name, the best first: it is the name, the name's beginning, that of one of its words, or
stands inside of one; or in what is said about the thing; or nowhere."""


class Kind(StrEnum):
    """What a thing is, in the word that a list shows."""

    CHARACTER = "character"
    CHAT = "chat"
    LOREBOOK = "lorebook"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Named:
    """Something that was found. ``title`` and ``about`` are safe to show, on one line.

    ``name`` is that of the chat's file, of the lorebook or of the setting, ``chat`` opens a chat or a character as Home
    does. ``fit`` is the sum over the words that were typed. ``problem``: ``about`` says why it cannot be used. ``word``
    is what a list calls it, where that is not its kind: a chat in which a story is written is a story.
    """

    kind: Kind
    name: str
    title: str
    about: str = ""
    chat: ChatChoice | None = None
    problem: bool = False
    fit: int = 0
    word: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """A thing by its name, small and without accents; ``about`` is looked in where it is not there."""

    words: str
    thing: Named
    about: str = ""


class LibraryNames:
    """The names in ``workspace``, read when they are first asked for. ``shows_private``: what is private, too."""

    def __init__(self, workspace: Workspace, *, shows_private: bool) -> None:
        self._workspace = workspace
        self._shows_private = shows_private
        self._known: dict[Kind, list[_Known]] = {}
        self._modes: dict[str, str] = {}  # of the chats without characters, empty as long as it is not known

    def found(self, typed: str) -> list[Named]:
        """What has every word of ``typed`` in its name, at most ``MOST`` of each kind, the best of each first.

        Blocks: of ten thousand characters it takes some milliseconds, the first time some hundred. Raises
        ``StorageError``.
        """
        words = folded_text(typed)[0].split()
        if not words:
            return []
        if not self._known:
            self._known = self._read()
        return [shown(self._called(thing)) for known in self._known.values() for thing in _best(known, words)]

    def _called(self, thing: Named) -> Named:
        """A chat without characters by its mode of play, which the index does not know: their logs are read."""
        if thing.kind is not Kind.CHAT or thing.name not in self._modes:
            return thing
        if not self._modes[thing.name]:
            try:
                self._modes[thing.name] = name_of(self._workspace.chats.open(thing.name).tree.properties)
            except NotFoundError:  # it was taken away meanwhile
                return thing
        return replace(thing, word=self._modes[thing.name])

    def _read(self) -> dict[Kind, list[_Known]]:
        with closing(open_index(self._workspace)) as index:
            characters, chats = self._people(index)
            books = list(_books(index, self._workspace))
        settings = list(_settings(self._workspace))
        return {Kind.CHARACTER: characters, Kind.CHAT: chats, Kind.LOREBOOK: books, Kind.SETTING: settings}

    def _people(self, index: LibraryIndex) -> tuple[list[_Known], list[_Known]]:
        """The characters, those last talked to first, and the chats, the last written first."""
        hidden = NOTHING_PRIVATE if self._shows_private else private_things(self._workspace)
        chats: list[_Known] = []
        last: dict[str, str] = {}
        for chat in indexed_chats(index, self._workspace.directories.chats):
            told = chat.summary
            if hidden.hides(told.name, told.characters):
                continue
            who = ", ".join(told.characters)
            if not who and not told.problem:
                self._modes[told.name] = ""
            title = told.title if not who or told.title.startswith(who) else f"{who} · {told.title}"
            about = told.problem or chat.line
            chats.append(
                _Known(
                    folded_text(title)[0],
                    Named(Kind.CHAT, told.name, title, about, ChatChoice("", None, told.name)),
                )
            )
            if told.characters:
                last.setdefault(told.characters[0], told.name)
        order = {name: place for place, name in enumerate(last)}
        cards = [one for one in listed_cards(index, self._workspace.library) if one[0] not in hidden.characters]
        cards.sort(key=lambda one: (order.get(one[0], len(order)), not one[4], one[0].casefold()))
        characters = []
        for name, path, problem, words, _favourite, _tags in cards:
            chat_there = last.get(name, "")
            about = problem or ("Opens the chat with them that was written last." if chat_there else "Begins a chat.")
            thing = Named(Kind.CHARACTER, name, name, about, ChatChoice(name, path, chat_there), problem=bool(problem))
            folded = words[: len(name)] if name.isascii() else folded_text(name)[0]
            characters.append(_Known(folded, thing))
        return characters, chats


def fit(word: str, name: str, about: str = "") -> int:
    """How well ``word`` fits a thing called ``name``; all are small and without accents."""
    if word not in name:
        return ABOUT if about.startswith(word) or f" {word}" in about else NOWHERE
    if name.startswith(word):
        return WHOLE if name == word else BEGINS
    return WORD if f" {word}" in name else INSIDE


def shown(thing: Named) -> Named:
    """``thing`` safe to show."""
    return replace(thing, title=safe_line(thing.title), about=safe_line(thing.about, LINE_CHARACTERS))


def _best(known: Iterable[_Known], words: list[str]) -> list[Named]:
    found = []
    for one in known:
        fits = [fit(word, one.words, one.about) for word in words]
        if NOWHERE not in fits:
            found.append((sum(fits), one.thing))
    found.sort(key=lambda pair: pair[0])
    return [replace(thing, fit=fits) for fits, thing in found[:MOST]]


def _books(index: LibraryIndex, workspace: Workspace) -> Iterator[_Known]:
    for book in indexed_lorebooks(index, workspace.library):
        about = book.problem or (f"{book.size:,} entries" if book.size != 1 else "1 entry")
        thing = Named(Kind.LOREBOOK, book.name, book.name, about, problem=bool(book.problem))
        yield _Known(folded_text(book.name)[0], thing)


def _settings(workspace: Workspace) -> Iterator[_Known]:
    for row in setting_rows(workspace.directories):
        thing = Named(Kind.SETTING, row.name, row.name, f"{row.title} Now: {row.value}")
        group, _, key = row.name.partition(".")
        yield _Known(f"{key.replace('_', ' ')} {group} {row.name}", thing, row.title.casefold())
