"""The figures of one reply, for ``say --json`` and receipts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tavern_tui.domain.events import Receipt
from tavern_tui.session.events import TurnFailed, TurnSaved
from tavern_tui.storage.chats import ChatLog


def seed_repeats(receipt: Receipt) -> bool | None:
    """Whether the seed gives the same reply to the same request again: only if nothing of the prompt was in the cache.

    ``None`` without a seed, and where the engine did not tell what it had.
    """
    if receipt.seed is None or receipt.reused is None:
        return None
    return not receipt.reused and not receipt.shifted


def reply_figures(last: TurnSaved | TurnFailed, log: ChatLog) -> dict[str, Any]:
    """A reply in ``log`` as plain values: text, who wrote it, tokens evaluated, reused and generated, milliseconds,
    speed, and the template and policy of its prompt.

    ``tokens_per_second`` counts generation only; ``seed_repeats`` is the function of that name. A reply that broke has
    ``error`` and ``hint``, and the text kept.
    """
    chat = str(log.path)
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
    template, policy = log.tree.made_with(turn.id)
    return {
        "text": turn.text,
        "name": turn.name,
        "turn": turn.id,
        "chat": chat,
        "reasoning": turn.reasoning,
        "tokens_per_second": speed,
        **receipt,
        "seed_repeats": seed_repeats(turn.receipt) if turn.receipt else None,
        "template": template,
        "policy": policy,
    }
