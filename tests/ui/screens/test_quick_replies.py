"""The list of quick replies: chosen by a number or from the list."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS
from tavern_tui.ui.screens.quick_replies import QuickReplyList, reply_rows
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
REPLIES = (
    QuickReply("Look around", "*I look around, slowly, and take in what stands and lies about.*"),
    QuickReply("What happens next?", "What happens next?"),
    QuickReply("Thinking off", "/think off"),
)


def test_a_text_that_is_its_own_label_is_not_told_twice() -> None:
    assert [row.detail for row in reply_rows(REPLIES)] == [REPLIES[0].message, "", "/think off"]


def test_the_first_nine_have_keys() -> None:
    rows = reply_rows([QuickReply(str(place), "x") for place in range(11)])
    assert [row.right for row in rows[7:]] == ["8", "9", "", ""]


@pytest.mark.parametrize(
    ("keys", "sent"), [(["2"], 2), (["down", "down", "enter"], 3), (["escape"], None)], ids=["number", "list", "none"]
)
async def test_a_reply_is_chosen(keys: list[str], sent: int | None) -> None:
    app = ScreenApp[int | None](QuickReplyList(REPLIES, folder="quick-replies"))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *keys)
    assert app.result == sent


async def test_a_number_without_a_reply_does_nothing() -> None:
    app = ScreenApp[int | None](QuickReplyList(REPLIES, folder="quick-replies"))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "4", "0")
        assert not app.ended.is_set()


async def test_without_any_it_says_where_they_go() -> None:
    app = ScreenApp[int | None](QuickReplyList((), folder="/home/alex/quick-replies"))
    async with app.run_test(size=(80, 24)):
        assert "A list of texts in a file in /home/alex/quick-replies makes them." in app.text()


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_it_looks_as_it_was_looked_at(size: tuple[int, int]) -> None:
    theme, depth = LOOKS[""]
    app = ThemedApp([], theme, depth)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(QuickReplyList(REPLIES, folder="quick-replies", glyphs=UNICODE_GLYPHS))
        await pilot.pause()
        picture = app.export_screenshot(title="quick replies")
    assert_looks_as_kept(picture, PICTURES / f"quick-{size[0]}x{size[1]}.svg")
