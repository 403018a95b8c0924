"""``StatusLine``: the top row, which says what the chat is about and what the engine is doing.

``status_text`` decides what stands there at a width, ``Pace`` when it is painted anew. The widget has one row whatever
it shows, so that nothing else moves; it knows no session and is told everything through ``show``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from tavern_tui.domain.display import safe_line
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.rows import plain

EVERY_SECONDS: Final = 1.0
"""The least time between two paintings that only bring new numbers."""

# Cells below which a name says nothing: one that has to be shorter is left out.
_SHORTEST = {"character": 6, "chat": 12, "model": 12, "engine": 40}
_SHORTEST_HINT = 36  # cells: all else makes way for so much of one
_APART = 2  # cells between the left side and the right


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing goes on."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """The engine is being connected to or started."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The reply waits for the engine: ``why``, and how far that is (0 to 1) where it is known."""

    why: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The engine reads the prompt: ``done`` of ``total`` tokens."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model reasons: so many tokens so far."""

    tokens: int


@dataclass(frozen=True, slots=True)
class Writing:
    """The reply is being written: so many tokens so far, and how many come in a second, where that is known.

    ``silent``: none has come for a while.
    """

    tokens: int
    per_second: float | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another process writes the reply, and this one shows it."""


@dataclass(frozen=True, slots=True)
class Away:
    """The engine, a server or our own, does not answer."""


Phase = Idle | Connecting | Waiting | Reading | Thinking | Writing | Elsewhere | Away


@dataclass(frozen=True, slots=True)
class Status:
    """What the status line tells. Names may hold anything: they are made safe where they are shown.

    ``context_used`` and ``context_size`` are tokens, ``None`` where unknown; ``context_guessed``: the engine did not
    tell its size. ``advice`` stands behind the model while nothing goes on (``/connect for a better model``); ``hint``
    is about this moment and goes before all else (``reply running · Esc stops · Enter again queues it``). Of both,
    parts between ``·`` are left out from the left; a
    hint that is still too long is cut. ``cost`` is what the next reply will read (``reads 212 of 7,904``), ``cost_why``
    the same with the reason, where it is much; both are shown while nothing goes on, and so is ``next``: who of a
    group speaks next and why.
    """

    character: str = ""
    chat: str = ""
    engine: str = ""
    model: str = ""
    phase: Phase = Idle()
    context_used: int | None = None
    context_size: int | None = None
    advice: str = ""
    hint: str = ""
    cost: str = ""
    cost_why: str = ""
    context_guessed: bool = False
    incognito: bool = False
    next: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One thing of the line. ``forms``: how it may be said, longest first; names may also be cut, to ``shortest``.

    Where there is no space for all, the lightest goes first: ``weight`` is that of the last form, ``soft`` that of
    those before it, which make way for the next.
    """

    weight: int
    forms: tuple[str, ...]
    style: str = ""
    soft: int = 0
    left: bool = False
    shortest: int = 0

    @property
    def hold(self) -> int:
        """The weight of the present form."""
        return self.weight if len(self.forms) == 1 else self.soft

    @property
    def width(self) -> int:
        """Cells of the present form."""
        return cell_len(self.forms[0])

    @property
    def least(self) -> int:
        """Cells without which the present form cannot be shown: only the last may be cut."""
        return min(self.width, self.shortest) if self.shortest and len(self.forms) == 1 else self.width

    @property
    def alone(self) -> int:
        """Cells without which it cannot be shown at all."""
        return min(cell_len(self.forms[-1]), self.shortest or self.width)


def status_text(status: Status, width: int, glyphs: Glyphs = UNICODE_GLYPHS) -> Content:
    """The status line at ``width`` cells, 20 or more: never wider, with the least important left out where it must be.

    On the left what it is about, on the right the engine and its progress. Only names are cut, and a long hint.
    """
    space = max(0, width - 2)
    pieces = _fitting(_pieces(status, space, glyphs), space, glyphs)
    left = [piece for piece in pieces if piece.left]
    right = [piece for piece in pieces if not piece.left]
    gap = space - _width(left, glyphs) - _width(right, glyphs)
    return Content.assemble(" ", _joined(left, glyphs), " " * gap, _joined(right, glyphs), " ")


