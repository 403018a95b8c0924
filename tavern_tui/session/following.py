"""``ChatFollower``: what other terminals do to the chat that is open here (``docs/ux.md`` §5).

``events`` yields what happened, half a second after it at the latest: turns that others added or changed
(``ChatChanged``) and replies that another process is writing, word by word (``OtherReplyStarted``, ``…Grew``,
``…Ended``), to be shown as *writing in another terminal · Esc stops it*. When a reply's writer is found dead, what it
had written becomes an interrupted turn, once.

The other direction: ``stop`` asks the writer to end its reply and keep the text; ``other_reply_ended`` waits until
nobody else writes; ``floor`` waits for that as well and then keeps everybody else waiting, so that of two messages sent
in two terminals at once each gets its reply before the other is stored. Retry is ``stop``, ``other_reply_ended``, then
``ChatSession.swipe``.

All disk work is done in threads. The own replies of the process are not told: the session does that.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import ChatEvent, PropertySet, Speaker, TipMoved, TurnAdded, TurnDeleted, Undone
from tavern_tui.session.touching import turns_touched
from tavern_tui.storage.chat_watch import ChatWatch, Look
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import JournaledReply
from tavern_tui.storage.locks import FileLock, HeldError
from tavern_tui.storage.mailbox import ask_to_stop

_QUIET_SECONDS = 0.5
_LIVE_SECONDS = 0.15
_REFUSED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class OtherReply:
    """A reply that another process is writing, as far as it came.

    ``id`` is the id that its turn will have; ``turn`` is that same id, or the turn that is being continued. ``parent``
    is the turn before it. ``text`` is the whole turn's text so far, not cleaned up yet, with ``continued`` characters
    of it from before. ``since`` is Unix time in seconds. All texts are untrusted.
    """

    id: str
    turn: str
    parent: str
    speaker: Speaker
    name: str
    text: str
    reasoning: str
    continued: int
    since: float


@dataclass(frozen=True, slots=True)
class ChatChanged:
    """Others wrote to the chat, and the log's tree has it by now.

    ``turns`` are the ids of the turns added, changed or deleted, and of their swipes. ``tip`` says that the reader's
    place may be another, ``properties`` are the keys of those that were set.
    """

    turns: frozenset[str]
    tip: bool = False
    properties: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OtherReplyStarted:
    """Another process is writing a reply, perhaps for some time already."""

    reply: OtherReply


@dataclass(frozen=True, slots=True)
class OtherReplyGrew:
    """There is more of it; ``reply`` is the whole so far."""

    reply: OtherReply


@dataclass(frozen=True, slots=True)
class OtherReplyEnded:
    """It is over. The ``ChatChanged`` that brought its turn was told before.

    ``saved`` says whether the turn ``reply.turn`` is in the tree; ``interrupted`` whether the writer or its link broke.
    """

    reply: OtherReply
    saved: bool
    interrupted: bool


@dataclass(frozen=True, slots=True)
class FollowingRefused:
    """The disk refuses to be looked at. Told once; looking goes on, more rarely."""

    error: StorageError


Followed = ChatChanged | OtherReplyStarted | OtherReplyGrew | OtherReplyEnded | FollowingRefused


class ChatFollower:
    """Follows the open chat ``log``. Iterate ``events`` in one task; everything else may be called beside it.

    Make it before the tree is shown for the first time: what comes into the tree from then on is told.
    ``seconds`` is the pause between looks, at most half a second; shorter while another process writes.
    """

    def __init__(self, log: ChatLog, *, seconds: float = _QUIET_SECONDS) -> None:
        self._log = log
        self._watch = ChatWatch(log)
        self._seconds = min(seconds, _QUIET_SECONDS)
        self._looking = threading.Lock()
        self._found: deque[Look] = deque()
        self._refusal = ""

    @property
    def writing(self) -> tuple[OtherReply, ...]:
        """The replies that others were writing at the last look, the oldest first."""
        return tuple(_as_told(reply) for reply in self._watch.replies)

    async def events(self) -> AsyncGenerator[Followed, None]:
        """What happens, until the iteration is closed or its task cancelled. The first look is made at once."""
        while True:
            refused = False
            try:
                await self._look()
                self._refusal = ""
            except StorageError as error:
                refused = True
                if self._refusal != str(error):
                    self._refusal = str(error)
                    yield FollowingRefused(error)
            while self._found:
                for event in told(self._found.popleft(), self._log.events, self._log.tree):
                    yield event
            await asyncio.sleep(_REFUSED_SECONDS if refused else self._pause)

    async def stop(self, reply: str = "") -> bool:
        """Ask the writer of the reply with this id to stop and keep its text; without an id, of every other reply.

        Whether there was any. The end comes as ``OtherReplyEnded``, within half a second where the writer is not
        stopped itself. Raises ``StorageError``.
        """
        await self._look()
        paths = [other.path for other in self._watch.replies if reply in ("", other.facts.event_id)]
        asked = [await asyncio.to_thread(ask_to_stop, path) for path in paths]
        return any(asked)

    async def other_reply_ended(self) -> None:
        """Return when nobody else writes a reply to this chat, with what they wrote in the tree; at once if so now.

        Cancel it to wait no longer. Raises ``StorageError``.
        """
        await self._look()
        while self._watch.replies:
            await asyncio.sleep(_LIVE_SECONDS)
            await self._look()

    @asynccontextmanager
    async def floor(self) -> AsyncIterator[None]:
        """Inside, no other terminal of this machine has the floor of this chat, and no reply of others is running.

        Hold it from before a message is stored until its reply is saved. A process that dies gives it up. Raises
        ``StorageError``.
        """
        if not self._log.kept:
            yield
            return
        lock = FileLock(self._log.state / f"{self._log.key}.floor", timeout=0.0, guarded=self._log.path)
        try:
            while not await _taken(lock):  # noqa: ASYNC110  the holder is another process: nothing here can be told
                await asyncio.sleep(_LIVE_SECONDS)
            await self.other_reply_ended()
            yield
        finally:
            lock.release()

    @property
    def _pause(self) -> float:
        return min(_LIVE_SECONDS, self._seconds) if self._watch.replies else self._seconds

    async def _look(self) -> None:
        await asyncio.to_thread(self._look_in_thread)

    def _look_in_thread(self) -> None:
        """Look and keep what was found: whoever asked for it may be gone by then, and ``events`` is still to tell."""
        with self._looking:
            self._found.append(self._watch.look())


def told(found: Look, every: Sequence[ChatEvent], tree: ChatTree) -> list[Followed]:
    """What a front end hears of one look at the chat with ``every`` event, which fold to ``tree``."""
    events: list[Followed] = []
    if found.events:
        events.append(changed(found.events, every, tree))
    events += (OtherReplyStarted(_as_told(reply)) for reply in found.started)
    events += (OtherReplyGrew(_as_told(reply)) for reply in found.grown)
    for reply in found.ended:
        other = _as_told(reply)
        turn = tree.turns.get(other.turn)
        events.append(OtherReplyEnded(other, turn is not None, turn is not None and turn.interrupted))
    return events


def changed(events: Sequence[ChatEvent], every: Sequence[ChatEvent], tree: ChatTree) -> ChatChanged:
    """What ``events`` touch, which are among ``every`` event of the chat and are in its ``tree``."""
    tip = any(isinstance(event.body, TurnAdded | TurnDeleted | TipMoved | Undone) for event in events)
    properties = frozenset(event.body.key for event in events if isinstance(event.body, PropertySet))
    return ChatChanged(turns_touched(events, every, tree), tip, properties)


def _as_told(reply: JournaledReply) -> OtherReply:
    facts = reply.facts
    return OtherReply(
        id=facts.event_id,
        turn=facts.turn or facts.event_id,
        parent=facts.parent,
        speaker=facts.speaker,
        name=facts.name,
        text=facts.base + reply.text,
        reasoning=reply.reasoning,
        continued=len(facts.base) if facts.turn else 0,
        since=facts.at,
    )


async def _taken(lock: FileLock) -> bool:
    """Try once to take ``lock``. A task that is cancelled meanwhile does not keep it. Raises ``StorageError``."""
    taking = asyncio.create_task(asyncio.to_thread(lock.acquire))

    def give_back(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and done.exception() is None:
            lock.release()

    try:
        await asyncio.shield(taking)
    except HeldError:
        return False
    except asyncio.CancelledError:
        taking.add_done_callback(give_back)
        raise
    return True
