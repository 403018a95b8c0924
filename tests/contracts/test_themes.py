"""The shipped themes say every role, can be read, and tell speech from action (``docs/themes.md``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from textual.color import Color

from tavern_tui.config.colours import contrast, luminance
from tavern_tui.config.paths import shipped

GROUNDS = ("background", "surface", "panel")
TEXTS = (
    *("text", "muted", "primary", "secondary", "accent", "success", "warning", "error"),
    *("user", "character", "narrator", "speech", "action", "code", "reasoning"),
)
ROLES = {*GROUNDS, *TEXTS, "selection", "border"}
STYLES = {"bold", "italic", "dim", "underline", "reverse"}
HEX = re.compile(r"#[0-9a-f]{6}")
ANSI = re.compile(r"ansi_(default|(bright_)?(black|red|green|yellow|blue|magenta|cyan|white))")
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "themes.md"
FILES = sorted(shipped("themes").glob("*.yaml"))


def theme(path: Path) -> dict[str, Any]:
    """A theme's file as plain data."""
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_a_dark_a_light_a_high_contrast_and_a_sixteen_colour_theme_are_shipped() -> None:
    themes = {path.stem: theme(path) for path in FILES}
    assert set(themes) == {"lamplight", "daylight", "high-contrast", "terminal"}
    assert [name for name, found in themes.items() if not found["dark"]] == ["daylight"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_theme_has_exactly_the_documented_fields_and_roles(path: Path) -> None:
    found = theme(path)
    assert set(found) == {"name", "title", "dark", "colours", "styles"}
    assert found["name"] == path.stem
    assert set(found["colours"]) == ROLES
    assert set(found["styles"]) <= ROLES
    assert {word for style in found["styles"].values() for word in style.split()} <= STYLES
    documented = set(re.findall(r"`(\w+)`", GUIDE.read_text(encoding="utf-8")))
    assert documented >= ROLES | STYLES | set(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_colour_is_written_in_one_way_and_known_to_the_app(path: Path) -> None:
    form = ANSI if path.stem == "terminal" else HEX
    for colour in theme(path)["colours"].values():
        assert form.fullmatch(colour)
        Color.parse(colour)


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "terminal"], ids=lambda path: path.stem)
def test_every_text_can_be_read_on_every_ground_that_it_stands_on(path: Path) -> None:
    colours = theme(path)["colours"]
    least = 7.0 if path.stem == "high-contrast" else 4.5
    places = [(text, ground) for text in TEXTS for ground in GROUNDS] + [("text", "selection")]
    hard_to_read = {
        f"{text} on {ground}": round(ratio, 2)
        for text, ground in places
        if (ratio := contrast(colours[text], colours[ground])) < least
    }
    assert hard_to_read == {}


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "terminal"], ids=lambda path: path.stem)
def test_dark_says_which_of_ground_and_text_is_the_darker(path: Path) -> None:
    found = theme(path)
    assert found["dark"] == (luminance(found["colours"]["background"]) < luminance(found["colours"]["text"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_speech_and_action_differ_in_colour_and_without_it(path: Path) -> None:
    found = theme(path)
    assert found["colours"]["speech"] != found["colours"]["action"]
    assert found["styles"].get("speech", "") != found["styles"]["action"]


def test_the_terminal_theme_writes_no_fixed_light_or_dark_text() -> None:
    colours = theme(shipped("themes") / "terminal.yaml")["colours"]
    unreadable_somewhere = {"ansi_black", "ansi_white", "ansi_bright_black", "ansi_bright_white"}
    assert {role for role in TEXTS if colours[role] in unreadable_somewhere} == set()
    assert {colours[ground] for ground in GROUNDS} == {"ansi_default"}
