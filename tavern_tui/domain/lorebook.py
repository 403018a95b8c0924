"""Lorebooks: ``Lorebook`` and ``LoreEntry``, with what SillyTavern's world info and V2/V3 books can say in common.

The scan that decides which entries fire lives in ``prompt``; the codecs live in ``formats``. Fields and defaults:
``docs/spec/sillytavern-prompts.md`` §1.2, §2.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any


class _Nothing(Mapping[str, Any]):
    """A mapping that holds nothing; hashable, as dataclasses want their defaults (``mappingproxy`` is from 3.12 on)."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "EMPTY"


EMPTY: Mapping[str, Any] = _Nothing()


class LorePosition(IntEnum):
    """Where an entry's text goes; the numbers are SillyTavern's."""

    BEFORE_CHARACTER = 0
    AFTER_CHARACTER = 1
    NOTE_TOP = 2
    NOTE_BOTTOM = 3
    AT_DEPTH = 4
    EXAMPLES_TOP = 5
    EXAMPLES_BOTTOM = 6
    OUTLET = 7


class SelectiveLogic(IntEnum):
    """How the secondary keys decide; the numbers are SillyTavern's."""

    AND_ANY = 0
    NOT_ALL = 1
    NOT_ANY = 2
    AND_ALL = 3


class InjectionRole(Enum):
    """Who seems to say an injected text."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class LoreSource(Enum):
    """A text beside the turns in which an entry may have its keys looked for."""

    PERSONA = "persona description"
    DESCRIPTION = "character description"
    PERSONALITY = "character personality"
    CHARACTER_NOTE = "character note"
    SCENARIO = "scenario"
    CREATOR_NOTES = "creator notes"


class KeyMatching(Enum):
    """How a book's keys are looked for.

    ``SILLYTAVERN``: in the newest turns, ``/pattern/flags`` is a regular expression, words and case by the settings.
    ``KOBOLD``: plain substrings of the newest characters of the story, no regular expressions, no recursion.
    """

    SILLYTAVERN = "sillytavern"
    KOBOLD = "kobold"


@dataclass(frozen=True, slots=True)
class LoreEntry:
    """One entry. ``order``: higher stands nearer to the end of the prompt and gets budget first. ``depth`` in turns.

    ``scan_depth``, ``case_sensitive``, ``match_whole_words`` and ``use_group_scoring`` of ``None`` mean: as the scan's
    settings say. ``probability`` is a percentage. ``group`` lists inclusion groups
    between commas. ``delay_until_recursion`` is the level of the recursion pass from which on the entry may fire, 0 for
    any pass. ``sticky``, ``cooldown`` and ``delay`` count turns. ``characters`` names those for whom the entry may
    fire, or may not where ``except_characters``; empty is everybody; ``tags`` does so by the character's tags.
    ``extra`` holds every field of the source that this type does not model, and those written in another way than it
    would write them, for the way back. ``outlet`` names the place of an entry whose position is one.
    ``triggers`` are the kinds of generation in which the entry may fire, in SillyTavern's words; empty is all.
    ``ignore_budget``: neither counted nor stopped by the budget. ``also_scans``: where keys are looked for beside the
    turns. ``exclude_keys``: none of them may stand there where ``selective`` (Kobold's). ``priority``: the lowest is
    left out first where the book's own budget is short. ``use_regex``: every key is a regular expression (V3); then
    secondary keys and ``constant`` do not count.
    """

    uid: int = 0
    keys: tuple[str, ...] = ()
    secondary_keys: tuple[str, ...] = ()
    content: str = ""
    comment: str = ""
    enabled: bool = True
    constant: bool = False
    selective: bool = True
    selective_logic: SelectiveLogic = SelectiveLogic.AND_ANY
    order: int = 100
    position: LorePosition = LorePosition.BEFORE_CHARACTER
    depth: int = 4
    role: InjectionRole = InjectionRole.SYSTEM
    scan_depth: int | None = None
    case_sensitive: bool | None = None
    match_whole_words: bool | None = None
    probability: float = 100.0
    group: str = ""
    group_override: bool = False
    group_weight: float = 100.0
    use_group_scoring: bool | None = None
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    delay_until_recursion: int = 0
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    characters: tuple[str, ...] = ()
    except_characters: bool = False
    extra: Mapping[str, Any] = EMPTY
    outlet: str = ""
    triggers: tuple[str, ...] = ()
    ignore_budget: bool = False
    also_scans: tuple[LoreSource, ...] = ()
    tags: tuple[str, ...] = ()
    exclude_keys: tuple[str, ...] = ()
    priority: int | None = None
    use_regex: bool = False


@dataclass(frozen=True, slots=True)
class Lorebook:
    """A named list of entries. ``extra`` holds the unmodelled fields of the source at book level.

    ``scan_depth``, ``token_budget`` and ``recursive_scanning`` of ``None`` mean: as the scan's settings say.
    ``search_characters`` is how much of the story's end a book of ``KOBOLD`` is looked for in, 0 for all that fits.
    """

    name: str
    entries: tuple[LoreEntry, ...] = ()
    description: str = ""
    scan_depth: int | None = None
    token_budget: int | None = None
    recursive_scanning: bool | None = None
    extra: Mapping[str, Any] = field(default=EMPTY)
    matching: KeyMatching = KeyMatching.SILLYTAVERN
    search_characters: int = 0
