"""Planning the prompt of a chat of ten thousand turns: time, turns looked at, and how often tokens are asked for.

Without lore, and with a book of five thousand entries of two keys each, of which some fire in every turn and make
others fire. The counter is additive (a fixed number of tokens per word), so only the assembly is measured. Cold is the
first plan of a process, nothing counted yet and no book looked at; warm is the plan after one more message and reply.
Run as ``python -m tests.bench.assembly FOLDER POLICY ENTRIES`` it measures the chat that is there and prints JSON.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tavern_tui.config.paths import directories
from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.events import ChatEvent
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.persona import Persona
from tavern_tui.prompt.assemble import assemble, drive
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.lore_index import LoreCache
from tavern_tui.prompt.templates import CHATML, context_for
from tavern_tui.session.kept_prompts import kept_prompts
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.library import Library
from tests.bench.chat_files import CHARACTER, DEVICE, PERSONA, PROSE, TURNS, long_chat
from tests.bench.figures import Figure, run_child

CONTEXT, RESPONSE = 8_192, 300
ENTRIES = 5_000
FIRING = 12
"""Entries with a key in nearly every turn; each names another one."""
WARM_PLANS = 60
COLD_MS, WARM_MS = 250, 10
WARM_REQUESTS = {Policy.ECONOMY: 1, Policy.CLASSIC: 4}
_TOKEN = re.compile(r"\w+|[^\w\s]")


class AdditiveCounter:
    """Counts words and marks, each text once. ``requests`` are the batches in which anything was unknown."""

    def __init__(self) -> None:
        self.requests = 0
        self._known: dict[str, int] = {}

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        missing = [text for text in texts if text not in self._known]
        self.requests += bool(missing)
        self._known.update((text, len(_TOKEN.findall(text))) for text in missing)
        return [self._known[text] for text in texts]


class Walk:
    """The turns of a chat from one of them back, counting those that were looked at."""

    def __init__(self, tree: ChatTree, newest: str) -> None:
        self.visited = 0
        self._turns = tree.walk_back(newest)

    def __iter__(self) -> Iterator[Turn]:
        for turn in self._turns:
            self.visited += 1
            yield turn


@dataclass(frozen=True, slots=True)
class Planned:
    """What one plan took: processor milliseconds, turns looked at, turns that are in, requests for counts.

    ``fired`` is how many lore entries did.
    """

    cpu_ms: float
    visited: int
    included: int
    requests: int
    fired: int


def lorebook(entries: int) -> Lorebook:
    """A book of so many entries, each with a key of one word and one of two; the first ones fire in our chats."""
    dice = Random(5)
    names = ["".join(dice.choices("bcdfgklmnprstvz", k=1) + dice.choices("aeiou", k=1)) for _ in range(400)]
    words = list(dict.fromkeys("".join(dice.choices(names, k=4)) for _ in range(4 * entries)))
    known = dict.fromkeys(word for word in PROSE.replace(";", "").replace(",", "").split() if len(word) > 4)

    def entry(number: int) -> LoreEntry:
        single, first, second = words[3 * number : 3 * number + 3]
        if number < FIRING:
            single = list(known)[number % len(known)]
        named = words[3 * (number + FIRING)] if number < FIRING else ""
        said = " ".join(dice.choices(PROSE.split(), k=40))
        return LoreEntry(uid=number, keys=(single, f"{first} {second}"), content=f"{said} {named}", comment=single)

    return Lorebook("Bench", tuple(map(entry, range(entries))))


def plans(tree: ChatTree, policy: Policy, home: Path, entries: int = 0, warm: int = WARM_PLANS) -> list[Planned]:
    """The first plan of the chat without its last messages, then ``warm`` more, two turns later each.

    ``home`` is a library without cards, so that the sample is ours and not the user's own. ``entries`` of lore.
    """
    character, _ = Library(directories({"TAVERN_HOME": str(home)})).character(CHARACTER)
    given = PromptInput(
        character=character,
        persona=Persona(PERSONA),
        turns=(),
        context=context_for(CHATML),
        instruct=CHATML,
        context_tokens=CONTEXT,
        response_tokens=RESPONSE,
        now=datetime(2025, 1, 1, tzinfo=UTC),
        random=lambda: 0.5,
        policy=policy,
        chat_id="bench",
        lorebooks=(lorebook(entries),) if entries else (),
        lore_cache=LoreCache(),
    )
    counter = AdditiveCounter()
    kept = ChatTree()
    path = tree.path()
    found: list[Planned] = []
    for newest in range(len(path) - 1 - 2 * warm, len(path), 2):
        walk = Walk(tree, path[newest].id)
        asked, began = counter.requests, time.process_time()
        facts = kept_prompts(kept)
        given = replace(given, turns=walk, cuts=facts.cuts, heads=facts.heads, placed=facts.placed)
        plan = drive(assemble(given), counter)
        spent = time.process_time() - began
        if plan.kept is not None:
            kept.apply(ChatEvent(f"kept {newest}", "bench", newest, plan.kept))
        included = sum(1 for part in plan.included if part.turn_id)
        found.append(Planned(spent * 1000, walk.visited, included, counter.requests - asked, len(plan.fired)))
    return found


def figures(turns: int = TURNS) -> list[Figure]:
    """Measure both policies on one chat, without and with lore, each in a process of its own."""
    lines: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        long_chat(folder, turns)
        for policy in Policy:
            for entries in (0, ENTRIES):
                found = run_child("tests.bench.assembly", folder, policy.value, str(entries), home=folder)
                lore = f", {entries:,} lore entries" if entries else ""
                title = f"prompt ({policy.value}) of {turns:,} turns{lore}"
                lines += _lines(title, policy, [Planned(**one) for one in found])
    return lines


def _lines(name: str, policy: Policy, found: list[Planned]) -> list[Figure]:
    cold, warm = found[0], found[1:]
    most = max(warm, key=lambda one: one.visited - one.included)
    return [
        Figure(f"{name}, cold", cold.cpu_ms, "CPU-ms", 1, COLD_MS),
        Figure(f"{name}, cold: requests for counts", cold.requests),
        Figure(f"{name}, cold: turns looked at, {cold.included} are in", cold.visited),
        Figure(f"{name}, warm, median of {len(warm)}", statistics.median(x.cpu_ms for x in warm), "CPU-ms", 1, WARM_MS),
        Figure(f"{name}, warm, most", max(one.cpu_ms for one in warm), "CPU-ms", 1),
        Figure(f"{name}, warm: most requests", max(x.requests for x in warm), target=WARM_REQUESTS[policy]),
        Figure(f"{name}, warm: turns looked at, {most.included} are in", most.visited),
        *(
            [Figure(f"{name}, warm: entries that fire, median", statistics.median(x.fired for x in warm))]
            if cold.fired
            else []
        ),
    ]


def main() -> None:
    """Measure in this process."""
    folder, policy, entries = Path(sys.argv[1]), Policy(sys.argv[2]), int(sys.argv[3])
    log = ChatLog.open(folder / "long.jsonl", device=DEVICE, state=folder / "state")
    print(json.dumps([asdict(one) for one in plans(log.tree, policy, folder, entries)]))


if __name__ == "__main__":
    main()
