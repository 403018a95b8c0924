"""The versions of a chat's summaries: facts in its log, each under a key of its own, and which of them are in force.

A version covers the turns of one path from the one below ``after`` to ``until``. Nothing is overwritten: an edit, a
rewriting, an old version that counts again, and taking one away are each a new version that stands ``over`` others; the
text of the turns is never touched. Two devices that wrote one each have both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import uuid4

from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.summary import KEY, StorySummary, Summaries

MODEL: Final = "model"
"""Who wrote a version: a model, as it was asked to."""
YOU: Final = "you"
"""Who wrote a version: a person, with their own hand or by choosing an older one again."""
MOST_CHARACTERS: Final = 20_000
"""A longer text is no summary; what is beyond is left out."""
_TYPES: Final[Mapping[str, type]] = {
    "text": str,
    "after": str,
    "until": str,
    "by": str,
    "at": float,
    "frozen": bool,
    "waits": bool,
    "read": int,
}


@dataclass(frozen=True, slots=True)
class Version:
    """One version. ``by`` is ``MODEL``, ``YOU`` or the name of the program that it came from, ``at`` Unix seconds.

    ``over`` are the ids of the versions in whose place it stands. ``frozen``: no model writes it anew; ``waits``: it is
    read from the next cut of the history on. A version without text takes those ``over`` which it stands away. ``read``
    is how many tokens the engine read to write it, 0 where nobody knows.
    """

    id: str
    text: str
    after: str = ROOT
    until: str = ROOT
    by: str = MODEL
    at: float = 0.0
    over: tuple[str, ...] = ()
    frozen: bool = False
    waits: bool = False
    read: int = 0

    @property
    def key(self) -> str:
        """The chat's property that holds it."""
        return KEY + self.id

    @property
    def kept_as_it_is(self) -> bool:
        """Whether no model may write another in its place without being asked for just that."""
        return self.frozen or self.by != MODEL

    def as_property(self) -> PropertySet:
        """The event that keeps it."""
        values = asdict(self)
        values["over"] = list(self.over)
        return PropertySet(self.key, {name: value for name, value in values.items() if name != "id" and value})


def versions(tree: ChatTree) -> list[Version]:
    """All versions that the chat keeps, in the order in which they were written."""
    found = ((key.removeprefix(KEY), value) for key, value in tree.properties.items() if key.startswith(KEY))
    return [one for one in (_read(name, value) for name, value in found) if one is not None]


def version(tree: ChatTree, name: str) -> Version:
    """The version whose id begins with ``name``. Raises ``NotFoundError``."""
    found = [one for one in versions(tree) if name and one.id.startswith(name)]
    if len(found) != 1:
        raise NotFoundError(f"There is no version “{name}” of a summary in this chat.", hint="--versions lists them.")
    return found[0]


def made(text: str, over: Iterable[Version] = (), **fields: Any) -> Version:
    """A new version, with an id of its own, that stands over others."""
    return Version(uuid4().hex[:8], text.strip()[:MOST_CHARACTERS], over=tuple(one.id for one in over), **fields)


def in_force(tree: ChatTree, path: Sequence[Turn] | None = None, *, waiting: bool = True) -> list[Version]:
    """The versions that count on ``path`` (the reader's by default), those of the oldest turns first.

    Without ``waiting`` those are passed over that wait for the next cut and were in no prompt yet.
    """
    all_versions = versions(tree)
    if not all_versions:
        return []
    places = {turn.id: place for place, turn in enumerate(tree.path() if path is None else path)}
    here = [one for one in all_versions if one.until in places and (one.after == ROOT or one.after in places)]
    if not waiting and any(one.waits for one in here):
        entered = {placed.key for texts in tree.placed.values() for placed in texts}
        here = [one for one in here if not one.waits or one.key in entered]
    superseded = {name for one in here for name in one.over}
    counting = [one for one in here if one.id not in superseded and one.text]
    return sorted(counting, key=lambda one: places[one.until])


def summaries_for(tree: ChatTree, parent: str) -> Summaries:
    """The summaries as a prompt for a reply under ``parent`` takes them."""
    path = tree.path(parent)
    return Summaries(
        tuple(_told(one, path) for one in in_force(tree, path, waiting=False)),
        tuple(_told(one, path) for one in in_force(tree, path)),
    )


def covers(one: Version, path: Sequence[Turn]) -> str:
    """Which turns a version tells of, as people count them: ``turns 1–212``; ``turns elsewhere`` on another path."""
    numbers = {turn.id: number for number, turn in enumerate(path, 1)}
    last = numbers.get(one.until, 0)
    first = numbers.get(one.after, 0) + 1
    if not last or (one.after != ROOT and one.after not in numbers):
        return "turns elsewhere"
    return turns_told(first, last)


def turns_told(first: int, last: int) -> str:
    """``turn 4``, ``turns 1–212``."""
    return f"turn {last}" if first >= last else f"turns {first:,}–{last:,}"


def edited(one: Version, text: str, at: float, *, later: bool = False) -> Version:
    """``one`` with a person's own text; ``later``: to be read from the next cut of the history on."""
    return made(text, [one], after=one.after, until=one.until, by=YOU, at=at, frozen=one.frozen, waits=later)


def restored(one: Version, counting: Sequence[Version], at: float) -> Version:
    """``one`` again in the place of what counts now for those turns."""
    return made(one.text, _beside(one, counting), after=one.after, until=one.until, by=YOU, at=at, frozen=one.frozen)


def taken_away(one: Version, at: float) -> Version:
    """What takes ``one`` out of prompts; it stays among the versions."""
    return made("", [one], after=one.after, until=one.until, by=YOU, at=at)


def frozen(one: Version, on: bool) -> Version:
    """``one``, to be left as it is by whoever writes the next, or not any more."""
    return replace(one, frozen=on)


def _beside(one: Version, counting: Sequence[Version]) -> list[Version]:
    """Of those that count the ones that begin where ``one`` does, and those that rest on them."""
    same = [other for other in counting if other.after == one.after]
    ends = {other.until for other in same} - {one.until}
    return same + [other for other in counting if other.after in ends]


def _told(one: Version, path: Sequence[Turn]) -> StorySummary:
    """A version as a prompt takes it: its first turn is the first that is not hidden."""
    below = one.after == ROOT
    first = one.until
    for turn in path:
        if below and not turn.hidden:
            first = turn.id
            break
        below = below or turn.id == one.after
    return StorySummary(one.key, one.text, f"summary of {covers(one, path)}", first)


def _read(name: str, value: Any) -> Version | None:
    """A version as it was kept; ``None`` for what is none."""
    if not isinstance(value, dict) or not isinstance(value.get("until"), str):
        return None
    known = {key: value[key] for key, kind in _TYPES.items() if type(value.get(key)) is kind}
    if type(value.get("at")) is int:
        known["at"] = float(value["at"])
    over = value.get("over")
    names = tuple(one for one in over if isinstance(one, str)) if isinstance(over, list) else ()
    return Version(name, **{"text": "", **known}, over=names)
