"""The status line: what stands there at a width, and how often it is painted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.widgets.status import (
    Away,
    Connecting,
    Elsewhere,
    Idle,
    Pace,
    Phase,
    Reading,
    Status,
    StatusLine,
    Thinking,
    Waiting,
    Writing,
    status_has_room,
    status_text,
)
from tests.ui.themed import ThemedApp

EVENING = Status("Bess", "A night at the Crooked Lantern", "KoboldCpp", "Mistral-Nemo-12B", Idle(), 1204, 2048)
QUEUED = "reply running · Esc stops · Enter again queues it"

counts = st.integers(0, 10**9)
phases = st.one_of(
    st.sampled_from([Idle(), Connecting(), Elsewhere(), Away()]),
    st.builds(Waiting, st.text(max_size=80), st.none() | st.floats(0, 1)),
    st.builds(Reading, counts, counts),
    st.builds(Thinking, counts),
    st.builds(Writing, counts, st.none() | st.floats(0, 10**4)),
)
statuses = st.builds(
    Status,
    *[st.text(max_size=60)] * 4,
    phases,
    st.none() | counts,
    st.none() | counts,
    st.text(max_size=60),
    st.sampled_from(["", QUEUED, "press ctrl+c again to quit"]) | st.text(max_size=60),
)


def line(status: Status, width: int) -> str:
    """What the line says."""
    return status_text(status, width).plain


def test_a_context_that_is_a_guess_says_so() -> None:
    guessed = replace(EVENING, context_size=8192, context_guessed=True)
    assert "context 1,204/~8,192" in line(guessed, 100)


@given(statuses, st.integers(20, 200), st.sampled_from([UNICODE_GLYPHS, ASCII_GLYPHS]))
def test_the_line_is_as_wide_as_its_row_whatever_it_is_told(status: Status, width: int, glyphs: object) -> None:
    glyphs = ASCII_GLYPHS if glyphs is ASCII_GLYPHS else UNICODE_GLYPHS
    text = status_text(status, width, glyphs).plain
    assert cell_len(text) == width
    assert "\n" not in text
    assert text[0] == text[-1] == " "


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (Connecting(), "connecting…"),
        (Waiting("loading the model", 0.43), "loading the model 43 %"),
        (Waiting("waiting for KoboldCpp"), "waiting for KoboldCpp"),
        (Reading(312, 1204), "reading prompt 312/1,204"),
        (Thinking(1212), "thinking 1,212…"),
        (Writing(143, 12.34), "writing 143 · 12.3 tokens/s"),
        (Writing(1), "writing 1…"),
        (Writing(143, 12.3, silent=True), "wrote 143 · waiting for more"),
        (Elsewhere(), "writing in another terminal · Esc stops it"),
        (Away(), "the engine does not answer"),
    ],
)
def test_what_the_engine_does_is_said_in_words_and_numbers(phase: Phase, words: str) -> None:
    assert words in line(replace(EVENING, phase=phase), 120)


def test_idle_it_tells_whom_the_chat_is_with_what_writes_and_how_full_the_context_is() -> None:
    wide = line(EVENING, 120)
    assert wide.startswith(" Bess · A night at the Crooked Lantern  ")
    assert wide.endswith("  KoboldCpp · Mistral-Nemo-12B · context 1,204/2,048 ")


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, " Bess · A night at the Crooked…  KoboldCpp · Mistral-Nem… · context 1,204/2,048 "),
        (60, " Bess · A night at the Crooked…  Mistral-Nem… · 1,204/2,048 "),
        (45, " Bess · A night at the Crooked…  1,204/2,048 "),
        (20, " Bess   1,204/2,048 "),
    ],
)
def test_where_space_is_scarce_the_least_important_goes_first(width: int, text: str) -> None:
    assert line(EVENING, width) == text


@pytest.mark.parametrize(
    ("phase", "at_45", "at_20"),
    [
        (Reading(312, 1204), "reading prompt 312/1,204", "reading 312/1,204"),
        (Writing(143, 12.3), "writing 143 · 12.3 tokens/s", "12.3 tokens/s"),
        (Elsewhere(), "writing elsewhere · Esc stops it", "writing elsewhere"),
        (Away(), "the engine does not answer", "no answer"),
    ],
)
def test_progress_is_said_shorter_before_it_is_left_out(phase: Phase, at_45: str, at_20: str) -> None:
    status = replace(EVENING, phase=phase)
    assert line(status, 45).startswith(" Bess ")
    assert line(status, 45).endswith(f" {at_45} ")
    assert line(status, 20).rstrip().endswith(at_20)


def test_numbers_beside_a_prompts_progress_say_what_they_count() -> None:
    for width in range(20, 121):
        text = line(replace(EVENING, phase=Reading(312, 1204)), width)
        assert ("1,204/2,048" in text) is ("context 1,204/2,048" in text)


def test_the_starter_is_named_where_there_is_no_space_for_what_to_do_about_it() -> None:
    status = replace(EVENING, engine="", model="", advice="starter 135M · /connect for a better model")
    assert "starter 135M · /connect" in line(status, 120)
    assert "starter 135M" in line(status, 45)
    assert "/connect" not in line(status, 45)


def test_what_the_next_reply_reads_is_told_while_nothing_goes_on_and_why_where_there_is_space() -> None:
    why = "reads 6,912 of 7,904 · author's note moved · ≈ 38 s"
    status = replace(EVENING, cost="reads 6,912 of 7,904", cost_why=why)
    assert why in line(status, 120)
    assert "  reads 6,912 of 7,904 · 1,204/2,048 " in line(status, 45)
    assert "reads 6,912" not in line(replace(status, phase=Reading(312, 1204)), 120)
    assert "reads 212 of 7,904" in line(replace(EVENING, cost="reads 212 of 7,904"), 80)


def test_advice_stands_behind_the_model_while_nothing_goes_on() -> None:
    status = replace(EVENING, engine="", model="starter 135M", advice="/connect for a better model")
    assert "starter 135M · /connect for a better model" in line(status, 80)
    assert "/connect for a better model" in line(status, 45)
    assert "/connect" not in line(replace(status, phase=Writing(1)), 120)


def test_a_hint_goes_before_all_else_and_loses_its_first_words_first() -> None:
    status = replace(EVENING, phase=Writing(143, 12.3), hint=QUEUED)
    assert QUEUED in line(status, 80)
    assert line(status, 45) == " Bess  12.3 tokens/s · Enter again queues it "
    assert line(status, 23) == " Enter again queues it "


def test_what_does_not_fit_even_alone_leaves_its_place_to_what_does() -> None:
    assert line(replace(EVENING, phase=Reading(312, 10**12)), 20) == " Bess               "


def test_a_hint_that_is_too_long_is_cut_and_never_lost() -> None:
    hint = "The chat cannot be opened: someone else is writing to it"
    assert line(replace(EVENING, hint=hint), 45) == " Bess  The chat cannot be opened: someone e… "


def test_only_names_are_cut() -> None:
    for phase in (Reading(312, 1204), Writing(143, 12.3), Away(), Elsewhere()):
        for width in range(20, 121):
            text = line(replace(EVENING, phase=phase), width)
            for piece in text.replace("  ", " · ").split(" · "):
                if piece.strip().endswith("…"):
                    assert (EVENING.character + EVENING.chat + EVENING.model).find(piece.strip()[:-1]) >= 0


def test_names_cannot_drive_the_terminal_nor_be_markup() -> None:
    text = status_text(Status("\x1b[2JBess", "[red]a\nb[/]"), 60)
    assert "\x1b" not in text.plain
    assert "[red]a b[/]" in text.plain


def test_wide_characters_count_as_two_cells() -> None:
    text = line(Status("橋の女将", "雨の夜に灯る古い酒場の物語", phase=Writing(143, 12.3)), 45)
    assert cell_len(text) == 45
    assert "橋の女将" in text


def test_ascii_terminals_get_ascii() -> None:
    status = replace(EVENING, phase=Connecting(), hint="")
    assert status_text(status, 60, ASCII_GLYPHS).plain.isascii()


class Clock:
    """A clock that the test turns."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_news_is_painted_at_once_and_numbers_once_a_second() -> None:
    clock = Clock()
    pace = Pace(clock)
    old = replace(EVENING, phase=Writing(1, 10.0))
    assert pace.wait(old, replace(EVENING, phase=Writing(2, 10.0))) == 0
    pace.painted()
    clock.now += 0.4
    assert pace.wait(old, replace(EVENING, phase=Writing(3, 11.0))) == pytest.approx(0.6)
    assert pace.wait(old, replace(EVENING, phase=Writing(1, 10.0), context_used=1300)) == pytest.approx(0.6)
    clock.now += 0.6
    assert pace.wait(old, replace(EVENING, phase=Writing(9, 11.0))) == 0


