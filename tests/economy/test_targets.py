"""The targets of ``docs/economy.md``, on as much of each session as shows them; whole sessions: ``make bench-economy``.

No model is loaded: prompts are made by the program, and what is read of them is worked out by ``CacheModel``.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.economy.playing import WAYS, Asked, play
from tests.economy.sessions import NAMES, read_session
from tests.economy.targets import (
    CLASSIC,
    EMBEDDED,
    PREFIX_ONLY,
    Target,
    cuts,
    evaluated,
    targets_of_a,
    targets_of_c,
    targets_of_d,
    targets_of_r,
    with_notes,
)
from tests.economy.vocabulary import PromptTokens, prompt_tokens

pytestmark = pytest.mark.together("economy")  # what was played is played once

# Steps after which the context is full and has been cut often enough, and session C has had everything.
STEPS = {"A": 76, "B": 44, "R": 50, "C": 76, "D": 20}
SLACK = 8
"""Tokens by which a prediction, which knows parts and not tokens, may be wrong."""

Playing = Callable[[str, str], list[Asked]]


@pytest.fixture(scope="module")
def tokens(starter_model: Path) -> PromptTokens:
    """The starter's vocabulary."""
    return prompt_tokens(starter_model)


@pytest.fixture(scope="module")
def played(tokens: PromptTokens) -> Playing:
    """``played(session, cache)``: what was asked; each session is played once under each policy."""

    @functools.cache
    def under(name: str, way: int) -> list[Asked]:
        return play(read_session(name), WAYS[way], tokens, STEPS[name])

    return lambda name, cache: under(name, next(at for at, way in enumerate(WAYS) if cache in way.caches))


def kept(targets: list[Target]) -> None:
    """Every one of them is."""
    assert [str(target) for target in targets if not target.met] == []


def test_with_lore_that_fires_and_lapses_little_more_than_what_is_new_is_read(played: Playing) -> None:
    asked = {name: played("A", name) for name in (CLASSIC, PREFIX_ONLY, EMBEDDED)}
    kept(targets_of_a(asked))
    assert cuts(asked[EMBEDDED]) >= 2
    assert max(one.tokens for one in asked[EMBEDDED]) > 7_000
    assert statistics.fmean(evaluated(asked[CLASSIC], CLASSIC)) > 3_000


def test_notes_at_a_depth_cost_themselves_and_the_turns_below_them(played: Playing) -> None:
    kept([with_notes(played("B", EMBEDDED))])


def test_notes_that_stay_for_some_turns_cost_little(played: Playing) -> None:
    without_notes = played("A", CLASSIC)  # which reads less than with them
    kept(targets_of_r({EMBEDDED: played("R", EMBEDDED), CLASSIC: without_notes}))


def test_swipes_edits_branches_other_chats_and_new_starts_cost_the_least_that_is_right(played: Playing) -> None:
    kept(targets_of_c({EMBEDDED: played("C", EMBEDDED)}))


def test_another_speaker_of_a_group_does_not_change_what_was_read(played: Playing) -> None:
    kept(targets_of_d({name: played("D", name) for name in (CLASSIC, EMBEDDED)}))


@pytest.mark.parametrize(("session", "cache"), [("A", PREFIX_ONLY), ("B", EMBEDDED), ("C", EMBEDDED)])
def test_what_the_session_expects_to_be_read_is_what_is_read(played: Playing, session: str, cache: str) -> None:
    wrong = [one for one in played(session, cache) if abs((one.predicted or 0) - one.reads[cache].evaluated) > SLACK]
    # Only that a chat which begins has its head in common with the one before is not known.
    assert [one.after for one in wrong] in ([], ["turn to"])


def test_a_prompt_read_turn_by_turn_has_the_tokens_of_the_whole(tokens: PromptTokens) -> None:
    session = read_session("A")
    text = "".join(
        f"<|im_start|>user\n{step.say}<|im_end|>\n<|im_start|>assistant\n{step.reply}<|im_end|>\n"
        for step in session.steps[:20]
    )
    assert tokens.tokenize(text) == tokens.whole.tokenize(text)


@pytest.mark.parametrize("name", NAMES)
def test_turns_have_the_sizes_that_they_should(name: str, tokens: PromptTokens) -> None:
    session = read_session(name)
    said = [tokens.count(step.say) for step in session.steps if step.say]
    replies = [tokens.count(step.reply) for step in session.steps if step.reply]
    assert min(said) >= 15
    assert max(said) <= 80
    assert min(replies) >= 58
    assert max(replies) <= 302
    assert statistics.fmean(said) == pytest.approx(40, abs=5)
    assert statistics.fmean(replies) == pytest.approx(150, abs=10)
    notes = [text for text in (session.note.text, session.characters[0].note.text) if text]
    assert all(tokens.count(text) == pytest.approx(60, abs=4) for text in notes)
    assert (len(session.lore.entries), len(session.steps)) == ((60, 200) if name in "ABR" else (0, len(session.steps)))
