"""What trying a connection told, as the lines of a page: doubts and faults first, then what was found. Pure."""

from __future__ import annotations

from textual.content import Content

from tavern_tui.session.trying import Trial
from tavern_tui.ui.screens.inspection import wrapped


def trial_lines(trial: Trial, width: int) -> list[Content]:
    """The lines at a width in cells."""
    lines: list[Content] = []
    told = [*([str(trial.error)] if trial.error is not None else []), *trial.doubts]
    for sentence in told or ["Nothing looks wrong."]:
        lines += [*wrapped(sentence, width, "$text-warning" if told else ""), Content("")]
    for what, text in trial.rows():
        lines += [*wrapped(what, width, "$text-muted"), *wrapped(text, width), Content("")]
    return lines[:-1]
