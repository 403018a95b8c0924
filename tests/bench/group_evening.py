"""``python -m tests.bench.group_evening [turns] [--server URL] [--transcript FILE]``: three on the starter model.

Outside of the suite: it takes some minutes. Messages in the natural order, each answered by whoever does, until the
chat has 40 turns, or as many as are asked for; one member is muted for a while, one is away for a while, and every
reply is looked at for other members' lines. The table says who spoke and why, and how many tokens were evaluated of
how many. ``--server`` takes that server instead of the embedded engine, ``--transcript`` keeps what was said.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path

from tavern_tui.domain.events import Speaker
from tavern_tui.session.events import PromptBuilt, TurnFailed, TurnSaved
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.creating import new_group
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tests.bench.__main__ import starter_model
from tests.bench.figures import tokens_read

TURNS = 40
MEMBERS = ("Wren", "Bess", "Tern")
SAID = (
    "Good evening, all of you.",
    "Bess, what is in the pot tonight?",
    "And who is the old man by the fire?",
    "Tern, you look tired.",
    "Wren, show me the flower again.",
    "It is raining harder now.",
    "Does anybody know the song about the bridge?",
    "Bess and Tern, you sing it together.",
    "I will go up to bed soon.",
    "One more story before that.",
)


async def evening(session: ChatSession, turns: int = TURNS) -> list[tuple[str, int, int, int]]:
    """The replies of an evening: who spoke, tokens evaluated, of the prompt, generated."""
    assert session.group is not None
    rows: list[tuple[str, int, int, int]] = []
    number = 0
    while len(session.tree.path()) < turns:
        for at, bodies in ((5, changing.muted(session.tree, "Wren")), (9, changing.muted(session.tree, "Wren", False))):
            if number == at and bodies:
                await session.changes.write(*bodies)
        for at, gone in ((7, True), (12, False)):
            if number == at and (bodies := changing.away(session.tree, "Tern", gone)):
                await session.changes.write(*bodies)
        said = SAID[number % len(SAID)]
        coming = session.group.next_speakers(said)
        rows += await _answers(session, said, [one.why for one in coming])
        number += 1
    return rows


async def _answers(session: ChatSession, said: str, why: list[str]) -> list[tuple[str, int, int, int]]:
    rows: list[tuple[str, int, int, int]] = []
    tokens = 0
    async for event in session.reply(said):
        if isinstance(event, PromptBuilt):
            tokens = event.plan.tokens
        elif isinstance(event, TurnFailed):
            print(f"  no turn: {event.error}")
        elif isinstance(event, TurnSaved) and event.turn.receipt is not None:
            receipt, name = event.turn.receipt, event.turn.name
            read = tokens_read(receipt)
            rows.append((name, read, tokens, receipt.generated or 0))
            reason = why[len(rows) - 1] if len(rows) <= len(why) else ""
            print(
                f"  {len(session.tree.path()):3} {name:6}{reason:22}{read:6} of {tokens:6,}",
                flush=True,
            )
            others = [other for other in MEMBERS if other != name]
            assert not any(
                line.lstrip().startswith(f"{other}:") for line in event.turn.text.splitlines() for other in others
            )
    return rows


async def main(turns: int, server: str, transcript: Path | None) -> int:
    """Play it in a home of its own and print the figures."""
    random.seed(1)  # who speaks, where chance decides
    model = starter_model()
    with tempfile.TemporaryDirectory(prefix="tavern-group-") as folder:
        os.environ["TAVERN_HOME"] = folder
        models = Path(folder) / "models"
        models.mkdir()
        (models / model.name).symlink_to(model)
        (Path(folder) / "config.yaml").write_text("engine:\n  threads: 1\n")
        workspace = Workspace.open()
        log = new_group(workspace, MEMBERS)
        session = open_session(workspace, Wishes(chat=log.path.stem, server=server, response_tokens=40, seed=1))
        await session.open()
        try:
            rows = await evening(session, turns)
        finally:
            await session.connection.engine.close()
        path = session.tree.path()
        if transcript is not None:
            transcript.write_text("".join(f"{turn.name}: {turn.text}\n\n" for turn in path), encoding="utf-8")
        own = sum(turn.speaker is Speaker.USER for turn in path)
        print(f"{len(path)} turns, {own} of the user, {len(rows)} replies")
        for name in MEMBERS:
            read = [evaluated for who, evaluated, _, _ in rows if who == name]
            median, most = statistics.median(read or [0]), max(read or [0])
            print(f"  {name:6}{len(read):4} replies, evaluated: median {median:.0f}, most {most}")
        read = [evaluated for _, evaluated, _, _ in rows[1:]]
        print(
            f"after the first: median {statistics.median(read):.0f}, mean {statistics.fmean(read):.0f} of"
            f" {statistics.fmean(tokens for _, _, tokens, _ in rows[1:]):,.0f} tokens"
        )
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("turns", type=int, nargs="?", default=TURNS)
    parser.add_argument("--server", default="")
    parser.add_argument("--transcript", type=Path)
    asked = parser.parse_args()
    sys.exit(asyncio.run(main(asked.turns, asked.server, asked.transcript)))
