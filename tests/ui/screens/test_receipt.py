"""The receipt of a turn: what it says of every kind of turn, and that it stays legible."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.chat import ChatTree, fold
from tavern_tui.domain.display import safe
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    Receipt,
    Roll,
    Speaker,
    TextEdited,
    TurnAdded,
    TurnHidden,
)
from tavern_tui.session.bookmarks import bookmark_set
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS
from tavern_tui.ui.screens.bookmarks import bookmark_rows
from tavern_tui.ui.screens.receipt import RAW, ReceiptScreen, receipt_facts, receipt_lines
from tests.ui.screens.app import ScreenApp, press

AT = 1_795_000_000.0
MADE = Receipt(
    engine="llama.cpp",
    model="Mistral-Nemo-12B.Q4_K_M",
    stop="end",
    seed=42,
    evaluated=212,
    reused=7_692,
    generated=143,
    prompt_ms=3_140.0,
    generation_ms=4_200.0,
    template="ChatML",
    policy="economy",
)
REPLY = TurnAdded("q", Speaker.CHARACTER, "Bess", "In, in.", receipt=MADE, lore=("The bridge", "Two coins"))
QUESTION = TurnAdded("", Speaker.USER, "Alex", "Hello.")


def chat(reply: TurnAdded = REPLY, *more: Body) -> ChatTree:
    """A question (``q``) and a reply to it (``r``), and what happened then."""
    bodies = {"q": QUESTION, "r": reply} | {f"x{place}": body for place, body in enumerate(more)}
    return fold(ChatEvent(name, "w", place, body, at=AT) for place, (name, body) in enumerate(bodies.items(), 1))


def facts(tree: ChatTree, turn: str = "r") -> dict[str, str]:
    return dict(receipt_facts(tree, turn))


def test_a_reply_says_who_made_it_and_what_it_cost() -> None:
    told = facts(chat())
    assert told.pop("Written")
    assert told == {
        "Model": "Mistral-Nemo-12B.Q4_K_M",
        "Engine": "llama.cpp",
        "Prompt": "ChatML · economy",
        "Read": "212 tokens · 7,692 reused · 3.1 s",
        "Wrote": "143 tokens · 4.2 s · 34.0 tokens/s",
        "Ended": "by itself",
        "Seed": "42 · need not repeat: part of the prompt was in the cache",
        "Lore": "The bridge · Two coins",
    }


def test_what_was_expected_is_told_where_it_was_something_else_and_why_much_was_read() -> None:
    expected = replace(MADE, predicted=212)
    assert facts(chat(replace(REPLY, receipt=expected)))["Read"] == "212 tokens · 7,692 reused · 3.1 s"
    more = replace(MADE, evaluated=7_904, reused=0, predicted=6_912, cause="author's note moved at token 992")
    told = facts(chat(replace(REPLY, receipt=more)))
    assert told["Read"] == "7,904 tokens · 0 reused · 6,912 predicted · 3.1 s"
    assert told["Because"] == "author's note moved at token 992"


def test_what_the_engine_did_not_tell_is_left_out() -> None:
    told = facts(chat(replace(REPLY, receipt=Receipt(model="gpt"), lore=())))
    assert set(told) == {"Written", "Model"}


@pytest.mark.parametrize(
    ("reused", "shifted", "told"),
    [
        (0, None, "42 · repeats on an empty cache, as here"),
        (1, None, "42 · need not repeat: part of the prompt was in the cache"),
        (0, 30, "42 · need not repeat: part of the prompt was in the cache"),
        (None, None, "42"),
    ],
    ids=["empty", "reused", "shifted", "untold"],
)
def test_what_a_seed_is_worth_is_said(reused: int | None, shifted: int | None, told: str) -> None:
    receipt = replace(MADE, reused=reused, shifted=shifted)
    assert facts(chat(replace(REPLY, receipt=receipt)))["Seed"] == told


def test_what_was_moved_in_the_cache_is_told() -> None:
    receipt = replace(MADE, shifted=1_200, prompt_ms=None)
    assert facts(chat(replace(REPLY, receipt=receipt)))["Read"] == "212 tokens · 7,692 reused · 1,200 moved up"


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        ("stop_string", "at a stop string"),
        ("length", "at its length"),
        ("stopped", "you stopped it"),
        ("aborted", "the server ended it"),
        ("eos\x1b[2J", "eos␛[2J"),
    ],
)
def test_why_it_ended_is_said_in_words(stop: str, words: str) -> None:
    assert facts(chat(replace(REPLY, receipt=Receipt(stop=stop))))["Ended"] == words


def test_ones_own_turn_and_one_of_unknown_make_say_so() -> None:
    assert facts(chat(), "q")["By"] == "you"
    assert "nothing is known" in facts(chat(replace(REPLY, receipt=None)))["By"]


def test_what_became_of_the_turn_is_said() -> None:
    tree = chat(replace(REPLY, interrupted=True), TextEdited("r", "Out."), TurnHidden("r"), bookmark_set("r", True))
    assert facts(tree)["State"] == "edited · interrupted · hidden from the model · bookmark"


def test_swipes_and_dice_are_told() -> None:
    tree = chat(replace(REPLY, roll=Roll("1d20+2", 9, "fair")), REPLY)
    assert facts(tree)["Swipe"] == "1 of 2"
    assert facts(tree)["Dice"] == "1d20+2 = 9 · fair"
    assert facts(chat(replace(REPLY, roll=Roll("2d6", 7))))["Dice"] == "2d6 = 7"


def test_the_raw_text_is_shown_where_it_differs() -> None:
    assert RAW not in facts(chat(replace(REPLY, raw="In, in.")))
    assert facts(chat(replace(REPLY, raw="\nIn, in.\nAlex: \x1b[2J")))[RAW] == "In, in.\nAlex: ␛[2J"


@given(
    st.lists(st.tuples(st.sampled_from(["Model", "Lore", RAW]), st.text(max_size=60).map(safe)), max_size=5),
    st.integers(16, 90),
)
def test_no_line_is_wider_than_asked(told: list[tuple[str, str]], width: int) -> None:
    assert all(line.cell_length <= width for line in receipt_lines(told, width))


def test_our_own_signs_have_ascii_forms_and_the_models_text_stays() -> None:
    told = [("Read", "212 tokens · 3.1 s"), (RAW, "“so” · …")]
    shown = [line.plain for line in receipt_lines(told, 40, ASCII_GLYPHS)]
    assert shown == ["Read      212 tokens - 3.1 s", "", RAW, "“so” · …"]


def test_lines_end_between_two_things_where_they_can() -> None:
    told = [("Read", "212 tokens · 7,692 reused · 3.1 s")]
    assert [line.plain for line in receipt_lines(told, 41)] == [
        "Read      212 tokens · 7,692 reused",
        "          3.1 s",
    ]


async def test_it_is_read_by_scrolling_and_left_by_escape() -> None:
    raw = "\n".join(f"line {number}" for number in range(40))
    app = ScreenApp(ReceiptScreen(chat(replace(REPLY, raw=raw)), "r"))
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.pause()
        assert "Turn 2 · Bess" in app.text()
        assert "Mistral-Nemo" in app.text()
        await press(pilot, "pagedown", "j", "k", "space")
        assert "Mistral-Nemo" not in app.text()
        assert "line" in app.text()
        await press(pilot, "escape")
        assert app.ended.is_set()


# The rows of the bookmarks


def test_bookmarks_are_listed_with_number_name_and_branch() -> None:
    tree = chat(REPLY, REPLY, bookmark_set("r", True), bookmark_set("x0", True), bookmark_set("q", True))
    rows = bookmark_rows(tree)
    assert [(row.id, row.title, row.right) for row in rows] == [
        ("q", "Hello.", "1"),
        ("r", "In, in.", "2"),
        ("x0", "In, in.", "2"),
    ]
    assert rows[0].detail.startswith("Alex · ")
    assert rows[1].detail.endswith("on another branch")
    assert "branch" not in rows[2].detail


def test_a_row_shows_a_text_as_the_log_does() -> None:
    [row] = bookmark_rows(chat(replace(REPLY, text='*She nods.* "In, in."'), bookmark_set("r", True)))
    assert row.title == 'She nods. "In, in."'


def test_a_hostile_text_is_one_safe_line() -> None:
    tree = chat(replace(REPLY, name="B\ness", text="a\x1b[2J\n" + "b" * 500), bookmark_set("r", True))
    [row] = bookmark_rows(tree)
    assert row.title.startswith("a␛[2J b")
    assert len(row.title) <= 120
    assert row.detail.startswith("B ess · ")
