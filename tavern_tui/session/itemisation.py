"""A plan as rows to print: its parts in groups and in their order, what was left out, and the sums.

Pure: columns, widths and signs are the front end's. Texts are as untrusted here as in the plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tavern_tui.prompt.plan import Part, PromptPlan

TURNS_SHOWN = 12
"""Of a longer history the oldest three turns and the newest of these are listed; the others are one row."""
_OLDEST_SHOWN = 3
_SAMPLE = 60

_MARKUP = "markup"
_EXAMPLES = frozenset({"example dialogue", "chat start"})
_END = frozenset({"post-history instructions", "reply line", "prefill"})


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One part, or several that are told as one. ``share`` is of the prompt's limit, from 0 to 1.

    ``begins`` is the beginning of its text on one line, ``parts`` are the parts themselves.
    """

    tokens: int
    share: float
    kind: str
    source: str
    reason: str = ""
    state: str = "in"
    begins: str = ""
    parts: tuple[Part, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """Rows that stand together in the prompt."""

    title: str
    rows: tuple[ItemRow, ...]

    @property
    def tokens(self) -> int:
        """Tokens of all of them."""
        return sum(row.tokens for row in self.rows)


@dataclass(frozen=True, slots=True)
class Itemisation:
    """A plan's parts that are in, by group, and the others, with their reasons."""

    groups: tuple[ItemGroup, ...]
    left_out: tuple[ItemRow, ...]


def itemised(plan: PromptPlan, *, everything: bool = False) -> Itemisation:
    """The rows of a plan; ``everything``: every turn and every piece of markup has its own."""
    groups: list[ItemGroup] = []
    for title, parts in _grouped(plan.included):
        rows = [_row(part, plan.limit) for part in parts]
        if not everything:
            rows = _markup_last(_folded(rows, parts) if title == "History" else rows)
        groups.append(ItemGroup(title, tuple(rows)))
    left_out = [_row(part, plan.limit) for part in plan.parts if part.state.value != "in"]
    left_out.sort(key=lambda row: row.state)
    return Itemisation(tuple(groups), tuple(left_out))


def _grouped(parts: Iterable[Part]) -> list[tuple[str, list[Part]]]:
    """Head, examples, history and end, as far as there are any; a note or lore belongs to what it stands in."""
    found: dict[str, list[Part]] = {"Head": [], "Examples": [], "History": [], "End": []}
    now = "Head"
    for part in parts:
        kind = part.kind.value
        if kind in _END and not part.turn_id:
            now = "End"
        elif part.turn_id or (now == "Head" and part.opening and kind in ("author's note", "character note")):
            now = "History"
        elif kind in _EXAMPLES and now != "History" and part.source != "the story string":
            now = "Examples"
        found[now].append(part)
    return [(title, group) for title, group in found.items() if group]


def _row(part: Part, limit: int) -> ItemRow:
    return ItemRow(
        tokens=part.tokens,
        share=part.tokens / limit if limit > 0 else 0.0,
        kind=part.kind.value,
        source=part.source,
        reason=part.reason,
        state=part.state.value,
        begins=_begins(part.body),
        parts=(part,),
    )


def _begins(text: str) -> str:
    """The first ``_SAMPLE`` characters of ``text`` on one line, the last a "…" where there are more."""
    line = " ".join(text[: 4 * _SAMPLE].split())
    whole = len(line) <= _SAMPLE and len(text) <= 4 * _SAMPLE
    return line if whole else f"{line[: _SAMPLE - 1].rstrip()}…"


def _markup_last(rows: list[ItemRow]) -> list[ItemRow]:
    """The rows with those of the template's own words as one, at the end."""
    markup = [row for row in rows if row.kind == _MARKUP]
    if len(markup) < 2:
        return rows
    together = replace(
        markup[0],
        tokens=sum(row.tokens for row in markup),
        share=sum(row.share for row in markup),
        source=f"{len(markup)} pieces round the others",
        begins="",
        parts=tuple(part for row in markup for part in row.parts),
    )
    return [*(row for row in rows if row.kind != _MARKUP), together]


def _folded(rows: list[ItemRow], parts: list[Part]) -> list[ItemRow]:
    """The rows with the middle of a long history as one; what stands between its turns stays."""
    turns = [place for place, part in enumerate(parts) if part.turn_id]
    if len(turns) <= TURNS_SHOWN + _OLDEST_SHOWN + 1:
        return rows
    hidden = turns[_OLDEST_SHOWN:-TURNS_SHOWN]
    folded = set(hidden)
    first, last = parts[hidden[0]].source, parts[hidden[-1]].source
    together = replace(
        rows[hidden[0]],
        tokens=sum(rows[place].tokens for place in hidden),
        share=sum(rows[place].share for place in hidden),
        source=f"{len(hidden)} turns: {first} to {last}",
        begins="",
        parts=tuple(parts[place] for place in hidden),
    )
    found: list[ItemRow] = []
    for place, row in enumerate(rows):
        if place == hidden[0]:
            found.append(together)
        if place not in folded:
            found.append(row)
    return found
