"""What is printed: words are not torn, progress does not chatter, nothing that is settled is taken back."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path
from unicodedata import east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.cli.main import run
from tavern_tui.cli.output import WordWrap, is_gone, table
from tavern_tui.cli.talking import Progress, ReplyPrinter, Unit
from tavern_tui.cli.writer import OutputWriter
from tavern_tui.session.events import EngineWaiting, Notice, PrefillProgress, ReplyKind, Retrying, TurnStarted


class Page:
    """A printer that keeps what it was given."""

    def __init__(self) -> None:
        self.gone = False
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


def test_lines_break_between_words() -> None:
    assert WordWrap(20).feed("Mira: She takes a lantern and waits.") == "Mira: She takes a\nlantern and waits."


def test_wide_characters_count_twice() -> None:
    assert WordWrap(8).feed("日本 日本 日本") == "日本\n日本\n日本"


ROWS = [("Mira", "a, b", "/home/alex/characters/mira.yaml"), ("Mira of the night ferry" * 30, "日本" * 40, "sample")]


def test_a_table_fits_the_terminal_with_its_widest_cells_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, terminal = pty.openpty()
    monkeypatch.setenv("COLUMNS", "50")
    with os.fdopen(terminal, "w", encoding="utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        table(ROWS, header=("name", "tags", "file"))
        seen = ""
        while "sample" not in seen:
            seen += os.read(shown, 65536).decode()
    os.close(shown)
    lines = seen.splitlines()
    assert len(lines) == 3
    assert max(sum(2 if east_asian_width(c) == "W" else 1 for c in line) for line in lines) <= 50
    assert lines[1].startswith("Mira  ")
    assert lines[2].count("…") == 2
    assert lines[2].endswith("  sample")


def test_a_table_that_is_read_by_a_program_is_whole(capfd: pytest.CaptureFixture[str]) -> None:
    table(ROWS)
    first, second = capfd.readouterr().out.splitlines()
    assert first.split() == ["Mira", "a,", "b", "/home/alex/characters/mira.yaml"]
    assert second == "  ".join((ROWS[1][0], ROWS[1][1], "sample"))


def test_without_a_terminal_nothing_is_broken() -> None:
    assert WordWrap(0).feed("a " * 500) == "a " * 500


@given(st.lists(st.text(alphabet="abé日", min_size=1, max_size=12), max_size=12), st.integers(1, 20))
def test_only_blanks_are_changed_and_pieces_do_not_matter(words: list[str], width: int) -> None:
    whole = " ".join(words)
    wrap = WordWrap(width)
    pieces = "".join(wrap.feed(piece) for piece in whole.replace(" ", "\0 ").split("\0"))
    assert pieces == WordWrap(width).feed(whole)
    assert pieces.split() == whole.split()


@pytest.mark.parametrize(
    ("unit", "printed"), [(Unit.TEXT, "Mira: One. Two."), (Unit.WORD, "Mira: One. "), (Unit.LINE, "")]
)
def test_a_reply_is_printed_in_its_unit_and_never_beyond_what_is_settled(unit: Unit, printed: str) -> None:
    page = Page()
    reply = ReplyPrinter(page, unit)  # type: ignore[arg-type]
    reply.begin("Mira: ")
    reply.grow("One. Two. Thr", 9)
    assert page.text == printed
    reply.end("One. Two.")
    assert page.text == "Mira: One. Two.\n"


def test_a_continuation_prints_only_what_is_new() -> None:
    page = Page()
    reply = ReplyPrinter(page, Unit.TEXT)  # type: ignore[arg-type]
    reply.begin("", "One.")
    reply.grow("One. Two. ", 10)
    reply.end("One. Two. ")
    assert page.text == " Two. \n"


@pytest.mark.parametrize("text", ["One.", "One.\nTwo.", "One. Two."], ids=["cut", "line", "same line"])
def test_a_blank_that_clean_up_takes_back_prints_nothing_twice(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = Page()
    reply = ReplyPrinter(page, Unit.TEXT)  # type: ignore[arg-type]
    reply.begin("")
    reply.grow("One. T", 5)
    reply.end(text)
    assert page.text.split() == text.split()
    assert capsys.readouterr().err == ""


def test_progress_is_told_after_two_seconds_and_then_every_ten(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = Progress(lambda: now[0])
    progress.watch(TurnStarted(ReplyKind.NORMAL, "Mira"))
    for second in range(26):
        now[0] = float(second)
        progress.watch(PrefillProgress(second, 100))
    assert capsys.readouterr().err.splitlines() == [f"Reading the prompt {n}/100" for n in (2, 12, 22)]
    progress.watch(Notice("told at once"))
    progress.watch(Retrying(1.0, "The rig is busy."))
    now[0] = 40.0
    progress.watch(EngineWaiting("Loading the model", 0.5))
    assert capsys.readouterr().err.splitlines() == [
        "told at once",
        "The rig is busy. Trying again in 1 s.",
        "Loading the model 50%",
    ]


def test_pieces_for_two_streams_stay_in_their_order(tmp_path: Path) -> None:
    both = os.open(tmp_path / "both", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    again = os.dup(both)
    writer = OutputWriter()
    for number in range(500):
        writer.put(both if number % 3 else again, b"%d " % number)
    assert writer.finish()
    os.close(both)
    os.close(again)
    assert (tmp_path / "both").read_text().split() == [str(number) for number in range(500)]


def test_a_reader_that_is_slow_gets_everything() -> None:
    reads, writes = os.pipe()
    writer = OutputWriter()
    writer.put(writes, b"x" * 300_000)
    got = 0
    while got < 300_000:
        got += len(os.read(reads, 4096))
    assert writer.finish()
    os.close(reads)
    os.close(writes)


def test_a_stream_that_others_made_non_blocking_still_gets_everything() -> None:
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    writer = OutputWriter()
    writer.put(writes, b"x" * 300_000)
    got = 0
    while got < 300_000:
        got += len(os.read(reads, 4096))
    assert writer.finish()
    assert writer.refusal(writes) is None
    os.close(reads)
    os.close(writes)


def test_a_stream_whose_reader_is_gone_is_given_up_and_the_other_is_not() -> None:
    gone_reads, gone = os.pipe()
    os.close(gone_reads)
    reads, writes = os.pipe()
    writer = OutputWriter()
    for _ in range(3):
        writer.put(gone, b"nobody reads this")
        writer.put(writes, b".")
    assert writer.finish()
    assert is_gone(writer.refusal(gone))
    assert os.read(reads, 10) == b"..."
    for descriptor in (gone, reads, writes):
        os.close(descriptor)


def test_a_reader_that_stands_still_is_not_waited_for_in_a_hurry() -> None:
    reads, writes = os.pipe()
    writer = OutputWriter()
    writer.put(writes, b"x" * 300_000)
    writer.hurry()
    assert not writer.finish()
    os.close(reads)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["say"], "Missing argument 'CHARACTER'."),
        (["say", "mira", "Hello", "--length", "long"], "'--length': 'long' is not a valid integer range."),
        (["locate", "nowhere"], "WHAT: one of: "),
        (["dance"], "No such command 'dance'."),
        (["log", "--loud"], "--loud"),
    ],
)
@pytest.mark.usefixtures("tavern_home")
def test_a_command_line_without_sense_is_explained_in_plain_words(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(arguments) == 2
    usage, explained, *said = capsys.readouterr().err.splitlines()
    assert usage.startswith("Usage: tavern-tui")
    assert explained.startswith("tavern-tui")
    assert explained.endswith("--help explains it.")
    assert told in said[0]
    assert "Error" not in said[0]
    assert "Invalid" not in said[0]


def test_a_fault_of_our_own_is_told_without_its_name_and_its_place_is_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tavern_home: Path
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("tavern_tui.session.places.places", broken)
    assert run(["locate"]) == 70
    told = capsys.readouterr().err
    log = tavern_home / "state" / "crash.log"
    assert told == (
        f"tavern-tui stopped: a fault of its own. Nothing was lost. Details: {log}. Try: tavern-tui --safe\n"
    )
    assert "ZeroDivisionError" in log.read_text()
