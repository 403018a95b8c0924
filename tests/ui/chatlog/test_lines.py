"""An entry as lines: its height is known without them, and a growing text changes few of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind, entry_of
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, EntryLines, Part, entry_height, shown_of
from tavern_tui.ui.chatlog.marks import Look
from tests.ui.chatlog.roleplay import ROLEPLAY

ENTRIES = st.builds(
    ChatEntry,
    id=st.just("1"),
    kind=st.sampled_from(EntryKind),
    name=st.sampled_from(["", "Bess", "日本の長い名前の人", "\x1b[2J"]),
    text=ROLEPLAY,
    reasoning=st.sampled_from(["", "\n", "\U000e0041", "So it is the bridge again.\n\nHm."]),
    thinking=st.booleans(),
    unfolded=st.booleans(),
    swipes=st.integers(1, 12),
    hidden=st.booleans(),
    interrupted=st.booleans(),
    lost=st.booleans(),
    bookmarked=st.booleans(),
    day=st.sampled_from(["", "Sunday, 22 November 2026"]),
    new=st.booleans(),
    stamp=st.sampled_from([(), ("7",), ("2,981", "11:42")]),
)
BESS = ChatEntry("1", EntryKind.CHARACTER, "Bess", "*Nods.*")


def texts(entry: ChatEntry, width: int = 40) -> list[str]:
    return [line.text for line in EntryLines(entry, width).lines]


@given(ENTRIES, st.integers(4, 60))
def test_the_height_is_known_without_lines(entry: ChatEntry, width: int) -> None:
    assert entry_height(entry, shown_of(entry), width) == len(EntryLines(entry, width).lines)


@given(ENTRIES, st.integers(4, 60))
def test_no_line_is_wider_than_asked(entry: ChatEntry, width: int) -> None:
    assert all(cell_len(line.text) <= width for line in EntryLines(entry, width).lines)


@given(ENTRIES, ENTRIES, st.integers(4, 60))
def test_an_updated_entry_has_the_lines_of_a_new_one(one: ChatEntry, other: ChatEntry, width: int) -> None:
    lines = EntryLines(one, width)
    before = [(line.part, line.runs) for line in lines.lines]
    first, stop = lines.update(other)
    after = [(line.part, line.runs) for line in lines.lines]
    assert after == [(line.part, line.runs) for line in EntryLines(other, width).lines]
    untouched = [row for row in range(len(after)) if not first <= row < stop]
    assert all(row < len(before) and before[row] == after[row] for row in untouched)


def test_an_entry_is_a_head_its_text_and_a_gap() -> None:
    assert texts(BESS) == ["Bess", "Nods.", ""]


def test_the_head_counts_swipes_and_says_what_is_special() -> None:
    entry = replace(BESS, swipe=2, swipes=5, hidden=True, interrupted=True)
    assert texts(entry)[0] == "Bess  ‹ 2/5 ›  hidden  interrupted"


def test_a_long_name_is_cut_before_the_counter_is() -> None:
    assert texts(replace(BESS, name="The Keeper of the Crooked Lantern", swipes=12), 20)[0] == "The Keepe…  ‹ 1/12 ›"


def test_a_nameless_turn_has_no_head() -> None:
    assert texts(replace(BESS, name="")) == ["Nods.", ""]


def test_a_line_above_an_entry_says_what_begins_with_it() -> None:
    day = "Sunday, 22 November 2026"
    assert texts(replace(BESS, day=day))[:3] == [f"─────── {day} ───────", "", "Bess"]
    assert texts(replace(BESS, new=True))[0] == "───────────────── new ──────────────────"
    assert texts(replace(BESS, new=True, day=day))[0] == f"──── new · {day} ────"
    assert texts(replace(BESS, new=True), width=4)[0] == "────"


def test_a_bookmark_is_said_in_the_head() -> None:
    assert texts(replace(BESS, bookmarked=True))[0] == "Bess  bookmark"
    assert texts(ChatEntry("1", EntryKind.NARRATOR, text="Rain.", bookmarked=True))[0] == "bookmark"


def test_number_and_time_stand_at_the_right_of_the_head_as_far_as_there_is_space() -> None:
    stamped = replace(BESS, swipe=2, swipes=5, stamp=("2,981", "11:42"))
    assert texts(stamped, 40)[0] == "Bess  ‹ 2/5 ›              2,981 · 11:42"
    assert texts(stamped, 24)[0] == "Bess  ‹ 2/5 ›      2,981"
    assert texts(stamped, 18)[0] == "Bess  ‹ 2/5 ›"


def test_below_a_turn_without_a_head_number_and_time_take_no_line_of_their_own() -> None:
    rain = ChatEntry("1", EntryKind.NARRATOR, text="*Rain.*")
    stamped = texts(replace(rain, stamp=("2,981", "11:42")))
    assert stamped == ["Rain.", "2,981 · 11:42".rjust(40)]
    assert len(stamped) == len(texts(rain))


def test_thinking_is_one_line_with_a_count() -> None:
    entry = replace(BESS, text="", reasoning="one two three", thinking=True)
    assert texts(entry) == ["Bess", "▸ thinking 3…", ""]
    assert texts(replace(entry, reasoning_tokens=1212))[1] == "▸ thinking 1,212…"
    assert texts(replace(entry, thinking=False, reasoning_tokens=212))[1] == "▸ thought · 212 tokens"


@pytest.mark.parametrize("text", ["```\n\nx\n```", " \U000e0041", "*", ""])
def test_a_text_of_which_little_shows_is_measured_rightly_below_its_reasoning(text: str) -> None:
    entry = replace(BESS, text=text, reasoning="hm")
    assert entry_height(entry, shown_of(entry), 40) == len(texts(entry))


def test_unfolded_reasoning_stands_above_the_text() -> None:
    entry = replace(BESS, reasoning="*Not* markup.", unfolded=True)
    assert texts(entry) == ["Bess", "▾ thought · 2 words", "*Not* markup.", "Nods.", ""]
    parts = [line.part for line in EntryLines(entry, 40).lines]
    assert parts == [Part.HEAD, Part.FOLD, Part.REASONING, Part.TEXT, Part.GAP]


def test_signs_have_ascii_forms() -> None:
    entry = replace(BESS, swipes=3, reasoning="hm", thinking=True)
    shown = [line.text for line in EntryLines(entry, 40, ASCII_GLYPHS).lines]
    assert shown == ["Bess  < 1/3 >", "+ thinking 1...", "Nods.", ""]


def test_the_signs_of_dividers_and_stamps_have_ascii_forms() -> None:
    entry = replace(BESS, new=True, day="Sunday", stamp=("2", "11:42"))
    shown = "".join(line.text for line in EntryLines(entry, 40, ASCII_GLYPHS).lines)
    assert shown.isascii()
    assert "new - Sunday" in shown


def test_notes_of_the_program_hold_no_markup() -> None:
    assert texts(ChatEntry("n", EntryKind.PROBLEM, text="2 * 3 *is* `6`")) == ["2 * 3 *is* `6`", ""]


def test_a_hidden_turn_is_muted_throughout() -> None:
    lines = EntryLines(replace(BESS, text='*a* "b" c', hidden=True), 40).lines
    assert all(look & Look.MUTED for line in lines if line.part is Part.TEXT for _, look in line.runs)


def test_a_lost_turn_says_so() -> None:
    turn = Turn("7", "6", Speaker.NARRATOR, name="", text="", hidden=True, lost=True)
    assert texts(entry_of(turn), 60)[0] == "This turn is missing from the chat's file."


def test_an_entry_is_made_from_a_turn() -> None:
    turn = Turn("7", "6", Speaker.USER, "Alex", "Hi.", reasoning="hm", hidden=True, interrupted=True)
    assert entry_of(turn, 2, 3) == ChatEntry(
        "7", EntryKind.USER, "Alex", "Hi.", "hm", swipe=2, swipes=3, hidden=True, interrupted=True
    )


def test_a_token_wraps_only_the_last_paragraph_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped: list[str] = []
    wrap_lines = wrap.lines

    def counted(text: str, width: int) -> list[tuple[int, int]]:
        wrapped.append(text)
        return wrap_lines(text, width)

    monkeypatch.setattr(wrap, "lines", counted)
    text = "\n\n".join(f'*Paragraph {number} of many,* "and more".' for number in range(200))
    lines = EntryLines(replace(BESS, text=text), 40)
    wrapped.clear()
    first, stop = lines.update(replace(BESS, text=text + " And"))
    assert len(wrapped) == 1
    assert wrapped[0].startswith("Paragraph 199")
    assert stop - first == 1
