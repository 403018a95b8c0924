"""Pictures of the composer at the four sizes, each looked at by a person before it was kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tavern_tui.ui.composer.widget import Composer
from tests.ui.composer.app import ComposerApp
from tests.ui.pictures import SIZES, assert_looks_as_kept

PICTURES = Path(__file__).parent / "snapshots"


def empty(composer: Composer) -> None:
    """Nothing is written yet."""


def draft(composer: Composer) -> None:
    """Two lines and a paste; the cursor stands on the paste."""
    composer.insert_text('*I put the letter on the table.* "Read it. Aloud, if you would."\nHere it is: ')
    composer.paste("x" * 14_212)
    composer.action_cursor_left()


def odd(composer: Composer) -> None:
    """What was pasted would have driven the terminal."""
    composer.insert_text("\x1b[31mred\x1b[0m and \u202eback\u202c, 橋 👋")


def long(composer: Composer) -> None:
    """More than there is room for."""
    composer.insert_text("\n".join(f"The {number}th line of a long message." for number in range(20)))


def dim(composer: Composer) -> None:
    """A turn is selected, and there is a draft."""
    composer.insert_text("I was about to say\nsomething")
    composer.dim("Turn 2,981 selected · Enter to type")


def dim_empty(composer: Composer) -> None:
    """A turn is selected, and nothing is written."""
    composer.dim("Turn 2,981 selected · Enter to type")


@pytest.mark.parametrize(
    ("write", "size", "theme"),
    [
        *((draft, size, "textual-dark") for size in SIZES),
        *((long, size, "textual-dark") for size in SIZES),
        *((empty, size, "textual-dark") for size in ((45, 13), (80, 24))),
        *((dim, size, "textual-dark") for size in ((45, 13), (80, 24))),
        (dim_empty, (80, 24), "textual-dark"),
        (odd, (80, 24), "textual-dark"),
        (draft, (80, 24), "textual-light"),
        (odd, (80, 24), "textual-light"),
        (draft, (80, 24), "ansi-dark"),
        (dim, (80, 24), "ansi-dark"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
async def test_the_composer_looks_as_it_was_looked_at(
    write: Callable[[Composer], None], size: tuple[int, int], theme: str
) -> None:
    app = ComposerApp()
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        write(app.composer)
        await pilot.pause()
        await pilot.pause()
        picture = app.export_screenshot(title="composer")
    kind = "" if theme == "textual-dark" else f"-{theme.removeprefix('textual-')}"
    assert_looks_as_kept(picture, PICTURES / f"{write.__name__}{kind}-{size[0]}x{size[1]}.svg")
