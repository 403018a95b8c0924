"""Another terminal on the same chat: a real process with a session of its own over the fake engine.

``python -m tests.session.other_terminal CHAT STATE WORDS SECONDS`` opens the chat and takes one command a line from its
input. ``say TEXT`` sends a message while holding the floor, ``now TEXT`` without asking for it, ``swipe`` makes another
reply, ``type TEXT`` leaves a draft. The engine's replies are WORDS words, one every SECONDS. What the session tells is
printed, one event a line. A hang-up (SIGHUP) is taken as the app takes it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from tavern_tui.domain.persona import Persona
from tavern_tui.engines.fake import FakeEngine, Step
from tavern_tui.session import events as out
from tavern_tui.session.coming_back import Place, PlaceKeeper
from tavern_tui.session.connection import Connection
from tavern_tui.session.following import ChatFollower
from tavern_tui.session.hanging_up import HangUp
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chats import ChatLog
from tests.session.conftest import MIRA, OPTIONS


def slowly(words: int, seconds: float) -> list[Step]:
    """A reply that takes its time: ``word0 word1 …``."""
    steps: list[Step] = []
    for number in range(words):
        steps += [f"word{number} ", seconds]
    return steps


def session_on(path: Path, state: Path, *, words: int = 3, seconds: float = 0.0) -> ChatSession:
    """A session on the chat at ``path``, as any terminal of this device has it."""
    log = ChatLog.open(path, device="device1", state=state)
    engine = FakeEngine([slowly(words, seconds)])
    return ChatSession(
        log=log,
        character=MIRA,
        persona=Persona("Alex"),
        connection=Connection(engine, clock=lambda: 0.0),
        options=replace(OPTIONS, response_tokens=1000),
    )


class OtherTerminal:
    """The process, seen from the test. Ended by the test's fixture at the latest."""

    def __init__(self, session: ChatSession, *, words: int = 40, seconds: float = 0.05) -> None:
        place = [str(session.log.path), str(session.log.state)]
        command = [sys.executable, "-m", "tests.session.other_terminal", *place, str(words), str(seconds)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._line() == "ready"

    def tell(self, command: str) -> None:
        """Type one line into it."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    async def until(self, event: str) -> str:
        """Wait for an event of that name; the line that told it."""
        return await asyncio.to_thread(self._until, event)

    def _until(self, event: str) -> str:
        while not (line := self._line()).startswith(event):
            assert line, self._errors()
        return line

    def kill(self) -> None:
        """End it without any warning."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End of input: it finishes what it does and ends."""
        _, errors = self.process.communicate(timeout=90)
        assert self.process.returncode == 0, errors

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def _errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


@dataclass
class Others:
    """Begins other terminals on a session's chat; ``kill`` ends them all."""

    begun: list[OtherTerminal] = field(default_factory=list)

    def __call__(self, session: ChatSession, *, words: int = 40, seconds: float = 0.05) -> OtherTerminal:
        self.begun.append(OtherTerminal(session, words=words, seconds=seconds))
        return self.begun[-1]

    def kill(self) -> None:
        """End whatever still runs."""
        for terminal in self.begun:
            terminal.kill()


async def _obey(session: ChatSession, follower: ChatFollower, keeper: PlaceKeeper, command: str) -> None:
    what, _, text = command.partition(" ")
    if what == "say":
        async with follower.floor():
            await _tell(session, text)
    elif what == "now":
        await _tell(session, text)
    elif what == "type":
        keeper.keep(Place(draft=text, cursor=(0, len(text))))
        print("typed", flush=True)
    else:
        async for event in session.swipe():
            print(type(event).__name__, flush=True)


async def _tell(session: ChatSession, text: str) -> None:
    async for event in session.reply(text):
        detail = event.turn.id if isinstance(event, out.TurnSaved) else ""
        print(type(event).__name__, detail, flush=True)


async def main() -> None:
    """Obey until the input ends."""
    state = Path(sys.argv[2])
    session = session_on(Path(sys.argv[1]), state, words=int(sys.argv[3]), seconds=float(sys.argv[4]))
    await session.open()
    follower = ChatFollower(session.log)
    keeper = PlaceKeeper(state, terminal=f"process {os.getpid()}")
    await keeper.open(session.log)
    loop = asyncio.get_running_loop()
    rule = HangUp(stop=session.stop, leave=lambda: os._exit(0), later=loop.call_later)

    def hang_up() -> None:
        keeper.hang_up()
        rule.hung_up(busy=session.busy)

    loop.add_signal_handler(signal.SIGHUP, hang_up)
    print("ready", flush=True)
    while command := (await asyncio.to_thread(sys.stdin.readline)).rstrip("\n"):
        await _obey(session, follower, keeper, command)
        rule.reply_ended()
    await keeper.close(ended=True)


if __name__ == "__main__":
    asyncio.run(main())
