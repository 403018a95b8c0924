"""The app on the terminal that it is started in, over an engine that says one word after the other.

Run as ``python -m tests.bench.app_child HOME RESULT WORDS PAUSE PAINTER``: on the library in ``HOME`` it answers
everything with ``WORDS`` words, ``PAUSE`` seconds apart, between ``FIRST_WORD`` and ``LAST_WORD``, painted by ``diff``
or ``plain``. After each reply it writes to ``RESULT``, a JSON file, the processor time that a word took: ``cpu_ms``. It
stays until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from tavern_tui.config.paths import directories
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine, Step
from tavern_tui.session.connection import Connection
from tavern_tui.session.opening import Watch, Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tavern_tui.starting import prepare
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.terminal.profile import profile_of

FIRST_WORD, LAST_WORD = "Firstly", "lastly"
WORDS = ("lamp", "rain", "door", "quiet", "road", "counter", "night", "again")
"""What is said: a word and its space are a token of most models."""


class Speaker:
    """Says words and measures what each costs the process until the next is asked for."""

    def __init__(self, result: Path, words: int, pause: float) -> None:
        self._result = result
        self._pause = pause
        self._times: list[float] = []
        script: list[Step] = [FIRST_WORD, pause]
        for number in range(words):
            script += [f" {WORDS[number % len(WORDS)]}", pause]
        self.engine = FakeEngine(
            [[*script, f" {LAST_WORD}."]], info=replace(DEFAULT_INFO, context_tokens=8192), sleep=self._sleep
        )
        self._words = words

    async def _sleep(self, seconds: float) -> None:
        self._times.append(time.process_time())
        await asyncio.sleep(seconds)
        if len(self._times) > self._words:
            spent = (self._times[-1] - self._times[0]) / self._words
            self._times.clear()
            temporary = self._result.with_suffix(".new")
            temporary.write_text(json.dumps({"cpu_ms": spent * 1000}), encoding="utf-8")
            temporary.replace(self._result)


def main() -> None:
    """Run the app, prepared as the program is."""
    prepare()
    home, result, words, pause, painter = sys.argv[1:]
    speaker = Speaker(Path(result), int(words), float(pause))

    def opened(workspace: Workspace, wishes: Wishes, *, watch: Watch) -> ChatSession:
        session = open_session(workspace, wishes, watch=watch)
        session.connection = Connection(speaker.engine, clock=time.monotonic)
        session.options = replace(session.options, template="ChatML", response_tokens=1000)
        return session

    workspace = Workspace.open(dirs=directories({**os.environ, "TAVERN_HOME": home}))
    chosen = replace(workspace.settings, ui=replace(workspace.settings.ui, painter=painter))
    workspace = replace(workspace, loaded=replace(workspace.loaded, settings=chosen))
    TavernApp(workspace, Wishes(), opener=opened, profile=profile_of({}, painter=painter)).run()


if __name__ == "__main__":
    main()
