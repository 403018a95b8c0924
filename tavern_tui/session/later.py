"""``later``: a text that was edited goes on being read as it was until the history is cut again.

An edit counts in the very next prompt, and everything behind it is read again. Who does not want that now keeps the old
text: the cut reads or moves what follows anyway. What was switched off, hidden or taken away is gone all the same. The
old texts are a property of the chat. Which they are is known from a small file beside the last prompt's record, and of
turns from the chat's log.

The property ``later``: the ``cut`` until which it counts, ``texts`` by their places, ``turns`` by their ids.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.errors import StorageError, TavernError
from tavern_tui.domain.events import PropertySet, TextEdited, TextExtended, TurnAdded, TurnTokens
from tavern_tui.session.whole_prompt import LATER, planned
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from tavern_tui.domain.chat import ChatTree, Turn
    from tavern_tui.domain.events import ChatEvent
    from tavern_tui.domain.lorebook import Lorebook
    from tavern_tui.domain.request import Segment
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.session.connection import Ready
    from tavern_tui.session.options import ReplyOptions
    from tavern_tui.session.session import ChatSession
    from tavern_tui.storage.chats import ChatLog

_SUFFIX: Final = ".texts.json"
_LARGEST: Final = 4 * 1024 * 1024  # bytes
_CARD: Final = {
    "description": "description",
    "personality": "personality",
    "scenario": "scenario",
    "system_prompt": "system prompt",
    "post_history_instructions": "post-history instructions",
    "example_dialogue": "example dialogue",
}
_OWN: Final = {
    "system_text": "the system text",
    "post_history_text": "your post-history instructions",
    "scenario": "the chat's scenario",
}
_BOOKS: Final = ("lorebooks", "chat_lorebooks", "persona_lorebooks", "global_lorebooks")
_NAMED: Final = 3  # of what is held, in one sentence


@dataclass(frozen=True, slots=True)
class Place:
    """A text in a prompt's input: its ``key``, what it is called, and the input with another in its place."""

    key: str
    name: str
    text: str
    put: Callable[[PromptInput, str], PromptInput]


def keep(log: ChatLog, given: PromptInput, plan: PromptPlan) -> None:
    """Keep the texts that a prompt was made of, in the place of the last one's. Blocks.

    A disk that refuses keeps none, and nobody is told.
    """
    fired = {part.source for part in plan.included if part.kind.value == "lore"}
    texts = {one.key: one.text for one in _places(given, fired)}
    try:
        write_atomic(_path(log), json.dumps(texts, ensure_ascii=True, separators=(",", ":")).encode("ascii"))
    except StorageError:
        pass  # without it an edit counts at once, as it does without being asked


async def hold(session: ChatSession) -> str:
    """Let what was edited since the last prompt be read as it was, until the next cut; what to say about it.

    Raises ``StorageError``, and what ``ChatSession.plan`` raises.
    """
    given = (await session.prepared()).given
    texts = {**_held(session.tree).get("texts", {})}
    names = []
    last = _last(session.log)
    for one in _places(given, None):
        before = last.get(one.key)
        if before and one.text.strip() and before != one.text:
            texts[one.key] = before
            names.append(one.name)
    turns = {**_held(session.tree).get("turns", {})}
    for turn, said in _edited(session):
        turns[turn] = said
        names.append(f"turn {session.turn_number(turn)}")
    waiting = [replace(one, waits=True) for one in _new_summaries(session.tree)]
    names += ["the summary"] * bool(waiting)
    if not names:
        return "Nothing that was read was changed since the last reply"
    cut = session.tree.cuts[-1] if session.tree.cuts else ""
    value = {"cut": cut, "texts": texts, "turns": turns}
    await session.changes.write(PropertySet(LATER, value), *(one.as_property() for one in waiting))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"Read as before until turns leave: {', '.join(names[:_NAMED])}{more} · /later off reads the new text"


async def let_go(session: ChatSession) -> str:
    """Let every edit count from the next prompt on; what to say about it. Raises ``StorageError``."""
    if LATER not in session.tree.properties:
        return "Every edit counts already"
    await session.changes.write(PropertySet(LATER, None))
    return "Every edit counts from the next reply on"


async def planned_with_old_texts(
    session: ChatSession, given: PromptInput, ready: Ready, options: ReplyOptions
) -> tuple[PromptInput, PromptPlan, tuple[Segment, ...]]:
    """The input, the plan and the prompt that is sent; with the old texts where they are wanted and nothing is cut."""
    held = _held(session.tree)
    if not held:
        return given, *await planned(given, ready, options, session.connection)
    from tavern_tui.prompt.lore_text import Recalled

    given = replace(given, turns=Recalled(given.turns))  # they may be walked twice
    old = with_old_texts(given, held)
    plan, prompt = await planned(old, ready, options, session.connection)
    if plan.kept is not None and plan.kept.first_turn:
        return given, *await planned(given, ready, options, session.connection)
    return old, plan, prompt


def with_old_texts(given: PromptInput, held: Mapping[str, Any]) -> PromptInput:
    """``given`` with the texts of ``held`` where there is still something to be read."""
    texts: Mapping[str, str] = held.get("texts", {})
    for one in _places(given, None):
        before = texts.get(one.key)
        if isinstance(before, str) and one.text.strip():
            given = one.put(given, before)
    turns = held.get("turns", {})
    return replace(given, turns=(_as_it_was(turn, turns.get(turn.id)) for turn in given.turns)) if turns else given


