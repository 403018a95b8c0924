"""Thousands of keys, commands and sizes at random: the program neither ends, nor hangs, nor keeps the terminal."""

from __future__ import annotations

import fcntl
import random
import struct
import termios
from pathlib import Path

import pytest

from tavern_tui.config.actions import ACTIONS
from tests.terminal.slow_server import SlowServer
from tests.terminal.tavern import Home, TavernTerminal

KEYS = 2_000
COMMANDS = [f"\x15/{action.slash}\r" for action in ACTIONS if action.slash not in ("", "quit", "editor")]
CHORDS = [f"\x1b{letter}" for letter in "jkgGrdbecxyhlmnuUiotv1?"]
SINGLE = [*"abcdefghijklmnopqrstuvwxyz/?*!0123456789 GJRPUYEN[]'", *["\r", "\x1b"] * 8]
SINGLE += [*"\t\x7f\n\x10\x12\x07\x06\x0e\x14\x1a\x19\x0c\x15\x17\x0b\x01\x05"]
SINGLE += [*["\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F", "\x1bOP", "\x1bOQ"] * 2]
SIZES = [(45, 120), (13, 45), (30, 45), (24, 80)]


@pytest.mark.torture
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_keys_end_it_or_make_it_stand_still(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)
    with SlowServer(5) as server:
        home = Home(tmp_path, server=server.address)
        home.begin_chat("Is it deep?", '"Deep enough."', "And cold?", '"Cold enough."')
        with TavernTerminal(home, variables={"EDITOR": "true", "VISUAL": "true"}) as terminal:
            terminal.until_open()
            for _ in range(KEYS):
                [keys] = chosen.choices((SINGLE, CHORDS, COMMANDS), (8, 1, 1))
                terminal.send_whole(chosen.choice(keys).encode())
                terminal.read(0.005)
                if chosen.random() < 0.3:
                    terminal.read_until(lambda: terminal.ended() or not terminal.pending_input())
                if chosen.random() < 0.02:
                    size = struct.pack("HHHH", *chosen.choice(SIZES), 0, 0)
                    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, size)
                assert not terminal.ended()
            while not terminal.ended():
                if terminal.modes() != terminal.modes_before:  # once it has left, ctrl+c is the system's again
                    terminal.type("\x03")
                terminal.read(0.3)
                terminal.read_until(lambda: terminal.ended() or not terminal.pending_input())
            assert terminal.exit_status() == 0
            assert terminal.modes() == terminal.modes_before
