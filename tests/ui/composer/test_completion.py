"""What Tab makes of a beginning."""

from __future__ import annotations

import pytest

from tavern_tui.ui.composer.completion import Choice, Choices, choices

COMMANDS = [("retry", "Another reply"), ("redo", "Redo"), ("help", "Help")]
NAMES = ["Wren", "Old Tom", "Tamsin", "Tobias"]


def test_a_slash_offers_every_command_with_its_title() -> None:
    assert choices("/", COMMANDS, NAMES) == Choices(
        1, (Choice("/retry", "Another reply"), Choice("/redo", "Redo"), Choice("/help", "Help"))
    )


def test_a_beginning_offers_the_commands_that_begin_so_in_their_order() -> None:
    assert choices("/RE", COMMANDS, NAMES) == Choices(3, (Choice("/retry", "Another reply"), Choice("/redo", "Redo")))


@pytest.mark.parametrize("before", ["/retry", "/nothing", "see /re", "first\n/re", "/retry Wr3"])
def test_nothing_is_offered_for_a_whole_command_an_unknown_one_or_one_inside_a_message(before: str) -> None:
    assert choices(before, COMMANDS, NAMES) is None


@pytest.mark.parametrize(
    ("before", "typed", "names"),
    [
        ("I look at wr", 2, ["Wren"]),
        ("@t", 1, ["Tamsin", "Tobias"]),
        ("Hey old t", 5, ["Old Tom"]),
        ('"t', 1, ["Tamsin", "Tobias"]),
        ("/length to w", 1, ["Wren"]),
        ("two\nlines, To", 2, ["Tobias"]),
        ("tobias", 6, ["Tobias"]),
    ],
)
def test_the_beginning_of_a_name_is_completed_anywhere(before: str, typed: int, names: list[str]) -> None:
    assert choices(before, COMMANDS, NAMES) == Choices(typed, tuple(map(Choice, names)))


@pytest.mark.parametrize("before", ["", "no one ", "Wren", "snowr", "x\n"])
def test_nothing_is_offered_where_no_name_has_begun(before: str) -> None:
    assert choices(before, COMMANDS, NAMES) is None


def test_the_same_name_twice_is_one_choice() -> None:
    assert choices("Wr", (), ["Wren", "Wren"]) == Choices(2, (Choice("Wren"),))


def test_after_two_braces_macros_are_completed_and_they_are_asked_for_only_then() -> None:
    asked = []

    def macros() -> list[tuple[str, str]]:
        asked.append(True)
        return [("{{char}}", "the character"), ("{{random::a::b}}", "one of them"), ("{{user}}", "you")]

    assert choices("Hello {", COMMANDS, NAMES, macros) is None
    assert choices("{{char}} and", COMMANDS, NAMES, macros) is None
    assert not asked
    found = choices("Hello {{Ra", COMMANDS, NAMES, macros)
    assert found is not None
    assert (found.typed, [way.text for way in found.ways]) == (4, ["{{random::a::b}}"])
    every = choices("{{", COMMANDS, NAMES, macros)
    assert every is not None
    assert len(every.ways) == 3
    assert choices("{{nothing", COMMANDS, NAMES, macros) is None
