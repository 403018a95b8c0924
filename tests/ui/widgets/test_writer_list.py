"""The list of writers while it is being filled: what is found in one go is shown in one go."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.app import App, ComposeResult

from tavern_tui.session.writers import OTHER_MACHINE, Writer, WriterKind
from tavern_tui.storage.models import Fit
from tavern_tui.ui.widgets.writer_list import WriterList
from tests.ui.screens.app import KOBOLD, RIG, STARTER


class ListApp(App[None]):
    """The list alone."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        self.list = WriterList()
        self.changes = 0

    def compose(self) -> ComposeResult:
        """The list."""
        yield self.list

    @on(WriterList.Changed)
    def changed(self) -> None:
        """Count what was shown."""
        self.changes += 1


def models(count: int) -> list[Writer]:
    return [
        Writer(WriterKind.MODEL, f"Mira {size}", "4.4 GB · fits", model=f"/m/{size}.gguf", bytes=size, fit=Fit.FITS)
        for size in range(count)
    ]


async def test_hundreds_that_come_together_are_arranged_once() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        for writer in [*models(300), STARTER]:
            app.list.add(writer)
        await pilot.pause()
        assert app.changes == 1
        assert len(app.list.rows) == 301
        assert app.list.writer is not None
        assert app.list.writer.title == "Mira 299"


async def test_the_selection_follows_the_best_until_somebody_moves_in_the_list() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        selected = []
        for writer in (OTHER_MACHINE, *models(2), KOBOLD):
            app.list.add(writer)
            await pilot.pause()
            selected.append(app.list.writer)
        assert selected == [OTHER_MACHINE, *models(2), KOBOLD]
        app.list.move(1)
        app.list.add(replace(KOBOLD, server="http://rig:5001", named=True))
        await pilot.pause()
        assert app.list.writer == models(2)[1]


async def test_an_arrow_before_anything_is_found_means_nothing() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.list.move(1)
        assert not app.list.certain
        app.list.add(OTHER_MACHINE)
        await pilot.pause()
        app.list.add(KOBOLD)
        await pilot.pause()
        assert app.list.writer == KOBOLD


async def test_what_is_still_looked_at_makes_a_choice_uncertain() -> None:
    app = ListApp()
    pending = replace(RIG, problem="", pending=True)
    async with app.run_test(size=(80, 24)) as pilot:
        certain = []
        for writer in (OTHER_MACHINE, pending, KOBOLD, RIG):
            app.list.add(writer)
            await pilot.pause()
            certain.append(app.list.certain)
        assert certain == [False, False, False, True]
        assert app.list.found == 1
        assert not app.list.settled
        app.list.add(STARTER)
        await pilot.pause()
        assert app.list.settled
