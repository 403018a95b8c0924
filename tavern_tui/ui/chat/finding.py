"""``Finding``: words that are searched for in the open chat, where they are, and which of the places is looked at.

Searching is ``session.finding``, the field ``ui/widgets/find_bar``. A chat of any length is searched in slices, so that
keys and a growing reply never wait for it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.messages import number
from tavern_tui.session.finding import Query, look_through, query_for
from tavern_tui.ui.chatlog.view import ChatLog

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen
    from tavern_tui.ui.widgets.find_bar import FindBar

SLICE_SECONDS: Final = 0.003
"""How long a search holds the program before it lets others have a turn."""

_NUMBER = re.compile(r":\s*(\d[\d,._ ]*)\Z")
_TOLD: Final = 20  # characters of what was typed, in a message
_HERE, _EVERYWHERE = "Find", "Find on all branches"


@dataclass(frozen=True, slots=True)
class Matches:
    """The turns that have the words, oldest first, and which of them is looked at (``place``, from 0)."""

    query: Query
    turns: tuple[str, ...] = ()
    place: int = 0
    as_of: tuple[str, ...] = field(default=(), compare=False)

    @property
    def turn(self) -> str:
        """The turn that is looked at, "" where there is none."""
        return self.turns[self.place] if self.turns else ""

    @property
    def count(self) -> str:
        """``3/41``."""
        return f"{number(self.place + 1)}/{number(len(self.turns))}" if self.turns else "0"

    def stepped(self, step: int) -> Matches:
        """The match so many further on, beginning again at the other end."""
        return replace(self, place=(self.place + step) % len(self.turns)) if self.turns else self

    def at(self, turn: str) -> Matches:
        """The match that is ``turn``, where it is one."""
        return replace(self, place=self.turns.index(turn)) if turn in self.turns else self


async def search(turns: Sequence[Turn], query: Query, start: int) -> Matches:
    """Where ``turns`` have the words; the place is the nearest at or before ``start`` (from 0), else the first."""
    found: list[tuple[int, str]] = []
    began = time.perf_counter()
    for place, turn in zip(range(len(turns) - 1, -1, -1), look_through(reversed(turns), query), strict=True):
        if turn is not None:
            found.append((place, turn))
        if time.perf_counter() - began > SLICE_SECONDS:
            await asyncio.sleep(0)
            began = time.perf_counter()
    found.reverse()
    nearest = max(0, sum(place <= start for place, _ in found) - 1)
    return Matches(query, tuple(turn for _, turn in found), nearest)


def turn_number(text: str) -> int | None:
    """The number of the turn that ``:2981`` asks for, ``None`` where ``text`` are words."""
    match = _NUMBER.match(text.strip())
    return int(re.sub(r"\D", "", match[1])) if match else None


def last_seen(log: ChatLog) -> str:
    """The last entry that is on screen, at least in part; "" in an empty log."""
    last = min(log.standing.height, round(log.scroll_y) + log.scrollable_content_region.height) - 1
    return log.standing.line(last)[0].id if last >= 0 else ""


def words_of(text: str) -> Query | None:
    """The words to find, ``None`` where there are none, or where a number is asked for, or begins to be."""
    return None if _NUMBER.match(text.strip() + "0") else query_for(text)


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the reader was before the field was opened; ``seen`` is the last entry that was on screen."""

    selected: str = ""
    top: tuple[str, int] = ("", 0)
    following: bool = True
    seen: str = ""


