"""A line of input from whose ends the arrows lead on: to the folder above, to what can be done with a found row."""

from __future__ import annotations

from textual import on
from textual.message import Message
from textual.widgets import Input


class EdgeInput(Input):
    """A line that hands over ← at its beginning and → at its end, where they do nothing otherwise."""

    class Beyond(Message):
        """The cursor was to go beyond an end: ``steps`` is -1 or 1."""

        def __init__(self, steps: int) -> None:
            super().__init__()
            self.steps = steps

    def action_cursor_left(self, select: bool = False) -> None:
        """One character to the left, or out."""
        if self.cursor_position:
            super().action_cursor_left(select)
        else:
            self.post_message(self.Beyond(-1))

    def action_cursor_right(self, select: bool = False) -> None:
        """One character to the right, or out."""
        if self.cursor_position < len(self.value):
            super().action_cursor_right(select)
        else:
            self.post_message(self.Beyond(1))


class FilterInput(EdgeInput):
    """What a list is filtered by: → at its end is the list's, and shows what can be done with the selected row."""

    @on(EdgeInput.Beyond)
    async def _lead_on(self, message: EdgeInput.Beyond) -> None:
        message.stop()
        if message.steps > 0:
            await self.run_action("screen.more")
