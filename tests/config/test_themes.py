"""Theme files: a theme out of whatever a file says, and how it looks with sixteen colours and with none.

That the shipped themes are complete and can be read is tested in ``tests/contracts/test_themes.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color

from tavern_tui.config.colours import (
    SIXTEEN,
    TERMINAL_GROUND,
    contrast,
    legible,
    nearest_of_sixteen,
    parsed,
    text_of_sixteen,
)
from tavern_tui.config.files import Entries
from tavern_tui.config.paths import Directories, directories, shipped
from tavern_tui.config.themes import (
    BASE,
    GROUNDS,
    PLAIN,
    STYLES,
    TEXTS,
    Depth,
    LoadedTheme,
    Role,
    colour_unwanted,
    fitted,
    in_sixteen,
    load_theme,
    theme_files,
    theme_from,
    without_colour,
)
from tavern_tui.formats.yaml_text import read_yaml

SHIPPED = ("daylight", "high-contrast", "lamplight", "terminal")
hexes = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@pytest.fixture
def dirs(tmp_path: Path) -> Directories:
    found = directories({"TAVERN_HOME": str(tmp_path)})
    found.themes.mkdir(parents=True)
    return found


def read(text: str) -> LoadedTheme:
    """What ``text`` makes of the base theme."""
    base = load_theme(directories({"TAVERN_HOME": "/nowhere"})).theme
    return theme_from(Entries(Path("mine.yaml"), read_yaml(text)), base)


def problems(loaded: LoadedTheme) -> list[str]:
    return [str(problem) for problem in loaded.problems]


# Files


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_theme_is_read_as_it_is_written(dirs: Directories, name: str) -> None:
    loaded = load_theme(dirs, name)
    assert loaded.problems == ()
    written = read_yaml((shipped("themes") / f"{name}.yaml").read_bytes()).value
    theme = loaded.theme
    assert (theme.name, theme.title, theme.dark) == (name, written["title"], written["dark"])
    assert {role.value: colour for role, colour in theme.colours.items()} == written["colours"]
    assert {role.value: " ".join(theme.style(role)) for role in theme.styles} == written["styles"]


def test_every_role_has_its_place_in_the_groups() -> None:
    assert {*GROUNDS, *TEXTS, Role.SELECTION, Role.BORDER} == set(Role)


def test_a_theme_of_the_users_is_listed_and_shadows_a_shipped_one(dirs: Directories) -> None:
    (dirs.themes / "forest.yaml").write_text('colours:\n  text: "#aabbcc"\n', encoding="utf-8")
    (dirs.themes / "daylight.yaml").write_text('colours:\n  text: "#000000"\n', encoding="utf-8")
    (dirs.themes / "notes.txt").write_text("no theme", encoding="utf-8")
    assert list(theme_files(dirs)) == ["daylight", "forest", "high-contrast", "lamplight", "terminal"]
    assert load_theme(dirs, "forest").theme.colours[Role.TEXT] == "#aabbcc"
    assert load_theme(dirs, "daylight").theme.colours[Role.TEXT] == "#000000"


def test_what_a_theme_leaves_out_is_that_of_the_base_theme(dirs: Directories) -> None:
    (dirs.themes / "forest.yaml").write_text('colours:\n  text: "#AABBCC"\n', encoding="utf-8")
    base, forest = load_theme(dirs, BASE).theme, load_theme(dirs, "forest").theme
    assert forest.colours == {**base.colours, Role.TEXT: "#aabbcc"}
    assert (forest.styles, forest.dark, forest.title) == (base.styles, base.dark, "forest")


def test_a_shadowed_theme_is_the_base_of_the_one_that_shadows_it(dirs: Directories) -> None:
    original = load_theme(dirs, "daylight").theme
    (dirs.themes / "daylight.yaml").write_text('colours:\n  text: "#000000"\n', encoding="utf-8")
    mine = load_theme(dirs, "daylight").theme
    assert mine.colours == {**original.colours, Role.TEXT: "#000000"}
    assert mine.dark is False


def test_with_styles_of_its_own_other_roles_are_plain() -> None:
    theme = read("styles:\n  speech: bold underline\n").theme
    assert theme.styles == {Role.SPEECH: ("bold", "underline")}
    assert theme.style(Role.ACTION) == ()


def test_dark_is_seen_in_the_colours_where_it_is_not_said() -> None:
    assert read('colours:\n  background: "#ffffff"\n  text: "#000000"\n').theme.dark is False
    assert read('colours:\n  background: "#000000"\n').theme.dark is True


def test_an_unknown_role_is_told_with_line_and_nearest_name() -> None:
    loaded = read('title: Mine\ncolours:\n  text: "#000000"\n  speach: "#ffffff"\n')
    assert problems(loaded) == ["mine.yaml:4: There is no role “speach”. The nearest is “speech”."]
    assert loaded.theme.colours[Role.TEXT] == "#000000"


@pytest.mark.parametrize(
    "colour", ["'#12345'", "reddish", "12", "[1, 2]", "'#gggggg'", "", "ansi_pink", "'rgb(1,2,3)'"]
)
def test_what_is_no_colour_is_told_and_falls_back_alone(colour: str) -> None:
    loaded = read(f'colours:\n  speech: {colour}\n  action: "#abc"\n')
    [problem] = loaded.problems
    assert problem.where == "mine.yaml:2"
    assert problem.what.startswith("“speech” is no colour")
    assert loaded.theme.colours[Role.SPEECH] == "#f0e2c4"
    assert loaded.theme.colours[Role.ACTION] == "#aabbcc"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colors:\n  text: '#000000'\n", "mine.yaml:1: A theme has no “colors”. The nearest is “colours”."),
        ("styles:\n  text: bald\n", "mine.yaml:2: There is no style “bald”. The nearest is “bold”."),
        ("dark: maybe\n", "mine.yaml:1: “dark” is true or false."),
        ("name: yours\n", "mine.yaml:1: A theme is called as its file is: “mine”."),
        ("colours: blue\n", "mine.yaml:1: “colours” needs “role: value” lines below it."),
    ],
)
def test_an_entry_that_makes_no_sense_is_told_alone(text: str, told: str) -> None:
    loaded = read(text)
    assert problems(loaded) == [told]
    assert loaded.theme.colours == load_theme(directories({"TAVERN_HOME": "/nowhere"})).theme.colours


@pytest.mark.parametrize("text", ["colours: [", "- one\n", "a: 1\na: 2\n"])
def test_a_file_that_cannot_be_read_is_one_problem_and_the_base_theme(dirs: Directories, text: str) -> None:
    path = dirs.themes / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load_theme(dirs, "mine")
    assert loaded.theme == load_theme(dirs, BASE).theme
    [problem] = loaded.problems
    assert problem.where.startswith(f"{path}:")
    assert problem.line > 0
    assert "“lamplight” is used" in problem.what
    assert path.read_text(encoding="utf-8") == text


def test_an_unknown_theme_is_told_with_the_nearest(dirs: Directories) -> None:
    loaded = load_theme(dirs, "lampligth")
    assert loaded.theme.name == "lamplight"
    [problem] = loaded.problems
    assert problem.what == "There is no theme “lampligth”. The nearest is “lamplight”. “lamplight” is used."


# Colours


def test_every_colour_of_sixteen_is_one_that_textual_knows() -> None:
    for name in (*SIXTEEN, TERMINAL_GROUND):
        Color.parse(name)
        assert parsed(name) == name


def test_a_colour_is_read_in_every_way_of_writing_it() -> None:
    assert [parsed(text) for text in ("#ABC", " #a1B2c3 ", "ANSI_Red")] == ["#aabbcc", "#a1b2c3", "ansi_red"]


@pytest.mark.parametrize("name", SIXTEEN)
def test_one_of_the_sixteen_is_nearest_to_itself(name: str) -> None:
    assert nearest_of_sixteen(SIXTEEN[name]) == nearest_of_sixteen(name) == name


@pytest.mark.parametrize(
    ("colour", "ground", "nearest"),
    [
        ("#f08a80", "ansi_black", "ansi_bright_red"),
        ("#8fc98a", "ansi_black", "ansi_bright_green"),
        ("#d8dae0", "ansi_black", "ansi_bright_white"),
        ("#214f7d", "ansi_bright_white", "ansi_blue"),
        ("#9c2620", "ansi_bright_white", "ansi_red"),
        ("#2b5f2b", "ansi_bright_white", "ansi_bright_black"),  # no green can be read on white
    ],
)
def test_a_text_keeps_its_hue_where_that_can_be_read(colour: str, ground: str, nearest: str) -> None:
    assert text_of_sixteen(colour, ground) == nearest


GREYS = ("ansi_black", "ansi_bright_black", "ansi_white", "ansi_bright_white")


@given(hexes, st.sampled_from([ground for ground in SIXTEEN if any(legible(grey, ground) for grey in GREYS)]))
def test_a_text_can_be_read_on_any_ground_on_which_a_grey_can(colour: str, ground: str) -> None:
    assert legible(text_of_sixteen(colour, ground), ground)


@given(hexes, st.sampled_from(list(SIXTEEN)))
def test_on_any_ground_a_text_is_one_of_the_sixteen_and_not_the_ground(colour: str, ground: str) -> None:
    assert text_of_sixteen(colour, ground) in set(SIXTEEN) - {ground}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_theme_can_be_read_in_sixteen_colours(dirs: Directories, name: str) -> None:
    theme = in_sixteen(load_theme(dirs, name).theme)
    assert {colour for colour in theme.colours.values() if colour not in SIXTEEN} <= {TERMINAL_GROUND}
    ground = theme.colours[Role.BACKGROUND]
    assert [role for role in TEXTS if not legible(theme.colours[role], ground)] == []
    assert legible(theme.colours[Role.TEXT], theme.colours[Role.SELECTION])
    assert theme.colours[Role.SELECTION] != ground or "reverse" in theme.style(Role.SELECTION)
    assert theme.colours[Role.BORDER] != ground
    assert theme.colours[Role.ERROR] not in (theme.colours[Role.SUCCESS], theme.colours[Role.TEXT])


@given(st.fixed_dictionaries(dict.fromkeys(Role, hexes)))
def test_any_theme_in_sixteen_colours_shows_its_selection(colours: dict[Role, str]) -> None:
    theme = in_sixteen(
        theme_from(
            Entries(
                Path("mine.yaml"), read_yaml("colours:\n" + "".join(f'  {r}: "{c}"\n' for r, c in colours.items()))
            ),
            PLAIN,
        ).theme
    )
    assert set(theme.colours.values()) <= set(SIXTEEN)
    assert len({theme.colours[ground] for ground in GROUNDS}) == 1
    seen = theme.colours[Role.SELECTION] != theme.colours[Role.BACKGROUND]
    assert seen or "reverse" in theme.style(Role.SELECTION)


@pytest.mark.parametrize("name", SHIPPED)
def test_without_colour_a_theme_has_none_and_tells_things_apart_by_style(dirs: Directories, name: str) -> None:
    theme = without_colour(load_theme(dirs, name).theme)
    assert set(theme.colours.values()) == {TERMINAL_GROUND}
    assert "reverse" in theme.style(Role.SELECTION)
    assert theme.style(Role.SPEECH) != theme.style(Role.ACTION)
    for role in (Role.USER, Role.CHARACTER, Role.ACCENT, Role.ERROR, Role.PRIMARY):
        assert theme.style(role) != theme.style(Role.TEXT)
    assert {word for style in theme.styles.values() for word in style} <= set(STYLES)


def test_a_theme_is_fitted_to_what_the_terminal_can_show(dirs: Directories) -> None:
    theme = load_theme(dirs).theme
    assert fitted(theme, Depth.FULL) is theme
    assert fitted(theme, Depth.SIXTEEN) == in_sixteen(theme)
    assert fitted(theme, Depth.NONE) == without_colour(theme)


@pytest.mark.parametrize(("environ", "unwanted"), [({}, False), ({"NO_COLOR": ""}, False), ({"NO_COLOR": "0"}, True)])
def test_no_color_counts_when_it_is_not_empty(environ: dict[str, str], unwanted: bool) -> None:
    assert colour_unwanted(environ) is unwanted


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1.0)]
)
def test_contrast_is_measured_as_the_wcag_does(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)
