"""The group's own screen, and the row of members at any width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain import groups
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import Body, PropertySet
from tavern_tui.session.groups.facts import facts_of
from tavern_tui.session.groups.presence import Presence
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.screens.group import GroupNow, GroupScreen, GroupTools
from tavern_tui.ui.widgets.member_strip import Strip, StripMember, member_at, strip_text
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp

PICTURES = Path(__file__).parent / "snapshots"


class Crew:
    """A group without a session: what is written is there at once."""

    def __init__(self, *members: str) -> None:
        self.tree = ChatTree(characters=members, properties={groups.MUTED: ["Bess"]})
        self.asked = 0

    def now(self) -> GroupNow:
        facts = facts_of(self.tree)
        assert facts is not None
        return GroupNow(facts, Presence(self.tree).away(), frozenset({"Ida"}), "Wren", "mentioned")

    async def write(self, bodies: list[Body]) -> None:
        for body in bodies:
            assert isinstance(body, PropertySet)
            self.tree.properties[body.key] = body.value
            if body.key == groups.MEMBERS:
                self.tree.characters = tuple(body.value)

    async def add(self) -> None:
        self.asked += 1

    @property
    def tools(self) -> GroupTools:
        return GroupTools(self.now, lambda: self.tree, self.write, self.add)


async def test_members_are_muted_moved_sent_away_and_taken_out() -> None:
    crew = Crew("Wren", "Bess", "Tern", "Ida")
    app = ScreenApp[str](GroupScreen(crew.tools))
    async with app.run_test(size=SIZES[0]) as pilot:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            picture = app.export_screenshot(title="group")
            assert_looks_as_kept(picture, PICTURES / f"screen-{width}x{height}.svg")
        for key in ("x", "p", "J", "d", "a"):
            await pilot.press(key)
            await pilot.pause()
        assert crew.tree.characters == ("Bess", "Tern", "Ida")
        assert crew.tree.properties[groups.MUTED] == ["Bess", "Wren"]
        assert crew.tree.properties[groups.AWAY] == ["Wren"]
        assert crew.asked == 1
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause()
        assert crew.tree.properties[groups.ORDER] == "list"
        await pilot.press("down", "down", "down", "enter", *"Fog.", "enter")
        await pilot.pause()
        assert crew.tree.properties[groups.SCENARIO] == "Fog."
        crew.tree = ChatTree(characters=("Wren",))
        await pilot.press("pageup", "pageup", "pageup", "x")
        await pilot.pause()
        assert "This chat is with Wren alone." in str(app.screen.query_one("#note").render())
        await pilot.press("enter")
    assert app.result == "Bess"


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
MEMBERS = st.builds(StripMember, NAMES, st.sampled_from(["", "muted", "away", "no card"]), st.booleans())


@settings(max_examples=25)
@given(st.lists(MEMBERS, min_size=1, max_size=9), st.integers(20, 120), st.booleans(), st.integers(0, 8))
def test_the_row_is_never_wider_than_there_is_space(
    members: list[StripMember], width: int, choosing: bool, chosen: int
) -> None:
    strip = Strip(tuple(members), min(chosen, len(members) - 1) if choosing else None, choosing)
    for glyphs in (UNICODE_GLYPHS, ASCII_GLYPHS):
        shown = strip_text(strip, width, glyphs)
        assert shown.cell_length <= width
        assert "\n" not in shown.plain


def test_a_click_means_the_member_under_it() -> None:
    strip = Strip((StripMember("Wren", next=True), StripMember("Bess", "muted"), StripMember("Tern")))
    shown = strip_text(strip, 80).plain
    assert [member_at(strip, 80, shown.index(name)) for name in ("Wren", "Bess", "Tern")] == [0, 1, 2]
    assert member_at(strip, 80, 79) is None
    assert strip_text(replace(strip, choosing=True, chosen=2), 80).plain == " 1 Wren  2 Bess × muted  › 3 Tern"
