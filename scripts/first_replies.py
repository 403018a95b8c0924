"""Writes ``tests/samples/first_replies.txt``: what the starter model answers first, for a person to read.

``python -m scripts.first_replies STARTER.gguf [CARD …]`` in the repository's root. Each reply comes from the program
itself (``tavern-tui say``) in a library of its own, with an engine host that has read nothing before: a seed repeats
only from an empty cache. Sections of cards that are not named stay as they are. Eighty replies take about ten minutes.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.samples import sources
from tavern_tui.domain.character import Character
from tavern_tui.session.options import ReplyOptions, for_starter

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests" / "samples" / "first_replies.txt"
SEEDS = range(1, 21)
HEADING = """\
What the starter model answers first: made by scripts/first_replies.py with the seeds 1 to 20, not edited, and read by a
person. No reply speaks for the user, repeats a greeting or ends in mid-sentence: a test holds them to that. They need
not make sense otherwise, from a model this small. A seed gives the same reply on the same kind of processor.
"""


@dataclass(frozen=True, slots=True)
class FirstReply:
    """One reply: its seed, what was said, and what was answered."""

    seed: int
    line: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """The replies of the card ``name``; ``stamp`` stands for what they were made with."""

    name: str
    stamp: str
    replies: tuple[FirstReply, ...]


def stamp(card: Character, lines: tuple[str, ...]) -> str:
    """A short hash of what a card's first replies are made with: its texts, and the starter's own settings.

    Of the sampler preset only the name, which does not change when presets learn of another sampler.
    """
    own = for_starter(ReplyOptions(), sample=True)
    settings = (own.system_text or "", own.preset.name, str(own.response_tokens), own.prefill)
    entries = card.lorebook.entries if card.lorebook else ()
    lore = [f"{entry.keys} {entry.order} {entry.position.name} {entry.content}" for entry in entries]
    texts = (card.name, card.description, card.greeting, card.example_dialogue, *lore, *lines, *settings)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def written(sections: Mapping[str, Section]) -> str:
    """The file's text."""
    blocks = [HEADING]
    for section in sections.values():
        blocks.append(f"=== {section.name} {section.stamp}\n")
        blocks += [f"--- {reply.seed} | {reply.line}\n{reply.text}\n" for reply in section.replies]
    return "\n".join(blocks)


def read(text: str) -> dict[str, Section]:
    """The sections of the file's text, by the card's name."""
    sections = {}
    for block in text.split("\n=== ")[1:]:
        head, *replies = block.split("\n--- ")
        name, _, made_with = head.strip().rpartition(" ")
        sections[name] = Section(name, made_with, tuple(map(_read_reply, replies)))
    return sections


def _read_reply(block: str) -> FirstReply:
    head, _, text = block.partition("\n")
    seed, _, line = head.partition(" | ")
    return FirstReply(int(seed), line, text.strip())


def replies(card: Character, lines: tuple[str, ...], model: Path) -> Iterator[FirstReply]:
    """The first reply to a line of ``lines`` in turn, for every seed."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "TAVERN_HOME": home, "TAVERN_SERVER": ""}
        models = Path(home) / "models"
        models.mkdir()
        (models / model.name).symlink_to(model.resolve())
        for seed in SEEDS:
            line = lines[(seed - 1) % len(lines)]
            try:
                told = _tavern(environment, "say", card.name, line, "--new", "--seed", str(seed), "--json")
            finally:
                _tavern(environment, "engine", "stop")
            yield FirstReply(seed, line, json.loads(told)["text"])


def _tavern(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tavern_tui", *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def main(model: Path, wanted: list[str]) -> None:
    """Write the sections of the wanted cards, or of all."""
    sections = read(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for name in sources.CARDS:
        card, lines = sources.character(name), sources.first_lines(name)
        if wanted and card.name not in wanted:
            continue
        made = []
        for reply in replies(card, lines, model):
            print(f"--- {card.name} {reply.seed} | {reply.line}\n{reply.text}\n", flush=True)
            made.append(reply)
        sections[card.name] = Section(card.name, stamp(card, lines), tuple(made))
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(written(sections), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
