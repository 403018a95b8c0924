"""What undo and redo of a chat's own choices tell the front ends to do."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.domain.events import PropertySet
from tavern_tui.session.opening import Wishes
from tavern_tui.session.session import ChatSession
from tavern_tui.session.taking_back import TakenBack, redo, undo
from tavern_tui.session.titles import TITLE
from tavern_tui.session.workspace import Workspace


async def test_another_engine_and_another_title_are_told(session: ChatSession, tavern_home: Path) -> None:
    workspace, wishes = Workspace.open(), Wishes()
    await session.changes.write(PropertySet("connection", {"server": "http://rig:5001"}))
    await session.changes.write(PropertySet(TITLE, "By the sea"))

    async def walked(step: str) -> TakenBack:
        take = undo if step == "u" else redo
        return await take(session, workspace, wishes, watch=lambda _event: None)

    title, writer = TakenBack("the title", title=True), TakenBack("who writes here", writer=True)
    assert [await walked(step) for step in "uuuUU"] == [title, writer, TakenBack(""), writer, title]
    assert session.tree.title == "By the sea"
    assert session.tree.properties["connection"] == {"server": "http://rig:5001"}