def _pieces(status: Status, space: int, glyphs: Glyphs) -> list[_Piece]:
    """Everything that could stand there, in its order; of the weights only their order counts."""
    found = [
        _name("character", status.character, 90, "bold", left=True),
        _name("chat", status.chat, 40, "$text-muted", left=True),
        _Piece(97, ("incognito",) if status.incognito else (), "bold $text-warning", left=True),
        _name("engine", status.engine, 20, "$text-muted"),
        _name("model", status.model, 30, "$text-muted"),
    ]
    if isinstance(status.phase, Idle):
        advice = plain(safe_line(status.advice), glyphs)
        # What it is about comes before what could be done about it.
        cost = plain(safe_line(status.cost), glyphs)
        why = plain(safe_line(status.cost_why), glyphs)
        found.append(_Piece(80, _next_forms(plain(safe_line(status.next), glyphs)), "$text-accent", soft=57))
        found.append(_Piece(55, tuple(filter(None, (why, cost))), "$text-warning" if why else "$text-muted", soft=52))
        found.append(_Piece(70, tuple(dict.fromkeys((advice, advice.partition(" · ")[0]))), "$text-muted", soft=45))
    else:
        style = "bold $text-warning" if isinstance(status.phase, Away) else "$text-accent"
        found.append(_Piece(95, _phase_forms(status.phase, glyphs), style, soft=60))
    found.append(_Piece(50, _context_forms(status), "$text-muted", soft=10))
    hint = _shortened(safe_line(status.hint), glyphs)
    # What is said of this moment is read whole, if anything is: it is cut only where it would not fit alone.
    shortest = min(_SHORTEST_HINT, space) if hint and cell_len(hint[-1]) > space else 0
    soft = 99 if hint and cell_len(hint[0]) <= space else 85
    found.append(_Piece(100, hint, "bold $text-accent", soft=soft, shortest=shortest))
    return [piece for piece in found if piece.forms and piece.forms[0]]


def _name(kind: str, name: str, weight: int, style: str, left: bool = False) -> _Piece:
    return _Piece(weight, (safe_line(name),), style, left=left, shortest=_SHORTEST[kind])


def _phase_forms(phase: Phase, glyphs: Glyphs) -> tuple[str, ...]:
    """What goes on, in words and numbers."""
    match phase:
        case Connecting():
            return (f"connecting{glyphs.dots}",)
        case Waiting(why, fraction):
            part = "" if fraction is None else f" {max(0, min(100, round(fraction * 100)))} %"
            return (f"{safe_line(why)}{part}", f"waiting{part}")
        case Reading(done, total):
            return (f"reading prompt {done:,}/{total:,}", f"reading {done:,}/{total:,}")
        case Thinking(tokens):
            return (f"thinking {tokens:,}{glyphs.dots}",)
        case Writing(tokens, _, True):
            return (f"wrote {tokens:,} {glyphs.dot} waiting for more", "waiting for more")
        case Writing(tokens, None):
            return (f"writing {tokens:,}{glyphs.dots}",)
        case Writing(tokens, per_second):
            speed = f"{per_second:,.1f} tokens/s"
            return (f"writing {tokens:,} {glyphs.dot} {speed}", speed)
        case Elsewhere():
            rest = f"{glyphs.dot} Esc stops it"
            return (f"writing in another terminal {rest}", f"writing elsewhere {rest}", "writing elsewhere")
        case Away():
            return ("the engine does not answer", "does not answer", "no answer")
        case Idle():
            return ()


def _next_forms(coming: str) -> tuple[str, ...]:
    """Who speaks next: everybody and why, the first and why, the first alone."""
    first = coming.partition(", then ")[0]
    return tuple(dict.fromkeys((coming, first, re.split(r" [·-] ", first, maxsplit=1)[0])))


def _context_forms(status: Status) -> tuple[str, ...]:
    """How full the context is; while the prompt is read, numbers without a word would be taken for its progress."""
    if status.context_used is None or not status.context_size:
        return ()
    numbers = f"{status.context_used:,}/{'~' if status.context_guessed else ''}{status.context_size:,}"
    return (f"context {numbers}",) if isinstance(status.phase, Reading) else (f"context {numbers}", numbers)


def _shortened(text: str, glyphs: Glyphs) -> tuple[str, ...]:
    """``text``, and what is left of it without its first part, its first two, and so on."""
    parts = [part for part in text.split(" · ") if part]
    return tuple(plain(" · ".join(parts[start:]), glyphs) for start in range(len(parts)))


def status_has_room(hint: str, width: int) -> bool:
    """Whether ``hint`` is shown whole in a line of ``width`` cells, where nothing else is; 0 is not known yet."""
    return not width or cell_len(safe_line(hint)) <= width - 2


