"""What of another program's chat is new to a chat of ours: the events that bring it, and nothing twice.

A file that is imported again is an update: turns that are there already are found again by their text, or by their time
where the text was edited there; new ones hang where they belong, so that what was added on both sides becomes two
branches. Ids come from the content: two devices that import the same file write the same events. Source:
``docs/ux.md`` §9. Reading files and choosing the chat: ``chat_import``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import tavern_tui
from tavern_tui.domain.chat import ROOT, ChatTree
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    ChatStarted,
    PropertySet,
    SourceTold,
    TextEdited,
    TextExtended,
    TipMoved,
    TurnAdded,
    TurnHidden,
)
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import NOWHERE, ToldChat, ToldTurn
from tavern_tui.formats.chatlog import FORMAT
from tavern_tui.formats.packed_facts import pack, unpack
from tavern_tui.session.author_note import NOTE
from tavern_tui.session.bookmarks import BOOKMARK
from tavern_tui.session.chat_variables import VARIABLE
from tavern_tui.session.lore import PROPERTY as LORE

WRITER: Final = "in"
"""Who wrote what came from other programs. No device is called so: their ids are longer."""

SHAPE: Final = "shape "
"""How the keys of the properties begin that hold shapes of packed facts; the shape's name follows."""

FILE: Final = "file "
"""How the keys of the properties begin that hold what a file said of the chat; the file's title follows."""

_ID = 10  # characters of a turn's id: 60 bits


@dataclass(frozen=True, slots=True)
class Merging:
    """``events`` bring what is new; ``turns`` of them are turns. ``end`` is the turn that the file ends with.

    ``move`` says that the reader, who was above it, is to be taken there.
    """

    events: tuple[ChatEvent, ...]
    turns: int
    end: str
    move: bool
    remarks: tuple[Remark, ...] = ()


def chat_id(chat: ToldChat) -> str:
    """The id of our chat for a foreign one: the same for its file, its later states and its branches."""
    first = [(turn.name, turn.text) for turn in chat.turns[:2]]
    return _hash("chat", chat.format, chat.origin or repr((chat.title, first)))


def first_events(chat: ToldChat, when: float) -> Merging:
    """The events of a new chat that holds ``chat``; ``when`` (Unix time) stands for times that it does not say."""
    started = ChatEvent(
        id=chat_id(chat),
        writer=WRITER,
        lamport=1,
        body=ChatStarted(chat.title, chat.characters, chat.persona),
        at=next((float(round(turn.at)) for turn in chat.turns if turn.at), when),
        format=FORMAT,
        program=tavern_tui.__version__,
    )
    return _Merge(chat, ChatTree(), [started], when).merged(begun=True)


def new_events(chat: ToldChat, tree: ChatTree, events: Sequence[ChatEvent], when: float) -> Merging:
    """The events that bring what is new in ``chat`` to a chat of ours; ``events`` are all of its own, in order."""
    return _Merge(chat, tree, list(events), when).merged(begun=False)


@dataclass(slots=True)
class _Known:
    """What has been said of one of our turns so far: every text it had, and what the last import said."""

    texts: set[str] = field(default_factory=set)
    told: str | None = None
    hidden: bool = False


