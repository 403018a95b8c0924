"""Writers that are killed: a small process that forks one after another, so that a kill costs milliseconds.

``python -m tests.storage.writers PATH STATE ROUNDS SEED`` appends to the chat at PATH from children of its own and
kills each with SIGKILL at a random moment of its work. It prints the id of every event that a child acknowledged. A
child that fails in any other way than by being killed ends it with a traceback.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
from pathlib import Path

from tavern_tui.domain.chat import ROOT
from tavern_tui.storage.chats import ChatLog
from tests.storage.disk import said

LONGEST_LIFE = 0.004  # seconds after the last acknowledgement that a writer is left alive


def write_for_ever(path: Path, state: Path, acknowledged: int, seed: int) -> None:
    """Append turns of all sizes and say each one's id once it is promised."""
    rng = random.Random(seed)
    log = ChatLog.open(path, device="phone", state=state)
    while True:
        bodies = [said("x" * rng.choice((1, 500, 20_000)), log.tree.tip or ROOT) for _ in range(rng.choice((1, 1, 3)))]
        for event in log.append(*bodies):
            os.write(acknowledged, f"{event.id}\n".encode())


def one_round(path: Path, state: Path, rng: random.Random) -> list[str]:
    """Start a writer, kill it at a random moment; the ids that it acknowledged before."""
    receive, send = os.pipe()
    seed = rng.getrandbits(32)
    child = os.fork()
    if child == 0:
        os.close(receive)
        write_for_ever(path, state, send, seed)
    os.close(send)
    heard = b""
    for _ in range(rng.randrange(4)):
        heard += os.read(receive, 4096)
    select.select([], [], [], rng.random() * LONGEST_LIFE)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while more := os.read(receive, 4096):
        heard += more
    os.close(receive)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
        raise SystemExit(f"the writer ended by itself: {status}")
    # An acknowledgement cut in its middle was never heard.
    return heard.decode("ascii").split("\n")[:-1]


def main() -> None:
    """Kill writers, and say what they had promised."""
    path, state, rounds, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    rng = random.Random(seed)
    for _ in range(rounds):
        print(*one_round(path, state, rng), sep="\n")


if __name__ == "__main__":
    main()
