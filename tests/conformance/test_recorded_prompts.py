"""Under ``classic`` the prompts are SillyTavern's, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.recorded import CASES, read, steps
from tests.prompt.builders import plan

FILES = sorted(CASES.glob("*.json"))


def test_the_cases_are_there() -> None:
    assert len(FILES) >= 115


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_prompt_and_stop_strings_are_those_that_were_recorded(path: Path) -> None:
    for step in steps(read(path)):
        made = plan(step.given)
        assert made.text == step.prompt
        assert made.stop == step.stop
