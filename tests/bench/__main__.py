"""``make bench``: measures the budgets of ``docs/architecture.md`` §8 that exist by now, and prints one table.

Nothing here passes or fails: what can be gated is gated by counts in the suite. Times are processor time wherever that
is possible, and the load of the machine is printed with them, because a busy machine stretches even that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tavern_tui.config.paths import directories
from tavern_tui.domain.starter import STARTER_MODEL
from tests.bench import (
    app_reply,
    app_start,
    assembly,
    caching,
    long_chat,
    replies,
    searching,
    slow_link,
    startup,
    stories,
)
from tests.bench.figures import Figure
from tests.bench.host_vs_raw import compare


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: rounds of short commands, tokens of a reply, rounds and tokens of the speed comparison.

    ``app_words`` are those of a reply that is written in the app; ``turns`` those of a long chat;
    ``searched`` turns are searched, among ``cards`` characters is chosen. A story has ``story_words``.
    """

    rounds: int = 5
    reply_tokens: int = 60
    speed_rounds: int = 16
    speed_tokens: int = 32
    app_words: int = 150
    swipe_rounds: int = 6
    turns: int = 60
    searched: int = 1_000_000
    cards: int = 10_000
    story_words: int = 500_000


QUICK = Effort(
    rounds=2,
    reply_tokens=24,
    speed_rounds=5,
    speed_tokens=24,
    app_words=60,
    swipe_rounds=2,
    turns=10,
    searched=20_000,
    cards=1_000,
    story_words=50_000,
)


def starter_model() -> Path:
    """The starter model: ``TAVERN_TEST_MODEL``, else where ``tavern-tui models get starter`` puts it."""
    named = os.environ.get("TAVERN_TEST_MODEL")
    path = Path(named) if named else directories().models / STARTER_MODEL.file_name
    if not path.is_file():
        raise SystemExit(f"There is no starter model at {path}. `make starter` fetches it.")
    return path.absolute()


def speed(effort: Effort) -> list[Figure]:
    """The engine host against the bare llama.cpp loop."""
    found = asyncio.run(compare(starter_model(), tokens=effort.speed_tokens, threads=1, rounds=effort.speed_rounds))
    return [
        Figure("bare llama.cpp loop, best round", max(found.raw), "tokens/s", 1),
        Figure("engine host, best round", max(found.host), "tokens/s", 1),
        Figure("engine host over the bare loop, median of pairs", found.ratio, "×", 3, 0.95, at_least=True),
        Figure("the same by processor time", found.cpu_ratio, "×", 3, 0.95, at_least=True),
        Figure("bare loop, a token", found.raw_cpu_ms, "CPU-ms", 2),
        Figure("engine host, a token", found.host_cpu_ms, "CPU-ms", 2),
    ]


ITEMS: dict[str, Callable[[Effort], list[Figure]]] = {
    "start": lambda effort: startup.light_commands(effort.rounds),
    "commands": lambda effort: startup.reading_commands(effort.rounds, starter_model()),
    "chat": lambda effort: long_chat.figures(effort.rounds),
    "app": lambda effort: app_start.figures(effort.rounds),
    "writing": lambda effort: app_reply.figures(effort.app_words),
    "assembly": lambda _: assembly.figures(),
    "search": lambda effort: searching.figures(effort.searched, effort.cards),
    "story": lambda effort: stories.figures(effort.story_words),
    "reading": lambda effort: replies.figures_of_reading(starter_model(), effort.reply_tokens),
    "say": lambda effort: replies.figures_of_say(starter_model(), effort.reply_tokens),
    "speed": speed,
    "swipes": lambda effort: caching.figures_of_swipes(starter_model(), effort.swipe_rounds, effort.speed_tokens),
    "typing": lambda _: slow_link.figures(),
    "reopening": lambda _: caching.figures_of_reopening(starter_model()),
    "evening": lambda effort: caching.figures_of_evening(starter_model(), effort.turns, 24),
}


def machine() -> str:
    """What was measured on, and how busy it is."""
    load = " ".join(f"{number:.1f}" for number in os.getloadavg())
    python = platform.python_version()
    return f"Python {python}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load}"


def table(figures: Sequence[Figure]) -> str:
    """One aligned line for each figure: what, measured, target (marked where it is missed), command."""
    rows = [("what", "measured", "target", "", "command")]
    for figure in figures:
        sign = "≥" if figure.at_least else "≤"
        target = "" if figure.target is None else f"{sign} {figure.target:g}"
        missed = {True: "", False: "missed", None: ""}[figure.met]
        rows.append((figure.what, figure.written(figure.measured), target, missed, figure.command))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for what, measured, *rest in rows:
        cells = [what.ljust(widths[0]), measured.rjust(widths[1])]
        cells += [cell.ljust(width) for cell, width in zip(rest, widths[2:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def main() -> None:
    """Measure what was named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the budgets.")
    parser.add_argument("items", nargs="*", metavar="ITEM", help=f"some of: {', '.join(ITEMS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and shorter replies")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    unknown = [item for item in given.items if item not in ITEMS]
    if unknown:
        parser.error(f"there is no item {unknown[0]}; there are: {', '.join(ITEMS)}")
    effort = QUICK if given.quick else Effort()
    before = machine()
    figures: list[Figure] = []
    for name in given.items or ITEMS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        command = f"python -m tests.bench {name}"
        figures += [replace(figure, command=figure.command or command) for figure in ITEMS[name](effort)]
    if given.json:
        rows = [{**asdict(figure), "met": figure.met} for figure in figures]
        print(json.dumps({"before": before, "after": machine(), "figures": rows}, ensure_ascii=False, indent=1))
    else:
        print(f"{table(figures)}\n\nbefore: {before}\nafter:  {machine()}")


if __name__ == "__main__":
    main()
