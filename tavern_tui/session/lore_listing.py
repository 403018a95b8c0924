"""The entries of one lorebook as a list: rows, found by words, picked out, sorted, and the sums above them. Pure.

What is worked out of an entry's texts is kept as long as the entry is the same, so that five thousand are filtered
while somebody types. Which entries fire now is ``session.lore_trial``'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition
from tavern_tui.prompt.lore_books import title_of
from tavern_tui.session.lore_keys_typed import entry_problem, write_keys

CHARACTERS_PER_TOKEN = 4
"""By which tokens are estimated until somebody counted."""

_SHORT_PLACES = {
    LorePosition.BEFORE_CHARACTER: "before char",
    LorePosition.AFTER_CHARACTER: "after char",
    LorePosition.NOTE_TOP: "note top",
    LorePosition.NOTE_BOTTOM: "note bottom",
    LorePosition.AT_DEPTH: "depth",
    LorePosition.EXAMPLES_TOP: "ex. top",
    LorePosition.EXAMPLES_BOTTOM: "ex. bottom",
    LorePosition.OUTLET: "outlet",
}


class Mode(Enum):
    """What lets an entry fire by itself: always, its keys, or nothing but a search by vectors, which is not made."""

    CONSTANT = "constant"
    KEYS = "keys"
    NEITHER = "no keys"


class Only(Enum):
    """Which entries are shown."""

    ALL = "all"
    FIRED_NOW = "fired now"
    NEVER_FIRED = "never fired here"
    NO_KEYS = "no keys"
    BROKEN = "broken pattern"
    DUPLICATE = "duplicate keys"
    OVER_BUDGET = "over budget"


class Sort(Enum):
    """In which order they are shown."""

    BOOK = "as in the book"
    TITLE = "title"
    ORDER = "order"
    TOKENS = "tokens"
    FIRED = "last fired"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class LoreNow:
    """What is known of the next prompt's lore: tokens by the numbers of those that fire, and who was ``cut``.

    ``budget`` is all of the lore's. ``reasons`` are those of both.
    """

    fired: Mapping[int, int] = field(default_factory=dict)
    cut: frozenset[int] = frozenset()
    reasons: Mapping[int, str] = field(default_factory=dict)
    budget: int = 0


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as the list shows it. ``tokens`` are estimated unless ``exact``; ``turn`` is when it last fired, 0 for
    never; ``words`` is what is searched in."""

    entry: LoreEntry
    title: str
    mode: Mode
    keys: str
    place: str
    tokens: int
    exact: bool
    turn: int
    now: bool
    words: str = field(repr=False, default="")
    problem: str = ""


