"""The entries of a prompt's lorebooks in the order in which they are considered, decorators read.

Each source is sorted by ``order``, the highest first; which source comes first is the strategy's. The chat's books
always come first. A book that is there twice counts once.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``getSortedEntries``, ``parseDecorators``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.inputs import LoreStrategy, Policy, PromptInput

_ACTIVATE = "@@activate"
_DONT_ACTIVATE = "@@dont_activate"


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """An entry of a book in use. ``content`` is without decorators; ``forced`` and ``silenced`` are what they said.

    ``depth`` is the entry's or its book's own scan depth. ``recurses`` is false where the book does not want recursion.
    """

    book: Lorebook
    entry: LoreEntry
    content: str
    forced: bool
    silenced: bool
    depth: int | None
    recurses: bool

    @property
    def title(self) -> str:
        """The entry's title, else its first key, else its number."""
        entry = self.entry
        return entry.comment.strip() or next((key for key in entry.keys if key.strip()), f"entry {entry.uid}")


def listed(given: PromptInput) -> list[Listed]:
    """Every entry of the books in use, the one that is considered first first."""
    own = given.lore.book_settings
    exact = given.policy is Policy.CLASSIC
    in_use = {id(book) for book in _unique((*given.global_lorebooks, *given.chat_lorebooks, *given.lorebooks))}

    def entries(*sources: Iterable[Lorebook]) -> list[Listed]:
        found = [
            _listed(book, entry, own=own, exact=exact)
            for source in sources
            for book in source
            if id(book) in in_use
            for entry in book.entries
        ]
        return sorted(found, key=lambda one: -one.entry.order)

    chat = entries(given.chat_lorebooks)
    character, everywhere = given.lorebooks, given.global_lorebooks
    match given.lore.strategy:
        case LoreStrategy.EVENLY:
            return [*chat, *entries(everywhere, character)]
        case LoreStrategy.CHARACTER_FIRST:
            return [*chat, *entries(character), *entries(everywhere)]
        case LoreStrategy.GLOBAL_FIRST:
            return [*chat, *entries(everywhere), *entries(character)]


def _unique(books: Iterable[Lorebook]) -> Iterator[Lorebook]:
    """One book of each name; books without a name are all different."""
    seen: set[str] = set()
    for book in books:
        if not book.name or book.name not in seen:
            seen.add(book.name)
            yield book


def _listed(book: Lorebook, entry: LoreEntry, *, own: bool, exact: bool) -> Listed:
    forced = silenced = False
    content = entry.content
    if content.startswith("@@"):
        decorators, content = decorated(content, exact=exact)
        forced, silenced = _ACTIVATE in decorators, _DONT_ACTIVATE in decorators
    depth = entry.scan_depth
    if depth is None and own:
        depth = book.scan_depth
    recurses = not (own and book.recursive_scanning is False)
    return Listed(book, entry, content, forced, silenced, depth, recurses)


def decorated(content: str, *, exact: bool) -> tuple[list[str], str]:
    """The decorators that are known here, and the text after them.

    A line with three ``@`` is what to do instead where the decorator before it is unknown. ``exact``: a text of
    nothing but decorators stays as it is, as in SillyTavern.
    """
    found: list[str] = []
    instead = False
    lines = content.split("\n")
    for at, line in enumerate(lines):
        if not line.startswith("@@"):
            return found, "\n".join(lines[at:])
        if line.startswith("@@@") and not instead:
            continue
        name = line.removeprefix("@") if line.startswith("@@@") else line
        instead = not name.startswith((_ACTIVATE, _DONT_ACTIVATE))
        if not instead:
            found.append(name)
    return found, content if exact else ""
