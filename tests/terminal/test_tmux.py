"""Through a real tmux with its default settings: Esc chords, pastes, and what both painters show there."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.ptys import LONGEST_SECONDS, TinyTerminal
from tests.terminal.scrolling_screen import ScrollingScreen, ScrollingStream, looks
from tests.terminal.slow_server import SlowServer
from tests.terminal.tavern import PROGRAM, Home, Tmux


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


def shown(tmux: Tmux, *texts: str) -> None:
    """Wait until all of ``texts`` are on screen."""
    end = time.monotonic() + LONGEST_SECONDS
    while not all(text in " ".join(tmux.screen()) for text in texts):
        assert time.monotonic() < end, "\n".join(tmux.screen())
        time.sleep(0.1)


def signs(lines: list[str]) -> list[list[object]]:
    """Every sign with its look; tmux tells differently of blanks that were written and those that were cleared."""
    screen = ScrollingScreen(80, 24)
    ScrollingStream(screen).feed("\r\n".join(lines).encode())
    return [[" " if look[0] == " " else look for look in row] for row in looks(screen)]


def evening(folder: Path, server: SlowServer, painter: str) -> list[list[list[object]]]:
    """What tmux holds, with its colours, after a reply and in two screens; without the line that tells of figures."""
    folder.mkdir()
    home = Home(folder, server=server.address)
    (home.directories.config / "config.yaml").write_text(f"ui:\n  painter: {painter}\n", encoding="utf-8")
    home.begin_chat(*(f"*This* is said in the place {number}. " * 3 for number in range(12)))
    screens = []
    with Tmux(folder) as tmux:
        tmux.start(PROGRAM, {"TERM": "xterm-256color", **home.variables})
        shown(tmux, "mistral-nemo", "Message Mira")
        for keys, seen, after in (
            ("Hello", "w4", "Enter Speak"),
            ("/help", "The composer is empty", "Esc close"),
            ("/theme", "Thunder, far off", "Esc back"),
        ):
            tmux.type(keys)
            shown(tmux, keys)
            tmux.press("Enter")
            shown(tmux, seen, after)
            screens.append(signs(tmux.looks()[1:]))
            if keys != "Hello":
                tmux.press("Escape")
                shown(tmux, "Message Mira")
    return screens


def test_both_painters_leave_the_same_screens_colour_by_colour(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    screens = []
    for painter in ("plain", "diff"):
        with SlowServer(5) as server:
            screens.append(evening(tmp_path / painter, server, painter))
    assert screens[0] == screens[1]
    assert len({look[1] for row in screens[0][0] for look in row if isinstance(look, tuple)}) > 2
