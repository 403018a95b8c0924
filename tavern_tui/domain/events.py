"""Chat events: what happened in a chat, one immutable fact each.

A chat is the set of its events; ``domain.chat`` folds them into a tree of turns, ``formats.chatlog`` writes them down.
Events are ordered by ``(lamport, id)``, which every copy of a chat agrees on (``docs/architecture.md`` §3.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tavern_tui.domain.alternatives import TokenChoice
from tavern_tui.domain.lorebook import EMPTY


class Speaker(Enum):
    """Who a turn belongs to."""

    USER = "user"
    CHARACTER = "character"
    NARRATOR = "narrator"


@dataclass(frozen=True, slots=True)
class TurnTokens:
    """The ids that a model sampled for a turn's text, valid for the vocabulary named by ``fingerprint``.

    Kept only where tokenising the text anew would give other ids.
    """

    fingerprint: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Roll:
    """A roll of the dice on a turn: what was thrown (``1d20+2``), the sum, and what the outcome table calls it.

    ``means`` is what a table of one's own tells the narrator of it.
    """

    dice: str
    total: int
    outcome: str = ""
    means: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a reply came about: tokens, milliseconds, and why it ended. ``None`` where the engine did not tell.

    ``template`` and ``policy`` are what its prompt was made with; empty where a reply not far above says the same
    (``ChatTree.made_with``), and in replies of earlier versions. ``shifted`` prompt tokens were in the cache at another
    place and moved instead of read; ``None`` also where there were none. A seed gives the same reply again only where
    nothing was ``reused`` or ``shifted``. ``predicted`` is how many tokens were expected to be ``evaluated``, and where
    that was much, ``cause`` says which part broke what had been read, and at which token. ``summary`` says of which
    turns a summary was read in their place.
    """

    engine: str = ""
    model: str = ""
    stop: str = ""
    seed: int | None = None
    evaluated: int | None = None
    reused: int | None = None
    generated: int | None = None
    prompt_ms: float | None = None
    generation_ms: float | None = None
    template: str = ""
    policy: str = ""
    shifted: int | None = None
    predicted: int | None = None
    cause: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class ChatStarted:
    """The chat exists. ``characters`` are library names; ``persona`` is the user's name in this chat."""

    title: str
    characters: tuple[str, ...] = ()
    persona: str = ""


@dataclass(frozen=True, slots=True)
class TurnAdded:
    """A finished turn under ``parent`` (a turn's id, empty for the first); its id is the event's.

    ``text`` is what is shown and what prompts read. ``raw`` is the model's text before clean-up where that differs.
    ``interrupted`` says that the writer vanished or the link broke before the reply was complete. ``lore`` names the
    lore entries that the reply's prompt held because they had fired; ``roll`` is the roll that the turn was made with.
    ``alternatives`` are what might have stood at the place of each token; their texts joined begin the raw text, the
    first of them being the beginning that the reply was given. ``hidden``: it came so from another program; ``source``
    is what that program's file said of it besides, packed (``formats.packed_facts``), ``None`` for nothing.
    """

    parent: str
    speaker: Speaker
    name: str
    text: str
    raw: str | None = None
    reasoning: str = ""
    interrupted: bool = False
    receipt: Receipt | None = None
    tokens: TurnTokens | None = None
    lore: tuple[str, ...] = ()
    roll: Roll | None = None
    alternatives: tuple[TokenChoice, ...] = ()
    hidden: bool = False
    source: Any = None


@dataclass(frozen=True, slots=True)
class TextExtended:
    """A reply was continued: ``text`` (and ``raw``) is the whole new text of ``turn``."""

    turn: str
    text: str
    raw: str | None = None
    interrupted: bool = False
    receipt: Receipt | None = None
    tokens: TurnTokens | None = None


@dataclass(frozen=True, slots=True)
class TextEdited:
    """A person changed a turn's text."""

    turn: str
    text: str


@dataclass(frozen=True, slots=True)
class TurnHidden:
    """A turn is left out of prompts (or no longer is)."""

    turn: str
    hidden: bool = True


@dataclass(frozen=True, slots=True)
class TurnDeleted:
    """A turn and everything below it leave the tree; the log keeps them, and undoing this brings them back."""

    turn: str


@dataclass(frozen=True, slots=True)
class TurnMoved:
    """A turn, with everything below it, hangs under ``parent`` now (a turn's id, empty for the first place).

    So that in a story a passage can be put between two turns, and what follows keeps its turns.
    """

    turn: str
    parent: str


@dataclass(frozen=True, slots=True)
class TipMoved:
    """The reader looks at ``turn`` now: another swipe, another branch."""

    turn: str


@dataclass(frozen=True, slots=True)
class PropertySet:
    """A property of the chat (``title``, ``note``, ``response_tokens`` …) has this value now; ``None`` unsets it."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text that was put into the history and stays there: a lore entry, a stated note.

    ``key`` says what it is, ``mark`` changes with what it was made of. ``text`` is what was written, its macros
    expanded. It stands directly under the turn ``below`` (a turn's id, empty: above the first), and leaves with it.
    """

    key: str
    mark: str
    text: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class KeptHead:
    """The beginning of a prompt as it was made, so that it is made the same again.

    ``key`` changes with the texts that a person wrote into it. ``at`` is the moment that its macros tell, in Unix
    seconds; ``lore`` the entries that stand in it; ``examples`` how many blocks of example dialogue follow it.
    """

    key: str
    at: float = 0.0
    lore: tuple[PlacedText, ...] = ()
    examples: int = 0


@dataclass(frozen=True, slots=True)
class PromptKept:
    """What the prompt for a reply under ``turn`` did, as far as later prompts of the chat go on from it.

    ``first_turn`` is the oldest turn of a history that was cut here, empty where it was not; ``placed`` are texts that
    were put into the history. A ``head`` was made here; one without a key says that the next prompt makes it anew.
    """

    turn: str
    first_turn: str = ""
    placed: tuple[PlacedText, ...] = ()
    head: KeptHead | None = None


@dataclass(frozen=True, slots=True)
class SourceTold:
    """Another program's file says something else of ``turn`` by now: a new ``TurnAdded.source``."""

    turn: str
    source: Any


@dataclass(frozen=True, slots=True)
class Undone:
    """The event with id ``event`` no longer counts. Undoing an ``Undone`` is redo."""

    event: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event of a kind that this version does not know: kept, skipped. ``data`` is the whole record as read."""

    kind: str
    data: Mapping[str, Any] = EMPTY


Body = (
    ChatStarted
    | TurnAdded
    | TextExtended
    | TextEdited
    | TurnHidden
    | TurnDeleted
    | TurnMoved
    | TipMoved
    | PropertySet
    | SourceTold
    | PromptKept
    | Undone
    | Unknown
)


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """One event of a chat log.

    ``writer`` is the device's id; ``lamport`` is greater than that of every event the writer knew; ``parents`` are the
    newest events it knew (the log's heads); ``at`` is Unix time in seconds. ``extra`` holds unknown fields of a known
    kind. ``format`` is the version of the log's format that the writer spoke; ``program`` is the version of the
    program that wrote it, where it says so (a chat's first event, and every event of a newer format).
    """

    id: str
    writer: str
    lamport: int
    body: Body
    parents: tuple[str, ...] = ()
    at: float = 0.0
    format: int = 1
    program: str = ""
    extra: Mapping[str, Any] = field(default=EMPTY)

    @property
    def order(self) -> tuple[int, str]:
        """The key that every copy of the log sorts by."""
        return (self.lamport, self.id)
