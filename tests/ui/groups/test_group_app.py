"""A group in the app: who is here and who speaks next, ``@``, mute, cut lines, auto; begun from the list."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from textual.events import Key
from textual.pilot import Pilot

from tavern_tui.engines.fake import FakeEngine
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.creating import new_group
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.group import GroupScreen
from tavern_tui.ui.screens.new_group import PickCharacters
from tavern_tui.ui.widgets.member_strip import MemberStrip
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled, tree_texts
from tests.ui.pictures import SIZES, assert_looks_as_kept

PICTURES = Path(__file__).parent / "snapshots"


GREETINGS = {
    "Mira": ('*Mira lifts the lantern.* "All aboard who are coming."', '*Fog.* "Who is there?"'),
    "Tom": ('*Tom coils a rope and says nothing at first.* "Mind the step."',),
    "Ada": ('*Ada looks up from the tide table.* "We have an hour. No more than that."',),
}


def crew(evening: Evening, order: str) -> Wishes:
    """A group of three, with cards of its own, in the home of ``evening``."""
    folder = evening.directories.characters
    folder.mkdir(parents=True)
    for name, greetings in GREETINGS.items():
        data = {"name": name, "first_mes": greetings[0], "alternate_greetings": list(greetings[1:])}
        card = json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": data})
        (folder / f"{name.lower()}.json").write_text(card)
    log = new_group(Workspace.open(dirs=evening.directories), list(GREETINGS), title="The crew")
    log.append(*changing.ordered(log.tree, order))
    return Wishes(chat=log.path.stem)


def strip(app: TavernApp) -> str:
    """What the row of members shows."""
    return app.chat.query_one(MemberStrip).render().plain.strip()


async def written(pilot: Pilot[int], text: str, *keys: str) -> None:
    """Have ``text`` in the composer, then press ``keys``, and wait for what comes of it."""
    assert isinstance(pilot.app, TavernApp)
    pilot.app.chat.composer.put(text)
    await pilot.pause()
    await pilot.press(*keys)
    await settled(pilot)


def coming(app: TavernApp) -> str:
    """Who speaks next and why, as the status line has it."""
    return app.chat.progress.status.next


async def test_an_evening_with_three(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "Soup? Yes.", "Ready.\n Ada: I see a star.", "Who, me?")
    app = evening.app(wishes=crew(evening, "list"))
    async with evening.begun(app=app) as (_, pilot):
        await _pictures(pilot)
        await pilot.resize_terminal(100, 30)
        assert strip(app) == "› Mira  Tom  Ada"
        assert coming(app) == "next: Mira · in the list's order, then Tom, Ada"
        await written(pilot, "/group", "enter")
        assert isinstance(app.screen, GroupScreen)
        await pilot.press("down", "down", "down", "right", "right")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        await _talk(app, pilot)


async def _pictures(pilot: Pilot[int]) -> None:
    for width, height in SIZES:
        await pilot.resize_terminal(width, height)
        await pilot.pause()
        picture = pilot.app.export_screenshot(title="group")
        assert_looks_as_kept(picture, PICTURES / f"chat-{width}x{height}.svg")


async def _talk(app: TavernApp, pilot: Pilot[int]) -> None:
    await written(pilot, "Is there soup?")
    assert coming(app) == "next: nobody · @ lets one speak", "the order is manual now"
    await pilot.press("enter")
    await settled(pilot)
    assert tree_texts(app)[-1] == "Is there soup?"
    await written(pilot, "@2")
    assert strip(app) == "1 Mira  › 2 Tom  3 Ada"
    await pilot.press("enter")
    await settled(pilot)
    assert (app.chat.mirror.log.entries[-1].name, app.chat.mirror.log.entries[-1].voice) == ("Tom", 1)
    await written(pilot, "@mi", "enter")
    assert tree_texts(app)[-2:] == ["Soup? Yes.", "Ready."]
    assert "keep as Ada? Tab keeps it" in hint(app)
    await pilot.press("tab")
    await settled(pilot)
    assert tree_texts(app)[-1] == "I see a star."
    await pilot.click(MemberStrip, offset=(3, 0))
    assert (app.chat.composer.full_text, strip(app)) == ("@", "› 1 Mira  2 Tom  3 Ada")
    await pilot.press("right", "right", "x")
    await settled(pilot)
    assert strip(app).endswith("› 3 Ada × muted")
    await pilot.press("escape")
    assert app.chat.composer.is_empty
    await written(pilot, "@ida", "enter")
    assert "Nobody here is called" in hint(app) or any("Nobody here" in one.text for one in app.chat.mirror.log.entries)
    app.chat.composer.clear()
    await written(pilot, "2 eggs, please", "enter")
    assert tree_texts(app)[-1] == "2 eggs, please", "plain digits are text"


async def test_auto_counts_and_ends_at_the_first_key(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def wait(_seconds: float) -> None:
        await gate.wait()

    evening = Evening(tmp_path)
    engine = FakeEngine((["One,", 1.0, " two."], ["Three,", 1.0, " four."]), sleep=wait)
    app = evening.app(engine=engine, wishes=crew(evening, "pooled"))
    async with evening.begun(app=app) as (_, pilot):
        assert not app.chat.busy, "nothing goes on by itself after a start"
        app.chat.composer.put("/auto 3")
        await pilot.press("enter")
        await pilot.pause()
        assert hint(app) == "auto 1/3 · Esc stops"
        await pilot.press("h")
        assert hint(app).startswith("Auto ends with this reply")
        gate.set()
        await settled(pilot)
        assert tree_texts(app)[-1] == "One, two."
        assert len(engine.requests) == 1
        assert app.chat.composer.full_text == "h"
        app.chat.composer.clear()
        await written(pilot, "/newgroup", "enter")
        await _pick(app, pilot)


async def _pick(app: TavernApp, pilot: Pilot[int]) -> None:
    assert isinstance(app.screen, PickCharacters)
    while app.screen.query_one("RowList").rows == ():  # type: ignore[attr-defined]
        await pilot.pause()
    rows = app.screen.query_one(RowList)
    second = rows.rows[1].id
    for picked in ([second], []):  # keys that come in one read, as a slow link brings them
        for key in ("down", "enter", "up"):
            app.post_message(Key(key, None))
        await settled(pilot)
        assert [row.id for row in rows.rows if row.right] == picked
    await pilot.press(*"ad", "enter", *"to", "enter")
    await settled(pilot)
    for width, height in SIZES:
        await pilot.resize_terminal(width, height)
        await pilot.pause()
        assert_looks_as_kept(app.export_screenshot(title="new group"), PICTURES / f"new-{width}x{height}.svg")
    await pilot.press("ctrl+n")
    await settled(pilot)
    assert app.chat.open_session.tree.characters == ("Ada", "Tom")
    assert app.chat.group_view is not None
