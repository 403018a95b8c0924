"""The row of keys: the few that are useful where one is, as the keymap in force has them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from tavern_tui.config.action import Preset, Where
from tavern_tui.config.keymap import Keymap, preset_keymap
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.widgets.keybar import MOST, KeyBar, key_places, keybar_text, useful_keys
from tests.ui.themed import ThemedApp

KEYS = preset_keymap(Preset.DEFAULT)
EMPTY = {Where.EMPTY, Where.COMPOSER}
TYPING = {Where.COMPOSER}
TURN = {Where.TURN}


def shown(holding: set[Where], width: int, keymap: Keymap = KEYS) -> str:
    """The row, without its margins."""
    return keybar_text(keymap, holding, width).plain.strip()


@pytest.mark.parametrize(
    ("holding", "text"),
    [
        (EMPTY, "Enter Speak  → Swipe  ↑ Select  F1 Help   ⋯"),
        (TYPING, "Enter Send  ctrl+j New line  F1 Help      ⋯"),
        (TURN, "Enter Type  e Edit  l Swipe  r Retry      ⋯"),
        (TYPING | {Where.REPLYING}, "Esc Stop  Enter Send  ctrl+j New line     ⋯"),
        (EMPTY | {Where.REPLYING}, "Esc Stop  ↑ Select  F1 Help               ⋯"),
        (EMPTY | {Where.POPUP, Where.REPLYING}, "Esc Close"),
    ],
)
def test_a_phone_shows_what_is_wanted_most_where_one_is(holding: set[Where], text: str) -> None:
    assert shown(holding, 45) == text


def test_more_space_shows_more_keys_but_never_a_crowd() -> None:
    assert shown(EMPTY, 80) == "Enter Speak  → Swipe  ↑ Select  ctrl+p Palette  F1 Help  ctrl+r Retry"
    assert len(key_places(KEYS, EMPTY | {Where.ADVENTURE}, 400)) == MOST
    assert shown(TURN, 120).startswith("e Edit  l Swipe  r Retry  c Continue  b Branch  x Hide  d Delete  y Copy  ")
    assert shown(TURN, 120).endswith("  y Copy  i Receipt  u Undo  Enter Type  F1 Help")


@pytest.mark.parametrize("preset", [Preset.DEFAULT, Preset.VIM])
def test_what_is_done_with_a_turn_is_all_shown_at_80_columns(preset: Preset) -> None:
    row = shown(TURN, 80, preset_keymap(preset))
    for title in ("Edit", "Swipe", "Branch", "Retry", "Continue", "Hide", "Delete", "Copy", "Receipt"):
        assert f" {title} " in f"{row} "


@given(st.frozensets(st.sampled_from(list(Where))), st.integers(1, 200), st.sampled_from(list(Preset)), st.booleans())
def test_the_row_is_never_wider_than_the_screen(
    holding: frozenset[Where], width: int, preset: Preset, ascii: bool
) -> None:
    text = keybar_text(preset_keymap(preset), holding, width, ASCII_GLYPHS if ascii else UNICODE_GLYPHS)
    assert cell_len(text.plain) <= width
    assert text.plain.isascii() or not ascii


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_key_that_is_shown_does_there_what_is_said(preset: Preset, count: int) -> None:
    keymap = preset_keymap(preset)
    for holding in itertools.combinations(Where, count):
        for key, action in useful_keys(keymap, holding):
            assert keymap.action_for(key, holding) is action


def test_keys_of_the_user_are_shown_and_an_action_without_one_is_not() -> None:
    keymap = Keymap(Preset.DEFAULT, {**KEYS.keys, "reply.speak": ("ctrl+y",), "turn.select": ()})
    assert shown(EMPTY, 45, keymap).startswith("ctrl+y Speak  → Swipe  F1 Help")


def test_the_phone_preset_does_not_name_function_keys() -> None:
    assert "F1" not in shown(EMPTY, 120, preset_keymap(Preset.PHONE))


def test_a_phone_has_four_things_to_tap_on_also_where_no_key_does_them() -> None:
    assert shown(EMPTY, 45, preset_keymap(Preset.PHONE)) == "Enter Speak  → Swipe  Esc Select  Help    ⋯"


class CountingBar(KeyBar):
    """A row that counts how often it was to be painted anew."""

    refreshed = 0

    def refresh(self, *args: object, **kwargs: object) -> CountingBar:
        """Counted."""
        self.refreshed += 1
        super().refresh(*args, **kwargs)  # type: ignore[arg-type]
        return self


async def test_the_row_follows_the_state_and_is_painted_only_when_it_changed() -> None:
    bar = CountingBar()
    app = ThemedApp([bar])
    async with app.run_test(size=(80, 5)) as pilot:
        assert content(bar).strip() == ""
        bar.show(EMPTY)
        assert "Speak" in content(bar)
        await pilot.pause()
        before = bar.refreshed
        bar.show(EMPTY)
        assert bar.refreshed == before
        bar.show(TURN)
        assert bar.refreshed == before + 1
        assert "Retry" in content(bar)
        bar.show(TURN, {"turn.edit": "Change"})
        assert "e Change" in content(bar)
        assert bar.size.height == 1


def content(bar: KeyBar) -> str:
    """What the row says."""
    text = bar.render()
    assert isinstance(text, Content)
    return text.plain


def test_an_action_that_would_do_nothing_is_left_out_and_makes_room_for_the_next() -> None:
    everything = keybar_text(KEYS, EMPTY, 200).plain
    assert "Swipe" in everything
    without = keybar_text(KEYS, EMPTY, 200, titles={"reply.swipe": ""}).plain
    assert "Swipe" not in without
    assert len(without) < len(everything)


async def test_a_tap_on_a_key_does_what_it_does_and_the_dots_show_everything() -> None:
    tapped: list[str] = []

    class Listening(ThemedApp):
        def on_key_bar_tapped(self, event: KeyBar.Tapped) -> None:
            tapped.append(event.action)

    bar = KeyBar(KEYS)
    async with Listening([bar]).run_test(size=(45, 5)) as pilot:
        bar.show(EMPTY)
        row = content(bar)
        for sign in ("Speak", "Select", "⋯"):
            await pilot.click(bar, offset=(row.index(sign), 0))
        await pilot.click(bar, offset=(41, 0))
    assert tapped == ["reply.speak", "turn.select", "app.palette"]
