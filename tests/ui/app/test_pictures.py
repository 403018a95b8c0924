"""Pictures of the chat screen in its states, each looked at by a person before it was kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.fake import Script
from tavern_tui.session.demo import DEMO_CHAT, demo_workspace
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tests.ui.app.evening import Evening, settled, typed
from tests.ui.pictures import SIZES, assert_looks_as_kept

PICTURES = Path(__file__).parent / "snapshots"
BROKEN = EngineError("rig:5001 does not answer (connection refused).", fault=EngineFault.UNREACHABLE)

REPLIES: dict[str, Script] = {
    "problem": [BROKEN],
    "writing": ['*Bess puts a hand on the door.* "There was a', 60.0],
}


@contextmanager
def demo(folder: Path, evening: Evening) -> Iterator[TavernApp]:
    """The app on the demo chat."""
    with demo_workspace(Workspace.open(dirs=evening.directories)) as library:
        app = evening.app(wishes=Wishes(chat=DEMO_CHAT))
        app.workspace = library
        yield app


async def draw(state: str, app: TavernApp, pilot: Pilot[int]) -> None:
    """Bring the screen into a state."""
    match state:
        case "selected":
            await pilot.press("escape", "k")
        case "typing":
            await typed(pilot, "I put the lantern down. Then I ask her what the bridge was called before it fell.")
        case "deleting":
            await pilot.press("escape", "k", "d")
            await pilot.pause(0.3)
        case "problem":
            app.chat.problems.show(BROKEN, ())
            await typed(pilot, "", "enter")
        case "writing":
            await pilot.press("enter")
            while "There was" not in app.chat.mirror.log.entries[-1].text:
                await pilot.pause(0.01)
        case _:
            pass
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", ["demo", "selected", "typing", "deleting", "problem", "writing"])
async def test_the_chat_screen_looks_as_it_was_looked_at(state: str, size: tuple[int, int], tmp_path: Path) -> None:
    replies: dict[str, Script] = {
        "problem": [BROKEN],
        "writing": ['*Bess puts a hand on the door.* "There was a', 60.0],
    }
    evening = Evening(tmp_path, replies.get(state, "Yes."))
    with demo(tmp_path, evening) as app:
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await draw(state, app, pilot)
            picture = app.export_screenshot(title="tavern-tui")
            app.chat.stop_here()
            await settled(pilot)
    assert_looks_as_kept(picture, PICTURES / f"{state}-{size[0]}x{size[1]}.svg")
