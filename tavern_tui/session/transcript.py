"""A chat as plain lines, for ``log``, ``chat --plain`` and pipes: speaker first, no escape sequences, no markup."""

from __future__ import annotations

from collections.abc import Iterable

from tavern_tui.domain.chat import ChatTree, Turn


def turn_lines(turn: Turn, *, swipes: int = 1, place: int = 1) -> list[str]:
    """A turn as lines: ``Name: text``, its further lines as they are, and marks for what is special about it.

    ``place`` of ``swipes`` is shown where there is more than one.
    """
    marks = []
    if swipes > 1:
        marks.append(f"swipe {place} of {swipes}")
    if turn.interrupted:
        marks.append("interrupted")
    if turn.hidden:
        marks.append("hidden")
    tail = f"  [{', '.join(marks)}]" if marks else ""
    return f"{turn.name}: {turn.text}{tail}".split("\n")


def path_lines(tree: ChatTree, turns: Iterable[Turn]) -> list[str]:
    """Several turns, a blank line between them."""
    lines: list[str] = []
    for turn in turns:
        siblings = tree.siblings(turn.id)
        if lines:
            lines.append("")
        lines += turn_lines(turn, swipes=len(siblings), place=siblings.index(turn.id) + 1)
    return lines
