"""A chat that a later version wrote: it opens to be read, is never rewritten, and a copy of it can be written in."""

from __future__ import annotations

import json
from pathlib import Path

from tavern_tui.session.opening import Wishes
from tests.ui.app.evening import Evening, hint, settled, texts, typed


async def test_it_is_read_and_copied_and_never_rewritten(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "Yes.", "In a copy.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        path = app.chat.open_session.log.path
    first, *rest = path.read_bytes().splitlines()
    later = {**json.loads(first), "f": 3, "w": "1.4"}
    path.write_bytes(b"\n".join([json.dumps(later).encode(), *rest]) + b"\n")
    before = path.read_bytes()
    async with evening.begun((45, 30), app=evening.app(wishes=Wishes(chat=path.stem))) as (app, pilot):
        shown = " ".join(texts(app)[-1].split())
        assert "(format 3); this is" in shown
        assert "Update, or: tavern-tui log CHAT --copy TITLE" in shown
        assert "c opens a copy to write in" in shown
        assert str(app.chat.composer.placeholder).startswith("Read only")
        await typed(pilot, "More", "enter")
        assert "More" not in [turn.text for turn in app.chat.open_session.tree.path()]
        app.chat.composer.clear()
        await typed(pilot, "/duplicate Further", "enter")
        await settled(pilot)
        assert app.chat.open_session.tree.title == "Further"
        await typed(pilot, "On we go", "enter")
        assert texts(app)[-2:] == ["On we go", "In a copy."], hint(app)
    assert path.read_bytes() == before
