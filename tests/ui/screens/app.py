"""An app that shows one screen, and the writers that the tests find."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.starter import STARTER_OFFER
from tavern_tui.session.first_run import Fetch, StarterFetch
from tavern_tui.session.writers import OTHER_MACHINE, Writer, WriterKind
from tavern_tui.storage.models import Fit
from tavern_tui.ui.screens.first_run import FirstRunTools

Result = TypeVar("Result")

KOBOLD = Writer(
    WriterKind.SERVER,
    "KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384",
    "localhost:5001",
    server="http://127.0.0.1:5001",
)
RIG = Writer(
    WriterKind.SERVER,
    "rig:5001",
    "does not answer (connection refused).",
    server="rig:5001",
    problem="rig:5001 does not answer (connection refused).",
    named=True,
)
LARGE = Writer(
    WriterKind.MODEL, "Mistral-7B-Instruct.Q4_K_M", "4.4 GB · Q4_K_M · fits", model="/models/large.gguf",
    bytes=4_400_000_000, fit=Fit.FITS,
)  # fmt: skip
HUGE = Writer(
    WriterKind.MODEL, "Llama-3.3-70B.Q4_K_M", "42.5 GB · Q4_K_M · will swap", model="/models/huge.gguf",
    bytes=42_500_000_000, fit=Fit.SWAPS,
)  # fmt: skip
CUT = Writer(
    WriterKind.MODEL, "Cut-13B.Q5_K_M", "Model file is cut short: 1,203 MB of 4,369 MB.", model="/models/cut.gguf",
    problem="Model file is cut short: 1,203 MB of 4,369 MB.", advice="Download it again.",
)  # fmt: skip
STARTER = Writer(WriterKind.STARTER, "Starter model (135M, 94 MB)", STARTER_OFFER)
STARTER_HERE = Writer(
    WriterKind.STARTER, "Starter model (135M, already here)", STARTER_OFFER, model="/models/starter.gguf"
)


class ScreenApp(App[None], Generic[Result]):
    """The screen, and what it ended with in ``result``."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, screen: Screen[Result]) -> None:
        super().__init__()
        self.shown = screen
        self.result: Result | None = None
        self.ended = asyncio.Event()

    async def on_mount(self) -> None:
        """Show the screen."""
        await self.push_screen(self.shown, self.end)

    def end(self, result: Result | None) -> None:
        """It ended with ``result``."""
        self.result = result
        self.ended.set()

    def text(self) -> str:
        """What stands on the screen, line by line."""
        lines = self.screen._compositor.render_strips()
        return "\n".join(line.text.rstrip() for line in lines)


class Search:
    """A search that finds ``writers`` and ends; one that is ``held`` waits before the last one until ``go`` is set."""

    def __init__(self, *writers: Writer, held: bool = False) -> None:
        self.go = asyncio.Event()
        self._writers = writers
        if not held:
            self.go.set()

    async def __call__(self) -> AsyncIterator[Writer]:
        for writer in self._writers[:-1]:
            yield writer
        await self.go.wait()
        yield self._writers[-1]


async def nobody(address: str) -> Writer:
    """A look at an address where nobody answers."""
    title = f"{address} does not answer (connection refused)."
    raise EngineError(title, fault=EngineFault.UNREACHABLE, hint="Your message is saved.")


async def kobold(address: str) -> Writer:
    """A look at an address where a server is."""
    return KOBOLD


EVERYBODY = (OTHER_MACHINE, HUGE, LARGE, RIG, CUT, KOBOLD, STARTER)


def tools(search: Search, fetch: Fetch | None = None, **more: Any) -> FirstRunTools:
    """What the first start works with here: nothing is fetched, and nothing is kept."""

    def never(_dirs: Directories, _tell: Any) -> tuple[Path, bool]:
        raise AssertionError("nothing is fetched here")

    def fetching() -> StarterFetch:
        home = Path("/nowhere")
        return StarterFetch(Directories(home, home, home, home), fetch or never)

    return FirstRunTools(search, more.get("look", nobody), fetching, more.get("remember", lambda _name, _writer: ()))


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and let what follows from each happen."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait for what other threads and tasks do."""
    for _ in range(500):
        if holds():
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came to hold")
