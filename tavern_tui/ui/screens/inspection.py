"""What the inspector says of a prompt: sums, a bar of the budget, rows of parts, rows of changes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.content import Content

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.messages import number
from tavern_tui.session.itemisation import ItemGroup, ItemRow, itemised
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, Glyphs
from tavern_tui.ui.widgets.rows import ListRow, filled, plain

if TYPE_CHECKING:
    from tavern_tui.prompt.plan import Part
    from tavern_tui.session.prompting import LookedAt

_STYLES: Final = {
    "Head": "$text-primary",
    "Examples": "$text-secondary",
    "History": "$text-success",
    "End": "$text-accent",
    "free": "$text-muted",
}
_BETWEEN = "  "
# A sign of its own for each: without colours the groups differ by it alone.
_MARKS: Final = {"Head": "▓", "Examples": "▚", "History": "█", "End": "▀", "free": "░"}
_ASCII_MARKS: Final = {"Head": "#", "Examples": "=", "History": "+", "End": "*", "free": "."}
LEFT_OUT: Final = "Left out"


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the list, and the parts whose texts it stands for. ``unfolds``: they may have rows of their own."""

    row: ListRow
    parts: tuple[Part, ...] = ()
    unfolds: bool = False


def sums(found: LookedAt, width: int, glyphs: Glyphs) -> list[str]:
    """How much of the context the prompt takes, who counted, and what could not be asked; lines of ``width`` cells."""
    about = "" if found.exact else "~"
    plan = found.plan
    share = plan.tokens / max(1, plan.limit)
    free = max(0, plan.limit - plan.tokens)
    text = (
        f"{about}{number(plan.tokens)} of {number(plan.limit)} tokens ({share:.0%}) · {about}{number(free)} free"
        f" · {number(plan.response_tokens)} for the reply"
    )
    told = [text, f"{plan.policy} · {plan.template or 'messages'} · {safe_line(found.counted)}"]
    told += [safe_line(found.problem)] if found.problem else []
    return [line for one in told for line in filled(one, width, glyphs)]


def _amounts(found: LookedAt) -> list[tuple[str, int]]:
    """(group, tokens), in the prompt's order, and what is free."""
    groups = [(group.title, group.tokens) for group in itemised(found.plan).groups]
    return [*groups, ("free", max(0, found.plan.limit - found.plan.tokens))]


def budget_bar(found: LookedAt, width: int, glyphs: Glyphs) -> Content:
    """The limit as ``width`` cells: those of each group, then the free ones. What there is has a cell at least."""
    amounts = [(name, tokens) for name, tokens in _amounts(found) if tokens > 0]
    cells = shared_out([tokens for _, tokens in amounts], width)
    return Content.assemble(*(_mark(name, glyphs, count) for (name, _), count in zip(amounts, cells, strict=True)))


def shared_out(amounts: Sequence[int], cells: int) -> list[int]:
    """``cells`` shared out by ``amounts``: one at least for each as long as there are enough, ``cells`` together."""
    if not amounts or cells <= 0:
        return [0] * len(amounts)
    total = max(1, sum(amounts))
    least = 1 if cells >= len(amounts) else 0
    room = cells - least * len(amounts)
    exact = [amount * room / total for amount in amounts]
    shares = [int(value) for value in exact]
    by_rest = sorted(range(len(amounts)), key=lambda place: shares[place] - exact[place])
    for place in by_rest[: room - sum(shares)]:
        shares[place] += 1
    return [share + least for share in shares]


def legend(found: LookedAt, width: int, glyphs: Glyphs) -> list[Content]:
    """What the signs and colours of the bar are, with their tokens, on lines of ``width`` cells."""
    about = "" if found.exact else "~"
    lines: list[Content] = []
    for name, tokens in _amounts(found):
        piece = Content.assemble(_mark(name, glyphs), f" {name.lower()} {about}{number(tokens)}")
        if lines and lines[-1].cell_length + len(_BETWEEN) + piece.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], _BETWEEN, piece)
        else:
            lines.append(piece)
    return lines


def _mark(name: str, glyphs: Glyphs, count: int = 1) -> tuple[str, str]:
    """``count`` cells of a group in the bar, with their style."""
    marks = _ASCII_MARKS if glyphs is ASCII_GLYPHS else _MARKS
    return marks[name] * count, _STYLES[name]


def part_rows(found: LookedAt, glyphs: Glyphs, *, everything: bool = False) -> list[Shown]:
    """The parts in their order under their groups, then what was left out and why."""
    items = itemised(found.plan, everything=everything)
    about = "" if found.exact else "~"
    rows: list[Shown] = []
    for group in items.groups:
        rows.append(_heading(group, found, about, glyphs))
        rows += [_shown(f"{group.title} {place}", row, about, glyphs) for place, row in enumerate(group.rows)]
    if items.left_out:
        rows.append(Shown(ListRow(LEFT_OUT, LEFT_OUT, heading=True)))
        rows += [_shown(f"{LEFT_OUT} {place}", row, about, glyphs) for place, row in enumerate(items.left_out)]
    return rows


