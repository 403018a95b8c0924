"""Walking through the messages sent before."""

from __future__ import annotations

from tavern_tui.ui.composer.history import KEPT, SentHistory
from tavern_tui.ui.composer.state import ComposerState


def unsent(text: str) -> ComposerState:
    return ComposerState(text, len(text))


def test_back_leads_from_the_newest_message_to_the_oldest_and_stays_there() -> None:
    history = SentHistory(["first", "second"])
    assert history.back(unsent("")) == unsent("second")
    assert history.back(unsent("second")) == unsent("first")
    assert history.back(unsent("first")) is None
    assert history.forward(unsent("first")) == unsent("second")


def test_the_unsent_text_is_the_newest_message_with_its_cursor_and_folds() -> None:
    history = SentHistory(["first"])
    draft = ComposerState("half a thought", 4, ((0, 4),))
    history.back(draft)
    assert history.forward(unsent("first")) == draft
    assert history.forward(draft) is None


def test_a_walk_without_an_unsent_text_ends_at_an_empty_one() -> None:
    history = SentHistory(["first"])
    history.back(unsent(""))
    assert history.forward(unsent("first")) == unsent("")


def test_what_was_changed_in_a_recalled_message_is_there_when_the_walk_comes_back() -> None:
    history = SentHistory(["first", "second"])
    history.back(unsent(""))
    history.back(unsent("second, changed"))
    assert history.forward(unsent("first")) == unsent("second, changed")


def test_changes_to_recalled_messages_are_forgotten_when_one_is_sent() -> None:
    history = SentHistory(["first"])
    history.back(unsent(""))
    history.remember(unsent("first, changed"))
    assert history.back(unsent("")) == unsent("first, changed")
    assert history.back(unsent("first, changed")) == unsent("first")


def test_the_same_message_sent_twice_in_a_row_is_one_step_and_a_blank_one_is_none() -> None:
    history = SentHistory(["again", "again", " \n"])
    history.remember(unsent("again"))
    history.remember(unsent(""))
    assert history.back(unsent("")) == unsent("again")
    assert history.back(unsent("again")) is None


def test_a_sent_message_is_recalled_with_its_folds_and_the_cursor_at_its_end() -> None:
    history = SentHistory()
    history.remember(ComposerState("see: long", 0, ((5, 9),)))
    assert history.back(unsent("")) == ComposerState("see: long", 9, ((5, 9),))


def test_only_so_many_messages_are_kept() -> None:
    history = SentHistory(str(number) for number in range(KEPT + 10))
    steps = 0
    while history.back(unsent("")):
        steps += 1
    assert steps == KEPT
