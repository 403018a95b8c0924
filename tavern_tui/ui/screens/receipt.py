"""The receipt of a turn: what is known of how it was made. ``receipt_facts`` says it, the screen shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.events import Receipt, Speaker
from tavern_tui.domain.messages import number
from tavern_tui.session.bookmarks import is_bookmarked
from tavern_tui.ui.chat.days import date_shown, time_shown
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL
from tavern_tui.ui.widgets.rows import plain

Fact = tuple[str, str]
"""What something is called, and what it is; both are safe to show, the second may have several lines."""

RAW: Final = "As the model wrote it"
"""What stands above the text before clean-up."""

_ENDED: Final = {
    "end": "by itself",
    "stop_string": "at a stop string",
    "length": "at its length",
    "aborted": "the server ended it",
    "stopped": "you stopped it",
}
"""The values of ``Receipt.stop`` in words."""

_LABELS_WIDTH = 10  # cells


def receipt_facts(tree: ChatTree, identity: str) -> list[Fact]:
    """What is known of how a turn came about, in the order of reading. Raises ``KeyError`` for one that is not there.

    What an engine did not tell is left out.
    """
    turn = tree.turns[identity]
    siblings = tree.siblings(identity)
    states = {
        "edited": turn.edited,
        "interrupted": turn.interrupted,
        "hidden from the model": turn.hidden,
        "bookmark": is_bookmarked(tree, identity),
    }
    receipt = turn.receipt
    facts = [
        ("Written", ", ".join(filter(None, (date_shown(turn.at), time_shown(turn.at))))),
        *(_engine_facts(receipt) if receipt is not None else [("By", _by(turn))]),
        ("Lore", " · ".join(safe_line(title) for title in turn.lore)),
        (
            "Dice",
            f"{turn.roll.dice} = {turn.roll.total} · {turn.roll.outcome}".removesuffix(" · ") if turn.roll else "",
        ),
        ("Swipe", f"{siblings.index(identity) + 1} of {len(siblings)}" if len(siblings) > 1 else ""),
        ("State", " · ".join(state for state, holds in states.items() if holds)),
    ]
    if turn.raw is not None and turn.raw != turn.text:
        facts.append((RAW, safe(turn.raw).strip("\n")))
    return [(name, what) for name, what in facts if what]


def _by(turn: Turn) -> str:
    return "you" if turn.speaker is Speaker.USER else "nothing is known: no engine of ours wrote it"


def _engine_facts(receipt: Receipt) -> list[Fact]:
    read = [
        f"{number(receipt.evaluated)} tokens" if receipt.evaluated is not None else "",
        f"{number(receipt.reused)} reused" if receipt.reused is not None else "",
        _seconds(receipt.prompt_ms),
    ]
    made = [
        f"{number(receipt.generated)} tokens" if receipt.generated is not None else "",
        _seconds(receipt.generation_ms),
        _speed(receipt),
    ]
    return [
        ("Model", safe_line(receipt.model)),
        ("Engine", safe_line(receipt.engine)),
        ("Read", " · ".join(filter(None, read))),
        ("Wrote", " · ".join(filter(None, made))),
        ("Ended", _ENDED.get(receipt.stop, safe_line(receipt.stop))),
        ("Seed", "" if receipt.seed is None else str(receipt.seed)),
    ]


def _seconds(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:,.1f} s"


def _speed(receipt: Receipt) -> str:
    if not receipt.generated or not receipt.generation_ms:
        return ""
    return f"{receipt.generated / receipt.generation_ms * 1000:,.1f} tokens/s"


def receipt_lines(facts: Sequence[Fact], width: int, glyphs: Glyphs = UNICODE_GLYPHS) -> list[Content]:
    """``facts`` at ``width`` cells, line by line, none wider: names in a column; a long name has a line of its own."""
    lines: list[Content] = []
    for name, what in facts:
        beside = len(name) < _LABELS_WIDTH
        room = max(wrap.NARROWEST, width - _LABELS_WIDTH) if beside else width
        text = what if name == RAW else plain(what, glyphs)
        if not beside:
            lines += [Content(""), Content.styled(name, "$text-muted")]
        for row, (start, end) in enumerate(wrap.lines(text, room)):
            label = (name if row == 0 else "").ljust(_LABELS_WIDTH) if beside else ""
            lines.append(Content.assemble((label, "$text-muted"), text[start:end]))
    return lines


class _Facts(Widget):
    """The facts, as long as they are at their width."""

    DEFAULT_CSS = """
    _Facts { height: auto; color: $foreground; text-wrap: nowrap; }
    """

    def __init__(self, facts: Sequence[Fact], glyphs: Glyphs) -> None:
        super().__init__()
        self._facts = facts
        self._glyphs = glyphs

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The number of lines."""
        return len(receipt_lines(self._facts, width, self._glyphs))

    def render(self) -> Content:
        """All lines."""
        return Content("\n").join(receipt_lines(self._facts, self.content_size.width, self._glyphs))


class ReceiptScreen(ModalScreen[None]):
    """The receipt of ``turn`` in ``tree``. Raises ``KeyError`` for a turn that is not there."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("escape,i,q,enter", "leave", "Close", show=False),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "ReceiptScreen")
        + """
    ReceiptScreen {
        & #facts {
            height: 1fr;
            padding: 0 1 0 2;
            background: $background;
            scrollbar-size-vertical: 1;
            scrollbar-background: $background;
            scrollbar-background-hover: $background;
            scrollbar-background-active: $background;
            scrollbar-color: $border;
            scrollbar-color-hover: $primary;
            scrollbar-color-active: $primary;
        }
        &.-short #question { margin: 0; }
    }
    """
    )

    def __init__(self, tree: ChatTree, turn: str, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._glyphs = glyphs
        name = safe_line(tree.turns[turn].name)
        self._heading = " · ".join(filter(None, (f"Turn {number(len(tree.path(turn)))}", name)))
        self._facts = receipt_facts(tree, turn)

    def compose(self) -> ComposeResult:
        """Which turn, the facts, and how to move in them."""
        with Vertical(id="page"):
            yield Static(Content(plain(self._heading, self._glyphs)), id="question")
            yield VerticalScroll(_Facts(self._facts, self._glyphs), id="facts", can_focus=False)
            yield Static(Content(plain("↑↓ scroll · Esc close", self._glyphs)), id="keys")

    @property
    def _scroll(self) -> VerticalScroll:
        return self.query_one("#facts", VerticalScroll)

    def action_scroll(self, lines: int) -> None:
        """Go on by lines."""
        self._scroll.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Go on by windows, less a line."""
        self._scroll.scroll_relative(y=pages * max(1, self._scroll.size.height - 1), animate=False)

    def action_leave(self) -> None:
        """Close the receipt."""
        self.dismiss(None)