def _heading(group: ItemGroup, found: LookedAt, about: str, glyphs: Glyphs) -> Shown:
    share = group.tokens / max(1, found.plan.limit)
    right = plain(f"{about}{number(group.tokens)} · {share:.0%}", glyphs)
    title = ListRow(group.title, group.title[:1].upper() + group.title[1:], right, heading=True)
    return Shown(title, tuple(part for row in group.rows for part in row.parts))


def _shown(identity: str, row: ItemRow, about: str, glyphs: Glyphs) -> Shown:
    title = _called(row.kind, row.source)
    left_out = row.state != "in"
    why = f"{row.state}: {safe_line(row.reason)}" if left_out else f"because: {safe_line(row.reason)}"
    detail = why if row.reason else safe_line(row.begins)
    tokens = f"{about}{number(row.tokens)}" if row.tokens or not left_out else ""
    shown = ListRow(identity, plain(title, glyphs), tokens, plain(detail, glyphs), muted=left_out)
    return Shown(shown, row.parts, unfolds=len(row.parts) > 1)


def _called(kind: str, source: str) -> str:
    source = safe_line(source).removeprefix("lore: ")
    return f"{kind} · {source}" if source and source != kind else kind


def change_rows(found: LookedAt, glyphs: Glyphs) -> list[ListRow]:
    """What became of each part since the last prompt; markup, which follows the others, is left out."""
    if found.difference is None:
        return []
    rows = []
    for place, one in enumerate(change for change in found.difference.changes if change.kind != "markup"):
        title = f"{one.change.value}: {_called(one.kind, one.source)}"
        tokens = f"{number(one.before)} → {number(one.after)}" if one.before and one.after else ""
        rows.append(ListRow(str(place), plain(title, glyphs), tokens or number(one.before or one.after)))
    return rows


def change_sums(found: LookedAt) -> str:
    """How much of the prompt is as it was, and where it begins to differ."""
    if found.difference is None:
        return "Nothing is kept of a prompt before this one. It is once a reply has been made on this machine."
    same, tokens = found.difference.same_tokens, found.difference.tokens
    which = f"turn {number(found.last_turn)}" if found.last_turn else "a turn that is gone"
    first = f" The first to differ: {safe_line(found.difference.first)}." if found.difference.first else ""
    if found.cost is None:
        cost = f"{number(tokens - same)} are read anew.{first}"
    else:
        cost = f"the engine {found.cost.numbers}.{first}"
        cost += f" What broke it: {safe_line(found.cost.broken_at)}." if found.cost.broken_at else ""
    return f"Against the prompt of {which}: the first {number(same)} of {number(tokens)} tokens are the same, {cost}"


def prompt_lines(found: LookedAt, width: int) -> list[Content]:
    """The prompt as the model reads it: one text, or messages below who says them."""
    if found.plan.chat is None:
        return wrapped(found.plan.text, width)
    lines: list[Content] = []
    for message in found.plan.messages():
        who = f"{message.role.value} ({message.name})" if message.name else message.role.value
        lines += [*wrapped(who, width, "bold $text-primary"), *wrapped(message.content, width), Content("")]
    if found.plan.prefill:
        lines += [*wrapped("the reply begins", width, "bold $text-primary"), *wrapped(found.plan.prefill, width)]
    return lines


def text_lines(parts: Sequence[Part], width: int) -> list[Content]:
    """What a row stands for: of each part what it is, its tokens and reason, and its whole text."""
    lines: list[Content] = []
    for part in parts:
        about = f"{part.kind.value} · {part.source} · {part.role.value} · {number(part.tokens)} tokens"
        why = f"{part.state.value}: {part.reason}" if part.reason else ""
        lines += wrapped(about, width, "$text-muted") + (wrapped(why, width, "$text-muted") if why else [])
        lines += [Content(""), *wrapped(part.text, width), Content("")]
    return lines[:-1]


def wrapped(text: str, width: int, style: str = "") -> list[Content]:
    """``text``, made safe to show, on lines of ``width`` cells."""
    text = safe(text)
    room = max(wrap.NARROWEST, width)
    return [Content.styled(text[start:end], style) for start, end in wrap.lines(text, room)]


def hanging(text: str, width: int) -> list[Content]:
    """``text`` on lines of ``width`` cells that all stand as far in as its first one."""
    bare = text.lstrip(" ")
    indent = " " * (len(text) - len(bare))
    return [Content(indent) + line for line in wrapped(bare, width - len(indent))]
