"""``/screenshot``: a picture of what the screen shows, in a file of the user's own."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from tests.ui.app.evening import Evening, hint, texts, typed


def told(path: Path) -> str:
    """The words in the picture."""
    return "".join(ElementTree.fromstring(path.read_text("utf-8")).itertext()).replace("\xa0", " ")


async def test_a_picture_of_the_screen_is_written_and_never_over_another_file(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await typed(pilot, f"/screenshot {folder}", "enter")
        (kept,) = folder.iterdir()
        assert re.fullmatch(r"tavern-tui-\d{8}-\d{6}\.svg", kept.name)
        assert "She nods." in told(kept)
        assert not re.search(r"url\([\"']?http", kept.read_text("utf-8"))  # nothing that a viewer would fetch
        assert kept.stat().st_mode & 0o777 == 0o600
        await typed(pilot, f"/screenshot {folder}/mine", "enter")
        before = (folder / "mine.svg").read_bytes()
        await typed(pilot, f"/screenshot {folder}/mine.svg", "enter")
        assert "mine.svg is there already." in hint(app) + texts(app)[-1]
        assert (folder / "mine.svg").read_bytes() == before
