"""Named versions of a story: how it read at a moment, to be looked at, compared and brought back.

A version holds no text: it says which events of the chat there were, by the last one of each writer. So it costs a line
of the log, reads the same on every device that has these events, and what came later from elsewhere is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.chat import ChatTree, fold
from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.events import Body, ChatEvent, PropertySet, TextEdited, TipMoved, TurnHidden
from tavern_tui.session.story.difference import Change, changes

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession

NAMED: Final = "story version "
"""How the keys of the properties begin that are named versions; the name follows."""

MOST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """One version. ``at`` is when it was named, in Unix seconds; ``words`` it had then."""

    name: str
    at: float
    words: int
    tip: str
    seen: Mapping[str, int]


def named_versions(tree: ChatTree) -> list[NamedVersion]:
    """The named versions of a story, the newest first."""
    found = [_read(key.removeprefix(NAMED), value) for key, value in tree.properties.items() if key.startswith(NAMED)]
    return sorted((one for one in found if one is not None), key=lambda one: (one.at, one.name), reverse=True)


def version_named(tree: ChatTree, name: str) -> NamedVersion:
    """The version of that name, in any case of letters. Raises ``NotFoundError``."""
    every = named_versions(tree)
    found = next((one for one in every if one.name.casefold() == name.strip().casefold()), None)
    if found is None:
        hint = f"There are: {', '.join(one.name for one in every[:5])}" if every else "None has been named yet."
        raise NotFoundError(f"No version of this story is called {name}.", hint=hint)
    return found


async def name_version(story: StorySession, name: str) -> NamedVersion:
    """Call the story as it reads now ``name``; another version of that name is called so no longer.

    Raises ``SettingsError`` for no name or one that is too long, ``StorageError``.
    """
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME:
        raise SettingsError("A version needs a name.", hint=f"It has at most {MOST_NAME} characters.")
    await story.save()
    log = story.chat.log
    seen = seen_by(log.events)
    at = log.clock()
    version = NamedVersion(name, at, story.document.words(), story.tree.tip, seen)
    value = {"at": round(at), "words": version.words, "tip": version.tip, "seen": seen}
    await story.write(PropertySet(NAMED + name, value))
    return version


async def forget_version(story: StorySession, name: str) -> None:
    """Let no version be called ``name`` any more. Raises ``NotFoundError``, ``StorageError``."""
    await story.write(PropertySet(NAMED + version_named(story.tree, name).name, None))


def seen_by(events: Iterable[ChatEvent]) -> dict[str, int]:
    """The last event of each writer, by its Lamport number."""
    seen: dict[str, int] = {}
    for event in events:
        seen[event.writer] = max(seen.get(event.writer, 0), event.lamport)
    return seen


def text_of(version: NamedVersion, events: Iterable[ChatEvent], device: str) -> str:
    """How the story read; ``events`` are all of the chat's."""
    return _text(version, _then(version, events, device))


def compared(version: NamedVersion, story: StorySession) -> list[Change]:
    """What became of the story since: from the version to what it reads now."""
    log = story.chat.log
    return changes(text_of(version, log.events, log.device), story.document.text())


async def restore(story: StorySession, version: NamedVersion) -> None:
    """Make the story read as it did; turns that are as they were then stay so, and undo brings back what is now.

    Raises ``StorageError``.
    """
    await story.save()
    log = story.chat.log
    then = _then(version, log.events, log.device)
    text = _text(version, then)
    await story.do(lambda now: _back(version, then, now))
    if story.document.text() != text:
        await story.replace_all(text)


def _then(version: NamedVersion, events: Iterable[ChatEvent], device: str) -> ChatTree:
    return fold((event for event in events if event.lamport <= version.seen.get(event.writer, 0)), device)


def _text(version: NamedVersion, then: ChatTree) -> str:
    path = then.path(version.tip if version.tip in then.turns else None)
    return "".join(turn.text for turn in path if not turn.hidden)


def _back(version: NamedVersion, then: ChatTree, now: ChatTree) -> Sequence[Body]:
    """The events after which the path to the version's end reads as it did, but for turns that were moved since."""
    if version.tip not in now.turns:
        return ()
    bodies: list[Body] = [TipMoved(version.tip)] if now.tip != version.tip else []
    for turn in now.path(version.tip):
        before = then.turns.get(turn.id)
        if before is None or before.hidden:
            bodies += [] if turn.hidden else [TurnHidden(turn.id)]
            continue
        if before.text != turn.text:
            bodies.append(TextEdited(turn.id, before.text))
        if turn.hidden:
            bodies.append(TurnHidden(turn.id, False))
    return bodies


def _read(name: str, value: Any) -> NamedVersion | None:
    match value:
        case {"at": int(at), "words": int(words), "tip": str(tip), "seen": dict(seen)}:
            numbers = {key: one for key, one in seen.items() if isinstance(key, str) and type(one) is int}
            return NamedVersion(name, float(at), words, tip, numbers)
    return None
