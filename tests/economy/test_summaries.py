"""What summaries cost: the question below what was read, their own tokens, and nothing of the history again."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.summary import KEY
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.summaries.keeping import When, chosen, due
from tavern_tui.session.summaries.making import write_summary
from tavern_tui.session.summaries.versions import in_force
from tests.economy.playing import WAYS, Player
from tests.economy.sessions import Step, read_session
from tests.economy.vocabulary import prompt_tokens

pytestmark = pytest.mark.together("economy")

CONTEXT, RESPONSE, STEPS = 2_560, 250, 18  # after which the history has been cut twice
DESCRIPTION = 400  # characters of the card's, in so small a context
TEXT = " ".join(["Robin came to the mill and asked for the key that the miller's daughter had lost in spring."] * 8)
LORE = 400
"""Tokens of lore that left with its turns and is put at the end again, at most."""
QUESTION = 170
"""Tokens of the question with its markup, at most."""


class Remembering(Player):
    """A player whose chat is summed up by itself. ``asked_for`` is what the engine read for each summary."""

    asked_for: list[int]
    told: list[tuple[bool, int]]

    async def _do(self, number: int, step: Step) -> None:
        """Do the step, and what is due after it."""
        if not number:
            self.asked_for, self.told = [], []
            await self.chat.changes.write(chosen(self.chat.tree, When.ALWAYS))
        await super()._do(number, step)
        parts = self.plan.included if self.plan is not None else ()
        read = next(part.turn_id for part in parts if part.turn_id)
        last = max((self.chat.turn_number(one.until) for one in in_force(self.chat.tree)), default=0)
        summed_up = any(part.kind is PartKind.SUMMARY for part in parts)
        self.told.append((summed_up, self.chat.turn_number(read) - 1 - last))
        job = await due(self.chat)
        if job is not None:
            self.engine.next_reply = TEXT
            await write_summary(self.chat, job, waits=job.ahead)
            self.asked_for.append(next(iter(self.engine.reads.values())).evaluated)


def test_summing_up_by_itself_reads_the_question_and_costs_replies_its_own_tokens(
    starter_model: Path, tmp_path: Path
) -> None:
    tokens = prompt_tokens(starter_model)
    session = read_session("A")
    cards = tuple(replace(one, description=one.description[:DESCRIPTION]) for one in session.characters)
    session = replace(session, characters=cards, context_tokens=CONTEXT, response_tokens=RESPONSE)
    player = Remembering(session, WAYS[2], tokens, tmp_path)
    asked = asyncio.run(player.play(STEPS))
    cuts = len(player.chat.tree.cuts)
    versions = [key for key in player.chat.tree.properties if key.startswith(KEY)]
    assert len(versions) == len(player.asked_for) >= cuts >= 2
    assert max(player.asked_for) <= QUESTION
    first = next(at for at, one in enumerate(asked) if one.first_turn != asked[0].first_turn)
    assert all(summed_up for summed_up, _ in player.told[first:])
    assert max(missing for _, missing in player.told) <= 0  # no turn is neither read nor told of
    over = [one.reads["economy, embedded"].evaluated - one.new for one in asked[1:]]
    assert max(over) <= tokens.count(TEXT) + 20 + LORE
    assert statistics.median(over) <= 8
