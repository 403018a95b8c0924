"""The figures of one reply, for ``say --json`` and receipts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tavern_tui.session.events import TurnFailed, TurnSaved


def reply_figures(last: TurnSaved | TurnFailed, chat: str) -> dict[str, Any]:
    """A reply as plain values: text, who wrote it, tokens evaluated, reused and generated, milliseconds, speed.

    ``tokens_per_second`` counts generation only. A reply that broke has ``error`` and ``hint``, and the text kept.
    """
    if isinstance(last, TurnFailed):
        return {
            "text": last.kept_text,
            "turn": last.turn_id,
            "chat": chat,
            "error": last.error.title,
            "hint": last.error.hint,
        }
    turn = last.turn
    receipt = asdict(turn.receipt) if turn.receipt else {}
    spent, generated = receipt.get("generation_ms"), receipt.get("generated")
    speed = round(generated * 1000 / spent, 2) if spent and generated else None
    return {
        "text": turn.text,
        "name": turn.name,
        "turn": turn.id,
        "chat": chat,
        "reasoning": turn.reasoning,
        "tokens_per_second": speed,
        **receipt,
    }
