"""The entries of a prompt's lorebooks in the order in which they are considered, decorators read.

Each source is sorted by ``order``, the highest first; which source comes first is the strategy's. The chat's books
always come first, then the persona's. A book that is there twice counts once.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``getSortedEntries``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tavern_tui.domain.lorebook import KeyMatching, Lorebook, LoreEntry
from tavern_tui.prompt.inputs import LoreSettings, LoreStrategy, Policy, PromptInput
from tavern_tui.prompt.lore_decorators import NO_CONDITIONS, Conditions, decorated
from tavern_tui.prompt.lore_keys import KeyForm

_LONGEST_TITLE = 100


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """An entry of a book in use. ``at`` is its place in the order in which entries are considered.

    ``entry`` is the book's with its decorators taken in, ``content`` its text without them; ``forced``, ``silenced``
    and ``conditions`` are what else they said. ``depth`` is the entry's or its book's own scan depth in turns.
    ``recurses`` is false where the book does not want recursion, ``starts_recursion`` is true where it wants it
    whatever the settings say. ``case_sensitive``, ``whole_words`` and ``form`` are how its keys are looked for.
    ``tail`` is how many characters of the story's end they are looked for in, instead of in turns: 0 for all.
    """

    at: int
    book: Lorebook
    entry: LoreEntry
    content: str
    forced: bool
    silenced: bool
    conditions: Conditions
    depth: int | None
    recurses: bool
    starts_recursion: bool
    case_sensitive: bool
    whole_words: bool
    form: KeyForm
    tail: int | None = None

    @property
    def title(self) -> str:
        """What the entry is called."""
        return title_of(self.entry)


def title_of(entry: LoreEntry) -> str:
    """An entry's title, else its first key, else its number."""
    named = (entry.comment, entry.extra.get("name"), *entry.keys)
    found = next((text.strip() for text in named if isinstance(text, str) and text.strip()), f"entry {entry.uid}")
    return found if len(found) <= _LONGEST_TITLE else f"{found[:_LONGEST_TITLE]}…"


def told(*entries: Listed) -> str:
    """What a plan calls a text of these entries: their titles, each with its book."""
    named = (f"{one.title} ({one.book.name})" if one.book.name else one.title for one in entries)
    return f"lore: {', '.join(named)}"


def sources(given: PromptInput) -> tuple[tuple[Lorebook, ...], ...]:
    """The books of a prompt by where they come from: the chat's, the persona's, the character's, the global ones."""
    return given.chat_lorebooks, given.persona_lorebooks, given.lorebooks, given.global_lorebooks


def listed(given: PromptInput) -> list[Listed]:
    """Every entry of the books in use, the one that is considered first first."""
    exact = given.policy is Policy.CLASSIC
    chat, persona, character, everywhere = sources(given)
    in_use = {id(book) for book in _unique((*everywhere, *chat, *persona, *character))}

    def entries(*books: Lorebook) -> list[tuple[Lorebook, LoreEntry]]:
        found = [(book, entry) for book in books if id(book) in in_use for entry in book.entries]
        return sorted(found, key=lambda one: -one[1].order)

    match given.lore.strategy:
        case LoreStrategy.EVENLY:
            rest = entries(*everywhere, *character)
        case LoreStrategy.CHARACTER_FIRST:
            rest = [*entries(*character), *entries(*everywhere)]
        case LoreStrategy.GLOBAL_FIRST:
            rest = [*entries(*everywhere), *entries(*character)]
    in_order = (*entries(*chat), *entries(*persona), *rest)
    return [_listed(at, book, entry, given.lore, exact=exact) for at, (book, entry) in enumerate(in_order)]


def _unique(books: Iterable[Lorebook]) -> Iterator[Lorebook]:
    """One book of each name; books without a name are all different."""
    seen: set[str] = set()
    for book in books:
        if not book.name or book.name not in seen:
            seen.add(book.name)
            yield book


def _listed(at: int, book: Lorebook, entry: LoreEntry, settings: LoreSettings, *, exact: bool) -> Listed:
    own = settings.book_settings
    kobold = book.matching is KeyMatching.KOBOLD
    said = None
    if entry.content.startswith("@@"):
        said = decorated(entry, exact=exact)
        entry = said.entry
    depth = entry.scan_depth
    if depth is None and own:
        depth = book.scan_depth
    wanted = book.recursive_scanning if own else None
    form = KeyForm.PLAIN if kobold else KeyForm.PATTERN if entry.use_regex and not exact else KeyForm.EITHER
    usual = not kobold and settings.match_whole_words
    return Listed(
        at=at,
        book=book,
        entry=entry,
        content=said.content if said else entry.content,
        forced=said is not None and said.forced,
        silenced=said is not None and said.silenced,
        conditions=said.conditions if said else NO_CONDITIONS,
        depth=depth,
        recurses=not kobold and (wanted is not False if exact or wanted is not None else settings.recursive),
        starts_recursion=wanted is True and not kobold,
        case_sensitive=settings.case_sensitive if entry.case_sensitive is None else entry.case_sensitive,
        whole_words=usual if entry.match_whole_words is None else entry.match_whole_words,
        form=form,
        tail=book.search_characters if kobold else None,
    )