class EntryList:
    """The entries of ``book``. ``turns`` are the titles that fired in the chat, each with its newest turn.

    ``counted`` are tokens by text, as far as somebody counted them.
    """

    def __init__(self, book: Lorebook, turns: Mapping[str, int] | None = None) -> None:
        self.book = book
        self.turns = turns or {}
        self.now: LoreNow | None = None
        self.counted: dict[str, int] = {}
        self._texts: dict[int, tuple[LoreEntry, str, str, str]] = {}
        self._problems: dict[int, tuple[LoreEntry, str]] = {}
        self._twice: frozenset[str] | None = None
        self._rows: list[EntryRow] | None = None

    def take(self, book: Lorebook) -> None:
        """Show another state of the book."""
        self.book, self._rows, self._twice = book, None, None

    def know(self, now: LoreNow | None) -> None:
        """Take up what fires in the next prompt; ``None`` where that is not known."""
        self.now, self._rows = now, None

    def count(self, counts: Mapping[str, int]) -> None:
        """Take up tokens by text."""
        self.counted.update(counts)
        self._rows = None

    def check(self) -> None:
        """Find out which keys cannot be searched for. Blocks, for seconds where thousands are patterns."""
        for one in self.book.entries:
            if (known := self._problems.get(one.uid)) is None or known[0] != one:
                self._problems[one.uid] = (one, entry_problem(one))
        self._rows = None

    def uncounted(self) -> list[str]:
        """The texts whose tokens are estimates."""
        return list(dict.fromkeys(one.content for one in self.book.entries if one.content not in self.counted))

    @property
    def rows(self) -> list[EntryRow]:
        """A row for every entry, in the book's order."""
        if self._rows is None:
            self._rows = [self._row(one) for one in self.book.entries]
        return self._rows

    def shown(self, words: str = "", only: Only = Only.ALL, sort: Sort = Sort.BOOK) -> list[EntryRow]:
        """The rows in which every word is found, in title, keys or text, in any case of letters."""
        wanted = words.casefold().split()
        picked = self._picked(only)
        found = [row for row in self.rows if picked(row) and all(word in row.words for word in wanted)]
        if sort is not Sort.BOOK:
            found.sort(key=_SORTED[sort])
        return found

    def header(self) -> list[str]:
        """The sums: how many there are, what is always in, and what fires now of how much room."""
        constant = [row for row in self.rows if row.mode is Mode.CONSTANT and row.entry.enabled]
        about = "" if all(row.exact for row in constant) else "~"
        many = len(self.rows)
        parts = [f"{many:,} entr{'y' if many == 1 else 'ies'}"]
        parts.append(f"{len(constant):,} constant = {about}{sum(row.tokens for row in constant):,} tokens")
        if self.now is not None:
            fired = self.now.fired
            parts.append(f"{len(fired):,} fired now = {sum(fired.values()):,} of {self.now.budget:,}")
        return parts

    def why(self, row: EntryRow) -> str:
        """Why an entry fires in the next prompt, or does not; what is wrong with it first."""
        if row.problem or self.now is None:
            return row.problem
        if reason := self.now.reasons.get(row.entry.uid, ""):
            return reason
        if not row.entry.enabled:
            return "It is switched off."
        if row.mode is Mode.NEITHER:
            return "It has no keys: nothing lets it fire."
        return "None of its keys is in what is searched."

    def _row(self, entry: LoreEntry) -> EntryRow:
        title, keys, words = self._said(entry)
        tokens = self.counted.get(entry.content)
        checked = self._problems.get(entry.uid)
        return EntryRow(
            entry,
            title,
            mode_of(entry),
            keys,
            place_of(entry),
            -(-len(entry.content) // CHARACTERS_PER_TOKEN) if tokens is None else tokens,
            tokens is not None,
            self.turns.get(title, 0),
            self.now is not None and entry.uid in self.now.fired,
            words,
            checked[1] if checked is not None and checked[0] == entry else "",
        )

    def _said(self, entry: LoreEntry) -> tuple[str, str, str]:
        """Its title, its keys, and what is searched in."""
        kept = self._texts.get(entry.uid)
        if kept is None or kept[0] != entry:
            title, keys = title_of(entry), write_keys((*entry.keys, *entry.secondary_keys))
            kept = self._texts[entry.uid] = (entry, title, keys, "\n".join((title, keys, entry.content)).casefold())
        return kept[1:]

    def _picked(self, only: Only) -> Callable[[EntryRow], bool]:
        now = self.now or LoreNow()
        match only:
            case Only.ALL:
                return lambda row: True
            case Only.FIRED_NOW:
                return lambda row: row.now
            case Only.NEVER_FIRED:
                return lambda row: not row.turn and not row.now
            case Only.NO_KEYS:
                return lambda row: row.mode is Mode.NEITHER
            case Only.BROKEN:
                return lambda row: bool(row.problem)
            case Only.OVER_BUDGET:
                return lambda row: row.entry.uid in now.cut or 0 < now.budget <= row.tokens
            case Only.DUPLICATE:
                twice = self._keys_twice()
                return lambda row: any(key.strip().casefold() in twice for key in row.entry.keys)

    def _keys_twice(self) -> frozenset[str]:
        if self._twice is None:
            keys = Counter(
                key for one in self.book.entries for key in {key.strip().casefold() for key in one.keys if key.strip()}
            )
            self._twice = frozenset(key for key, times in keys.items() if times > 1)
        return self._twice


def mode_of(entry: LoreEntry) -> Mode:
    """What lets the entry fire by itself."""
    if (entry.constant and not entry.use_regex) or entry.content.startswith("@@activate\n"):
        return Mode.CONSTANT
    return Mode.KEYS if any(key.strip() for key in entry.keys) else Mode.NEITHER


def place_of(entry: LoreEntry) -> str:
    """Where its text goes, in a word or two."""
    name = _SHORT_PLACES[entry.position]
    if entry.position is LorePosition.AT_DEPTH:
        return f"{name} {entry.depth}"
    return f"{name} {entry.outlet}".rstrip() if entry.position is LorePosition.OUTLET else name


def last_fired(tree: ChatTree, number: Callable[[str], int]) -> dict[str, int]:
    """The titles that fired for the replies on a chat's path, each with the number of the newest such turn."""
    found: dict[str, int] = {}
    for turn in tree.walk_back():
        for title in turn.lore:
            if title not in found:
                found[title] = number(turn.id)
    return found


def fired_last(tree: ChatTree) -> Sequence[str]:
    """The titles that the newest reply's prompt held because they had fired."""
    return next((turn.lore for turn in tree.walk_back() if turn.lore), ())


def titles_in(book: Lorebook) -> set[str]:
    """What the entries of a book are called."""
    return {title_of(one) for one in book.entries}


_SORTED: Mapping[Sort, Callable[[EntryRow], tuple[object, ...]]] = {
    Sort.TITLE: lambda row: (row.title.casefold(),),
    Sort.ORDER: lambda row: (-row.entry.order, row.title.casefold()),
    Sort.TOKENS: lambda row: (-row.tokens,),
    Sort.FIRED: lambda row: (not row.now, -row.turn, row.title.casefold()),
    Sort.PLACE: lambda row: (row.entry.position, row.entry.depth, -row.entry.order),
}
