"""What a fault's block offers: the ways on, by their keys."""

from __future__ import annotations

import pytest

from tavern_tui.config.actions import BY_ID
from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault, TavernError
from tavern_tui.ui.chat.problems import offers_for, problem_text


def fault(kind: EngineFault) -> TavernError:
    return EngineError("Something.", fault=kind)


@pytest.mark.parametrize(
    ("error", "kept", "actions"),
    [
        (fault(EngineFault.ONLY_THOUGHT), False, ["reply.continue", "reply.answer"]),
        (fault(EngineFault.BROKEN_STREAM), True, ["reply.continue", "reply.regenerate"]),
        (fault(EngineFault.UNREACHABLE), False, ["reply.speak", "app.connect"]),
    ],
    ids=["thought", "kept", "unreachable"],
)
def test_a_fault_offers_what_helps(error: TavernError, kept: bool, actions: list[str]) -> None:
    offers = offers_for(error, kept=kept)
    assert [offer.action for offer in offers][: len(actions)] == actions
    assert all(offer.action in BY_ID for offer in offers)


def test_a_reply_that_was_all_thinking_reads_as_it_was_agreed() -> None:
    wording = messages.only_thought(1024)
    error = EngineError(wording.title, hint=wording.hint, fault=EngineFault.ONLY_THOUGHT)
    assert problem_text(error, offers_for(error, kept=False)) == (
        "The model only thought: 1,024 tokens.\nc continues · n answers without thinking"
    )
    assert str(wording).endswith("c continues · n answers without thinking")
