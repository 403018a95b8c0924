"""The templates: which holds, the live end of the prompt, editing a copy, and how they look."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.session.opening import Wishes
from tavern_tui.session.template_choice import TemplateDesk
from tavern_tui.session.trying import Trial
from tavern_tui.ui.screens.template_editor import TemplateEditor
from tavern_tui.ui.screens.templates import TemplatesScreen
from tavern_tui.ui.screens.text_page import TextPage
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until
from tests.ui.screens.opened import opened
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"


async def tried(name: str) -> Trial:
    """A test that finds nothing wrong."""
    return Trial(name="rig", template=name, template_from="chosen", reply="Deep enough.")


async def test_walking_shows_the_prompt_with_each_and_enter_keeps_one(tmp_path: Path) -> None:
    workspace, session = await opened(tmp_path)
    screen = TemplatesScreen(TemplateDesk(workspace, session, Wishes()), tried, lambda: workspace)
    app = ScreenApp(screen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(screen.rows.rows) > 9)
        screen.rows.select([row.title for row in screen.rows.rows].index("ChatML"))
        await until(pilot, lambda: "<|im_start|>assistant" in app.text())
        await press(pilot, "enter")
        await until(pilot, lambda: "Template: ChatML (chosen for this model)" in app.text())
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(app.screen, TextPage))
        await press(pilot, "escape", "e")
        await until(pilot, lambda: isinstance(app.screen, TemplateEditor) and "my ChatML" in app.text())
        await press(pilot, "down", "down", "enter", "X", "Y", "enter")
        await until(pilot, lambda: "assistant\\nXY" in app.text())
        await press(pilot, "u")
        await until(pilot, lambda: "Taken back" in app.text())
        editor = app.screen
        assert isinstance(editor, TemplateEditor)
        editor.rows.select([row.title for row in editor.rows.rows].index("wrap"))
        before = editor._template.wrap
        await press(pilot, "right")
        await until(pilot, lambda: editor._template.wrap is not before)
        await press(pilot, "escape")
        await until(pilot, lambda: "is a copy of ChatML" in app.text())
        await press(pilot, "tab", "tab")
        await until(pilot, lambda: "System prompts" in app.text() and "You write {{char}}" in app.text())
        await press(pilot, "escape")
    assert app.ended.is_set()
    assert session.connection.known is not None
    assert workspace.template_choices.of(session.connection.known.model) == "ChatML"


async def test_they_look_as_they_were_looked_at(tmp_path: Path) -> None:
    workspace, session = await opened(tmp_path)
    workspace.template_choices.choose("fake", "ChatML")
    screen = TemplatesScreen(TemplateDesk(workspace, session, Wishes()), tried, lambda: workspace)
    app = ThemedApp([])
    async with app.run_test(size=SIZES[0]) as pilot:
        await app.push_screen(screen)
        await until(pilot, lambda: len(screen.rows.rows) > 4)
        for name, keys in (("templates", ("down",)), ("template-editor", ("e",))):
            await pilot.press(*keys)
            await until(pilot, lambda name=name: name == "templates" or isinstance(app.screen, TemplateEditor))  # type: ignore[misc]
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await until(pilot, lambda: not any(one.group == "preview" and one.is_running for one in app.workers))
                await pilot.pause()
                picture = app.export_screenshot(title=name)
                assert_looks_as_kept(picture, PICTURES / f"{name}-{width}x{height}.svg")
