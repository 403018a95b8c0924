"""``Layout``: what goes into a prompt, in order, and its writing down as parts.

The budget has been decided by then; here every item gets its true neighbours, so that a text may come out a little
shorter than it was counted (two turns merged), never longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.prompt.counting import Counting, Counts
from tavern_tui.prompt.head import Head
from tavern_tui.prompt.instruct import Ends, PlainFormat, TurnFormat, write_all
from tavern_tui.prompt.items import ROLE_OF, Item, Written
from tavern_tui.prompt.plan import Part, PartKind, PartState

_NEWLINES = re.compile("\n{2,}")


@dataclass(frozen=True, slots=True)
class Layout:
    """The decided contents, oldest first. ``opens`` says that the history begins with the chat's first turn.

    ``filler`` is used only where the history begins with another speaker than the user, unless that was looked at
    before (``ends``, which then say who takes the first and last sequences). ``closed_thoughts`` stands before the text
    that the reply goes on from. ``reply_on_new_line`` is for formats with lines of their own; ``blank_line``: an empty
    line stands for the history. ``exact``: as SillyTavern 1.12.6 joins the end. ``above`` stands over the history,
    whatever that begins with.
    """

    head: Head
    examples: tuple[Item, ...]
    start: Item | None
    filler: Item | None
    history: tuple[Item, ...]
    opens: bool
    reply: Item | None
    closed_thoughts: str = ""
    left_out: tuple[Part, ...] = ()
    ends: Ends | None = None
    reply_on_new_line: bool = True
    blank_line: bool = False
    exact: bool = False
    above: tuple[Item, ...] = ()


def write_parts(layout: Layout, form: TurnFormat, counts: Counts, *, collapse: bool) -> Counting[tuple[Part, ...]]:
    """The parts of the prompt, counted, those that are not in among them. ``collapse`` makes one newline of many."""
    before = layout.head.role if layout.head.pieces else None
    items = _in_order(layout, form, before)
    after = form.role(layout.reply) if layout.reply is not None else None
    written = write_all(items, form, before, after, opens=layout.opens, ends=layout.ends)
    newer = form.role(items[0]) if items else after
    parts = [_part(one, layout.closed_thoughts) for one in written]
    if layout.exact and isinstance(form, PlainFormat):
        parts = _unended(parts, layout, form)
    parts += _reply_parts(layout, form, written, before, parts[-1].text if parts else "")
    yield from counts.ask([part.text for part in parts])
    counted = [replace(part, tokens=counts[part.text]) for part in parts]
    everything = [*layout.head.parts(newer, counts), *counted]
    if collapse:
        everything = list(_collapsed(everything))
        yield from counts.ask([part.text for part in everything])
        everything = [replace(part, tokens=counts[part.text]) for part in everything]
    return (*everything, *layout.left_out)


def _in_order(layout: Layout, form: TurnFormat, before: Role | None) -> list[Item]:
    opening = [*layout.examples, *((layout.start,) if layout.start else ()), *layout.above]
    if layout.ends is not None:
        return [*opening, *((layout.filler,) if layout.filler else ()), *layout.history]
    wanted = layout.filler is not None and bool(layout.history)
    if wanted and layout.history[0].speaker is not Speaker.USER:
        previous = form.role(opening[-1]) if opening else before
        first = form.role(layout.history[0])
        if not (form.alternates and (previous is Role.USER or first is Role.USER)):
            opening += [layout.filler] if layout.filler else []
    return [*opening, *layout.history]


def _unended(parts: list[Part], layout: Layout, form: PlainFormat) -> list[Part]:
    """The parts without the last newline where no line follows, and with an empty line for a history without turns."""
    asks = bool(parts) and parts[-1].kind is PartKind.QUIET
    if asks and layout.blank_line:
        parts[-1] = replace(parts[-1], opening="\n" + parts[-1].opening)
    if layout.history and (layout.reply is None or not form.reply_name or parts[-1].body.endswith("\n")):
        parts[-1] = replace(parts[-1], closing=parts[-1].closing.removesuffix("\n"))
    return parts


def _part(written: Written, closed_thoughts: str) -> Part:
    item = written.item
    kind, opening = item.kind, written.opening
    if item.continued:
        opening += closed_thoughts
        kind = PartKind.TURN if item.speaker is Speaker.USER else PartKind.PREFILL
    whole = item.token_ids is not None and written.body == item.text
    return Part(
        kind,
        item.source,
        written.body,
        opening,
        written.closing,
        reason=item.reason,
        turn_id=item.turn_id,
        role=ROLE_OF[item.speaker],
        token_ids=item.token_ids if whole else None,
    )


def _reply_parts(
    layout: Layout, form: TurnFormat, written: Sequence[Written], before: Role | None, above: str
) -> Iterator[Part]:
    """The reply line and, where the reply's beginning is given, the prefill as a part of its own, ``above`` over it."""
    if layout.reply is None:
        return
    older = form.role(written[-1].item) if written else before
    line = form.reply_line(replace(layout.reply, text=""), older)
    whole = form.reply_line(layout.reply, older)
    opening = whole.opening
    unended = bool(written) and not written[-1].text.endswith("\n")
    blank = layout.blank_line and not layout.history
    named = not isinstance(form, PlainFormat) or form.reply_name
    if form.own_line and layout.reply_on_new_line and (unended or blank) and named:
        opening = "\n" + opening
    if layout.exact and form.own_line and not (layout.reply_on_new_line or opening or line.body):
        opening = "\n"
    role = ROLE_OF[layout.reply.speaker]
    opening += layout.closed_thoughts
    yield Part(PartKind.REPLY_LINE, layout.reply.source, line.body, opening, role=role)
    if whole.body != line.body:
        rest = whole.body[len(line.body) :]
        between = "" if named or not layout.exact or above[-1:].isspace() else " "
        yield Part(PartKind.PREFILL, "the reply's given beginning", rest, between, whole.closing, role=role)


def _collapsed(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts with every run of newlines made one, across their borders too."""
    ended = False
    for part in parts:
        if part.state is not PartState.IN:
            yield part
            continue
        pieces = []
        for text in (part.opening, part.body, part.closing):
            single = _NEWLINES.sub("\n", text)
            pieces.append(single.lstrip("\n") if ended else single)
            ended = pieces[-1].endswith("\n") if pieces[-1] else ended
        opening, body, closing = pieces
        yield replace(part, opening=opening, body=body, closing=closing)
