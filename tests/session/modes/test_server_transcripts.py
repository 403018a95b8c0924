"""Forty turns of every mode on a real OpenAI-compatible server, as the scripted sessions of ``tests.bench`` play them.

llama-cpp-python's server with the starter, context 4,096: ``adventures 40 Bell``, ``telling 40``, ``group_evening 40``.
The texts are the same only with the same build of llama.cpp, so what is held against them is what holds for any model.
"""

from __future__ import annotations

import re
from pathlib import Path

from tavern_tui.session.modes.adventure import without_players_lines
from tavern_tui.session.modes.scenarios import shipped_scenarios
from tavern_tui.session.story.outline import outline
from tests.bench.adventures import PLAYED
from tests.bench.group_evening import MEMBERS, TURNS
from tests.bench.telling import OPENING

FOLDER = Path(__file__).parent / "transcripts" / "server"


def kept(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_an_adventure_has_every_action_and_roll_and_nothing_that_was_said_for_the_player() -> None:
    scenario = next(one for one in shipped_scenarios() if "Bell" in one.title)
    typed = list(PLAYED[scenario.title]) * 4
    played, _, _ = kept("adventure").partition(scenario.told({}).opening)[2].partition("[suggested:")
    assert sum(line.startswith("> ") for line in played.splitlines()) == sum(
        bool(line) and not line.startswith("/story") for line in typed
    )
    assert played.count("⚂ 1d20 = ") == sum(line.startswith("/roll") for line in typed)
    told = [part for part in played.split("\n\n") if part.strip() and not part.lstrip().startswith((">", "⚂"))]
    assert len(told) >= len(typed)
    assert all(without_players_lines(part, question=False) == part.rstrip() for part in told)
    assert "[Roll" not in played


def test_a_story_has_its_chapters_and_comment_and_none_of_the_notes_that_the_model_was_given() -> None:
    text = kept("story")
    assert text.startswith(OPENING.partition("\n")[0])
    assert text.count("[[Which year? Ask Tom.]]") == 1
    titles = [section.title for section in outline(text)]
    numbered = dict.fromkeys(title for title in titles if title.startswith("Chapter"))
    assert list(numbered) == [f"Chapter {number}" for number in range(2, 6)]
    assert not re.search(r"\[(?:What comes next|Write what leads up)", text)


def test_in_a_group_everybody_speaks_for_themselves() -> None:
    turns = re.findall(rf"^({'|'.join(MEMBERS)}|\S+): (.*?)(?=\n\n\S+: |\Z)", kept("group"), re.MULTILINE | re.DOTALL)
    assert len(turns) >= TURNS
    assert {name for name, _ in turns} > set(MEMBERS)
    for name, text in turns:
        others = [other for other in MEMBERS if other != name]
        assert not any(line.lstrip().startswith(f"{other}:") for line in text.splitlines() for other in others)
