"""Words that are searched for, marked in the log: across lines and marks, only where looked at, and gone again."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from tavern_tui.session.finding import query_for
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.chatlog.lines import EntryLines, Line, Part
from tavern_tui.ui.chatlog.marks import Look
from tavern_tui.ui.chatlog.paint import Frame, LinePainter
from tavern_tui.ui.chatlog.strips import PaintedLines
from tests.ui.chatlog.app import LogApp, turns
from tests.ui.chatlog.roleplay import ROLEPLAY

BESS = ChatEntry("1", EntryKind.CHARACTER, "Bess", "The *old* bridge is gone, and the\nbridge keeper with it.")


def pattern(words: str) -> re.Pattern[str]:
    query = query_for(words)
    assert query is not None
    return query.pattern


def marked(entry: ChatEntry, words: str, width: int = 40) -> list[str]:
    """What is marked on each line of the text of ``entry``, the lines without anything left out."""
    painted = PaintedLines()
    painted.search(pattern(words))
    lines = EntryLines(entry, width).lines
    return [line.text[start:end] for line in lines for start, end in painted.matches(entry, line)]


def test_every_place_of_the_words_is_marked() -> None:
    assert marked(BESS, "bridge") == ["bridge", "bridge"]


def test_marks_of_roleplay_and_line_ends_do_not_hide_a_phrase() -> None:
    assert marked(BESS, "old bridge") == ["old bridge"]
    assert marked(BESS, "the bridge") == ["the", "bridge"]
    assert marked(BESS, "old bridge", width=10) == ["old", "bridge"]


def test_names_reasoning_and_notes_are_not_searched() -> None:
    assert marked(BESS, "Bess") == []
    thinking = replace(BESS, reasoning="A ferry.", unfolded=True)
    assert marked(thinking, "ferry") == []
    assert marked(ChatEntry("2", EntryKind.NOTE, text="The bridge is a note."), "bridge") == []


@given(ROLEPLAY, st.sampled_from(["rain", "she sits", "2", '"']), st.integers(8, 60))
def test_what_is_marked_is_what_the_shown_text_has(text: str, words: str, width: int) -> None:
    entry = replace(BESS, text=text)
    blocks = {id(line.block): line.block for line in EntryLines(entry, width).lines if line.part is Part.TEXT}
    found = sum(len(pattern(words).findall(block.text)) for block in blocks.values() if block is not None)
    assert bool(marked(entry, words, width)) == bool(found)


def test_overlays_are_cut_where_looks_change_and_the_later_lies_above() -> None:
    painter = LinePainter(Style(), lambda _name: Style(), "|")
    line = Line(Part.TEXT, (("abc", Look.PLAIN), ("def", Look.ACTION)))
    one, other = Style(color="red"), Style(color="blue")
    strip = painter.paint(line, Frame(20, 2, 17), False, [(1, 5, one), (4, -1, other)])
    inner = [(text, style.color.name if style and style.color else "") for text, style, _ in strip]
    assert inner[1:6] == [("a", ""), ("bc", "red"), ("d", "red"), ("e", "blue"), ("f", "blue")]


def test_painting_again_searches_again_only_for_another_pattern() -> None:
    painted = PaintedLines()
    assert painted.search(pattern("rain"))
    assert not painted.search(pattern("rain"))
    assert painted.search(None)


async def test_matches_are_shown_and_taken_away_again() -> None:
    app = LogApp(turns(3))
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.pause()
        plain = app.export_screenshot()
        app.log_view.highlight(pattern("and so on"))
        await pilot.pause()
        ground = app.log_view.get_component_rich_style("chatlog--match").bgcolor
        strips = app.log_view.render_lines(app.log_view.size.region)
        shown = [text for strip in strips for text, style, _ in strip if style and style.bgcolor == ground]
        assert shown == ["And so on"] * 3
        app.log_view.highlight(None)
        await pilot.pause()
        assert app.export_screenshot() == plain


@pytest.mark.parametrize("count", [10, 10_000])
async def test_only_lines_on_screen_are_searched(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = 0
    matches = PaintedLines.matches

    def counted(self: PaintedLines, entry: ChatEntry, line: Line) -> list[tuple[int, int]]:
        nonlocal searched
        searched += 1
        return matches(self, entry, line)

    app = LogApp(turns(count))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(PaintedLines, "matches", counted)
        app.log_view.highlight(pattern("turn"))
        await pilot.pause()
        assert 0 < searched <= 2 * 24


async def test_of_a_turn_taller_than_the_log_the_first_match_is_shown() -> None:
    text = "\n".join(f"line {number}" for number in range(60)) + "\nthe ferry\n" + "end\n" * 40
    app = LogApp([*turns(3), ChatEntry("long", EntryKind.CHARACTER, "Bess", text), *turns(3, 10)])
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.pause()
        app.log_view.highlight(pattern("ferry"))
        app.log_view.select_entry("long")
        await pilot.pause()
        assert any("the ferry" in row for row in app.rows())
        app.log_view.highlight(None)
        app.log_view.show_entry("long")
        await pilot.pause()
        assert app.rows()[0].endswith("Bess")
