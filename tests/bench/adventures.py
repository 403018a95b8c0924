"""Adventures played on a real model: every shipped scenario for some turns, and one session of forty.

``python -m tests.bench.adventures MODEL FOLDER [turns] [title] [--server URL]`` writes one transcript for each into
FOLDER and prints figures: tokens that were read for each turn. ``--server`` takes that server instead of the embedded
engine; what one that does not tell has read is what was foreseen. What is typed and thrown is the same each time; where
the turns are more, it begins anew. What a model makes of that is the same only with the same build of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tavern_tui.config.paths import directories
from tavern_tui.domain.dice import told
from tavern_tui.domain.errors import EngineError
from tavern_tui.session import embedded
from tavern_tui.session import events as out
from tavern_tui.session.modes.scenarios import Scenario, begin, shipped_scenarios
from tavern_tui.session.modes.suggestions import suggestions
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tests.bench.figures import tokens_read

SEED = 11
CONFIG = "engine:\n  threads: 1\n"
PLAYED: dict[str, Sequence[str]] = {
    "The Bell under the Lake": (
        "I walk over the plank bridge to the mill",
        "/roll open the mill door without a sound",
        '"Is anybody here?"',
        "look at the fire",
        "",
        "/roll climb up to the bell",
        "/say Who rings it?",
        "/story A small door opens in the floor of the church.",
        "go down through the small door",
        "hold up the lantern and listen",
    ),
    "The Dragon's Inventory": (
        "look into the round hole",
        '"Mrs Tansy, who bakes here?"',
        "/roll squeeze into the tunnel",
        "follow the humming",
        "",
        "/say Hello. I am not angry.",
        "/roll catch the little thief by the sleeve",
        "/story It is a very small dragon with jam on its nose.",
        "give the small dragon a bun",
        "carry the lost things back to Ossifer",
    ),
    "The Listeners Below": (
        "put down the coffee and listen",
        "/roll play the tune back with the changed note",
        "look out of the window",
        '"Did you hear that?"',
        "",
        "climb down into the Bean",
        "/roll steer along the dark cable",
        "/story Far below, a field of blue lights begins to glow.",
        "turn the lamp of the Bean off and wait",
        "/say We only wanted to sing with you.",
    ),
    "The Ship's Cat": (
        "take the soup ladle and the small flag",
        "/roll jump over the row of crabs",
        '"Good morning, gentlemen. Nice hats."',
        "wave the flag",
        "",
        "/say The captain sends his regards.",
        "/roll walk past the biggest crab",
        "/story Behind the beach stands a tiny castle made of spoons.",
        "knock at the castle with the ladle",
        "bow to the crab king",
    ),
}


async def play(
    workspace: Workspace, wishes: Wishes, scenario: Scenario, lines: Sequence[str]
) -> tuple[str, list[int], list[int]]:
    """The transcript of ``lines`` played in ``scenario``, the tokens read for each reply, and each prompt's."""
    log = begin(workspace, scenario, {})
    session = open_session(workspace, wishes, log=log)
    await session.open()
    read: list[int] = []
    prompts: list[int] = []
    notes: list[str] = []
    try:
        for line in lines:
            notes.append(await _turn(session, line, read, prompts))
        try:
            asked = ", ".join(await suggestions(session))
        except EngineError as error:
            asked = str(error)
    finally:
        await session.connection.engine.close()
    texts = [f"# {scenario.title}\n"]
    texts += [f"⚂ {told(turn.roll)}\n{turn.text}" if turn.roll else turn.text for turn in session.tree.path()]
    texts += [f"[{note}]" for note in notes if note]
    return "\n\n".join([*texts, f"[suggested: {asked}]\n"]), read, prompts


async def _turn(session: ChatSession, line: str, read: list[int], prompts: list[int]) -> str:
    """Play a line; what is to be said of it, "" for nothing."""
    said = ""
    async for event in session.reply(line):
        if isinstance(event, out.PromptBuilt):
            prompts.append(event.plan.tokens)
        if isinstance(event, out.TurnSaved) and event.turn.receipt is not None:
            read.append(tokens_read(event.turn.receipt))
        if isinstance(event, out.TurnFailed):
            said = f"{line}: {event.error}"
    return said


async def main(wishes: Wishes, folder: Path, turns: int, title: str) -> None:
    """Play everything and print the figures."""
    random.seed(SEED)  # of the dice
    with tempfile.TemporaryDirectory(prefix="tavern-adventures-") as home:
        os.environ["TAVERN_HOME"] = home
        (Path(home) / "config").mkdir()
        (Path(home) / "config" / "config.yaml").write_text(CONFIG, encoding="utf-8")
        workspace = Workspace.open()
        try:
            for scenario in (one for one in shipped_scenarios() if title in one.title):
                lines = list(PLAYED[scenario.title])
                lines = [lines[at % len(lines)] for at in range(turns)]
                text, read, prompts = await play(workspace, wishes, scenario, lines)
                name = scenario.title.lower().replace("'", "").replace(" ", "-")
                (folder / f"{name}.txt").write_text(text, encoding="utf-8")
                middle = statistics.median(read) if read else 0
                most = max(read[1:], default=0)
                print(f"{scenario.title}: {len(read)} of {turns} turns; tokens read: {middle} (median), {most} (most)")
                print(
                    f"  prompts: {statistics.median(prompts or [0])} (median), {max(prompts, default=0)} (most) tokens"
                )
        finally:
            await embedded.stop(directories())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("turns", type=int, nargs="?", default=10)
    parser.add_argument("title", nargs="?", default="")
    parser.add_argument("--server", default="")
    asked = parser.parse_args()
    chosen = Wishes(server=asked.server, seed=SEED) if asked.server else Wishes(model=asked.model, seed=SEED)
    asyncio.run(main(chosen, asked.folder, asked.turns, asked.title))
