"""Search over a million turns, and a library of ten thousand cards, as the index answers them.

Texts are of words as frequent as in a language (Zipf): the commonest stands in most turns, the rarest in a few. Each
question is asked of a warm index, once before it is measured; the time is the longest of several askings, on the wall
for a search, in processor time for a list.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from tavern_tui.config.paths import Directories
from tavern_tui.domain.events import ChatEvent, ChatStarted, Speaker, TurnAdded
from tavern_tui.formats.chatlog import encode
from tavern_tui.session.library_index import listed_characters, open_index
from tavern_tui.session.searching import search
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_chats import index_chat
from tavern_tui.storage.index_files import stamp_of
from tests.bench.figures import Figure

TURNS_OF_A_CHAT = 5_000
WORDS_OF_A_TURN = 90
VOCABULARY = 30_000
STARTED = 1_700_000_000
_CONSONANTS, _VOWELS = "bcdfghklmnprstvwz", "aeiou"
_ROUNDS = 5


def vocabulary(dice: Random) -> list[str]:
    """Words of two to nine letters, each once."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = dice.randint(1, 4)
        word = "".join(dice.choice(_CONSONANTS) + dice.choice(_VOWELS) for _ in range(syllables))
        words[word + dice.choice(["", "n", "s", "r"])] = None
    return list(words)


def figures(turns: int, cards: int) -> list[Figure]:
    """Build an index of so many turns and measure what people ask of it; then a library of so many cards."""
    with tempfile.TemporaryDirectory(prefix="tavern-bench-") as folder:
        return [*_searching(Path(folder), turns), *_listing(Path(folder) / "cards", cards)]


def _searching(folder: Path, turns: int) -> Iterator[Figure]:
    dice = Random(11)
    words = vocabulary(dice)
    index = LibraryIndex(folder / "cache", folder)
    began = time.process_time()
    _fill(index, folder, words, dice, turns)
    yield Figure(f"taking {turns:,} turns into the index", turns / (time.process_time() - began), "turns/CPU-s")
    yield Figure("the index on disk", index.path.stat().st_size / turns, "bytes/turn")
    # By rank: which words stand in most turns, in one of a hundred, in a few.
    common, usual, rare = words[2], words[300], words[20_000]
    long_common = next(word for word in words if len(word) >= 6)
    questions = {
        "the commonest word": f"{common} ",
        "a usual word": f"{usual} ",
        "a rare word": f"{rare} ",
        "beginning of three letters": long_common[:3],
        "beginning of five letters of a common word": long_common[:5],
        "three usual words": f"{words[20]} {words[60]} {words[200]} ",
        "a common and a rare word": f"{common} {rare} ",
        "two usual words side by side": f'"{words[20]} {words[61]}"',
        "a word that nobody said": "xylophone",
    }
    for what, typed in questions.items():
        took = _slowest(partial(search, index, typed))
        yield Figure(f"search, {turns:,} turns: {what}", took, "ms", 1, 100)
    page = search(index, f"{usual} ")
    after = page.after
    yield Figure(
        f"search, {turns:,} turns: the next 50", _slowest(lambda: search(index, f"{usual} ", after=after)), "ms", 1, 100
    )
    yield Figure(
        "search, the best of the newest 2,000", _slowest(lambda: search(index, f"{usual} ", ranked=True)), "ms"
    )
    index.close()


def _fill(index: LibraryIndex, folder: Path, words: list[str], dice: Random, turns: int) -> None:
    """Chats one after the other, each written as a file, taken in, and removed again."""
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    path = folder / "chat.jsonl"
    for chat in range(max(1, turns // TURNS_OF_A_CHAT)):
        path = folder / f"chat {chat}.jsonl"
        path.write_bytes(b"\n".join(_lines(chat, words, weights, dice, min(turns, TURNS_OF_A_CHAT))) + b"\n")
        stamp = stamp_of(path)
        assert stamp is not None
        for _ in index_chat(index, path, stamp, None, lambda _path: ""):
            pass
        path.unlink()


def _lines(chat: int, words: list[str], weights: list[float], dice: Random, turns: int) -> Iterator[bytes]:
    at, above = STARTED + chat * 86_400, ""
    yield encode(ChatEvent(f"s{chat}", "bench", 1, ChatStarted(f"Night {chat}", ("Wren",), "Alex"), at=at))
    for number in range(turns):
        text = " ".join(dice.choices(words, cum_weights=weights, k=WORDS_OF_A_TURN))
        turn = TurnAdded(above, Speaker.CHARACTER, "Wren", text)
        above = f"t{number}"
        yield encode(ChatEvent(above, "bench", number + 2, turn, at=at + 60 * number))


def _listing(folder: Path, cards: int) -> Iterator[Figure]:
    library = folder / "characters"
    library.mkdir(parents=True)
    for number in range(cards):
        data = {
            "name": f"Someone {number}",
            "description": "She keeps the lamp and the road. " * 40,
            "first_mes": "*She looks up.* " * 20,
            "tags": ["Sea", f"tag {number % 50}"],
            "creator": f"maker {number % 200}",
        }
        card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
        (library / f"card {number:05}.json").write_text(json.dumps(card))
    dirs = Directories(folder, folder / "config", folder / "state", folder / "cache")
    workspace = Workspace.open(dirs=dirs)
    began = time.process_time()
    for _ in listed_characters(workspace):
        pass
    yield Figure(f"reading {cards:,} cards for the first time", time.process_time() - began, "CPU-s", 1)

    def first() -> None:
        index = open_index(workspace)
        next(listed_characters(workspace, index))
        index.close()

    clock = time.process_time
    listed = _slowest(first, clock)
    yield Figure(f"the list of {cards:,} characters from the index", listed, "CPU-ms", target=300)
    looked = _slowest(lambda: list(listed_characters(workspace)), clock) - listed
    yield Figure("looking whether any of them changed", looked, "CPU-ms")


def _slowest(ask: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """The longest of several askings, in ms of ``clock``."""
    ask()
    longest = 0.0
    for _ in range(_ROUNDS):
        began = clock()
        ask()
        longest = max(longest, clock() - began)
    return longest * 1000
