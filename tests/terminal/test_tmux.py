"""Esc chords and pastes through a real tmux with its default settings, which holds Esc back for half a second."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.ptys import LONGEST_SECONDS, TinyTerminal


@pytest.fixture
def in_tmux(tmp_path: Path) -> Iterator[TinyTerminal]:
    """The tiny app noting keys in a tmux of its own, attached to a pty."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    tmux = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    with TinyTerminal(tmp_path / "journal", "keys", inside=[*tmux, "new-session"]) as terminal:
        try:
            terminal.until_ready()
            yield terminal
        finally:
            subprocess.run([*tmux, "kill-server"], timeout=LONGEST_SECONDS, check=False)


@pytest.mark.parametrize(
    ("sent", "noted"),
    [
        ("\x1bj", "key alt+j None"),
        ("\x1b1", "key alt+1 None"),
        ("\x1br", "key alt+r None"),
        ("\x1bb", "key alt+b None"),
        ("\x1b?", "key alt+question_mark None"),
        ("¡", "key inverted_exclamation_mark '¡'"),
        ("\x1b[200~one\rtwo\x1b[201~", "paste 'one\\ntwo'"),
        ("one\rtwo\r", "paste 'one\\ntwo\\n'"),
    ],
)
def test_what_is_sent_in_one_write_arrives_as_it_was_meant(in_tmux: TinyTerminal, sent: str, noted: str) -> None:
    in_tmux.type(sent)
    in_tmux.read_until(lambda: noted in in_tmux.notes())
    assert [line for line in in_tmux.notes() if line.startswith(("key", "paste"))] == [noted]


def test_esc_and_a_key_pressed_within_tmuxs_waiting_time_are_one_chord(in_tmux: TinyTerminal) -> None:
    in_tmux.type("\x1b")
    in_tmux.read(0.02)
    in_tmux.type("j")
    in_tmux.read_until(lambda: "key alt+j None" in in_tmux.notes())
    assert in_tmux.notes("key") == ["key alt+j None"]
