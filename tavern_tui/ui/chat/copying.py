"""What of a turn is copied: all of it, or a block of code in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.ui.chat.app_actions import copied
from tavern_tui.ui.chatlog.markup import code_blocks

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

_LINE = 60  # characters of a block's first line


async def copy_turn(app: TavernApp, text: str) -> None:
    """Copy ``text``; where blocks of code stand in it, what is chosen."""
    blocks = code_blocks(text)
    if blocks:
        from tavern_tui.ui.screens.row_choice import RowChoice
        from tavern_tui.ui.widgets.rows import ListRow

        rows = [ListRow("", "The whole turn")]
        for place, block in enumerate(blocks):
            lines = block.count("\n") + 1
            first = safe_line(block.strip().partition("\n")[0], _LINE)
            rows.append(ListRow(str(place), "The code", f"{lines} line{'s' * (lines != 1)}", first))
        picked = await app.push_screen_wait(RowChoice("Copy what?", rows, glyphs=app.glyphs))
        if picked is None:
            return
        if picked:
            await copied(app.chat, blocks[int(picked)], "the code")
            return
    await copied(app.chat, text, "the turn")
