"""``python -m tests.economy play A``: what each policy reads in a session, and how that is to what was asked of it.

``bench`` plays all of them, and one on the real engine, and writes the figures into ``docs/economy.md``; ``perplexity``
measures what moving costs and writes that (``make bench-economy``). ``blind`` writes prompts of both policies in pairs,
to be read by somebody who does not know which is which (``make blind``).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.__main__ import starter_model
from tests.economy.playing import WAYS, Asked, play
from tests.economy.sessions import NAMES, read_session
from tests.economy.targets import TARGETS, cuts, evaluated, mean_over_new
from tests.economy.vocabulary import prompt_tokens


def table(played: dict[str, list[Asked]]) -> list[str]:
    """A line for each policy: prompts, cuts, tokens of a prompt, and what of it was read."""
    lines = [f"{'':24}{'prompts':>8}{'cuts':>6}{'tokens':>8}{'read':>8}{'median':>8}{'most':>8}{'÷ new':>8}"]
    for name, asked in played.items():
        read = evaluated(asked, name)
        tokens = statistics.fmean(one.tokens for one in asked)
        over = mean_over_new(asked, name)
        lines.append(
            f"{name:24}{len(asked):8}{cuts(asked):6}{tokens:8.0f}{statistics.fmean(read):8.1f}"
            f"{statistics.median(read):8.1f}{max(read):8}{over:8.2f}"
        )
    return lines


def play_all(name: str, steps: int | None = None) -> dict[str, list[Asked]]:
    """A session under every policy, by the policy's name."""
    session, tokens = read_session(name), prompt_tokens(starter_model())
    played: dict[str, list[Asked]] = {}
    for way in WAYS:
        asked = play(session, way, tokens, steps)
        played |= dict.fromkeys(way.caches, asked)
    return played


def show(names: Sequence[str], steps: int | None, *, turns: bool) -> bool:
    """Play sessions and print what came of it; whether all targets are kept."""
    kept = True
    for name in names:
        session = read_session(name)
        played = play_all(name, steps)
        print(f"{name}: {session.title}")
        print("\n".join(table(played)))
        if turns:
            for rows in zip(*played.values(), strict=True):
                reads = [row.reads[policy].evaluated for policy, row in zip(played, rows, strict=True)]
                print(
                    f"{rows[0].step:4} {rows[0].do:8} new {rows[0].new:5}  {'  '.join(f'{read:6}' for read in reads)}"
                )
        for target in TARGETS[name](played):
            kept = kept and target.met
            print(f"  {target}")
        print(flush=True)
    return kept


def bench(seconds: float) -> None:
    """Write the page's figures; ``seconds`` are for the real engine."""
    from tests.economy import page, real

    page.put_sessions({name: play_all(name) for name in NAMES})
    courses = real.on_the_real_engine(starter_model(), seconds)
    page.put_real(courses)
    for name, course in courses.items():
        print(f"{name}: {len(course.compared)} prompts, {course.agreed} as modelled, {course.read:.0f} tokens read")


def perplexity() -> None:
    """Write what moving costs."""
    from tests.economy import page
    from tests.economy.perplexity import measure, ratio

    scored = measure(starter_model())
    page.put_perplexity(scored)
    print(f"{sum(one.tokens for one in scored)} tokens, moved ÷ fresh {ratio(scored):.4f}")


def blind(pairs: int, seed: int, folder: Path) -> None:
    """Write the list of pairs and its key into ``folder``."""
    from tests.economy.blind import blind_list, moments

    lines, key = blind_list(moments(prompt_tokens(starter_model())), pairs, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, said in (("blind.txt", lines), ("blind-key.txt", key)):
        (folder / name).write_text("\n".join(said) + "\n", encoding="utf-8")
        print(folder / name)


def main() -> int:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.economy", description=__doc__)
    parser.add_argument("what", choices=("play", "bench", "perplexity", "blind"))
    parser.add_argument("sessions", nargs="*", metavar="SESSION", help=f"some of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--steps", type=int, help="only the first steps of each session")
    parser.add_argument("--turns", action="store_true", help="a line for every prompt, too")
    parser.add_argument("--seconds", type=float, default=300, help="how long the bench may use the real engine")
    parser.add_argument("--pairs", type=int, default=20, help="of the blind list")
    parser.add_argument("--seed", type=int, default=1, help="what chance makes of the blind list")
    parser.add_argument("--out", type=Path, default=Path("build/blind"), help="where the blind list goes")
    given = parser.parse_args()
    if given.what == "blind":
        blind(given.pairs, given.seed, given.out)
        return 0
    if given.what == "bench":
        bench(given.seconds)
        return 0
    if given.what == "perplexity":
        perplexity()
        return 0
    names = [name.upper() for name in given.sessions] or list(NAMES)
    return 0 if show(names, given.steps, turns=given.turns) else 1


if __name__ == "__main__":
    sys.exit(main())
