"""The demo chat shows what a chat can be: 24 turns, two branches, four swipes, lore, a note, thinking and a roll."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from scripts import build_samples
from scripts.samples import demo, sources
from tavern_tui.domain.chat import ChatTree, Turn, fold
from tavern_tui.domain.events import Roll, Speaker
from tavern_tui.formats.chatlog import decode_log

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tree() -> ChatTree:
    """The committed demo chat, as another device sees it."""
    events, problems = decode_log((ROOT / build_samples.DEMO).read_bytes())
    assert problems == []
    return fold(events, device="a reader")


def replies(tree: ChatTree) -> list[Turn]:
    """Everything that the character wrote after the greeting, in all swipes and branches."""
    return [turn for turn in tree.turns.values() if turn.speaker is Speaker.CHARACTER and turn.parent]


def test_the_committed_log_tells_the_events_of_its_source() -> None:
    events, _ = decode_log((ROOT / build_samples.DEMO).read_bytes())
    assert tuple(events) == demo.events()


def test_ids_are_unique_and_numbers_and_times_only_grow() -> None:
    told = demo.events()
    assert len({event.id for event in told}) == len(told)
    assert [event.lamport for event in told] == list(range(1, len(told) + 1))
    assert all(earlier.at <= later.at for earlier, later in itertools.pairwise(told))


def test_the_reader_is_left_at_the_end_of_24_turns(tree: ChatTree) -> None:
    path = tree.path()
    assert [turn.id for turn in path] == [f"{number:02}" for number in range(1, 25)]
    assert {turn.speaker for turn in path} == set(Speaker)
    assert path[-1].speaker is Speaker.CHARACTER
    assert path[-1].text.endswith('?"')


def test_it_opens_with_the_greeting_of_the_card(tree: ChatTree) -> None:
    assert tree.title == "A night at the Crooked Lantern"
    assert tree.characters == ("Bess",)
    assert tree.path()[0].text == sources.character("bess").greeting


def test_two_branches_go_on_for_some_turns_beside_the_main_path(tree: ChatTree) -> None:
    main = {turn.id for turn in tree.path()}
    branches = [
        turn
        for on_path in main
        for turn in tree.siblings(on_path)
        if turn not in main and len(tree.path(tree.leaf_below(turn))) - len(tree.path(turn)) >= 2
    ]
    assert branches == sorted(["12-stairs", "19-pim"], key=branches.index)


def test_one_turn_has_four_swipes_and_is_read_in_the_third(tree: ChatTree) -> None:
    swiped = [turn.id for turn in tree.path() if len(tree.siblings(turn.id)) == 4]
    assert swiped == ["05"]
    assert tree.siblings("05").index("05") == 2
    assert len({tree.turns[swipe].text for swipe in tree.siblings("05")}) == 4


def test_one_reply_was_thought_about_and_one_action_was_rolled_for(tree: ChatTree) -> None:
    assert [turn.id for turn in tree.path() if turn.reasoning] == ["09"]
    assert {turn.id: turn.roll for turn in tree.path() if turn.roll} == {"10": Roll("1d20+2", 9, "fair")}


def test_the_chat_has_an_authors_note_and_a_lorebook_that_is_shipped(tree: ChatTree) -> None:
    assert tree.properties["note"]["text"].startswith("Keep the whole room alive")
    assert tree.properties["lorebooks"] == [sources.lorebook("crooked_lantern").name]


def test_every_reply_has_a_receipt_that_says_who_wrote_it(tree: ChatTree) -> None:
    for turn in replies(tree):
        assert turn.receipt is not None
        assert turn.receipt.model == "written by the authors"
        assert turn.lore


def test_the_lore_on_a_receipt_had_a_key_in_the_turns_before_it(tree: ChatTree) -> None:
    entries = {entry.comment: entry for entry in sources.lorebook("crooked_lantern").entries}
    for turn in replies(tree):
        read = " ".join(f"{before.name}: {before.text}" for before in tree.path(turn.parent)[-2:]).lower()
        for title in turn.lore:
            assert entries[title].constant or any(key.lower() in read for key in entries[title].keys), (turn.id, title)


def test_lore_came_as_the_story_asked_for_it(tree: ChatTree) -> None:
    fired = {
        title: [turn.id for turn in tree.path() if title in turn.lore] for turn in tree.path() for title in turn.lore
    }
    assert fired["Ferrow Bridge"][0] == "03"
    assert fired["The bell under the Ouzel"][0] == "16"
    assert "09" in fired["The lantern over the door"]
    assert 8 <= len(fired) <= 16


def test_the_inn_writes_no_line_for_the_user(tree: ChatTree) -> None:
    for turn in tree.turns.values():
        assert (
            turn.name == {Speaker.USER: "Alex", Speaker.CHARACTER: "Bess", Speaker.NARRATOR: "Narrator"}[turn.speaker]
        )
        if turn.speaker is not Speaker.USER:
            assert "Alex" not in turn.text, turn.id


def test_every_paragraph_is_action_in_asterisks_and_speech_in_quotes(tree: ChatTree) -> None:
    for turn in tree.turns.values():
        for paragraph in turn.text.split("\n\n"):
            assert re.sub(r'\*[^*"]+\*|"[^*"]+"', "", paragraph).strip(" ,") == "", (turn.id, paragraph)


@pytest.mark.model
def test_the_tokens_on_a_receipt_are_the_starters(tree: ChatTree, starter_model: Path) -> None:
    import llama_cpp

    vocabulary = llama_cpp.Llama(str(starter_model), vocab_only=True, verbose=False)
    counted = {
        turn.id: len(vocabulary.tokenize(turn.text.encode(), add_bos=False, special=False)) for turn in replies(tree)
    }
    assert {turn.id: turn.receipt.generated for turn in replies(tree) if turn.receipt} == counted
