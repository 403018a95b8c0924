"""A text area with a draft that can be saved and restored, and the messages sent before."""

from __future__ import annotations

from collections.abc import Iterable

from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.composer.folds import FOLD_MARK
from tavern_tui.ui.composer.history import SentHistory
from tavern_tui.ui.composer.state import ComposerState, place_of, state_of, written_state


class DraftArea(FoldedArea):
    """See the module. Indexes count characters of ``full_text``."""

    def __init__(self, *, sent: Iterable[str] = (), fold_mark: str = FOLD_MARK) -> None:
        super().__init__(fold_mark=fold_mark)
        self._sent = SentHistory(sent)
        self._recalled: ComposerState | None = None

    def state(self) -> ComposerState:
        """Text, cursor and folds."""
        written = self.document.text
        return state_of(self.folds, written, self.document.get_text_range(self.document.start, self.cursor_location))

    def restore(self, state: ComposerState) -> None:
        """Hold what ``state`` holds, with nothing to undo. A cursor outside of the text or in a fold is moved."""
        self.folds.clear()
        self._load(written_state(self.folds, state, self._folded))
        self.move_cursor(place_of(self.folds, self.document.text, state.cursor))

    def put(self, text: str, cursor: int | None = None) -> None:
        """Make ``text`` all there is, as one step that can be undone; ``cursor`` is an index, at the end if None.

        A paste that stands in ``text`` unchanged stays folded.
        """
        kept, begin = [], 0
        for fold in self.folds.folds(self.document.text):
            if (start := text.find(fold.text, begin)) >= 0:
                begin = start + len(fold.text)
                kept.append((start, begin))
        self._put(ComposerState(text, len(text) if cursor is None else cursor, tuple(kept)))

    def take(self) -> str:
        """Empty the composer, remember what was in it, and give it as it is to be sent."""
        state = self.state()
        self._sent.remember(state)
        self.restore(ComposerState())
        self._recalled = None
        return state.text

    def set_sent(self, sent: Iterable[str]) -> None:
        """Take the earlier messages, oldest first, of the chat that is open now."""
        self._sent = SentHistory(sent)
        self._recalled = None

    def history_back(self) -> bool:
        """Show the message sent before; False where ↑ means something else: below the first row, or at the oldest."""
        return (self._walking or self._row == 0) and self._recall(self._sent.back(self.state()))

    def history_forward(self) -> bool:
        """Show the message sent after, at last the unsent text; False where ↓ means something else."""
        last = self.wrapped_document.height - 1
        return (self._walking or self._row == last) and self._recall(self._sent.forward(self.state()))

    @property
    def _row(self) -> int:
        """The row of the cursor, in rows as wrapped, from the top of the text."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    @property
    def _walking(self) -> bool:
        """Whether a message was recalled and nothing was done since: then ↑ and ↓ go on from any row."""
        return self._recalled is not None and self.state() == self._recalled

    def _recall(self, state: ComposerState | None) -> bool:
        if state is None:
            return False
        self._put(state)
        self._recalled = self.state()
        return True

    def _put(self, state: ComposerState) -> None:
        written = written_state(self.folds, state, self._folded)
        self._write(written, self.document.start, self.document.end)
        self.move_cursor(place_of(self.folds, self.document.text, state.cursor))
