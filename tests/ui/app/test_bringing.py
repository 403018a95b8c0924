"""A file dropped on the terminal becomes the command that brings it in; Enter runs it, and nothing else does."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from textual.events import Paste
from textual.widgets import Static

from tavern_tui.formats.png import SIGNATURE
from tavern_tui.session.portraits import portrait
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.screens.importing import ImportScreen
from tests.fuzz import CORPUS
from tests.ui.app.evening import Evening, hint, settled, typed
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import until

PICTURES = Path(__file__).parent / "snapshots"


async def test_a_dropped_file_is_brought_in_by_enter(tmp_path: Path) -> None:
    card = tmp_path / "my card.png"
    card.write_bytes((CORPUS / "cards" / "v3.png").read_bytes())
    async with Evening(tmp_path).begun() as (app, pilot):
        app.post_message(Paste("/nowhere/at/all.png"))
        await settled(pilot)
        assert app.chat.composer.text == "/nowhere/at/all.png"
        app.chat.composer.clear()
        app.post_message(Paste(str(card).replace(" ", "\\ ")))
        await until(pilot, lambda: app.chat.composer.text == f"/import {card}")
        assert hint(app) == "Import? Enter does · Esc: only the text"
        await pilot.press("escape")
        assert (app.chat.composer.text, hint(app)) == (str(card), "")
        await pilot.press("ctrl+z", "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportScreen))
        await until(pilot, lambda: "Bring this?" in str(app.screen.query_one("#question").render()))
        await pilot.press("enter")
        await until(pilot, lambda: "What came" in str(app.screen.query_one("#question").render()))
        await pilot.press("escape")
        await settled(pilot)
        assert [one.name for one in app.workspace.characters() if not one.shipped] != []


async def test_a_plain_picture_becomes_the_portrait_of_the_character_at_hand(tmp_path: Path) -> None:
    picture = tmp_path / "plain.png"
    picture.write_bytes(plain_png())
    async with Evening(tmp_path).begun() as (app, pilot):
        await typed(pilot, f"/import {picture}", "enter")
        await until(pilot, lambda: isinstance(app.screen, ImportScreen) and "portrait" in asked(app))
        assert asked(app) == "plain.png: no character inside (a plain picture). Import it as a portrait?"
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            svg = app.export_screenshot(title="import")
            assert_looks_as_kept(svg, PICTURES / f"import-portrait-{width}x{height}.svg")
        await pilot.press("enter")
        await until(pilot, lambda: "Wren has this portrait now." in str(app.screen.query_one("#told").render()))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.chat.is_current)
        _, card = app.workspace.card_of("Wren")
        assert not app.workspace.is_sample(card), "samples stay as they are: it is a card of one's own now"
        shown = portrait(card, 2, 1)
        assert shown is not None
        assert {pixel for row in shown.rows for pixel in row} == {(200, 30, 40)}


def asked(app: TavernApp) -> str:
    """What the page that lies over the chat asks."""
    return str(app.screen.query_one("#question", Static).render())


def plain_png() -> bytes:
    """A picture of 8 × 8 pixels of one colour, without a card."""
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    data = zlib.compress((b"\0" + bytes((200, 30, 40)) * 8) * 8)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