class Finding:
    """Finding in the chat of one screen."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._bar: FindBar | None = None
        self._origin = _Origin()
        self._everywhere = False
        self.matches: Matches | None = None

    @property
    def is_open(self) -> bool:
        """Whether words are being typed."""
        return self._bar is not None

    async def open(self) -> None:
        """Put the field in the composer's place."""
        from tavern_tui.ui.widgets.find_bar import FindBar, FindKeys

        screen, log = self._screen, self._screen.mirror.log
        if self._bar is not None:
            await self._step(-1)
            return
        self._origin = _Origin(screen.selection.turn, log.top, log.following, last_seen(log))
        screen.selection.leave()
        keys = FindKeys(self._typed, self._entered, self._step, self._widen)
        words = self.matches.query.text if self.matches is not None else ""
        self._bar = FindBar(keys, words, where=self._where)
        self._bar.styles.padding = screen.composer.styles.padding
        screen.composer.display = False
        await screen.mount(self._bar, after=screen.composer)
        screen.set_focus(self._bar.field)  # at once: the letters that came with the key are for it
        if not words:
            self._say(self._ways)

    async def close(self) -> None:
        """Go back to where the reader was."""
        origin, log = self._origin, self._screen.mirror.log
        await self._leave()
        log.highlight(None)
        log.select_entry(None)
        if origin.selected in log.standing:
            self._screen.selection.select(origin.selected)
        if origin.following:
            log.follow_end()
        elif origin.top[0] in log.standing:
            log.show_entry(*origin.top)

    async def go(self, text: str) -> None:
        """Go to what ``text`` asks for: the nearest turn with these words, or the turn of that number.

        Raises ``NotFoundError``.
        """
        wanted = turn_number(text)
        if wanted is not None:
            turn = self._numbered(wanted)
            await self._leave()
            await go_to_turn(self._screen, turn)
            return
        query = words_of(text)
        matches = await self._search(query) if query is not None else None
        if matches is None or not matches.turns:
            raise NotFoundError(f"Not found: “{safe_line(text, _TOLD)}”." if query else "Nothing to find was typed.")
        await self._leave()
        await self._show(matches)

    async def step(self, step: int) -> None:
        """Go to the next match (``step`` 1) or to the one before (-1). Raises ``NotFoundError``."""
        known = self.matches
        if known is None:
            raise NotFoundError("Nothing was searched for yet.", hint="/find finds words.")
        matches = known if known.as_of == self._state else await self._search(known.query)
        if not matches.turns:
            raise NotFoundError(f"“{safe_line(known.query.text, _TOLD)}” is no longer here.")
        selected = self._screen.selection.turn
        if selected in matches.turns:
            await self._show(matches.at(selected).stepped(step))
        else:
            await self._show(self._beside(matches, selected, step))

    def _beside(self, matches: Matches, turn: str, step: int) -> Matches:
        """The match next to ``turn``, which is none itself."""
        order = {known.id: place for place, known in enumerate(self._turns)}
        here = order.get(turn, len(order))
        before = sum(order.get(found, 0) < here for found in matches.turns)
        return replace(matches, place=before).stepped(0 if step > 0 else -1)

    async def _show(self, matches: Matches) -> None:
        """Select the turn of the match, going to its branch where it is on another."""
        self.matches = matches
        await go_to_turn(self._screen, matches.turn)
        self.matches = replace(matches, as_of=self._state)
        self._screen.mirror.log.highlight(matches.query.pattern)
        self._screen.mirror.log.show_entry(matches.turn)
        self._screen.hint(f"n next · N before · {matches.count}")

    async def _leave(self) -> None:
        """Give the composer its place back."""
        if self._bar is not None:
            bar, self._bar = self._bar, None
            self._screen.workers.cancel_group(self._screen, "find")
            self._screen.hint("")
            self._screen.composer.display = True
            await bar.remove()
            self._screen.composer.focus()

    def _typed(self, text: str) -> None:
        if self._bar is None:  # closed while the words were on their way
            return
        # A function, as a coroutine that is never started would complain on the terminal.
        self._screen.run_worker(partial(self._preview, text), group="find", exclusive=True)  # type: ignore[arg-type]

    async def _preview(self, text: str) -> None:
        """Show the nearest match of what has been typed so far, and how many there are."""
        log = self._screen.mirror.log
        query = words_of(text)
        if query is None:
            log.highlight(None)
            if self._bar is not None:
                self._bar.say_count("")
            self._say(self._ways)
            return
        matches = await self._search(query)
        self.matches = matches
        log.highlight(query.pattern)
        self._look_at(matches)

    async def _entered(self, text: str) -> None:
        if not text.strip():
            await self.close()
            return
        self._screen.workers.cancel_group(self._screen, "find")
        try:
            known = self.matches
            if known is not None and known.query == words_of(text) and known.as_of == self._state and known.turns:
                await self._leave()
                await self._show(known)
            else:
                await self.go(text)
        except NotFoundError as error:
            self._say(str(error))
        self._screen.show_state()

    async def _step(self, step: int) -> None:
        if self.matches is not None:
            self.matches = self.matches.stepped(step)
            self._look_at(self.matches)

    async def _widen(self) -> None:
        self._everywhere = not self._everywhere
        if self._bar is not None:
            self._bar.say_where(self._where)
            self._typed(self._bar.field.value)

    def _look_at(self, matches: Matches) -> None:
        log = self._screen.mirror.log
        if self._bar is not None:
            self._bar.say_count(matches.count)
        if not matches.turns:
            log.select_entry(None)
            self._say("Not found" if self._everywhere else "Tab looks on all branches · Not found")
        elif matches.turn in log.standing:
            log.select_entry(matches.turn, self._screen.mirror.stamp(matches.turn))
            self._say(self._ways)
        else:
            log.select_entry(None)
            self._say("Enter goes there · on another branch")

    async def _search(self, query: Query) -> Matches:
        state, turns = self._state, self._turns
        near = self._origin.selected or self._origin.seen if self.is_open else self._screen.selection.turn
        start = next((place for place in range(len(turns) - 1, -1, -1) if turns[place].id == near), len(turns) - 1)
        await asyncio.sleep(0)
        return replace(await search(turns, query, start), as_of=state)

    @property
    def _turns(self) -> list[Turn]:
        """What is searched, oldest first: what the reader sees, or all turns."""
        tree = self._screen.open_session.tree
        return list(tree.turns.values()) if self._everywhere else tree.path()

    @property
    def _state(self) -> tuple[str, ...]:
        """What the matches depend on besides the words."""
        session = self._screen.open_session
        return (session.log.newest, session.tree.tip, "everywhere" if self._everywhere else "")

    @property
    def _where(self) -> str:
        return _EVERYWHERE if self._everywhere else _HERE

    @property
    def _ways(self) -> str:
        """What keys do now; where there is no room for all, the first goes."""
        return f"Tab {'this branch' if self._everywhere else 'all branches'} · Enter goes there · Esc back"

    def _numbered(self, wanted: int) -> str:
        path = self._screen.open_session.tree.path()
        if not 1 <= wanted <= len(path):
            raise NotFoundError(f"There are {number(len(path))} turns, counted from 1.")
        return path[wanted - 1].id

    def _say(self, text: str) -> None:
        self._screen.hint(text, lasting=True)


async def go_to_turn(screen: ChatScreen, turn: str) -> None:
    """Select ``turn``, on its own branch where it is not on this one. Raises ``NotFoundError``."""
    if turn not in screen.mirror.log.standing:
        if turn not in screen.open_session.tree.turns:
            raise NotFoundError("That turn is no longer in this chat.")
        if screen.busy:
            raise NotFoundError("That turn is on another branch.", hint="Esc stops the reply; then go there.")
        await screen.open_session.changes.go_to(screen.open_session.tree.leaf_below(turn))
        screen.mirror.keep_up(screen.open_session.tree)
    screen.selection.select(turn)
