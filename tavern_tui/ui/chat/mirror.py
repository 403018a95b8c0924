"""``Mirror``: keeps the chat log on screen equal to the branch that the reader is at.

Only what differs is touched: the cost of a new turn does not grow with the chat. Notes and problems of the program
stand between the turns; a problem leaves when the chat goes on, a note stays where it was said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.messages import number
from tavern_tui.session.bookmarks import is_bookmarked
from tavern_tui.session.modes.choosing import ADVENTURE, name_of
from tavern_tui.session.regex_scripts import Display
from tavern_tui.ui.chat.days import Days, time_shown
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind, entry_of
from tavern_tui.ui.chatlog.view import ChatLog

_DAYS = Days()
_AT_ONCE = 20


class Mirror:
    """One chat log and how it follows a chat's tree. ``display`` says what is shown of turns' texts.

    ``echo`` hears what the program says there: whatever lies over the log shows it as well.
    """

    def __init__(self, log: ChatLog) -> None:
        self.log = log
        self.display = Display()
        self.echo: Callable[[str], None] = lambda _said: None
        self._spoken = 0
        self._said: list[str] = []
        self._problems: set[str] = set()
        self._read_from = ""

    def load(self, tree: ChatTree) -> None:
        """Show the whole branch, and nothing else."""
        self._problems.clear()
        self._said.clear()
        self._read_from = ""
        self.log.load(self.entries(tree, tree.path()))

    async def show_rest(self, tree: ChatTree) -> None:
        """Show as scripts leave them the turns that ``load`` had no time for: the newest first, a few at a time."""
        turns = tree.path() if self.display.changes else []
        for end in range(len(turns), 0, -_AT_ONCE):
            if self.display.slow:
                return
            some = turns[max(0, end - _AT_ONCE) : end]
            shown = self.display.texts(tree, some)
            for turn in some:
                standing = turn.id in self.log.standing
                if standing and self.log.standing.entry(turn.id).text != shown.get(turn.id, turn.text):
                    self.refresh(tree, turn.id)
            await asyncio.sleep(0)

    def entries(self, tree: ChatTree, turns: Sequence[Turn]) -> list[ChatEntry]:
        """The log's entries of ``turns``, oldest first, with the texts that are shown of them."""
        shown = self.display.texts(tree, turns)
        entries = [entry_in(tree, turn) for turn in turns]
        return [replace(one, text=shown[one.id]) if one.id in shown else one for one in entries]

    def keep_up(self, tree: ChatTree, changed: Iterable[str] = ()) -> None:
        """Show what the branch has become. ``changed``: turns whose text or state may differ from what is shown."""
        fresh: list[Turn] = []
        common = ""
        for turn in tree.walk_back():
            if turn.id in self.log.standing:
                common = turn.id
                break
            fresh.append(turn)
        self.cut_after(common)
        if fresh:
            self.forget_problems()
            self.log.append(self.entries(tree, fresh[::-1]))
        # Siblings of the last turn in common may have come or gone with the rest.
        for turn_id in {*changed, common, *self.display.aged(tree, len(fresh))} - {turn.id for turn in fresh}:
            self.refresh(tree, turn_id)

    def cut_after(self, turn_id: str) -> None:
        """Take the turns after this one off the screen; all of them where it is ""."""
        if stale := self._turns_after(turn_id):
            self.log.discard(stale)

    def refresh(self, tree: ChatTree, turn_id: str) -> None:
        """Show the present state of one turn, where it is on screen; what the reader did to it stays."""
        turn = tree.turns.get(turn_id)
        if turn is None or turn_id not in self.log.standing:
            return
        shown = self.log.standing.entry(turn_id)
        now = replace(
            self.entries(tree, [turn])[0],
            selected=shown.selected,
            unfolded=shown.unfolded,
            new=shown.new,
            read_from=shown.read_from,
            stamp=shown.stamp,
        )
        if now != shown:
            self.log.replace(now)

    def mark_new(self, turn_id: str) -> None:
        """Say above this turn that it and what follows is new."""
        self.log.replace(replace(self.log.standing.entry(turn_id), new=True))

    def reads_from(self, turn_id: str) -> None:
        """Say above this turn that the model reads nothing that stands higher; nowhere where it reads all there is."""
        first = next((entry.id for entry in self.log.entries if entry.roleplay), "")
        now = turn_id if turn_id != first and turn_id in self.log.standing else ""
        if now == self._read_from:
            return
        for turn, marked in ((self._read_from, False), (now, True)):
            if turn in self.log.standing:
                self.log.replace(replace(self.log.standing.entry(turn), read_from=marked))
        self._read_from = now

    def note(self, text: str, *, problem: bool = False, calm: bool = False) -> str:
        """Say something of the program's own at the end of the log; its entry's id.

        A ``problem`` goes once the chat goes on; a ``calm`` one looks like any note.
        """
        self._spoken += 1
        kind = EntryKind.PROBLEM if problem and not calm else EntryKind.NOTE
        entry = ChatEntry(f"said-{self._spoken}", kind, text=text)
        if problem:
            self._problems.add(entry.id)
        self._said.append(entry.id)
        self.log.append([entry])
        self.echo(text)
        return entry.id

    def forget_problems(self) -> None:
        """Take the problems off the screen: what they were about has been gone on from."""
        if self._problems:
            self.log.discard(self._problems)
            self._said = [said for said in self._said if said not in self._problems]
            self._problems.clear()

    def unfold(self, entry_id: str) -> None:
        """Show the thinking of a turn, or fold it again. Raises ``KeyError``."""
        entry = self.log.standing.entry(entry_id)
        self.log.replace(replace(entry, unfolded=not entry.unfolded))

    def last_turn(self) -> str:
        """The id of the last turn on screen, "" where there is none."""
        return next((entry.id for entry in reversed(self.log.entries) if entry.roleplay), "")

    def neighbour(self, entry_id: str, step: int) -> str:
        """The turn ``step`` turns after this one (negative: before), as far as there are any."""
        entries, place = self.log.entries, self.log.standing.place(entry_id)
        stride = 1 if step > 0 else -1
        found = entry_id
        while step and 0 <= place + stride < len(entries):
            place += stride
            if entries[place].roleplay:
                found = entries[place].id
                step -= stride
        return found

    def mine(self, entry_id: str, step: int) -> str:
        """The nearest turn of the user's before this one (``step`` below 0) or after it; "" where there is none."""
        entries, place = self.log.entries, self.log.standing.place(entry_id)
        there = range(place - 1, -1, -1) if step < 0 else range(place + 1, len(entries))
        return next((entries[at].id for at in there if entries[at].kind is EntryKind.USER), "")

    def stamp(self, entry_id: str) -> tuple[str, ...]:
        """What is shown of a turn only while it is selected: its number and the time."""
        entry = self.log.standing.entry(entry_id)
        shown = (number(self.number(entry_id)), time_shown(entry.at)) if entry.roleplay else ()
        return tuple(part for part in shown if part)

    def number(self, entry_id: str) -> int:
        """Which turn of the branch it is, from 1."""
        standing = self.log.standing
        place = standing.place(entry_id)
        return place + 1 - sum(standing.place(said) < place for said in self._said)

    def _turns_after(self, entry_id: str) -> list[str]:
        """The turns on screen after this one; all of them where it is ""."""
        found = []
        for entry in reversed(self.log.entries):
            if entry.id == entry_id:
                break
            if entry.roleplay:
                found.append(entry.id)
        return found


def entry_in(tree: ChatTree, turn: Turn) -> ChatEntry:
    """The log's entry of a turn, with its place among its swipes and the day that begins with it."""
    siblings = tree.children.get(turn.parent, ())
    place = siblings.index(turn.id) + 1 if len(siblings) > 1 else 1
    before = tree.turns.get(turn.parent)
    entry = entry_of(
        turn,
        place,
        max(1, len(siblings)),
        bookmarked=is_bookmarked(tree, turn.id),
        day=_DAYS.between(before.at, turn.at) if before is not None else "",
        voice=voice_of(tree, turn.name) if turn.speaker is Speaker.CHARACTER else 0,
    )
    name = name_shown(tree, turn.name)
    return entry if name == turn.name else replace(entry, name=name)


def name_shown(tree: ChatTree, name: str) -> str:
    """What stands above a turn: in an adventure nothing, as its text says who acts."""
    return "" if name_of(tree.properties) == ADVENTURE else name


def voice_of(tree: ChatTree, name: str) -> int:
    """Which of the members of a group is called so, from 0; 0 for anybody else."""
    return tree.characters.index(name) if name in tree.characters else 0
