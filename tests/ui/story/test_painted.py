"""What a story shows is what it holds, whichever lines a change touched."""

from __future__ import annotations

from textual.app import App

from tavern_tui.session.story.difference import edits
from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story.view import StoryView
from tests.ui.themed import ThemedApp


def painted(app: App[object]) -> list[str]:
    """The lines on screen."""
    return [strip.text.strip() for strip in app.screen._compositor.render_strips() if strip.text.strip()]


async def test_a_change_over_several_lines_that_stay_as_high_is_painted_on_all_of_them() -> None:
    view = StoryView()
    app = ThemedApp([view])
    async with app.run_test(size=(60, 20)) as pilot:
        before, after = "one here\ntwo here\nthree here", "one there\ntwo gone\nthree there"
        view.load([(before, Origin.WRITTEN)])
        await pilot.pause()
        assert painted(app) == before.split("\n")
        view.editor.apply(0, edits(before, after))
        view.after(changed=True)
        await pilot.pause()
        assert painted(app) == after.split("\n")
