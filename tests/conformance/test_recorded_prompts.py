"""Under ``classic`` the prompts are SillyTavern's, byte for byte."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tavern_tui.prompt.plan import LoreState
from tests.conformance.recorded import CASES, Step, read, steps
from tests.prompt.builders import plan

FILES = sorted(CASES.glob("*.json"))


def test_the_cases_are_there() -> None:
    assert len(FILES) >= 180


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_prompt_stop_strings_and_lore_are_those_that_were_recorded(path: Path) -> None:
    recorded = steps(read(path))
    step = next(recorded, None)
    while step is not None:
        made = plan(step.given)
        assert [(one.book, one.uid) for one in made.fired] == list(step.fired)
        assert made.text == step.prompt
        assert made.stop == step.stop
        step = _following(recorded, made.lore_state)


def _following(recorded: Generator[Step, LoreState, None], state: LoreState) -> Step | None:
    try:
        return recorded.send(state)
    except StopIteration:
        return None
