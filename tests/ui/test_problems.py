"""What a fault's block offers: the ways on, by their keys."""

from __future__ import annotations

import textwrap

import pytest

from tavern_tui.config.actions import BY_ID
from tavern_tui.domain import messages
from tavern_tui.domain.errors import CardTooLongError, EngineError, EngineFault, TavernError
from tavern_tui.domain.wording import Wording
from tavern_tui.ui.chat.problems import offers_for, problem_text


def fault(kind: EngineFault) -> TavernError:
    return EngineError("Something.", fault=kind)


@pytest.mark.parametrize(
    ("error", "kept", "actions"),
    [
        (fault(EngineFault.ONLY_THOUGHT), False, ["reply.continue", "reply.answer"]),
        (fault(EngineFault.BROKEN_STREAM), True, ["reply.continue", "reply.regenerate", "turn.edit", "reply.keep"]),
        (fault(EngineFault.UNREACHABLE), False, ["reply.speak", "app.connect", "turn.edit"]),
        (fault(EngineFault.NO_MODEL), False, ["reply.speak", "writer.model", "app.connect", "turn.edit"]),
        (fault(EngineFault.NOTHING_ADDED), False, ["reply.regenerate", "turn.edit"]),
    ],
    ids=["thought", "kept", "unreachable", "model", "added"],
)
def test_a_fault_offers_what_helps(error: TavernError, kept: bool, actions: list[str]) -> None:
    offers = offers_for(error, kept=kept)
    assert [offer.action for offer in offers] == actions
    assert all(offer.action in BY_ID for offer in offers)
    assert len({offer.key for offer in offers}) == len(offers)


@pytest.mark.parametrize(
    ("error", "wording", "lines"),
    [
        (fault(EngineFault.NOTHING_WRITTEN), messages.wrote_nothing("ChatML"), 3),
        (fault(EngineFault.NOTHING_WRITTEN), messages.only_the_users_lines("Alex"), 3),
        (CardTooLongError(""), messages.card_does_not_fit("Mira", 2310, 300, 2048), 4),
    ],
    ids=["nothing", "users-lines", "card"],
)
def test_what_the_fixed_texts_name_as_keys_is_offered(error: TavernError, wording: Wording, lines: int) -> None:
    offers = offers_for(error, kept=False)
    block = problem_text(TavernError(wording.title, hint=wording.hint), offers, narrow=True)
    assert wording.keys.removeprefix("Raise the context, or ") in block
    assert len(textwrap.wrap(block, 43)) <= lines


def test_a_fault_without_an_engine_to_blame_lets_the_message_be_changed() -> None:
    offers = offers_for(TavernError("Mira's card does not fit 2,048."), kept=False)
    assert [offer.action for offer in offers] == ["reply.speak", "turn.edit"]


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "nothing"])
def test_on_a_phone_the_block_takes_three_lines(kept: bool) -> None:
    wording = messages.link_broke(143) if kept else messages.no_answer("rig:5001", "connection refused")
    fault = EngineFault.BROKEN_STREAM if kept else EngineFault.UNREACHABLE
    error = EngineError(wording.title, hint=wording.hint, fault=fault)
    block = problem_text(error, offers_for(error, kept=kept), narrow=True)
    assert str(wording) in block
    assert len(textwrap.wrap(block, 43)) <= 3


def test_a_reply_that_was_all_thinking_reads_as_it_was_agreed() -> None:
    wording = messages.only_thought(1024)
    error = EngineError(wording.title, hint=wording.hint, fault=EngineFault.ONLY_THOUGHT)
    assert problem_text(error, offers_for(error, kept=False)) == (
        "The model only thought: 1,024 tokens.\nc continues · n answers without thinking"
    )
    assert str(wording).endswith("c continues · n answers without thinking")