class _Merge:
    """One merge of ``chat`` into ``tree``, whose events are ``events``."""

    def __init__(self, chat: ToldChat, tree: ChatTree, events: list[ChatEvent], when: float) -> None:
        self._chat = chat
        self._tree = tree
        self._known = _known(events)
        self._ids = {event.id for event in events}
        self._begun = events[:1]
        self._lamport = max((event.lamport for event in events), default=0)
        self._out: list[ChatEvent] = []
        self._place_of: dict[int, str] = {NOWHERE: ROOT}
        self._taken: set[str] = set()
        self._when = when
        self._times = _times(chat, when)
        self._shapes = {
            key.removeprefix(SHAPE): value for key, value in tree.properties.items() if key.startswith(SHAPE)
        }
        self._packed: list[Any] = []
        self._turns = 0
        self._again = False
        self._leads = True
        self._remarks: list[Remark] = []

    def merged(self, *, begun: bool) -> Merging:
        """What there is to write; ``begun``: the chat is new, and its first event comes with it."""
        before = self._tree.tip
        self._again = FILE + self._chat.title in self._tree.properties
        self._tell_file()
        self._pack()
        for parent, places in self._chat.children().items():
            self._take_siblings(self._place_of[parent], places)
        end = self._place_of[self._chat.tip]
        move = self._follows(before, end)
        self._look_at(end if move else before)
        return Merging(
            tuple((*self._begun, *self._out) if begun else self._out), self._turns, end, move, tuple(self._remarks)
        )

    def _tell_file(self) -> None:
        """The file's own facts; and of note, variables and lore what has changed in it since it was last read."""
        key = FILE + self._chat.title
        last = self._tree.properties.get(key)
        base: Mapping[str, Any] = last if isinstance(last, dict) else {}
        values = {
            NOTE: self._chat.note.as_dict() if self._chat.note.text else None,
            LORE: [dict(effect) for effect in self._chat.lore] or None,
            **{VARIABLE + name: value for name, value in self._chat.variables.items()},
        }
        self._leads = not self._chat.parent or not self._tree.turns
        if last is None and self._leads:  # a checkpoint may have come before the chat that it was made from
            last_said = next((file.get("said") for file in _files(self._tree)), None)
        else:
            last_said = base.get("said")
        said: Mapping[str, Any] = last_said if isinstance(last_said, dict) else {}
        fact: dict[str, Any] = {
            "format": self._chat.format,
            "source": dict(self._chat.source),
            "said": _set_ones(values),
        }
        if self._chat.parent:
            fact["parent"] = self._chat.parent
        for name in dict.fromkeys((*values, *said)) if self._leads else ():
            self._tell_value(name, said.get(name), values.get(name))
        if fact != {name: base.get(name) for name in fact}:  # last: what was told is told, even if this is cut off
            self._write(PropertySet(key, fact))

    def _tell_value(self, name: str, before: Any, value: Any) -> None:
        """A property as the file has it, unless it was changed here meanwhile; ``before``: what it said last."""
        ours = self._tree.properties.get(name)
        if value in (before, ours):
            return
        if ours == before:
            self._write(PropertySet(name, value))
        elif ours is not None and name != LORE:  # lasting lore changes by itself as a chat goes on
            self._remarks.append(Remark(name.strip(), "changed here and in the file: what is here stays."))
        elif before is None:
            self._write(PropertySet(name, value))

    def _pack(self) -> None:
        facts = list(zip((turn.source for turn in self._chat.turns), self._times, strict=True))
        self._packed, shapes = pack(facts, self._shapes)
        for name, shape in shapes.items():
            self._write(PropertySet(SHAPE + name, dict(shape)))
        self._shapes |= shapes

    def _take_siblings(self, parent: str, places: Sequence[int]) -> None:
        """The swipes of one place: those that are there are found, the others added in their order."""
        pool = [turn for turn in self._tree.children.get(parent, ()) if turn in self._known]
        left: list[int] = []
        for place in places:
            told = self._chat.turns[place]
            found = next((turn for turn in pool if self._is(turn, told)), None)
            if found is None:
                left.append(place)
            else:
                pool.remove(found)
                self._find(place, found)
                self._update(found, place)
        for place in left:
            told = self._chat.turns[place]
            edited = next((turn for turn in pool if self._was(turn, told)), None)
            if edited is None:
                self._find(place, self._add(parent, place))
            else:
                pool.remove(edited)
                self._find(place, edited)
                self._edit(edited, parent, place)

    def _follows(self, before: str, end: str) -> bool:
        """Whether a reader at ``before`` is at the end of what the file said so far, and so goes with it to its end."""
        turn = self._tree.turns.get(before)
        if turn is None:
            return True
        if self._tree.children.get(before) or (before in self._known and self._known[before].told is None):
            return False
        above = self._above(end)
        return before in above or (self._again and turn.parent in above)

    def _find(self, place: int, turn: str) -> None:
        self._place_of[place] = turn
        self._taken.add(turn)

    def _is(self, turn: str, told: ToldTurn) -> bool:
        return told.text in self._known[turn].texts and self._tree.turns[turn].speaker is told.speaker

    def _was(self, turn: str, told: ToldTurn) -> bool:
        """Whether ``told`` is an imported turn of ours whose text was edited in the other program.

        It then has its old times, and stands in the file that it came from: a branch says something else by itself.
        """
        ours = self._tree.turns[turn]
        same = (ours.at, ours.name, ours.speaker) == (round(told.at), told.name, told.speaker)
        if not same or not told.at or not self._again or self._known[turn].told is None:
            return False
        before = unpack(ours.source, self._shapes, round(ours.at))
        return _begun(before) == _begun(told.source)

    def _edit(self, turn: str, parent: str, place: int) -> None:
        told = self._chat.turns[place]
        if self._tree.turns[turn].text == self._known[turn].told:
            self._write(TextEdited(turn, told.text))
            self._update(turn, place)
        else:  # edited here, too: both texts stay, the file's as a swipe
            self._add(parent, place)

    def _update(self, turn: str, place: int) -> None:
        told, known, ours = self._chat.turns[place], self._known[turn], self._tree.turns[turn]
        if not self._leads and ours.source is not None:
            return  # what the chat's own file says of a turn counts more than what a branch of it does
        if told.hidden != known.hidden:
            self._write(TurnHidden(turn, told.hidden))
        if told.source and unpack(ours.source, self._shapes, round(ours.at)) != told.source:
            packed = self._packed[place] if round(ours.at) == self._times[place] else dict(told.source)
            self._write(SourceTold(turn, packed))
            self._mark(turn, told)

    def _add(self, parent: str, place: int) -> str:
        told = self._chat.turns[place]
        repeated = 0
        while (turn := _turn_id(parent, told, repeated)) in self._taken:
            repeated += 1
        if turn in self._ids:
            return turn  # deleted here, or taken back: it stays so
        body = TurnAdded(
            parent,
            told.speaker,
            told.name,
            told.text,
            reasoning=told.reasoning,
            hidden=told.hidden,
            source=self._packed[place],
        )
        self._write(body, turn, at=self._times[place], parents=(parent,) if parent else ())
        self._turns += 1
        self._mark(turn, told)
        return turn

    def _mark(self, turn: str, told: ToldTurn) -> None:
        """A checkpoint there is a bookmark here."""
        rest = told.source.get("rest")
        extra = rest.get("extra") if isinstance(rest, dict) else None
        if isinstance(extra, dict) and extra.get("bookmark_link") and BOOKMARK + turn not in self._tree.properties:
            self._write(PropertySet(BOOKMARK + turn, True))

    def _above(self, turn: str) -> set[str]:
        """``turn`` and the turns above it, also those that are yet to be written."""
        parents = {event.id: event.body.parent for event in self._out if isinstance(event.body, TurnAdded)}
        above = {ROOT}
        while turn != ROOT and turn not in above:
            above.add(turn)
            known = self._tree.turns.get(turn)
            turn = parents.get(turn, known.parent if known else ROOT)
        return above

    def _look_at(self, turn: str) -> None:
        """See to it that ``turn`` is what is looked at, where adding turns has moved that."""
        last = next((event.id for event in reversed(self._out) if isinstance(event.body, TurnAdded)), None)
        if last is not None and last != turn:
            self._write(TipMoved(turn))

    def _write(self, body: Body, identity: str = "", at: float = 0.0, parents: tuple[str, ...] = ()) -> None:
        self._lamport += 1
        identity = identity or _hash(repr(body), str(self._lamport))
        self._out.append(ChatEvent(identity, WRITER, self._lamport, body, parents, at or self._when, FORMAT))


