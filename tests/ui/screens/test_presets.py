"""The presets and the sampler editor: which holds here, sliders, saving, and how they look."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.session.preset_draft import PresetDraft
from tavern_tui.session.preset_editing import FieldRow, field_rows
from tavern_tui.session.presets import preset_named
from tavern_tui.session.system_texts import first_look, system_texts
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS
from tavern_tui.ui.screens.presets import TEMPLATES, PresetsScreen, text_lines
from tavern_tui.ui.screens.sampler import SamplerScreen, field_row
from tavern_tui.ui.screens.text_page import TextPage
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until
from tests.ui.screens.opened import opened
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"


def test_a_field_has_a_slider_where_there_is_room_for_one() -> None:
    row = FieldRow("temperature", "0.8", False, 0.4, "", "")
    assert field_row(row, 41, ASCII_GLYPHS).right == "====o----- " + "0.8".rjust(7)
    assert field_row(row, 30, ASCII_GLYPHS).right == "0.8".rjust(7)
    long = FieldRow("dynamic_temperature_exponent", "1", True, 0.2, "", "")
    assert field_row(long, 41, ASCII_GLYPHS).right == "1".rjust(7)


def test_our_system_texts_are_shown_in_full_and_unasked_only_once(tmp_path: Path) -> None:
    shown = " ".join(" ".join(line.plain for line in text_lines(60)).split())
    assert all(" ".join(text.split()) in shown for _, text in system_texts())


async def test_a_preset_is_copied_changed_saved_and_used(tmp_path: Path) -> None:
    workspace, session = await opened(tmp_path)
    screen = PresetsScreen(workspace, session)
    app = ScreenApp(screen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, TextPage))
        assert not first_look(workspace.directories)
        await press(pilot, "escape")
        await until(pilot, lambda: "here · usual · ours" in app.text())
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(app.screen, SamplerScreen))
        await pilot.press("right", "right", "left")
        await until(pilot, lambda: session.options.preset.temperature == 0.85)
        await until(pilot, lambda: "my balanced · changed" in app.text())
        assert [path.stem for path in workspace.directories.presets.iterdir()] == ["my balanced"]
        await press(pilot, "down", "0")
        await until(pilot, lambda: session.options.preset.min_p == 0.0)
        assert "min p" in app.text()
        await press(pilot, "u", "enter", "ctrl+u", "9", "enter")
        await until(pilot, lambda: "min_p: it goes from 0 to 1" in app.text())
        await press(pilot, "escape", "s")
        await until(pilot, lambda: "Saved: my balanced" in app.text())
        await press(pilot, "o", "right")
        await until(pilot, lambda: session.options.preset.stages[:2] == ("dry", "penalties"))
        await press(pilot, "a")
        await until(pilot, lambda: "top k" in app.text())
        await press(pilot, "escape")
        await until(pilot, lambda: "is changed and not saved" in app.text())
        await press(pilot, "d")
        await until(pilot, lambda: "is in the trash" in app.text())
        await press(pilot, "u")
        await until(pilot, lambda: "is back" in app.text())
        await press(pilot, "t")
        await until(pilot, app.ended.is_set)
    assert app.result == TEMPLATES
    kept = preset_named(workspace, "my balanced").preset.sampling
    assert (kept.temperature, kept.min_p, kept.order) == (0.85, 0.05, ())


async def test_they_look_as_they_were_looked_at(tmp_path: Path) -> None:
    workspace, session = await opened(tmp_path)
    first_look(workspace.directories)
    editor = SamplerScreen(PresetDraft(workspace, session, preset_named(workspace, "creative")))
    app = ThemedApp([])
    async with app.run_test(size=SIZES[0]) as pilot:
        for name, screen in (("presets", PresetsScreen(workspace, session)), ("sampler", editor)):
            await app.push_screen(screen)
            await until(pilot, lambda screen=screen: len(screen.rows.rows) > 4)  # type: ignore[misc]
            await pilot.press("down")
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                picture = app.export_screenshot(title=name)
                assert_looks_as_kept(picture, PICTURES / f"{name}-{width}x{height}.svg")
    assert field_rows(editor._draft.now)
