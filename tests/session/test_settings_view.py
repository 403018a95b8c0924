"""The settings as a list: where each value comes from, changing one in its own words, and what a person wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.config.settings import load_settings, setting_names
from tavern_tui.domain.errors import SettingsError
from tavern_tui.session.opening import Wishes, open_session, take_settings
from tavern_tui.session.settings_view import (
    EMPTY,
    Holds,
    SettingRow,
    change,
    group_title,
    neighbour,
    reset,
    setting_rows,
    suggestions,
)
from tavern_tui.session.workspace import Workspace


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A workspace with both files of settings."""
    workspace = Workspace.open()
    config = workspace.directories.config
    config.mkdir(parents=True)
    (config / "config.yaml").write_text("# mine\nreply:\n  response_tokens: 200\n")
    (config / "settings.yaml").write_text("persona:\n  name: Robin\n")
    return Workspace.open()


def row(workspace: Workspace, name: str) -> SettingRow:
    """One setting as it is listed."""
    return next(one for one in setting_rows(workspace.directories) if one.name == name)


def test_every_setting_of_the_schema_is_listed_with_a_line_about_it_in_a_group_with_a_title(
    workspace: Workspace,
) -> None:
    rows = setting_rows(workspace.directories)
    assert [one.name for one in rows] == setting_names()
    assert all(one.title and group_title(one.group) and one.value and one.default for one in rows)


def test_a_value_says_which_file_and_line_it_comes_from(workspace: Workspace) -> None:
    by_hand, ours, default = (
        row(workspace, name) for name in ("reply.response_tokens", "persona.name", "reply.policy")
    )
    assert (by_hand.value, by_hand.source, by_hand.by_hand) == ("200", "config.yaml, line 3", True)
    assert (ours.value, ours.source, ours.by_hand) == ("Robin", "settings.yaml, line 2", False)
    assert (default.value, default.source, default.chosen) == ("economy", "default", False)


def test_what_a_person_wrote_is_refused_with_its_line_and_stays(workspace: Workspace) -> None:
    path = workspace.directories.config / "config.yaml"
    before = path.read_bytes()
    with pytest.raises(SettingsError) as refused:
        change(workspace, "reply.response_tokens", "90")
    assert refused.value.where == f"{path}:3"
    with pytest.raises(SettingsError, match="never rewritten"):
        reset(workspace, "reply.response_tokens")
    assert path.read_bytes() == before
    assert load_settings(workspace.directories).settings.reply.response_tokens == 200


