"""The keymap: a preset, the user's file over it, and no file that can stop the start or lock anyone out."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.config.action import Preset, Where
from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.config.files import Entries
from tavern_tui.config.keymap import (
    KEYS,
    Keymap,
    LoadedKeymap,
    adapted,
    clashes,
    load_keymap,
    objection,
    preset_keymap,
    problems_of,
)
from tavern_tui.config.paths import Directories, directories
from tavern_tui.formats.yaml_text import read_yaml

TYPING = {Where.COMPOSER}
EMPTY = {Where.COMPOSER, Where.EMPTY}
ON_A_TURN = {Where.TURN}


@pytest.fixture
def dirs(tmp_path: Path) -> Directories:
    found = directories({"TAVERN_HOME": str(tmp_path)})
    found.config.mkdir(parents=True)
    return found


def load(text: str, preset: Preset = Preset.DEFAULT) -> LoadedKeymap:
    """What ``text`` makes of a preset."""
    return adapted(Entries(Path("keys.yaml"), read_yaml(text)), preset)


def does(keymap: Keymap, key: str, holding: set[Where]) -> str:
    """The id of what ``key`` does, "" for nothing."""
    action = keymap.action_for(key, holding)
    return action.id if action else ""


# What a key does


@pytest.mark.parametrize(
    ("key", "holding", "action"),
    [
        ("enter", TYPING, "composer.send"),
        ("enter", EMPTY, "reply.speak"),
        ("enter", ON_A_TURN, "turn.leave"),
        ("escape", EMPTY, "turn.select"),
        ("escape", TYPING, ""),
        ("escape", {*EMPTY, Where.REPLYING}, "reply.stop"),
        ("escape", {*ON_A_TURN, Where.REPLYING}, "reply.stop"),
        ("escape", {*ON_A_TURN, Where.REPLYING, Where.POPUP}, "popup.close"),
        ("ctrl+r", EMPTY, "reply.regenerate"),
        ("slash", ON_A_TURN, "chat.find"),
        ("slash", TYPING, ""),
        ("ctrl+f", TYPING, "chat.find"),
        ("ctrl+f", ON_A_TURN, "chat.find"),
        ("question_mark", EMPTY, ""),
        ("d", ON_A_TURN, "turn.delete"),
        ("d", EMPTY, ""),
        ("ctrl+e", TYPING, ""),
    ],
)
def test_a_key_does_what_the_place_says(key: str, holding: set[Where], action: str) -> None:
    assert does(preset_keymap(Preset.DEFAULT), key, holding) == action


def test_presets_differ_where_they_must() -> None:
    assert does(preset_keymap(Preset.PHONE), "up", EMPTY) == ""
    assert does(preset_keymap(Preset.VIM), "i", ON_A_TURN) == "turn.leave"
    assert does(preset_keymap(Preset.DEFAULT), "i", ON_A_TURN) == "turn.receipt"


# The user's file


def test_without_a_file_the_preset_holds(dirs: Directories) -> None:
    assert load_keymap(dirs, Preset.VIM) == LoadedKeymap(preset_keymap(Preset.VIM))


def test_an_entry_takes_the_place_of_the_presets_keys() -> None:
    loaded = load('turn.hide: H\nturn.copy: [y, "%"]\nturn.bookmark: []\nturn.quick_reply: [1, 2]\n')
    assert loaded.problems == loaded.remarks == ()
    keys = loaded.keymap.keys
    assert keys["turn.hide"] == ("H",)
    assert keys["turn.copy"] == ("y", "percent_sign")
    assert keys["turn.bookmark"] == ()
    assert keys["turn.quick_reply"] == ("1", "2")
    assert {name for name in keys if keys[name] != BY_ID[name].keys} == {
        *("turn.hide", "turn.copy", "turn.bookmark", "turn.quick_reply")
    }


def test_the_file_chooses_the_preset() -> None:
    assert load("preset: vim\n", Preset.PHONE).keymap == preset_keymap(Preset.VIM)
    assert load("turn.hide: H\n", Preset.PHONE).keymap.preset is Preset.PHONE


def test_an_unknown_preset_falls_back_and_names_the_nearest() -> None:
    loaded = load("preset: vmi\n", Preset.PHONE)
    assert loaded.keymap == preset_keymap(Preset.PHONE)
    [problem] = loaded.problems
    assert problem.where == "keys.yaml:1"
    assert problem.what == "There is no preset “vmi”. The nearest is “vim”. “phone” is used."


def test_an_unknown_action_is_told_with_line_and_nearest_name() -> None:
    loaded = load("turn.hide: H\n\nturn.dlete: X\n")
    assert [str(problem) for problem in loaded.problems] == [
        "keys.yaml:3: There is no action “turn.dlete”. The nearest is “turn.delete”."
    ]
    assert loaded.keymap.keys["turn.hide"] == ("H",)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("turn.copy: ctrl+h", "arrives as Backspace"),
        ("turn.copy: ctrl+s", "out of habit"),
        ("turn.copy: alt+j", "Esc and then j"),
        ("reply.regenerate: x", "types itself there"),
        ("reply.regenerate: ctrl+k", "editing the text"),
        ("turn.copy: escape", "it is kept for “turn.leave”"),
        ("composer.complete: ctrl+p", "it is kept for “app.palette”"),
        ("turn.copy: [y, entr]", "No key is called “entr”. The nearest is “enter”."),
        ("turn.copy: 12", "No key is called “12”."),
        ("turn.copy:", "[] leaves it without one"),
        ("turn.copy: true", "takes the name of a key"),
        ("turn.copy: {y: 1}", "takes the name of a key"),
        ("turn.copy: [[y]]", "takes the name of a key"),
    ],
)
def test_a_key_that_cannot_be_had_is_told_with_its_reason_and_falls_back_alone(entry: str, reason: str) -> None:
    loaded = load(f"turn.hide: H\n{entry}\nturn.edit: w\n")
    [problem] = loaded.problems
    assert problem.where == "keys.yaml:2"
    assert reason in problem.what
    assert "keeps" in problem.what
    keys = loaded.keymap.keys
    name = entry.partition(":")[0]
    assert (keys["turn.hide"], keys["turn.edit"], keys[name]) == (("H",), ("w",), BY_ID[name].keys)


def test_a_clash_names_both_actions_and_the_entry_gives_way() -> None:
    loaded = load("turn.hide: d\n")
    assert loaded.keymap == preset_keymap(Preset.DEFAULT)
    [problem] = loaded.problems
    assert problem.what == (
        "“turn.delete” and “turn.hide” would both have d (a turn is selected). “turn.hide” keeps x."
    )


def test_two_actions_may_change_keys_with_one_another() -> None:
    loaded = load("turn.hide: d\nturn.delete: x\n")
    assert loaded.problems == ()
    assert (loaded.keymap.keys["turn.hide"], loaded.keymap.keys["turn.delete"]) == (("d",), ("x",))


def test_of_two_entries_that_clash_the_later_gives_way() -> None:
    loaded = load("turn.hide: H\nturn.copy: H\n")
    assert (loaded.keymap.keys["turn.hide"], loaded.keymap.keys["turn.copy"]) == (("H",), ("y",))
    assert [problem.where for problem in loaded.problems] == ["keys.yaml:2"]


def test_an_entry_that_needs_another_that_was_refused_falls_back_too() -> None:
    loaded = load("turn.hide: d\nturn.delete: ctrl+h\n")
    assert loaded.keymap == preset_keymap(Preset.DEFAULT)
    assert [problem.where for problem in loaded.problems] == ["keys.yaml:1", "keys.yaml:2"]


def test_a_key_of_anywhere_clashes_with_every_place_and_an_empty_composer_with_none() -> None:
    assert "chat.find" in load("turn.hide: ctrl+f\n").problems[0].what
    assert "chat.note" in load("composer.complete: ctrl+n\n").problems[0].what
    assert load("turn.hide: ctrl+g\nreply.speak: ctrl+o\n").problems == ()


def test_the_way_out_stays_whatever_the_file_says() -> None:
    fixed = {action.id: action.fixed for action in ACTIONS if action.fixed}
    assert fixed == {
        "app.palette": ("ctrl+p",),
        "app.quit": ("ctrl+c",),
        "popup.close": ("escape",),
        "reply.stop": ("escape",),
        "turn.leave": ("escape",),
    }
    loaded = load("".join(f"{name}: []\n" for name in fixed) + "turn.hide: escape\ncomposer.send: ctrl+c\n")
    assert {name: loaded.keymap.keys[name] for name in fixed} == fixed
    assert len(loaded.problems) == 2


def test_who_wants_a_kept_key_gives_way_and_not_its_keeper() -> None:
    loaded = load("turn.hide: escape\nturn.leave: q\n")
    assert loaded.keymap.keys["turn.leave"] == ("q", "escape")
    assert [problem.where for problem in loaded.problems] == ["keys.yaml:1"]


def test_a_key_that_may_not_arrive_is_taken_and_remarked_on_when_it_is_the_only_one() -> None:
    loaded = load("turn.edit: f5\nturn.hide: [f6, H]\n")
    assert loaded.problems == ()
    assert loaded.keymap.keys["turn.edit"] == ("f5",)
    [remark] = loaded.remarks
    assert remark.where == "keys.yaml:1"
    assert "F5 is missing on phones" in remark.what


def test_a_file_that_is_no_yaml_is_one_problem_with_its_line_and_is_left_as_it_is(dirs: Directories) -> None:
    text = "turn.hide: H\nturn.copy: [y\n"
    (dirs.config / KEYS).write_text(text, encoding="utf-8")
    loaded = load_keymap(dirs)
    assert loaded.keymap == preset_keymap(Preset.DEFAULT)
    [problem] = loaded.problems
    assert problem.where.startswith(str(dirs.config / KEYS) + ":")
    assert problem.line >= 2
    assert (dirs.config / KEYS).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("text", ["- turn.hide\n", "just words\n"])
def test_a_file_that_is_no_mapping_is_one_problem(dirs: Directories, text: str) -> None:
    (dirs.config / KEYS).write_text(text, encoding="utf-8")
    [problem] = load_keymap(dirs).problems
    assert "name: value" in problem.what


def test_an_empty_file_changes_nothing(dirs: Directories) -> None:
    (dirs.config / KEYS).write_text("# nothing yet\n", encoding="utf-8")
    assert load_keymap(dirs) == LoadedKeymap(preset_keymap(Preset.DEFAULT))


def test_a_folder_in_the_files_place_is_told(dirs: Directories) -> None:
    (dirs.config / KEYS).mkdir()
    [problem] = load_keymap(dirs).problems
    assert "is a folder" in problem.what


def test_a_name_of_any_length_makes_a_message_of_few_words() -> None:
    loaded = load(f"{'x' * 1000}: y\nturn.hide: {'y' * 5000}\npreset: {'z' * 5000}\n")
    assert [len(problem.what) < 200 for problem in loaded.problems] == [True, True, True]


# Whatever a file says

names = st.sampled_from([action.id for action in ACTIONS])
keys = st.sampled_from(
    [*string.ascii_letters, *"?/+- ", "enter", "escape", "up", "left", "f1", "ctrl+p", "ctrl+r", "ctrl+h", "nonsense"]
)


@given(st.dictionaries(names, st.lists(keys, max_size=3), max_size=12), st.sampled_from(Preset))
def test_no_file_makes_a_clash_or_binds_what_cannot_be_bound(entries: dict[str, list[str]], preset: Preset) -> None:
    import json

    loaded = load(json.dumps(entries), preset)
    assert clashes(loaded.keymap) == []
    for action in ACTIONS:
        bound = loaded.keymap.keys[action.id]
        assert set(action.fixed) <= set(bound)
        assert [key for key in bound if objection(action, key)] == []
    told = {problem.line for problem in loaded.problems}
    assert len(told) <= 1
    unchanged = [name for name in entries if loaded.keymap.keys[name] == BY_ID[name].keys_in(preset)]
    assert len(loaded.problems) <= len(unchanged)


def test_what_a_keymap_lacks_is_said_in_sentences() -> None:
    broken = Keymap(
        Preset.DEFAULT,
        {**preset_keymap(Preset.DEFAULT).keys, "turn.hide": ("d",), "turn.copy": ("ctrl+i",), "turn.next": ("f5",)},
    )
    assert problems_of(broken) == [
        "“turn.delete” and “turn.hide” would both have d (a turn is selected).",
        "“turn.next” has no key that arrives on every terminal.",
        "“turn.copy” cannot have ctrl+i: it arrives as Tab, and no program can tell the two apart.",
    ]
