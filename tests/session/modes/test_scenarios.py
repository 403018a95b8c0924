"""Scenarios: what is shipped, what is asked, and the chat that one begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.adventure_settings import AdventureSettings
from tavern_tui.domain.errors import ContradictionError, FormatError, NotFoundError
from tavern_tui.domain.events import Roll, Speaker
from tavern_tui.domain.note import NotePlace
from tavern_tui.session.author_note import note_of
from tavern_tui.session.modes.adventure import memory_of
from tavern_tui.session.modes.choosing import mode_of
from tavern_tui.session.modes.rolls import Thrown
from tavern_tui.session.modes.scenarios import (
    FOLDER,
    Question,
    Scenario,
    begin,
    read_scenario,
    scenario_named,
    scenarios,
    shipped_scenarios,
)
from tavern_tui.session.undo import next_undo
from tavern_tui.session.workspace import Workspace

SHIPPED = shipped_scenarios()
ROAD = Scenario(
    "The Road",
    questions=(Question("name", "Who are you?", ("Ada", "Bo")), Question("home", "Where from?")),
    opening="You are ${name} from ${home}. ${What is your horse called?} waits.",
    memory="The player is ${name}.",
)


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    monkeypatch.setenv("TAVERN_HOME", str(tmp_path))
    return Workspace.open()


def test_four_are_shipped() -> None:
    assert len(SHIPPED) == 4
    assert all(one.shipped for one in SHIPPED)


@pytest.mark.parametrize("one", SHIPPED, ids=range(4))
def test_a_shipped_one_asks_two_or_three_questions_and_opens_with_a_scene(one: Scenario) -> None:
    assert 2 <= len(one.asked) <= 3
    assert one.asked == one.questions
    assert all(2 <= len(question.answers) <= 9 for question in one.questions)
    told = one.told({})
    assert len(told.opening.split()) >= 120
    assert "${" not in told.opening + told.memory + told.note
    assert all(question.answers[0] in told.opening + told.memory for question in one.questions)
    assert one.about
    assert one.memory


def test_a_question_is_answered_by_digit_by_text_or_with_the_first_of_its_answers() -> None:
    question = ROAD.questions[0]
    assert [question.answered(one) for one in ("2", "Cy", "", " 9 ", "0", "019")] == [
        "Bo",
        "Cy",
        "Ada",
        "9",
        "0",
        "019",
    ]
    assert len(question.answered("long " * 400)) == 400


def test_what_the_texts_ask_besides_is_asked_too() -> None:
    assert [one.ask for one in ROAD.asked] == ["Who are you?", "Where from?", "What is your horse called?"]
    told = ROAD.told({"name": "2", "home": "Ys", "What is your horse called?": "Ash"})
    assert told.opening == "You are Bo from Ys. Ash waits."


def test_a_question_left_open_that_has_no_answers_is_named() -> None:
    with pytest.raises(ContradictionError, match="“Where from\\?” has no answer yet"):
        ROAD.told({"name": "1", "home": "  "})


def test_an_answer_that_looks_like_a_question_stays_an_answer() -> None:
    assert "${name}" in ROAD.told({"home": "${name}", "What is your horse called?": "Ash"}).opening


def test_a_scenario_begins_a_chat_that_is_an_adventure(workspace: Workspace) -> None:
    log = begin(workspace, SHIPPED[0], {"name": "Wilma"})
    tree = workspace.chats.open(log.path.name).tree
    [opening] = tree.path()
    assert mode_of(tree.properties).name == "adventure"
    assert tree.title == SHIPPED[0].title
    assert (opening.speaker, opening.name) == (Speaker.CHARACTER, "Narrator")
    assert "Wilma" in opening.text
    assert "Wilma" in memory_of(tree.properties)
    assert note_of(tree).text == SHIPPED[0].note
    assert note_of(tree).place is NotePlace.AFTER  # nothing of the history is read again for it


def test_how_an_adventure_begins_is_not_taken_back_by_undo(workspace: Workspace) -> None:
    log = begin(workspace, SHIPPED[0], {})
    assert next_undo(log.events, log.device) is None


def test_nothing_begins_while_a_question_is_open(workspace: Workspace) -> None:
    with pytest.raises(ContradictionError):
        begin(workspace, ROAD, {})
    assert workspace.chats.list() == []


def test_ones_own_come_first_and_a_file_that_cannot_be_read_is_named(workspace: Workspace) -> None:
    folder = workspace.directories.data / FOLDER
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("title: Mine\nopening: A door.\nquestions: [{name: a, answers: [1, true, x]}]\n")
    (folder / "broken.yaml").write_text("opening: [\n")
    found, problems = scenarios(workspace)
    assert found[0].title == "Mine"
    assert found[0].questions == (Question("a", "a", ("1", "x")),)
    assert len(found) == 5
    assert [one.partition(":")[0] for one in problems] == ["broken.yaml is passed over"]


@pytest.mark.parametrize("text", ["", "title: x", "opening: ''", "- a", "opening: [a]"])
def test_what_is_no_scenario_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="That is no scenario"):
        read_scenario(text.encode(), "x.yaml")


TABLE = b"opening: A door.\noutcomes:\n  - 1 fumble: Something breaks.\n  - 8 miss\n  - 15 hit\n"


def test_a_scenario_may_have_dice_and_an_outcome_table_of_its_own(workspace: Workspace) -> None:
    tree = begin(workspace, read_scenario(TABLE, "mine.yaml"), {}).tree
    rolled = Thrown(tree.properties, AdventureSettings()).roll(lambda: 0.0)
    assert rolled == Roll("1d20", 1, "fumble", "Something breaks.")
    other = begin(workspace, read_scenario(TABLE + b"dice: 2d6+1\n", "mine.yaml"), {}).tree
    assert Thrown(other.properties, AdventureSettings()).roll(lambda: 0.99).outcome == "miss"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (TABLE.replace(b"8 miss", b"miss"), "mine.yaml:4", "Outcome 2 is none."),
        (TABLE.replace(b"15 hit", b"2 hit"), "mine.yaml:5", "Outcome 3 begins at 2"),
        (b"opening: A door.\noutcomes: 1 fumble\n", "mine.yaml:2", "The outcomes are no list."),
        (TABLE + b"dice: 999999d999999\n", "mine.yaml:6", "Nobody can throw that."),
    ],
    ids=range(4),
)
def test_a_bad_table_is_refused_with_its_line(text: bytes, place: str, said: str) -> None:
    with pytest.raises(FormatError, match=said) as caught:
        read_scenario(text, "mine.yaml")
    assert caught.value.where == place


def test_a_scenario_is_found_by_the_beginning_of_its_title_or_a_word_of_it(workspace: Workspace) -> None:
    assert scenario_named(workspace, "the ship").title == "The Ship's Cat"
    assert scenario_named(workspace, "LAKE").title == "The Bell under the Lake"
    with pytest.raises(NotFoundError, match="There is no scenario opera"):
        scenario_named(workspace, "opera")
    with pytest.raises(NotFoundError):
        scenario_named(workspace, " ")
