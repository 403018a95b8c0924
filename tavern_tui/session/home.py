"""What Home shows: the chats written last and the characters, without what is private; what is done with them there.

Everything here blocks: call it in a thread. It comes from the index (``library_index``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.character_list import CharacterRow, ChatRow, ListedCharacters
from tavern_tui.session.chat_files import rename_chat
from tavern_tui.session.library_index import listed_characters
from tavern_tui.session.privacy import NOTHING_PRIVATE, Private, private_things
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_lists import branches
from tavern_tui.storage.index_words import folded_text
from tavern_tui.storage.marks import Mark

__all__ = [
    "HomeLists",
    "branches_of",
    "found_in",
    "home_lists",
    "in_order",
    "mark_favourite",
    "rename_chat",
    "story_words",
]


@dataclass(frozen=True, slots=True)
class HomeLists:
    """The chats, the last written first, and the characters: favourites, then those last talked to, then by name.

    ``private`` is what is marked so, of what is shown too. ``progress`` is what to say while the library is read.
    """

    chats: tuple[ChatRow, ...] = ()
    characters: tuple[CharacterRow, ...] = ()
    private: Private = NOTHING_PRIVATE
    progress: str = ""


def home_lists(workspace: Workspace, index: LibraryIndex, *, shows_private: bool) -> Iterator[HomeLists]:
    """The lists as the index knows them, then as they are. Raises ``StorageError``."""
    for listed in listed_characters(workspace, index):
        yield _lists(workspace, listed, shows_private=shows_private)


def branches_of(index: LibraryIndex, names: Iterable[str]) -> dict[str, int]:
    """Of the chats in these files those that go several ways, and how many. Raises ``StorageError``."""
    counted = {name: branches(index, f"{name}.jsonl") for name in names}
    return {name: ways for name, ways in counted.items() if ways > 1}


def story_words(workspace: Workspace, names: Iterable[str]) -> dict[str, int]:
    """Of the chats in these files those that are stories, and how many words each has. Raises ``StorageError``."""
    from tavern_tui.session.modes.choosing import name_of

    counted: dict[str, int] = {}
    for name in names:
        try:
            tree = workspace.chats.open(name).tree
        except NotFoundError:
            continue  # it was taken away meanwhile
        if name_of(tree.properties) == "story":
            counted[name] = sum(len(turn.text.split()) for turn in tree.path() if not turn.hidden)
    return counted


def mark_favourite(workspace: Workspace, name: str, on: bool) -> None:
    """Mark the character called ``name`` a favourite, or no longer; its card stays as it is."""
    workspace.marks.set(Mark.FAVOURITE, name, on)


def in_order(characters: Iterable[CharacterRow]) -> tuple[CharacterRow, ...]:
    """Favourites first, then those last talked to, then by name."""
    return tuple(sorted(characters, key=lambda one: (not one.favourite, -one.last, one.title.casefold())))


def found_in(lists: HomeLists, typed: str) -> tuple[list[ChatRow], list[CharacterRow]]:
    """What has every word of ``typed``: chats in title, names and last line, characters in name, tags, creator, file.

    ``#word`` is a whole tag. Characters whose name begins as it was typed come first.
    """
    words = folded_text(typed)[0].split()
    tags = [word[1:] for word in words if word.startswith("#") and len(word) > 1]
    plain = [word for word in words if not word.startswith("#")]
    chats = [] if tags else [chat for chat in lists.chats if _all_in(plain, _chat_words(chat))]
    found = [one for one in lists.characters if _all_in(plain, _words(one)) and (not tags or _tagged(one, tags))]
    if plain:
        found.sort(key=lambda one: not _words(one).startswith(plain[0]))
    return chats, found


def _all_in(words: Sequence[str], text: str) -> bool:
    return all(word in text for word in words)


def _words(character: CharacterRow) -> str:
    """What is looked in: the words of the index, which begin with the name."""
    return character.words or folded_text(character.title)[0]


def _chat_words(chat: ChatRow) -> str:
    return folded_text(f"{chat.title} {' '.join(chat.characters)} {chat.line}")[0]


def _tagged(character: CharacterRow, tags: Sequence[str]) -> bool:
    listed = character.tag_list.casefold()
    if all(f'"{tag}"' in listed for tag in tags):
        return True  # as it stands there: of ten thousand, reading the JSON of each takes a tenth of a second
    if not _all_in(tags, _words(character)):
        return False
    return {folded_text(tag)[0] for tag in character.tags}.issuperset(tags)


def _lists(workspace: Workspace, listed: ListedCharacters, *, shows_private: bool) -> HomeLists:
    private = private_things(workspace)
    hidden = NOTHING_PRIVATE if shows_private else private
    favourites = workspace.marks.all()[Mark.FAVOURITE] if workspace.directories.marks.exists() else {}

    def shown(chats: Iterable[ChatRow]) -> tuple[ChatRow, ...]:
        return tuple(one for one in chats if not hidden.hides(one.name, one.characters)) if hidden else tuple(chats)

    characters = [
        replace(one, favourite=favourites.get(one.name, one.favourite), chats=shown(one.chats))
        if favourites or hidden
        else one
        for one in listed.rows
        if one.name not in hidden.characters
    ]
    chats = [*shown(listed.others), *(chat for one in characters for chat in one.chats)]
    chats.sort(key=lambda one: -one.last)
    return HomeLists(tuple(chats), in_order(characters), private, listed.progress)
