"""A character's picture as a terminal shows it: with a library, without one, and where there is none."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tavern_tui.session.portraits import Portrait, portrait
from tavern_tui.ui.chat.portrait import room_for
from tavern_tui.ui.widgets.portrait import half_blocks


@pytest.fixture
def without_pillow(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and Pillow is not installed any more."""
    real = builtins.__import__

    def refusing(name: str, *arguments: object, **named: object) -> object:
        if name == "PIL":
            raise ImportError(name)
        return real(name, *arguments, **named)  # type: ignore[arg-type]

    return lambda: monkeypatch.setattr(builtins, "__import__", refusing)


def card(folder: Path, kind: str = "png") -> Path:
    path = folder / f"mira.{kind}"
    Image.new("RGB", (400, 600), (200, 120, 40)).save(path)
    return path


def test_a_picture_keeps_its_shape_in_cells_that_are_twice_as_high_as_wide(
    tmp_path: Path, without_pillow: Callable[[], None]
) -> None:
    path = card(tmp_path)
    drawn = portrait(path, 16, 16)
    without_pillow()
    alone = portrait(path, 16, 16)
    assert drawn == alone == Portrait([[(200, 120, 40)] * 16] * 24)
    lines = half_blocks(Portrait([[(200, 120, 40)] * 16] * 24))
    assert (len(lines), lines[0].cell_length, lines[0].text[0]) == (12, 16, "▀")


def test_other_kinds_of_pictures_need_the_library_and_what_is_no_picture_has_no_portrait(
    tmp_path: Path, without_pillow: Callable[[], None]
) -> None:
    for kind in ("jpg", "webp"):
        assert portrait(card(tmp_path, kind), 16, 16) is not None
    text = tmp_path / "wren.yaml"
    text.write_text("name: Mira\n")
    broken = tmp_path / "broken.png"
    broken.write_bytes(card(tmp_path).read_bytes()[:90])
    assert portrait(text, 16, 16) is portrait(broken, 16, 16) is portrait(tmp_path / "gone.png", 16, 16) is None
    without_pillow()
    assert portrait(card(tmp_path, "jpg"), 16, 16) is None


@pytest.mark.parametrize(
    ("size", "columns"), [((80, 24), 0), ((100, 40), 0), ((120, 40), 15), ((160, 50), 24), ((120, 20), 0)], ids=str
)
def test_only_a_wide_and_high_window_has_a_margin_for_it(size: tuple[int, int], columns: int) -> None:
    assert room_for(*size) == columns
