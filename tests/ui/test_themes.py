"""Themes on screen: what a widget is drawn in is what the theme says of a role, with many colours, sixteen, or none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.style import Style
from textual.theme import BUILTIN_THEMES
from textual.widgets import Input, OptionList

from tavern_tui.config.colours import SIXTEEN, TERMINAL_GROUND
from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.settings import load_settings
from tavern_tui.config.themes import BASE, PLAIN, Depth, Role, fitted, load_theme, theme_files
from tavern_tui.ui.chatlog.view import ChatLog
from tavern_tui.ui.themes import (
    depth_of,
    loaded_themes,
    role_variables,
    textual_name,
    textual_theme,
    title_of,
    use_theme,
)
from tests.terminal.ptys import Terminal
from tests.ui.screens.app import until
from tests.ui.themed import NOWHERE, ThemedApp

ROOT = Path(__file__).parents[2]
SHIPPED = list(theme_files(NOWHERE))
LOOKS = ("action", "speech", "code", "reasoning", "user", "character", "narrator", "muted")


@pytest.fixture
def home(tmp_path: Path) -> Directories:
    """A home with a folder for themes."""
    found = directories({"TAVERN_HOME": str(tmp_path)})
    found.themes.mkdir(parents=True)
    return found


def colour(style: Style, back: bool = False) -> str:
    """A colour of ``style`` as themes write it."""
    found = style.bgcolor if back else style.color
    assert found is not None
    if found.is_default:
        return TERMINAL_GROUND
    if found.triplet is None:
        assert found.number is not None
        return list(SIXTEEN)[found.number]
    return found.triplet.hex


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("depth", Depth)
async def test_every_look_of_the_log_is_the_colour_and_style_of_its_role(name: str, depth: Depth) -> None:
    theme = fitted(load_theme(NOWHERE, name).theme, depth)
    log = ChatLog()
    app = ThemedApp([log], name, depth)
    async with app.run_test():
        for look in LOOKS:
            style = log.get_component_rich_style(f"chatlog--{look}")
            assert colour(style) == theme.colours[Role(look)], look
            shown = {word for word in ("bold", "italic", "dim", "underline", "reverse") if getattr(style, word)}
            assert shown == set(theme.style(Role(look))), look
        assert colour(log.rich_style, back=True) == theme.colours[Role.BACKGROUND]
        assert colour(log.rich_style) == theme.colours[Role.TEXT]


@pytest.mark.parametrize("depth", Depth)
async def test_a_selected_row_and_selected_text_have_the_colour_and_style_of_the_selection(depth: Depth) -> None:
    theme = fitted(load_theme(NOWHERE, BASE).theme, depth)
    app = ThemedApp([], BASE, depth)
    async with app.run_test() as pilot:
        field, rows = Input("text"), OptionList("one", "two")
        await app.mount(field, rows)
        rows.focus()
        await pilot.pause()
        for style in (
            rows.get_component_rich_style("option-list--option-highlighted"),
            field.get_component_rich_style("input--selection"),
            app.screen.get_component_rich_style("screen--selection"),
        ):
            assert colour(style, back=True) == theme.colours[Role.SELECTION]
            assert colour(style) == theme.colours[Role.TEXT]
            assert bool(style.reverse) is ("reverse" in theme.style(Role.SELECTION))


def seen(app: ThemedApp) -> str:
    """The words on screen, however they are broken into lines."""
    return " ".join(" ".join(strip.text for strip in app.screen._compositor.render_strips()).split())


@pytest.mark.parametrize("size", [(45, 13), (80, 24)], ids=str)
async def test_a_toast_can_be_read_to_its_end_on_a_phone(size: tuple[int, int]) -> None:
    text = "config.yaml:3: There is no setting “engine.contxt_tokens”. The nearest is “engine.context_tokens”."
    app = ThemedApp([ChatLog()])
    async with app.run_test(size=size, notifications=True) as pilot:
        app.notify(text, severity="warning", timeout=600, markup=False)
        await until(pilot, lambda: text in seen(app))


@pytest.mark.parametrize("name", SHIPPED)
def test_no_variable_of_a_theme_in_sixteen_colours_is_a_mixed_colour(name: str) -> None:
    theme = textual_theme(fitted(load_theme(NOWHERE, name).theme, Depth.SIXTEEN))
    assert theme.ansi
    assert not [value for value in theme.variables.values() if "#" in value or "%" in value]


def test_themes_have_names_of_their_own_that_a_stylesheet_can_hold() -> None:
    names = [textual_name(name) for name in (*SHIPPED, "my theme", "Ünder", "textual-dark", "a.b", "a b")]
    assert len(set(names)) == len(names)
    assert not set(names) & set(BUILTIN_THEMES)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


def test_a_variable_says_none_for_a_plain_role_so_that_it_takes_nothing_from_what_is_around_it() -> None:
    assert role_variables(PLAIN)["role-text-style"] == "none"
    assert role_variables(PLAIN)["role-muted-style"] == "dim"


async def test_a_theme_that_is_not_there_or_broken_is_told_and_the_base_theme_is_shown(home: Directories) -> None:
    (home.themes / "mine.yaml").write_text("colours:\n  speach: '#ffffff'\n  text: nope\n", encoding="utf-8")
    (home.themes / "torn.yaml").write_text("colours: [1, 2", encoding="utf-8")
    app = ThemedApp(home=home)
    async with app.run_test():
        [missing] = use_theme(app, home, "lamplihgt", Depth.FULL)
        assert "The nearest is “lamplight”." in missing.what
        assert app.theme == "tavern-lamplight"
        [torn] = use_theme(app, home, "torn", Depth.FULL)
        assert "torn.yaml" in torn.where
        assert app.theme == "tavern-lamplight"
        assert [problem.line for problem in use_theme(app, home, "mine", Depth.FULL)] == [2, 3]
        assert app.theme == "tavern-mine"


async def test_the_theme_of_the_guide_is_one_and_can_be_chosen_as_the_guide_says(home: Directories) -> None:
    guide = (ROOT / "docs" / "themes.md").read_text(encoding="utf-8")
    theme, setting = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    (home.themes / "rose.yaml").write_text(theme, encoding="utf-8")
    home.config.mkdir(exist_ok=True)
    (home.config / "config.yaml").write_text(setting, encoding="utf-8")
    loaded = load_settings(home)
    assert loaded.problems == ()
    log = ChatLog()
    app = ThemedApp([log], loaded.settings.ui.theme, home=home)
    async with app.run_test():
        assert app.problems == ()
        assert colour(log.rich_style, back=True) == "#1d1518"
        assert colour(log.get_component_rich_style("chatlog--action")) == "ansi_magenta"


async def test_a_theme_whose_file_changed_is_shown_anew_under_its_name(home: Directories) -> None:
    file = home.themes / "mine.yaml"
    file.write_text("colours: {text: '#ffffff'}\n", encoding="utf-8")
    log = ChatLog()
    app = ThemedApp([log], "mine", home=home)
    async with app.run_test() as pilot:
        assert colour(log.rich_style) == "#ffffff"
        file.write_text("colours: {text: '#eeeeee'}\n", encoding="utf-8")
        use_theme(app, home, "mine", Depth.FULL)
        await pilot.pause()
        assert colour(log.rich_style) == "#eeeeee"


def test_every_theme_is_found_in_the_order_of_their_titles_with_what_is_wrong_with_its_file(home: Directories) -> None:
    (home.themes / "mine.yaml").write_text("title: A rose\ncolours: {text: nope}\n", encoding="utf-8")
    (home.themes / "torn.yaml").write_text("colours: [1, 2", encoding="utf-8")
    found = loaded_themes(home)
    assert set(found) == {*SHIPPED, "mine", "torn"}
    titles = [title_of(*item) for item in found.items()]
    assert titles == sorted(titles, key=str.casefold)
    assert found["mine"].theme.title == "A rose"
    assert found["torn"].theme.name == BASE
    assert {name for name, loaded in found.items() if loaded.problems} == {"mine", "torn"}


@pytest.mark.parametrize(
    ("colours", "environ", "depth"),
    [
        ("truecolor", {}, Depth.FULL),
        ("256", {"TERM": "xterm-256color"}, Depth.FULL),
        ("standard", {"TERM": "linux"}, Depth.SIXTEEN),
        ("truecolor", {"NO_COLOR": "1"}, Depth.NONE),
        ("truecolor", {"NO_COLOR": ""}, Depth.FULL),
        ("standard", {"TERM": "dumb"}, Depth.NONE),
        (None, {}, Depth.NONE),
    ],
)
def test_the_depth_is_what_the_terminal_has_unless_no_colour_is_wanted(
    colours: str | None, environ: dict[str, str], depth: Depth
) -> None:
    assert depth_of(colours, environ) is depth


def sgr(theme: str, **variables: str) -> set[str]:
    """The colours that the app sends to a terminal: every parameter of SGR that is no style, as it is written.

    Source: ECMA-48 §8.3.117; 38 and 48 lead an RGB or one of 256 colours (ISO 8613-6).
    """
    command = [sys.executable, str(Path(__file__).with_name("colours_app.py")), theme]
    with Terminal(command, variables={"PYTHONPATH": str(ROOT), "COLORTERM": "", **variables}) as terminal:
        terminal.read_until(lambda: {"Retry", "slices"} <= set("\n".join(terminal.screen()).split()))
        terminal.type("q")
        terminal.exit_status()
        seen = bytes(terminal.seen)
    found = set()
    for parameters in re.findall(rb"\x1b\[([0-9;]*)m", seen):
        for colour in re.findall(r"(?:[34]8;(?:5;\d+|2;\d+;\d+;\d+))|\d+", parameters.decode()):
            if colour.startswith(("38;", "48;")) or 30 <= int(colour) <= 49 or 90 <= int(colour) <= 107:
                found.add(colour)
    return found


def test_the_terminals_own_theme_sends_the_sixteen_colours_by_number_even_where_there_are_more() -> None:
    sent = sgr("terminal", TERM="xterm-256color", COLORTERM="truecolor")
    assert {"32", "33", "36", "31", "35"} <= sent
    assert not [colour for colour in sent if ";" in colour]


def test_a_terminal_with_sixteen_colours_is_sent_no_others_whatever_the_theme() -> None:
    sent = sgr("lamplight", TERM="linux")
    assert len(sent) > 4
    assert not [colour for colour in sent if ";" in colour]


def test_with_many_colours_a_theme_sends_its_own() -> None:
    assert "38;2;163;179;201" in sgr("lamplight", TERM="xterm-256color", COLORTERM="truecolor")


@pytest.mark.parametrize("theme", SHIPPED)
def test_no_colour_is_sent_where_none_is_wanted(theme: str) -> None:
    assert sgr(theme, TERM="xterm-256color", COLORTERM="truecolor", NO_COLOR="1") <= {"39", "49"}


def test_an_empty_no_color_asks_for_nothing() -> None:
    assert "38;2;163;179;201" in sgr("lamplight", TERM="xterm-256color", COLORTERM="truecolor", NO_COLOR="")


def test_drawing_in_a_theme_imports_nothing_that_is_heavy_beside_textual() -> None:
    code = "import sys, tavern_tui.ui.themes; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"httpx", "pydantic", "rich.markdown", "pygments", "textual.widgets._markdown"} & set(
        loaded.stdout.split()
    )
