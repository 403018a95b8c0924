"""What is printed: words are not torn, progress does not chatter, nothing that is settled is taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.cli.output import WordWrap
from tavern_tui.cli.talking import Progress, ReplyPrinter, Unit
from tavern_tui.session.events import EngineWaiting, Notice, PrefillProgress, ReplyKind, TurnStarted


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


def test_progress_is_told_after_two_seconds_and_then_every_ten(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = Progress(lambda: now[0])
    progress.watch(TurnStarted(ReplyKind.NORMAL, "Mira"))
    for second in range(26):
        now[0] = float(second)
        progress.watch(PrefillProgress(second, 100))
    assert capsys.readouterr().err.splitlines() == [f"Reading the prompt {n}/100" for n in (2, 12, 22)]
    progress.watch(Notice("told at once"))
    now[0] = 40.0
    progress.watch(EngineWaiting("Loading the model", 0.5))
    assert capsys.readouterr().err.splitlines() == ["told at once", "Loading the model 50%"]