def _fitting(pieces: list[_Piece], space: int, glyphs: Glyphs) -> list[_Piece]:
    """What of ``pieces`` fits, names cut: of the lightest, the next form is tried, then it is left out."""
    kept = {place: piece for place, piece in enumerate(pieces) if piece.alone <= space}
    dropped: dict[int, _Piece] = {}
    while _width(list(kept.values()), glyphs, least=True) > space:
        place = min(kept, key=lambda at: kept[at].hold)
        piece = kept.pop(place)
        if len(piece.forms) > 1:
            kept[place] = replace(piece, forms=piece.forms[1:])
        else:
            dropped[place] = piece
    for place in sorted(dropped, key=lambda at: -dropped[at].weight):
        # What was left out before something else was said shorter comes back, nothing lighter in its place.
        if _width([*kept.values(), dropped[place]], glyphs, least=True) > space:
            break
        kept[place] = dropped[place]
    spare = space - _width(list(kept.values()), glyphs, least=True)
    for place in sorted(kept, key=lambda at: -kept[at].weight):
        piece = kept[place]
        if piece.least < piece.width:
            cut = min(piece.width, piece.least + spare)
            spare -= cut - piece.least
            kept[place] = replace(piece, forms=(_cut(piece.forms[0], cut, glyphs),))
    return [kept[place] for place in sorted(kept)]


def _width(pieces: list[_Piece], glyphs: Glyphs, least: bool = False) -> int:
    """Cells of ``pieces`` with what stands between them."""
    if not pieces:
        return 0
    sides = [[piece for piece in pieces if piece.left is left] for left in (True, False)]
    between = cell_len(glyphs.dot) + 2
    width = sum((len(side) - 1) * between for side in sides if side)
    width += sum(piece.least if least else piece.width for piece in pieces)
    return width + (_APART if all(sides) else 0)


def _cut(name: str, width: int, glyphs: Glyphs) -> str:
    """``name`` in at most ``width`` cells, with an ellipsis where something was left out."""
    if cell_len(name) <= width:
        return name
    return set_cell_size(name, width - cell_len(glyphs.dots)).rstrip() + glyphs.dots


def _joined(pieces: list[_Piece], glyphs: Glyphs) -> Content:
    between = Content.styled(f" {glyphs.dot} ", "$text-muted")
    return between.join([Content.styled(piece.forms[0], piece.style) for piece in pieces])


class Pace:
    """When to paint: at once for news, for mere numbers ``EVERY_SECONDS`` after the last time. ``clock``: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._painted = -EVERY_SECONDS

    def wait(self, old: Status, new: Status) -> float:
        """How many seconds to wait before ``new`` is painted where ``old`` stands; 0 for now."""
        if _without_numbers(old) != _without_numbers(new):
            return 0.0
        return max(0.0, self._painted + EVERY_SECONDS - self._clock())

    def painted(self) -> None:
        """It was painted now."""
        self._painted = self._clock()


def _without_numbers(status: Status) -> object:
    """What of a status is news when it changes."""
    phase = status.phase
    why = phase.why if isinstance(phase, Waiting) else ""
    return replace(status, phase=Idle(), context_used=None, cost=""), type(phase), why


class StatusLine(Widget):
    """The row at the top. It shows nothing until it is told something."""

    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        background: $panel;
        color: $foreground;
        text-wrap: nowrap;
        text-overflow: clip;
    }
    """

    def __init__(
        self,
        status: Status | None = None,
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._latest = self._painted = status or Status()
        self._pace = Pace(clock)
        self._later: Timer | None = None

    @property
    def status(self) -> Status:
        """What was told last, painted or not."""
        return self._latest

    def show(self, status: Status) -> None:
        """Tell it something new: what is news is painted at once, numbers at most once a second."""
        self._latest = status
        wait = self._pace.wait(self._painted, status)
        if not wait:
            self._paint()
        elif self._later is None and self.is_attached:
            self._later = self.set_timer(wait, self._paint)

    def _paint(self) -> None:
        """Paint the latest, if that looks different."""
        if self._later is not None:
            self._later.stop()
            self._later = None
        before, self._painted = self._painted, self._latest
        if self.is_attached and self._text(before) != self._text(self._latest):
            self._pace.painted()
            self.refresh()

    def _text(self, status: Status) -> Content:
        return status_text(status, self.size.width, self._glyphs)

    def render(self) -> Content:
        """The line at the present width."""
        return self._text(self._painted)
