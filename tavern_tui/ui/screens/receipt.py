"""The receipt of a turn: what is known of how it was made. ``receipt_facts`` says it, the screen shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.events import Receipt, Speaker
from tavern_tui.domain.messages import number
from tavern_tui.session.bookmarks import is_bookmarked
from tavern_tui.session.figures import seed_repeats
from tavern_tui.ui.chat.days import date_shown, time_shown
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.rows import filled

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

_REPEATS: Final = {
    True: "repeats on an empty cache, as here",
    False: "need not repeat: part of the prompt was in the cache",
}
"""What a seed is worth, by ``seed_repeats``."""

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
        *(_engine_facts(receipt, tree.made_with(identity)) if receipt is not None else [("By", _by(turn))]),
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


def _engine_facts(receipt: Receipt, made_with: Sequence[str]) -> list[Fact]:
    read = [
        f"{number(receipt.evaluated)} tokens" if receipt.evaluated is not None else "",
        f"{number(receipt.reused)} reused" if receipt.reused is not None else "",
        f"{number(receipt.shifted)} moved up" if receipt.shifted else "",
        f"{number(receipt.predicted)} predicted" if receipt.predicted not in (None, receipt.evaluated) else "",
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
        ("Prompt", " · ".join(safe_line(said) for said in made_with if said)),
        ("Read", " · ".join(filter(None, read))),
        ("Because", safe_line(receipt.cause)),
        ("Instead", f"{safe_line(receipt.summary)} was read" if receipt.summary else ""),
        ("Wrote", " · ".join(filter(None, made))),
        ("Ended", _ENDED.get(receipt.stop, safe_line(receipt.stop))),
        ("Seed", _seed(receipt)),
    ]


def _seed(receipt: Receipt) -> str:
    if receipt.seed is None:
        return ""
    repeats = seed_repeats(receipt)
    return f"{receipt.seed}" if repeats is None else f"{receipt.seed} · {_REPEATS[repeats]}"


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
        if not beside:
            lines.append(Content(""))
            lines += [Content.styled(text, "$text-muted") for text in _wrapped(name, width)]
        for row, text in enumerate(_wrapped(what, room) if name == RAW else filled(what, room, glyphs)):
            label = (name if row == 0 else "").ljust(_LABELS_WIDTH) if beside else ""
            lines.append(Content.assemble((label, "$text-muted"), text))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap.lines(text, width)]


class ReceiptScreen(TextPage):
    """The receipt of ``turn`` in ``tree``. Raises ``KeyError`` for a turn that is not there."""

    def __init__(self, tree: ChatTree, turn: str, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        name = safe_line(tree.turns[turn].name)
        heading = " · ".join(filter(None, (f"Turn {number(len(tree.path(turn)))}", name)))
        facts = receipt_facts(tree, turn)
        super().__init__(
            heading, lambda width: receipt_lines(facts, width, glyphs), closing=frozenset({"i"}), glyphs=glyphs
        )
