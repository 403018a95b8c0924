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


@dataclass(frozen=True, slots=True)
class LoreEntry:
    """One entry. ``order``: higher stands nearer to the end of the prompt and gets budget first. ``depth`` in turns.

    ``scan_depth``, ``case_sensitive``, ``match_whole_words`` and ``use_group_scoring`` of ``None`` mean: as the scan's
    settings say. ``probability`` is a percentage. ``group`` lists inclusion groups
    between commas. ``delay_until_recursion`` is the level of the recursion pass from which on the entry may fire, 0 for
    any pass. ``sticky``, ``cooldown`` and ``delay`` count turns. ``characters`` names those for whom the entry may
    fire, or may not where ``except_characters``; empty is everybody. ``extra`` holds every field of the source that
    this type does not model, and those written in another way than it would write them, for the way back.
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


@dataclass(frozen=True, slots=True)
class Lorebook:
    """A named list of entries. ``extra`` holds the unmodelled fields of the source at book level."""

    name: str
    entries: tuple[LoreEntry, ...] = ()
    description: str = ""
    scan_depth: int | None = None
    token_budget: int | None = None
    recursive_scanning: bool | None = None
    extra: Mapping[str, Any] = field(default=EMPTY)
