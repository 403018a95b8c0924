"""Writes measured figures into ``docs/economy.md``, each table between its two marks, and the plots beside it."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.__main__ import machine
from tests.economy.drawing import plot
from tests.economy.perplexity import CONTEXT, Scored, ratio
from tests.economy.playing import Asked
from tests.economy.real import Course
from tests.economy.targets import TARGETS, cuts, evaluated, mean_over_new

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "economy.md"


def put(name: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``. Raises ``ValueError`` without them."""
    text = page.read_text(encoding="utf-8")
    inside = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    written, found = inside.subn(lambda marks: marks[1] + "\n".join(lines) + "\n" + marks[2], text)
    if not found:
        raise ValueError(f"{page.name} has no place for {name}")
    page.write_text(written, encoding="utf-8")


def put_sessions(played: Mapping[str, Mapping[str, Sequence[Asked]]]) -> None:
    """The table of all sessions and policies, the targets, and a plot of each session that has all four policies."""
    rows = [
        "| session | policy | prompts | cuts | tokens of a prompt | read, mean | median | most | read ÷ new |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    targets = ["", "| session | what | measured | target |", "|---|---|--:|--:|"]
    for session, policies in played.items():
        for name, asked in policies.items():
            read, tokens = evaluated(asked, name), statistics.fmean(one.tokens for one in asked)
            rows.append(
                f"| {session} | {name} | {len(asked)} | {cuts(asked)} | {tokens:,.0f} "
                f"| {statistics.fmean(read):,.0f} | {statistics.median(read):,.0f} | {max(read):,} "
                f"| {mean_over_new(asked, name):,.2f} |"
            )
        for target in TARGETS[session](policies):
            wanted = f"≤ {target.most:g}" if target.most is not None else ""
            wanted = f"≥ {target.least:g}" if target.least is not None else wanted
            missed = "" if target.met else " **missed**"
            targets.append(f"| {session} | {target.what} | {target.measured:,.2f} | {wanted}{missed} |")
        picture = plot(
            f"Session {session}: tokens read for each reply",
            {name: [one.reads[name].evaluated for one in asked] for name, asked in policies.items()},
        )
        (DOCS / f"economy-{session.lower()}.svg").write_text(picture, encoding="utf-8")
    put("sessions", [*rows, *targets])


def put_real(courses: Mapping[str, Course]) -> None:
    """What the real engine told."""
    rows = [
        "| policy | prompts | read, mean | seconds to the first word, mean | counts as modelled |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, course in courses.items():
        count = len(course.compared)
        rows.append(f"| {name} | {count} | {course.read:,.0f} | {course.seconds:,.1f} | {course.agreed} of {count} |")
    put("real engine", [*rows, "", f"{machine()}."])


def put_perplexity(scored: Sequence[Scored]) -> None:
    """What moving costs, by groups of cuts."""
    rows = ["| after cuts | tokens scored | perplexity moved ÷ fresh |", "|---|--:|--:|"]
    groups = {"1 to 5": (1, 5), "6 to 10": (6, 10), "11 and later": (11, 10**6), "all": (1, 10**6)}
    for name, (first, last) in groups.items():
        group = [one for one in scored if first <= one.cut <= last]
        if group:
            rows.append(f"| {name} | {sum(one.tokens for one in group):,} | {ratio(group):.4f} |")
    chains = sum(one.cut == 1 for one in scored)
    rows += [
        "",
        f"{chains} chats in a context of {CONTEXT:,}, {max(one.cut for one in scored)} cuts one after the other.",
    ]
    put("perplexity", rows)
