"""The log on a screen: what is on it, what is repainted, where it stands, and what a drag of the mouse copies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection

from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.chatlog.lines import Part
from tavern_tui.ui.chatlog.strips import KEPT_STRIPS
from tavern_tui.ui.chatlog.view import MEASURE, Follow, scroll_screens
from tests.hostile import HOSTILE, driving_characters
from tests.ui.chatlog.app import EVENING, LogApp, turns
from tests.ui.pictures import SIZES

TOKENS = ["*She", " looks", " up", ".*", ' "', "Pie", ",", " then", "?", '"']


@asynccontextmanager
async def shown(app: LogApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_text_stands_in_the_middle_at_a_reading_measure(size: tuple[int, int]) -> None:
    app = LogApp([ChatEntry("1", EntryKind.USER, "Alex", "word " * 400)])
    async with shown(app, size):
        text = [row for row in app.rows() if row.strip()]
        left = min(len(row) - len(row.lstrip()) for row in text)
        widest = max(len(row) for row in text)
        right = size[0] - 1 - widest
        assert widest - left <= MEASURE
        assert left >= 2
        assert right >= 1
        if size[0] > MEASURE + 20:
            assert abs(left - right) <= len("word ")


async def test_a_chat_opens_at_its_end() -> None:
    app = LogApp(turns(50))
    async with shown(app):
        assert app.rows()[-3:] == ["  Alex", '  Turn 49. "And so on."', ""]


async def test_the_log_follows_its_end() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.append(turns(1, 50))
        await pilot.pause()
        assert app.rows()[-2] == '  Turn 50. "And so on."'


async def test_the_log_stays_where_the_reader_scrolled_to() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.scroll_relative(y=-10, animate=False)
        await pilot.pause()
        before = app.rows()
        app.log_view.append(turns(2, 50))
        app.log_view.set_text("51", "Longer.\n\nAnd longer.")
        await pilot.pause()
        assert app.rows()[:-1] == before[:-1]
        assert app.rows()[-1].endswith(" ↓ 19 more")
        app.log_view.follow_end()
        await pilot.pause()
        assert app.rows()[-2] == "  And longer."


async def test_going_on_by_screens_leaves_no_line_unread() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.scroll_to(y=0, animate=False)
        await pilot.pause()
        read = app.rows()[:-1]
        while "more" in app.rows()[-1]:
            scroll_screens(app.log_view, 1)
            await pilot.pause()
            read += app.rows()[: None if "more" not in app.rows()[-1] else -1]
        told = "\n".join(read)
        assert [number for number in range(50) if f"Turn {number}." not in told] == []


async def test_scrolling_back_to_the_end_follows_again() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.scroll_relative(y=-10, animate=False)
        app.log_view.scroll_end(animate=False)
        await pilot.pause()
        app.log_view.append(turns(1, 50))
        await pilot.pause()
        assert app.rows()[-2] == '  Turn 50. "And so on."'


@pytest.mark.parametrize(
    ("follow", "first"), [(Follow.START, "  Bess"), (Follow.AUTO, "  Bess"), (Follow.LINE, "  line 19")]
)
async def test_a_long_reply_is_followed_to_its_first_line_on_a_short_screen(follow: Follow, first: str) -> None:
    app = LogApp([*turns(10), ChatEntry("reply", EntryKind.CHARACTER, "Bess")], follow=follow)
    async with shown(app, (45, 13)) as pilot:
        for count in range(1, 31):
            app.log_view.set_text("reply", "\n".join(f"line {number}" for number in range(count)))
            await pilot.pause()
        assert app.rows()[0] == first
        assert ("more" in app.rows()[-1]) == (follow is not Follow.LINE)


@pytest.mark.parametrize("count", [10, 10_000])
async def test_a_token_asks_for_three_lines_at_most(count: int) -> None:
    app = LogApp([*turns(count), ChatEntry("reply", EntryKind.CHARACTER, "Bess", "Before.\n\n")])
    async with shown(app) as pilot:
        text = app.log_view.standing.entry("reply").text
        asked = []
        for token in TOKENS:
            text += token
            height = app.log_view.virtual_size.height
            app.log_view.asked = 0
            app.log_view.set_text("reply", text)
            await pilot.pause()
            if app.log_view.virtual_size.height == height:
                asked.append(app.log_view.asked)
        assert len(asked) >= len(TOKENS) - 1
        assert max(asked) <= 3
        assert app.rows()[-2] == '  She looks up. "Pie, then?"'


async def test_a_chat_of_ten_thousand_turns_has_the_widgets_of_one_of_ten() -> None:
    widgets = {}
    for count in (10, 10_000):
        app = LogApp(turns(count))
        async with shown(app) as pilot:
            for _ in range(5):
                app.log_view.scroll_page_up(animate=False)
                await pilot.pause()
            widgets[count] = len(list(app.screen.walk_children()))
    assert widgets[10] == widgets[10_000] <= 80


async def test_painted_lines_are_kept_for_what_was_seen_lately_only() -> None:
    app = LogApp(turns(1_000))
    async with shown(app) as pilot:
        for line in range(0, 3_000, 60):
            app.log_view.scroll_to(y=line, animate=False)
            await pilot.pause()
        assert len(app.log_view._painted) <= KEPT_STRIPS


async def test_earlier_turns_come_in_without_moving_what_is_on_screen() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.scroll_relative(y=-10, animate=False)
        await pilot.pause()
        before = app.rows()
        app.log_view.prepend(turns(40, 1_000))
        await pilot.pause()
        assert app.rows() == before
        assert app.log_view.entries[0].id == "1000"


async def test_discarded_turns_are_gone_from_the_screen() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.discard(["48", "49"])
        await pilot.pause()
        assert app.rows()[-2] == '  Turn 47. "And so on."'


async def test_a_text_that_shrinks_leaves_no_rest_on_the_screen() -> None:
    app = LogApp([*turns(1), ChatEntry("1", EntryKind.USER, "Alex", "a\n\nb\n\nc\n\nd"), *turns(1, 2)])
    async with shown(app) as pilot:
        app.log_view.set_text("1", "z")
        await pilot.pause()
        assert [row for row in app.rows() if row] == [
            "  Bess", '  Turn 0. "And so on."', "  Alex", "  z", "  Bess", '  Turn 2. "And so on."',
        ]  # fmt: skip


@given(st.data())
@settings(max_examples=10, deadline=None)
def test_what_is_on_screen_is_what_a_fresh_screen_would_show(data: st.DataObject) -> None:
    async def both() -> None:
        app = LogApp(turns(6))
        async with shown(app, (45, 13)) as pilot:
            for _ in range(6):
                await change(app, data)
                await pilot.pause()
                before = app.rows()
                app.log_view.refresh()
                await pilot.pause()
                assert app.rows() == before

    asyncio.run(both())


async def change(app: LogApp, data: st.DataObject) -> None:
    """One of the things that happen to a log."""
    log = app.log_view
    name = data.draw(st.sampled_from([entry.id for entry in log.entries]))
    text = "\n\n".join(data.draw(st.lists(st.sampled_from(["*a", "b*", "word " * 20]), max_size=4)))
    fresh = turns(data.draw(st.integers(1, 3)), 10_000 + 10 * len(log.entries))
    fresh = [entry for entry in fresh if all(entry.id != known.id for known in log.entries)]
    match data.draw(st.sampled_from(["text", "scroll", "append", "prepend", "select", "discard", "load"])):
        case "text":
            log.set_text(name, text)
        case "scroll":
            log.scroll_relative(y=data.draw(st.integers(-9, 9)), animate=False)
        case "append":
            log.append(fresh)
        case "prepend":
            log.prepend(fresh)
        case "select":
            log.select_entry(name)
        case "load":
            log.load([replace(entry, text=text) for entry in log.entries])
        case "discard" if len(log.entries) > 1:
            log.discard([name])


async def test_another_chat_takes_the_place_of_the_first() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.load(turns(2, 7))
        await pilot.pause()
        assert [row for row in app.rows() if row] == [
            "  Alex", '  Turn 7. "And so on."', "  Bess", '  Turn 8. "And so on."',
        ]  # fmt: skip


async def test_a_chat_of_the_same_height_takes_the_place_of_the_first_too() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.load(turns(50, 100))
        await pilot.pause()
        assert app.rows()[-2] == '  Turn 149. "And so on."'


async def test_a_narrower_screen_keeps_the_line_at_the_top() -> None:
    app = LogApp([replace(turn, text=turn.text + " word" * 40) for turn in turns(50)])
    async with shown(app) as pilot:
        app.log_view.show_entry("20")
        await pilot.pause()
        assert app.rows()[0] == "  Bess"
        first = app.rows()[1]
        await pilot.resize_terminal(45, 30)
        await pilot.pause()
        assert app.rows()[0] == "  Bess"
        assert app.rows()[1][:20] == first[:20]


async def test_a_keyboard_that_slides_up_leaves_the_end_in_view() -> None:
    app = LogApp(turns(50))
    async with shown(app, (45, 30)) as pilot:
        await pilot.resize_terminal(45, 13)
        await pilot.pause()
        assert app.rows()[-2] == '  Turn 49. "And so on."'
        await pilot.resize_terminal(45, 30)
        await pilot.pause()
        assert app.rows()[-2] == '  Turn 49. "And so on."'


async def test_the_selected_entry_has_a_bar_and_is_brought_into_view() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.select_entry("10")
        await pilot.pause()
        assert app.rows()[:3] == ["▌ Bess", '▌ Turn 10. "And so on."', ""]
        app.log_view.select_entry("11")
        await pilot.pause()
        assert [row for row in app.rows() if row.startswith("▌")] == ["▌ Alex", '▌ Turn 11. "And so on."']
        app.log_view.select_entry(None)
        await pilot.pause()
        assert not [row for row in app.rows() if row.startswith("▌")]


async def test_a_drag_copies_what_was_written_not_what_is_shown() -> None:
    app = LogApp(turns(2))
    async with shown(app) as pilot:
        await pilot.mouse_down(app.log_view, offset=(2, 1))
        await pilot.hover(app.log_view, offset=(7, 1))
        await pilot.mouse_up(app.log_view, offset=(7, 1))
        await pilot.pause()
        assert app.screen.get_selected_text() == "*Turn 0"


async def test_a_drag_over_several_turns_copies_their_names() -> None:
    app = LogApp(turns(3))
    async with shown(app) as pilot:
        await pilot.mouse_down(app.log_view, offset=(10, 1))
        await pilot.hover(app.log_view, offset=(7, 4))
        await pilot.mouse_up(app.log_view, offset=(7, 4))
        await pilot.pause()
        assert app.screen.get_selected_text() == '"And so on."\n\nAlex\n*Turn 1'


async def test_what_is_marked_stays_marked_when_earlier_turns_come_in() -> None:
    app = LogApp(turns(3))
    async with shown(app) as pilot:
        app.screen.selections = {app.log_view: Selection(Offset(0, 1), Offset(7, 1))}
        app.log_view.prepend(turns(5, 100))
        await pilot.pause()
        assert app.screen.get_selected_text() == "*Turn 0.*"


async def test_what_is_marked_is_shown_as_marked() -> None:
    app = LogApp(turns(3))
    async with shown(app) as pilot:
        plain = app.log_view.render_line(1)
        app.screen.selections = {app.log_view: Selection(Offset(0, 1), Offset(4, 1))}
        await pilot.pause()
        marked = app.log_view.render_line(1)
        assert marked.text == plain.text
        ground = app.screen.get_component_rich_style("screen--selection").bgcolor
        assert [segment.text for segment in marked if segment.style and segment.style.bgcolor == ground] == ["Turn"]


async def test_an_entry_takes_the_place_of_another_while_the_reader_stays_where_he_is() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.append([ChatEntry("reply", EntryKind.CHARACTER, "Mira", "One.\n\nTwo.")])
        app.log_view.scroll_relative(y=-10, animate=False)
        await pilot.pause()
        before = app.rows()
        app.log_view.replace(ChatEntry("saved", EntryKind.CHARACTER, "Mira", "One.\n\nTwo."), "reply")
        await pilot.pause()
        assert app.rows() == before
        assert "reply" not in app.log_view.standing
        assert app.log_view.entries[-1].id == "saved"


async def test_the_top_line_can_be_told_and_gone_back_to() -> None:
    app = LogApp(turns(50))
    async with shown(app) as pilot:
        app.log_view.scroll_relative(y=-10, animate=False)
        await pilot.pause()
        before, top = app.rows(), app.log_view.top
        app.log_view.follow_end()
        await pilot.pause()
        app.log_view.show_entry(*top)
        await pilot.pause()
        assert app.rows() == before


async def test_a_click_says_what_it_hit() -> None:
    app = LogApp([replace(turns(1)[0], reasoning="hm", swipes=2), *turns(1, 1)])
    async with shown(app) as pilot:
        for row in (0, 1, 2):
            await pilot.click(app.log_view, offset=(9, row))
        await pilot.click(app.log_view, offset=(9, 20))
        await pilot.pause()
        assert [(click.entry_id, click.part, click.column) for click in app.clicks] == [
            ("0", Part.HEAD, 7), ("0", Part.FOLD, 7), ("0", Part.TEXT, 7),
        ]  # fmt: skip


async def test_speakers_and_looks_differ_in_style() -> None:
    app = LogApp(EVENING)
    async with shown(app, (120, 40)):
        styles = {
            segment.text.strip(): segment.style
            for y in range(40)
            for segment in app.log_view.render_line(y)
            if segment.text.strip() and segment.style
        }
        assert styles["Bess"].color != styles["Alex"].color
        assert styles["I take the towel."].italic
        assert styles["I take the towel."].color != styles['"The story, and then the pie."'].color
        assert styles["story"].bold


async def test_a_theme_repaints_the_log() -> None:
    app = LogApp(turns(3))
    async with shown(app) as pilot:
        before = [segment.style for segment in app.log_view.render_line(0)]
        app.theme = "textual-light"
        await pilot.pause()
        assert [segment.style for segment in app.log_view.render_line(0)] != before


async def test_hostile_texts_reach_no_line() -> None:
    app = LogApp(
        ChatEntry(name, EntryKind.CHARACTER, text, text, reasoning=text, unfolded=True)
        for name, text in HOSTILE.items()
    )
    async with shown(app) as pilot:
        seen = ""
        for line in range(0, app.log_view.virtual_size.height, 20):
            app.log_view.scroll_to(y=line, animate=False)
            await pilot.pause()
            seen += "\n".join(app.rows())
        assert seen.count("evil") > 5
        assert driving_characters(seen.encode()) == []


async def test_square_brackets_are_text() -> None:
    app = LogApp(
        [ChatEntry("1", EntryKind.CHARACTER, "[b]Bess[/b]", "[red]Not a colour[/] and [@click=quit]no link[/]")]
    )
    async with shown(app):
        assert app.rows()[:2] == ["  [b]Bess[/b]", "  [red]Not a colour[/] and [@click=quit]no link[/]"]
