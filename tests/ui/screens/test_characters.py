"""The character list: typing filters at once, Enter goes on with the latest chat, → shows all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.session.character_list import NO_CARD, CharacterRow, ChatChoice, ChatRow
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.characters import CharactersScreen, age
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until

PICTURES = Path(__file__).parent / "snapshots"
NOW = 1_700_000_000.0
CARDS = Path("/library/characters")
LANTERN = ChatRow(
    "lantern",
    "A night at the Crooked Lantern",
    33,
    NOW - 7_300,
    'Bess: *She puts the lamp down between you.* "So. Do you go over the bridge, or do you wait for the morning?"',
)
PIE = ChatRow("pie", "Bess 2026-11-20 18.04", 1, NOW - 200_000)
BESS = CharacterRow("Bess", "Bess", CARDS / "Bess.png", (LANTERN, PIE))
TERN = CharacterRow("Tern", "Tern", CARDS / "Tern.png")
MIRA = CharacterRow("Mira", "Mira", None, (ChatRow("mira", "Over the water", 12, NOW - 30, "Mira: Yes."),), NO_CARD)
WREN = CharacterRow("Wren", "Wren", CARDS / "Wren.png", (ChatRow("dusk", "Dusk", 1_204, NOW - 90 * 86_400, "Wren: …"),))
TAVERN = (MIRA, BESS, WREN, TERN)
Shown = ScreenApp[ChatChoice | None]


def chats_of(row: CharacterRow) -> list[ChatRow]:
    """The chats, with the line that is read later."""
    return [replace(chat, line=chat.line or "Bess: Pie?") for chat in row.chats]


def characters(rows: Sequence[CharacterRow] = TAVERN, glyphs: Glyphs = UNICODE_GLYPHS) -> Shown:
    return ScreenApp(CharactersScreen(lambda: [rows], chats_of, now=lambda: NOW, glyphs=glyphs))


def titles(app: Shown) -> list[str]:
    return [row.title for row in app.screen.query_one(RowList).rows]


async def chosen_by(*keys: str, rows: Sequence[CharacterRow] = TAVERN) -> ChatChoice | None:
    """What the list ends with after these keys."""
    app = characters(rows)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(titles(app)))
        await press(pilot, *keys)
        await until(pilot, app.ended.is_set)
    return app.result


async def test_enter_opens_the_latest_chat_with_a_character() -> None:
    assert await chosen_by("down", "enter") == ChatChoice("Bess", BESS.card, "lantern")


async def test_enter_begins_a_chat_with_someone_never_met() -> None:
    assert await chosen_by(*"tern", "enter") == ChatChoice("Tern", TERN.card, "")


async def test_a_new_chat_has_a_key() -> None:
    assert await chosen_by(*"bess", "ctrl+n") == ChatChoice("Bess", BESS.card, "")


async def test_right_shows_all_chats_to_pick_one() -> None:
    assert await chosen_by(*"bess", "right", "down", "enter") == ChatChoice("Bess", BESS.card, "pie")


async def test_a_new_chat_stands_below_the_chats() -> None:
    assert await chosen_by(*"bess", "right", "down", "down", "enter") == ChatChoice("Bess", BESS.card, "")


async def test_a_new_chat_has_its_key_among_the_chats_too() -> None:
    assert await chosen_by(*"bess", "right", "ctrl+n") == ChatChoice("Bess", BESS.card, "")


async def test_escape_goes_back_to_the_characters_and_then_closes() -> None:
    assert await chosen_by("right", "escape", "escape") is None


async def test_chats_show_turns_ages_and_their_newest_turn() -> None:
    app = characters()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(titles(app)))
        await press(pilot, "down", "right")
        await until(pilot, lambda: "Bess: Pie?" in app.text())
        shown = app.text()
    assert "Chats with Bess" in shown
    assert "33 turns · 2 h" in shown
    assert "1 turn · 2 d" in shown


async def test_left_goes_back_to_the_same_character_under_the_same_filter() -> None:
    app = characters()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(titles(app)))
        await press(pilot, "e", "down", "right", "left")
        assert titles(app) == ["Mira", "Bess", "Wren", "Tern"]
        selected = app.screen.query_one(RowList).selected
        assert selected is not None
        assert selected.title == "Bess"


@pytest.mark.parametrize(
    ("typed", "found"),
    [("", ["Mira", "Bess", "Wren", "Tern"]), ("RE", ["Wren"]), ("lantern", ["Bess"]), ("night bess", ["Bess"]),
     ("t", ["Tern", "Mira", "Bess"]), ("zz", [])],
)  # fmt: skip
async def test_typing_filters_by_name_and_titles_the_names_first(typed: str, found: list[str]) -> None:
    app = characters()
    async with app.run_test() as pilot:
        await until(pilot, lambda: bool(titles(app)))
        await press(pilot, *(key if key != " " else "space" for key in typed))
        assert titles(app) == found


async def test_one_without_a_card_says_so_and_is_not_opened() -> None:
    app = characters()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(titles(app)))
        await press(pilot, "enter")
        assert app.text().rstrip().endswith(NO_CARD)
        assert not app.ended.is_set()


async def test_a_library_that_cannot_be_read_is_told() -> None:
    def refusing() -> Iterator[list[CharacterRow]]:
        yield []
        raise StorageError("characters may not be read here.", hint="Allow reading it and its folder.")

    app: Shown = ScreenApp(CharactersScreen(refusing, chats_of))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "may not be read here. Allow reading" in app.text())
        await press(pilot, "enter", "right", "ctrl+n", "escape")
        await until(pilot, app.ended.is_set)
    assert app.result is None


async def test_those_with_chats_can_be_chosen_while_the_cards_are_still_read() -> None:
    go = threading.Event()
    talked_with = [replace(row, card=None, problem="") for row in (MIRA, BESS, WREN)]

    def reading() -> Iterator[Sequence[CharacterRow]]:
        yield talked_with
        assert go.wait(60)
        yield TAVERN

    app: Shown = ScreenApp(CharactersScreen(reading, chats_of, now=lambda: NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: titles(app) == ["Mira", "Bess", "Wren"])
        await press(pilot, "down")
        go.set()
        await until(pilot, lambda: titles(app) == ["Mira", "Bess", "Wren", "Tern"])
        await press(pilot, "enter")
        await until(pilot, app.ended.is_set)
    assert app.result == ChatChoice("Bess", BESS.card, "lantern")


async def test_cards_that_are_read_meanwhile_do_not_disturb_the_chats_of_one() -> None:
    go = threading.Event()

    def reading() -> Iterator[Sequence[CharacterRow]]:
        yield [replace(BESS, card=None)]
        assert go.wait(60)
        yield TAVERN

    app: Shown = ScreenApp(CharactersScreen(reading, chats_of, now=lambda: NOW))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(titles(app)))
        await press(pilot, "right")
        go.set()
        await until(pilot, lambda: "Pie?" in app.text())
        await press(pilot, "left")
        await until(pilot, lambda: titles(app) == ["Mira", "Bess", "Wren", "Tern"])
        await press(pilot, "enter")
        await until(pilot, app.ended.is_set)
    assert app.result == ChatChoice("Bess", BESS.card, "lantern")


def crowd(count: int) -> list[CharacterRow]:
    return [
        replace(BESS, name=f"Bess {number}", title=f"Bess {number}", card=CARDS / f"{number}.png")
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [5, 5_000])
async def test_a_long_list_has_the_widgets_of_a_short_one(count: int) -> None:
    app = characters(crowd(count))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(titles(app)) == count)
        assert len(list(app.screen.walk_children())) < 15


async def test_filtering_five_thousand_draws_no_more_rows_than_are_seen(capsys: pytest.CaptureFixture[str]) -> None:
    app = characters(crowd(5_000))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(titles(app)) == 5_000)
        screen = app.shown
        assert isinstance(screen, CharactersScreen)
        times = []
        for typed in ("b", "be", "bess 49", "bess 4999", ""):
            begun = time.process_time()
            screen._filter(typed)
            times.append(time.process_time() - begun)
        await press(pilot, *"4999")
        assert titles(app) == ["Bess 4999"]
    with capsys.disabled():
        print(f" filter of 5,000: {max(times) * 1000:.0f} ms at most", end="")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (59, "now"), (61, "1 min"), (7_300, "2 h"), (200_000, "2 d"), (90 * 86_400, "3 mo"), (1e9, "31 y")],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("view", ["characters", "chats"])
async def test_it_looks_as_it_was_looked_at(view: str, size: tuple[int, int]) -> None:
    app = characters()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(titles(app)))
        if view == "chats":
            await press(pilot, "down", "right")
            await until(pilot, lambda: "Pie?" in app.text())
        else:
            await press(pilot, "down")
        picture = app.export_screenshot(title="characters")
    assert_looks_as_kept(picture, PICTURES / f"{view}-{size[0]}x{size[1]}.svg")


async def test_a_terminal_without_other_signs_gets_ascii() -> None:
    app = characters((BESS, TERN), ASCII_GLYPHS)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(titles(app)))
        assert app.text().isascii()
        await press(pilot, "right")
        assert app.text().isascii()