def _times(chat: ToldChat, when: float) -> list[int]:
    """When each turn was said, in whole seconds; the time of the turn above where the file does not tell."""
    times: list[int] = []
    for turn in chat.turns:
        above = times[turn.parent] if turn.parent != NOWHERE else round(when)
        times.append(round(turn.at) or above)
    return times


def _files(tree: ChatTree) -> list[Mapping[str, Any]]:
    """What files said of a chat."""
    return [value for key, value in tree.properties.items() if key.startswith(FILE) and isinstance(value, dict)]


def _begun(source: Mapping[str, Any]) -> str:
    """When a reply was begun, as far as a file says: what an edit leaves as it is."""
    fields = source.get("rest", source.get("info"))
    return str(fields.get("gen_started", "")) if isinstance(fields, dict) else ""


def _known(events: Iterable[ChatEvent]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    for event in events:
        body = event.body
        if isinstance(body, TurnAdded):
            told = body.text if event.writer == WRITER else None
            found[event.id] = _Known({body.text}, told, body.hidden)
        elif isinstance(body, TextEdited | TextExtended) and body.turn in found:
            found[body.turn].texts.add(body.text)
            if event.writer == WRITER:
                found[body.turn].told = body.text
        elif isinstance(body, TurnHidden) and event.writer == WRITER and body.turn in found:
            found[body.turn].hidden = body.hidden
    return found


def _set_ones(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _turn_id(parent: str, told: ToldTurn, repeated: int) -> str:
    return _hash(parent, told.speaker.value, told.name, told.text, str(round(told.at)), str(repeated))


def _hash(*parts: str) -> str:
    joined = "\0".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(hashlib.blake2b(joined, digest_size=12).digest()).decode()[:_ID]
