"""Ten turns of every shipped scenario on the starter, as ``tests.bench.adventures`` plays them: read, and kept here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.session.modes.adventure import without_players_lines
from tavern_tui.session.modes.scenarios import Scenario, shipped_scenarios
from tests.bench.adventures import PLAYED

FOLDER = Path(__file__).parent / "transcripts"


@pytest.mark.parametrize("scenario", shipped_scenarios(), ids=range(4))
def test_a_transcript_of_each_scenario_keeps_the_rules(scenario: Scenario) -> None:
    name = scenario.title.lower().replace("'", "").replace(" ", "-")
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    opening = scenario.told({}).opening
    assert opening in text
    played, _, _ = text.partition(opening)[2].partition("[suggested:")
    acted = [line for line in PLAYED[scenario.title] if line and not line.startswith("/story")]
    assert sum(line.startswith("> ") for line in played.splitlines()) == len(acted)
    assert played.count("⚂ 1d20 = ") == sum(line.startswith("/roll") for line in acted)
    told = [part for part in played.split("\n\n") if part.strip() and not part.lstrip().startswith((">", "⚂"))]
    assert len(told) >= 10
    assert all(without_players_lines(part, question=False) == part.rstrip() for part in told)
    assert "[Roll" not in played
