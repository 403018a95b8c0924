"""``chat --plain``: a line in, a reply out; slash commands; whole lines; signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import ScriptedServer, Tavern, environment


def test_a_conversation_line_by_line(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    server.says("Two.")
    ran = tavern("chat", "mira", "--plain", "--server", server.address, stdin="Hello\n\n/quit\nnever said\n")
    assert ran.code == 0
    assert ran.text == '*Mira lifts a lantern.* "Across, Alex?"'.join(["Mira: ", "\nMira: One.\nMira: Two.\n"])
    assert len(server.prompts) == 2


def test_slash_commands_change_the_chat_and_say_so(tavern: Tavern, server: ScriptedServer) -> None:
    for text in ("One.", "Two.", " And three."):
        server.says(text)
    script = "Hello\n/swipe\n/swipe back\n/swipe 2\n/continue\n/undo\n/undo\n/redo\n/edit Four.\n/list 1\n/length 40\n"
    ran = tavern("chat", "mira", "--server", server.address, stdin=script)
    lines = ran.text.splitlines()
    assert "Mira: One.  [swipe 1 of 2]" in lines
    assert "Mira: Two.  [swipe 2 of 2]" in lines
    assert "And three." in ran.text
    assert lines[-1] == "Mira: Four.  [swipe 2 of 2]"
    assert "Undone: the continuation." in ran.notes
    assert "Replies have up to 40 tokens from now on." in ran.notes


def test_a_message_of_several_lines_ends_with_a_lone_dot(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    tavern("chat", "mira", "--server", server.address, stdin="/long\nfirst line\nsecond line\n.\n/quit\n")
    assert "first line\nsecond line" in server.prompts[0]


def test_a_word_out_of_character_is_said_in_any_chat(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Of course.")
    tavern("chat", "mira", "--server", server.address, stdin="/ooc shorter, please\n/quit\n")
    assert "(Out of character: shorter, please)" in server.prompts[0]


@pytest.mark.parametrize(("typed", "told"), [("/long", "Nothing was sent"), ("/edit", "Nothing was changed")])
def test_a_text_of_several_lines_that_never_ended_is_not_taken(
    tavern: Tavern, server: ScriptedServer, typed: str, told: str
) -> None:
    server.says("One.")
    ran = tavern("chat", "mira", "--server", server.address, stdin=f"{typed}\nhalf a\n")
    assert ran.code == 0
    assert told in ran.notes
    assert server.prompts == []
    assert tavern("log", "mira").text == 'Mira: *Mira lifts a lantern.* "Across, Alex?"\n'


def test_the_length_of_replies_belongs_to_the_chat_and_lasts(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    for script in ("/length 40\n", "/length\n"):
        ran = tavern("chat", "mira", "--server", server.address, stdin=script)
    assert "Replies have up to 40 tokens." in ran.notes
    ran = tavern("chat", "mira", "--new", "--server", server.address, stdin="/length\n")
    assert "Replies have up to 300 tokens." in ran.notes


@pytest.mark.parametrize("typed", ["/swipe forward", "/list 0", "/list all", "/list " + "9" * 5000, "/length 1"])
def test_a_command_that_makes_no_sense_says_how_it_is_written(
    tavern: Tavern, server: ScriptedServer, typed: str
) -> None:
    server.says("One.")
    ran = tavern("chat", "mira", "--server", server.address, stdin=f"{typed}\n")
    assert ran.code == 0
    assert typed.split()[0] in ran.notes.splitlines()[-1]
    assert ran.text.count("\n") == 1
    assert server.prompts == []


IMPATIENT = """
from tavern_tui.cli import main, talking
talking._PATIENCE_SECONDS = talking._PROGRESS_SECONDS = 0
raise SystemExit(main.run())
"""


def test_loading_a_model_is_told(tavern: Tavern, tavern_home: Path, starter_model: Path) -> None:
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text("engine:\n  threads: 1\n")
    try:
        done = subprocess.run(
            [sys.executable, "-c", IMPATIENT, "chat", "mira", "--model", str(starter_model), "--length", "1"],
            input=b"Hello\n",
            capture_output=True,
            env=environment(TAVERN_HOME=str(tavern_home)),
            check=False,
        )
    finally:
        tavern("engine", "stop")
    assert done.returncode == 0
    assert b"Loading the model" in done.stderr


def test_without_a_command_the_exit_code_is_that_of_the_chat(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    assert tavern("log").code == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "tavern_tui", "--server", server.address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(TAVERN_HOME=str(tavern_home)),
    )
    read_until(process, lambda seen: b"\n" in seen)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130  # stdin stays open until then: its end would leave by another way
    process.communicate()


def test_an_unknown_command_is_not_said(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    ran = tavern("chat", "mira", "--server", server.address, stdin="/dance\n//dance\n")
    assert "There is no command /dance." in ran.notes
    assert len(server.prompts) == 1
    assert "/dance" in server.prompts[0]


def test_help_lists_every_command(tavern: Tavern, server: ScriptedServer) -> None:
    from tavern_tui.cli.plain import COMMANDS

    ran = tavern("chat", "mira", "--server", server.address, stdin="/help\n")
    for command in COMMANDS.values():
        assert command.written in ran.notes


def test_summary_notebook_and_later_are_known(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("The river is high.")
    server.says("Robin asked about the river.")
    lines = ["Hello", "/notebook Buy rope.", "/notebook", "/later", "/later now", "/summary now", "/summary"]
    ran = tavern("chat", "mira", "--server", server.address, stdin="\n".join(lines))
    assert ran.text.count("Buy rope.") == 2
    assert ran.text.count("Robin asked about the river.") == 2
    assert "Nothing that was read was changed since the last reply" in ran.notes
    assert "/later off reads the new text." in ran.notes
    assert "Buy rope." not in "".join(server.prompts)


@pytest.mark.parametrize("words", [False, True])
def test_only_whole_lines_or_words_are_printed(tavern_home: Path, server: ScriptedServer, words: bool) -> None:
    server.hangs_after("First sentence. Second sentence.\nThird sentence. Four")
    with start(tavern_home, server, *(["--words"] if words else [])) as process:
        tell(process, "Hello\n")
        want = b"Mira: Across?\nMira: First sentence. Second sentence.\n"
        seen = read_until(process, lambda seen: want in seen)
        assert seen in ((want, want + b"Third ", want + b"Third sentence. ") if words else (want,))
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[0]
    assert seen + rest == want + b"Third sentence. Four\n"


def test_ctrl_c_stops_the_reply_and_keeps_its_text(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    server.hangs_after("First sentence.\nSecond")
    with start(tavern_home, server) as process:
        tell(process, "Hello\n")
        read_until(process, lambda seen: b"First sentence." in seen)
        process.send_signal(signal.SIGINT)
        read_until(process, lambda seen: b"Second" in seen)
        tell(process, "/quit\n")
        assert process.wait(60) == 0
    assert tavern("log", "mira").text.endswith("Mira: First sentence.\nSecond\n")


def test_a_hung_up_line_lets_the_reply_finish(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    server.says(*[f"Sentence {n}.\n" for n in range(30)])
    with start(tavern_home, server, "--length", "400") as process:
        tell(process, "Hello\n")
        read_until(process, lambda seen: b"Sentence 0." in seen)
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0
    assert "Sentence 29." in tavern("log", "mira").text
    assert "[interrupted]" not in tavern("log", "mira").text


def test_a_hung_up_line_without_a_reply_ends_the_program(tavern_home: Path, server: ScriptedServer) -> None:
    server.says("One.")
    with start(tavern_home, server) as process:
        read_until(process, lambda seen: b"Wren" in seen or b"Mira" in seen or seen != b"")
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 0


def test_a_killed_program_loses_nothing_that_came(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    server.hangs_after("First sentence.\nSecond")
    with start(tavern_home, server) as process:
        tell(process, "Hello\n")
        read_until(process, lambda seen: b"First sentence." in seen)
        process.kill()
        process.wait(60)
    server.says("Never mind.")
    ran = tavern("chat", "mira", "--server", server.address, stdin="/list 1\n")
    assert "what had come is kept" in ran.notes
    assert "First sentence.\nSecond  [interrupted]" in ran.text


@contextmanager
def start(home: Path, server: ScriptedServer, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    folder = home / "characters"
    folder.mkdir(exist_ok=True)
    card = folder / "mira.yaml"
    if not card.exists():
        card.write_text("name: Mira\ncontext: A ferrywoman.\ngreeting: Across?\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "tavern_tui", "chat", "mira", "--plain", "--server", server.address, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(TAVERN_HOME=str(home)),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def tell(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text.encode())
    process.stdin.flush()


def read_until(process: subprocess.Popen[bytes], enough: Callable[[bytes], bool]) -> bytes:
    """What the process prints, from now on until it is enough; fails after a minute."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    seen, give_up = b"", time.monotonic() + 60
    try:
        while not enough(seen):
            assert time.monotonic() < give_up, seen
            try:
                piece = os.read(descriptor, 65536)
                assert piece, f"the output ended: {seen!r}"
                seen += piece
            except BlockingIOError:
                time.sleep(0.02)
    finally:
        os.set_blocking(descriptor, True)
    return seen


def test_more_swipes_are_written_on_request_and_printed_by_their_numbers(
    tavern: Tavern, server: ScriptedServer
) -> None:
    server.says("One.")
    lines = "Hello\n/swipes 2\n/swipes many\n"
    ran = tavern("chat", "mira", "--plain", "--server", server.address, stdin=lines)
    assert ran.text.count("One.\n") == 3
    assert "2 of 2:" in ran.notes
    assert "/swipes 3 writes three more replies" in ran.notes
