"""Builds the shipped samples out of their sources: ``python -m scripts.build_samples`` in the repository's root.

``cards/*.png``, ``worlds/*.json`` and the demo chat are made from ``scripts/samples``; run this after a change there
and commit both. The themes are their own sources.
"""

from __future__ import annotations

from pathlib import Path

from scripts.samples import demo, sources
from scripts.samples.portraits import PORTRAITS
from tavern_tui.formats.card import write_card_png
from tavern_tui.formats.chatlog import encode
from tavern_tui.formats.lorebook import write_lorebook

ROOT = Path(__file__).resolve().parent.parent
DEMO = "chats/A night at the Crooked Lantern.jsonl"


def build() -> dict[str, bytes]:
    """What every built file holds, by its path from the repository's root."""
    files = {}
    for name in sources.CARDS:
        character = sources.character(name)
        files[f"cards/{character.name}.png"] = write_card_png(character, PORTRAITS[character.name]())
    for name in sources.WORLDS:
        book = sources.lorebook(name)
        files[f"worlds/{book.name}.json"] = write_lorebook(book)
    files[DEMO] = b"".join(encode(event) + b"\n" for event in demo.events())
    return files


def main() -> None:
    """Write every built file."""
    for name, content in build().items():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        print(f"{len(content):>8,} bytes  {name}")


if __name__ == "__main__":
    main()
