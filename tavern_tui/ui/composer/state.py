"""What a composer holds, as plain values that can be saved, and how that is written with ``Folds``. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tavern_tui.ui.composer.folds import Folds


@dataclass(frozen=True, slots=True)
class ComposerState:
    """``text``: all of it, as it would be sent. ``cursor``: characters of it before the cursor.

    ``folds``: the stretches of ``text`` that are shown as one line, as (start, end), in order.
    """

    text: str = ""
    cursor: int = 0
    folds: tuple[tuple[int, int], ...] = ()


def state_of(folds: Folds, written: str, before: str) -> ComposerState:
    """What ``written`` says with the cursor behind its beginning ``before``."""
    stretches, shift = [], 0
    for fold in folds.folds(written):
        start = fold.start + shift
        stretches.append((start, start + len(fold.text)))
        shift += len(fold.text) - (fold.end - fold.start)
    return ComposerState(folds.full(written), len(folds.full(before)), tuple(stretches))


def written_state(folds: Folds, state: ComposerState, fold: Callable[[str], str]) -> str:
    """The writing of ``state``; ``fold`` folds a stretch. Stretches that are out of order or of the text are not."""
    parts, begin = [], 0
    for start, end in state.folds:
        if begin <= start < end <= len(state.text):
            parts += [folds.written(state.text[begin:start]), fold(state.text[start:end])]
            begin = end
    return "".join([*parts, folds.written(state.text[begin:])])


def place_of(folds: Folds, written: str, index: int) -> tuple[int, int]:
    """The line and column in ``written`` of character ``index`` of its text; the beginning of its fold if in one."""
    at, shift = max(0, index), 0
    for fold in folds.folds(written):
        start = fold.start + shift
        if start + len(fold.text) > at:
            at = min(at, start)
            break
        shift += len(fold.text) - (fold.end - fold.start)
    before = written[: at - shift]
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)