def test_a_change_goes_to_the_programs_own_file_and_back_to_the_default(workspace: Workspace) -> None:
    assert change(workspace, "reply.policy", "classic") == ""
    assert row(workspace, "reply.policy").source.startswith("settings.yaml, line ")
    reset(workspace, "reply.policy")
    assert (row(workspace, "reply.policy").value, row(workspace, "reply.policy").chosen) == ("economy", False)
    assert row(workspace, "persona.name").value == "Robin"


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("reply.reasoning_tokens", "many", "It has to be a whole number."),
        ("reply.reasoning_tokens", "1", "It has to be 64 or more."),
        ("reply.policy", "thrift", "It has to be one of: economy, classic."),
        ("reply.finish_sentence", "perhaps", "It has to be true or false."),
        ("persona.name", "", "It cannot be empty."),
        ("engine.idle_minutes", "", "It has to be a number above 0."),
    ],
)
def test_what_means_nothing_is_refused_in_the_schemas_own_words(
    workspace: Workspace, name: str, typed: str, why: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        change(workspace, name, typed)
    assert refused.value.title == why


@pytest.mark.parametrize(
    ("name", "typed", "value", "shown"),
    [
        ("engine.threads", "4", 4, "4"),
        ("engine.threads", " ", None, EMPTY),
        ("engine.gpu_layers", "ALL", "all", "all"),
        ("lore.books", "Coast, , Dragons", ("Coast", "Dragons"), "Coast, Dragons"),
        ("reply.finish_sentence", "off", False, "off"),
        ("engine.rope_scale", "0.5", 0.5, "0.5"),
    ],
)
def test_what_is_typed_is_taken_as_what_is_meant(
    workspace: Workspace, name: str, typed: str, value: object, shown: str
) -> None:
    change(workspace, name, typed)
    group, key = name.split(".")
    assert getattr(getattr(load_settings(workspace.directories).settings, group), key) == value
    assert row(workspace, name).value == shown


def test_a_name_that_nothing_has_is_taken_and_doubted_at_once(workspace: Workspace) -> None:
    doubt = change(workspace, "reply.preset", "baroque")
    assert "no sampler preset “baroque”" in doubt
    assert change(workspace, "reply.preset", "creative") == ""


def test_a_long_text_of_several_lines_is_typed_as_it_is(workspace: Workspace) -> None:
    text = "A keeper of bees.\n" * 30 + "\x1b[2J"
    change(workspace, "persona.description", text)
    shown = row(workspace, "persona.description")
    assert shown.typed == text
    assert len(shown.value) <= 200
    assert "\x1b" not in shown.value
    assert "\n" not in shown.value


def test_arrows_walk_through_words_and_step_through_numbers(workspace: Workspace) -> None:
    assert [neighbour(row(workspace, "reply.think"), step) for step in (1, -1)] == ["low", "off"]
    assert neighbour(row(workspace, "reply.finish_sentence"), 1) == "off"
    assert neighbour(row(workspace, "reply.reasoning_tokens"), 1) == "1274"
    assert neighbour(row(workspace, "backup.keep"), -1) == "6"
    assert neighbour(row(workspace, "engine.lora_strength"), 1) == "1.05"
    assert neighbour(row(workspace, "persona.name"), 1) is None
    assert neighbour(row(workspace, "engine.threads"), 1) is None


def test_words_find_settings_by_name_help_group_and_value(workspace: Workspace) -> None:
    assert [one.name for one in setting_rows(workspace.directories, "response tok")] == ["reply.response_tokens"]
    assert [one.name for one in setting_rows(workspace.directories, "ROBIN")] == ["persona.name"]
    assert {one.group for one in setting_rows(workspace.directories, "backups library")} == {"backup"}
    assert setting_rows(workspace.directories, "no such thing") == []


def test_it_is_said_from_when_on_a_change_holds(workspace: Workspace) -> None:
    told = {
        name: row(workspace, name).holds_from for name in ("ui.theme", "reply.policy", "engine.threads", "ui.ascii")
    }
    assert list(told.values()) == [Holds.NOW, Holds.REPLY, Holds.LOADING, Holds.START]


def test_what_there_is_to_choose_from_is_offered(workspace: Workspace) -> None:
    assert "lamplight" in suggestions(workspace, "ui.theme")
    assert "balanced" in suggestions(workspace, "reply.preset")
    assert "ChatML" in suggestions(workspace, "reply.template")
    assert suggestions(workspace, "reply.context") == ()
    assert suggestions(workspace, "persona.name") == ()


def test_settings_that_change_hold_in_an_open_chat_where_it_has_nothing_of_its_own(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes(character="Wren", response_tokens=77))
    edited = replace(session.options.preset, temperature=1.7)
    session.options = replace(session.options, preset=edited, updates_per_second=6.0)
    change(workspace, "persona.description", "A keeper of bees.")
    change(workspace, "reply.reasoning_tokens", "512")
    change(workspace, "reply.policy", "classic")
    take_settings(session, Workspace.open(), Wishes(character="Wren", response_tokens=77), watch=lambda _event: None)
    options = session.options
    assert (options.reasoning_tokens, options.policy) == (512, "classic")
    assert (session.persona.name, session.persona.description) == ("Robin", "A keeper of bees.")
    assert (options.response_tokens, options.updates_per_second, options.preset.temperature) == (77, 6.0, 1.7)