@pytest.mark.parametrize(
    "news",
    [
        replace(EVENING, phase=Thinking(2)),
        replace(EVENING, phase=Away()),
        replace(EVENING, phase=Writing(1, 10.0), hint=QUEUED),
        replace(EVENING, phase=Writing(1, 10.0), model="Qwen3-14B"),
        replace(EVENING, phase=Writing(1, 10.0), character="Corwen"),
    ],
)
def test_another_phase_a_hint_or_a_name_is_news(news: Status) -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.painted()
    assert pace.wait(replace(EVENING, phase=Writing(1, 10.0)), news) == 0


def test_another_reason_to_wait_is_news_and_its_fraction_is_not() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.painted()
    old = replace(EVENING, phase=Waiting("loading the model", 0.1))
    assert pace.wait(old, replace(EVENING, phase=Waiting("loading the model", 0.2))) == 1
    assert pace.wait(old, replace(EVENING, phase=Waiting("second in the queue"))) == 0


class CountingLine(StatusLine):
    """A line that counts how often it was to be painted."""

    asked = 0

    def render(self) -> Content:
        """The line, counted."""
        self.asked += 1
        return super().render()


async def test_a_flood_of_numbers_is_painted_once_and_the_last_of_them_a_second_later() -> None:
    clock = Clock()
    widget = CountingLine(replace(EVENING, phase=Writing(0, 12.3)), clock=clock)
    app = ThemedApp([widget])
    async with app.run_test(size=(80, 5)) as pilot:
        widget.show(replace(EVENING, phase=Writing(1, 12.3)))
        await pilot.pause()
        asked = widget.asked
        for number in range(2, 10):
            widget.show(replace(EVENING, phase=Writing(number, 12.3)))
            await pilot.pause()
        assert widget.asked == asked
        assert len(widget._timers) == 1
        clock.now += 1
        for _ in range(100):
            if not widget._timers:
                break
            await pilot.pause(0.1)
        assert widget.asked == asked + 1
        assert "writing 9" in widget.render().plain
        assert widget.status.phase == Writing(9, 12.3)


async def test_what_looks_the_same_is_not_painted_and_nothing_ticks_when_nothing_goes_on() -> None:
    widget = CountingLine(EVENING, clock=Clock())
    app = ThemedApp([widget])
    async with app.run_test(size=(45, 5)) as pilot:
        await pilot.pause()
        asked = widget.asked
        widget.show(replace(EVENING, engine="llama-server"))
        await pilot.pause()
        assert widget.asked == asked
        assert not list(widget._timers)


async def test_a_resize_tells_as_much_as_fits_now() -> None:
    widget = StatusLine(EVENING)
    app = ThemedApp([widget])
    async with app.run_test(size=(45, 13)) as pilot:
        assert "KoboldCpp" not in widget.render().plain
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert "KoboldCpp" in widget.render().plain
        assert widget.size.height == 1


@pytest.mark.parametrize(("width", "room"), [(45, False), (80, True), (0, True)])
def test_a_hint_has_room_where_all_of_it_is_read(width: int, room: bool) -> None:
    assert status_has_room("The mode is chat · /mode chat · /mode adventure", width) is room
