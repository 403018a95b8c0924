"""Byte-mutation fuzzing of everything that reads files of others: corpus files with bytes changed, cut out and put in.

    python -m tests.fuzz [--seconds 60] [--seed 1] [READER …]

``READERS`` is the table; a format is one row in it. A reader returns for whatever it takes and raises ``TavernError``
for whatever it refuses. Any other exception is a finding (an ``AssertionError`` for what a reader checks itself, such
as that what was read can be written and read again), and so is one call that takes ``LIMIT`` CPU-seconds. The
same seed makes the same files. ``tests/formats/test_fuzz.py`` runs a bounded number of them in the suite.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tavern_tui.domain.errors import TavernError

CORPUS = Path(__file__).parent / "formats" / "corpus"
FINDINGS = Path("fuzz-findings")
LIMIT = 5.0
_LARGEST = 256 * 1024
_TOKENS = (
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"-1", b"1e999", b"NaN", b"\\ud800", b"\\u0000"),
    *(
        b"\0",
        b"\n",
        b"\r\n",
        b"\xff",
        b"\xff\xff\xff\xff",
        b"\x7f\xff\xff\xff",
        b"\0\0\0\0",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
    ),
    *(b"&a ", b"*a", b"- ", b"  ", b"---\n", b"!!int ", b"../", b"PK\x01\x02", b"IEND", b"[" * 200, b"9" * 100),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """A row of the table: ``function`` is ``module:name`` of what takes bytes, ``folder`` is its part of the corpus.

    ``files`` is how many are tried in the suite.
    """

    name: str
    folder: str
    function: str
    files: int = 300

    def load(self) -> Callable[[bytes], object]:
        """The function itself."""
        module, _, name = self.function.partition(":")
        found: Callable[[bytes], object] = getattr(importlib.import_module(module), name)
        return found

    def seeds(self) -> list[bytes]:
        """The corpus files that are mutated: the folder's, without its subfolders, by name."""
        files = sorted(path for path in (CORPUS / self.folder).iterdir() if path.is_file() and path.suffix != ".md")
        return [data for path in files if len(data := path.read_bytes()) <= _LARGEST]


READERS: tuple[Reader, ...] = (
    Reader("cards", "cards", "tests.formats.card_reading:read_write_read", 200),
    Reader("cards-repaired", "cards", "tests.formats.card_reading:repair_and_read", 80),
    Reader("cards-changed", "cards", "tests.formats.card_reading:change_and_read", 80),
    Reader("cards-exported", "cards", "tests.formats.card_reading:export_and_read", 20),
    Reader("chats", "chats", "tests.formats.chat_reading:read_write_read", 150),
    Reader("chats-logged", "chats", "tests.formats.chat_reading:through_the_log", 50),
    Reader("lorebooks", "lorebooks", "tests.formats.lorebook_reading:read_write_read"),
    Reader("presets", "presets", "tests.formats.preset_reading:read_write_read"),
    Reader("personas", "personas", "tests.formats.persona_reading:read_write_read"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a reader tripped over: the file and the last lines of the traceback."""

    reader: str
    data: bytes
    told: str


class TooSlowError(Exception):
    """A call took more CPU time than any file of this size may."""


def mutated(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of ``seeds`` with one to eight changes."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 8))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 4, 16, 256)))
        match rng.randrange(8):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at:end] = rng.randbytes(end - at)
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = data[at:end] * rng.choice((1, 2, 8))
            case 4:
                data[at:end] = rng.choice(_TOKENS)
            case 5:
                data[at:at] = rng.choice(_TOKENS)
            case 6:
                other = rng.choice(seeds)
                start = rng.randrange(len(other) + 1)
                data[at:end] = other[start : start + rng.choice((4, 64, 1024))]
            case _ if rng.random() < 0.2:
                del data[at:]
    return bytes(data)


def cases(seed: int, seeds: Sequence[bytes]) -> Iterator[bytes]:
    """Mutated files without end, the same for the same ``seed``."""
    rng = random.Random(seed)
    while True:
        yield mutated(rng, seeds)


def tried(reader: str, read: Callable[[bytes], object], data: bytes) -> Finding | None:
    """What is wrong with how ``read`` takes ``data``; ``None`` where nothing is."""
    try:
        with _bounded():
            read(data)
    except TavernError:
        return None
    except Exception:  # noqa: BLE001  whatever else comes out is what is looked for
        return Finding(reader, data, traceback.format_exc(limit=-4))
    return None


@contextmanager
def _bounded() -> Iterator[None]:
    """Raise ``TooSlowError`` where what is inside takes ``LIMIT`` CPU-seconds; main thread only."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the readers in turn for the time given; 1 where something was found, which is then kept in ``FINDINGS``."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all readers together (default 60)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(row.name for row in READERS))
    given = parser.parse_args(arguments)
    rows = [row for row in READERS if not given.readers or row.name in given.readers]
    print(f"seed {given.seed}", flush=True)
    found = 0
    for row in rows:
        executions, findings = _fuzzed(row, given.seed, given.seconds / len(rows))
        for finding in findings:
            path = FINDINGS / f"{row.name}-{hashlib.sha256(finding.data).hexdigest()[:12]}"
            FINDINGS.mkdir(exist_ok=True)
            path.write_bytes(finding.data)
            print(f"{path}\n{finding.told}")
        print(f"{row.name}: {executions:,} files, {len(findings)} findings", flush=True)
        found += len(findings)
    return 1 if found else 0


def _fuzzed(row: Reader, seed: int, seconds: float) -> tuple[int, list[Finding]]:
    """Files tried within ``seconds``, and what was found, one of each kind."""
    read, deadline = row.load(), time.monotonic() + seconds
    executions, found = 0, dict[str, Finding]()
    for data in cases(seed, row.seeds()):
        if time.monotonic() > deadline:
            break
        executions += 1
        if finding := tried(row.name, read, data):
            found.setdefault(finding.told, finding)
    return executions, list(found.values())


if __name__ == "__main__":
    sys.exit(main())