def _held(tree: ChatTree) -> Mapping[str, Any]:
    """What is held in a chat; empty where nothing is, or where the history was cut since."""
    held = tree.properties.get(LATER)
    cut = tree.cuts[-1] if tree.cuts else ""
    if not isinstance(held, dict) or held.get("cut") != cut:
        return {}
    return {name: held[name] for name in ("texts", "turns") if isinstance(held.get(name), dict)}


def _places(given: PromptInput, fired: set[str] | None) -> Iterator[Place]:
    """The texts that a person can edit, of lore those of the entries ``fired``; ``None`` for all."""
    for name, said in _CARD.items():
        yield Place(f"card {name}", f"{given.character.name}'s {said}", getattr(given.character, name), _of_card(name))
    for name, said in _OWN.items():
        yield Place(name, said, getattr(given, name), _own(name))
    if given.note is not None:
        yield Place("note", "the author's note", given.note.text, _of_note)
    yield Place("persona", "your persona", given.persona.description, _of_persona)
    for kind in _BOOKS:
        for at, book in enumerate(getattr(given, kind)):
            yield from _of_book(kind, at, book, fired)


def _of_book(kind: str, at: int, book: Lorebook, fired: set[str] | None) -> Iterator[Place]:
    for place, entry in enumerate(book.entries):
        title = entry.comment or ", ".join(entry.keys) or str(entry.uid)
        if entry.enabled and (fired is None or any(title in source for source in fired)):
            yield Place(f"{kind} {book.name} {entry.uid}", f"'{title}'", entry.content, _of_entry(kind, at, place))


def _of_card(name: str) -> Callable[[PromptInput, str], PromptInput]:
    return lambda given, text: replace(given, character=replace(given.character, **{name: text}))  # type: ignore[arg-type]


def _own(name: str) -> Callable[[PromptInput, str], PromptInput]:
    return lambda given, text: replace(given, **{name: text})  # type: ignore[arg-type]


def _of_note(given: PromptInput, text: str) -> PromptInput:
    return replace(given, note=replace(given.note, text=text)) if given.note is not None else given


def _of_persona(given: PromptInput, text: str) -> PromptInput:
    return replace(given, persona=replace(given.persona, description=text))


def _of_entry(kind: str, at: int, place: int) -> Callable[[PromptInput, str], PromptInput]:
    def put(given: PromptInput, text: str) -> PromptInput:
        books = list(getattr(given, kind))
        entries = list(books[at].entries)
        entries[place] = replace(entries[place], content=text)
        books[at] = replace(books[at], entries=tuple(entries))
        return replace(given, **{kind: tuple(books)})  # type: ignore[arg-type]

    return put


def _edited(session: ChatSession) -> Iterator[tuple[str, dict[str, Any]]]:
    """Turns whose text a person changed since the last prompt, with what they said when it was made."""
    from tavern_tui.session import prompt_records

    record = prompt_records.last(session.log)
    events = session.log.events
    made = next((at for at, event in enumerate(events) if record is not None and event.id == record.turn), None)
    if made is None:
        return
    changed = {event.body.turn for event in events[made + 1 :] if isinstance(event.body, TextEdited)}
    for turn in changed & session.tree.turns.keys():
        before = _said(events[: made + 1], turn)
        if before is not None and before["text"] != session.tree.turns[turn].text:
            yield turn, before


def _said(events: list[ChatEvent], turn: str) -> dict[str, Any] | None:
    """The text of a turn as these events leave it, with its token ids where it has some of its own."""
    for event in reversed(events):
        body = event.body
        if isinstance(body, TextEdited) and body.turn == turn:
            return {"text": body.text}
        if (isinstance(body, TextExtended) and body.turn == turn) or (isinstance(body, TurnAdded) and event.id == turn):
            tokens = body.tokens
            ids = {"fingerprint": tokens.fingerprint, "ids": list(tokens.ids)} if tokens is not None else {}
            return {"text": body.text, **ids}
    return None


def _as_it_was(turn: Turn, before: Any) -> Turn:
    match before:
        case {"text": str(text), "fingerprint": str(fingerprint), "ids": list(ids)}:
            return replace(turn, text=text, tokens=TurnTokens(fingerprint, tuple(ids)))
        case {"text": str(text)}:
            return replace(turn, text=text, tokens=None)
        case _:
            return turn


def _new_summaries(tree: ChatTree) -> list[Any]:
    """Summaries of a person's that stand in the place of others and were in no prompt yet."""
    from tavern_tui.session.summaries.versions import YOU, in_force

    entered = {placed.key for texts in tree.placed.values() for placed in texts}
    return [one for one in in_force(tree) if one.by == YOU and one.over and not one.waits and one.key not in entered]


def _last(log: ChatLog) -> dict[str, str]:
    """The texts of the chat's last prompt; empty where they are not known."""
    path = _path(log)
    try:
        found = json.loads(read_bytes(path, _LARGEST)) if path.is_file() else {}
    except (TavernError, ValueError, RecursionError):
        return {}
    return {key: text for key, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def _path(log: ChatLog) -> Path:
    return log.state / f"{log.key}{_SUFFIX}"
