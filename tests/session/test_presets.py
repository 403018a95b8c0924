"""Which preset a reply is sampled with: by the settings, a saved connection, a start, or for one chat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.preset import BALANCED, ReplyRules
from tavern_tui.session import events as out
from tavern_tui.session.opening import Wishes, open_session, reconnect
from tavern_tui.session.preset_files import change_preset, effects_by_engine, new_preset, typed_value
from tavern_tui.session.presets import OURS, YOURS, choose_in_chat, listed_presets, names_for, preset_named
from tavern_tui.session.setting_problems import setting_problems
from tavern_tui.session.workspace import Workspace
from tests.session.conftest import Opener, collect, fake_of

MIRA = "temperature: 0.9\nseed: 5\nstop: ['###']\nbanned: [suddenly]\n"


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A home with a card and a preset of its own."""
    for folder, name, text in (("characters", "mira.yaml", "name: Mira\ncontext: x\n"), ("presets", "mira.yaml", MIRA)):
        (tavern_home / folder).mkdir()
        (tavern_home / folder / name).write_text(text)
    return Workspace.open()


def settings(tavern_home: Path, text: str) -> Workspace:
    """The home with these settings."""
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text(text)
    return Workspace.open()


def test_ours_and_ones_own_are_in_one_list(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "presets" / "Balanced.yaml").write_text("min_p: 0.2")
    listed = {one.name: one.source for one in listed_presets(workspace)}
    assert list(listed)[:3] == ["neutral", "creative", "precise"]
    assert (listed["mira"], listed["Balanced"], listed["neutral"]) == (YOURS, YOURS, OURS)
    assert preset_named(workspace, "balanced").preset.sampling.min_p == 0.2
    assert preset_named(replace(workspace, safe=True), "balanced").preset.sampling == BALANCED


@pytest.mark.parametrize(("name", "hint"), [("mirra", "“mira”"), ("???", "There are: balanced, neutral")])
def test_a_name_that_no_preset_has_is_refused_with_what_there_is(workspace: Workspace, name: str, hint: str) -> None:
    with pytest.raises(SettingsError, match="There is no sampler preset") as refused:
        preset_named(workspace, name)
    assert hint in refused.value.hint


def test_a_file_that_cannot_be_used_is_refused_with_the_reason(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "presets" / "mira.yaml").write_text("- a")
    with pytest.raises(SettingsError, match="“mira” cannot be used") as refused:
        preset_named(workspace, "mira")
    assert "one a line" in refused.value.hint


def test_the_settings_name_one_of_ones_own(workspace: Workspace, tavern_home: Path) -> None:
    workspace = settings(tavern_home, "reply: {preset: Mira}\n")
    options = open_session(workspace, Wishes(character="mira")).options
    assert (options.preset.name, options.preset.temperature, options.seed) == ("mira", 0.9, 5)
    assert options.rules == ReplyRules(stop=("###",), banned=("suddenly",))
    assert "preset" in options.chosen
    assert setting_problems(workspace) == []


def test_what_is_wrong_in_the_chosen_file_is_told(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "presets" / "mira.yaml").write_text("temperature: 99")
    [problem] = setting_problems(settings(tavern_home, "reply: {preset: mira}\n"))
    assert str(problem).endswith("mira.yaml: line 1: temperature: it goes from 0 to 10, not 99.")


def test_a_start_counts_for_more_than_the_settings(workspace: Workspace) -> None:
    options = open_session(workspace, Wishes(character="mira", preset="MIRA", seed=9)).options
    assert (options.preset.name, options.seed) == ("mira", 9)
    usual = open_session(workspace, Wishes(character="mira")).options
    assert (usual.preset, usual.seed, "preset" in usual.chosen) == (BALANCED, None, False)


async def test_a_chat_keeps_its_own_preset_unless_a_start_names_another(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes(character="mira"))
    await session.open()
    chosen = await choose_in_chat(session, workspace, "Mira")
    assert (chosen.name, session.options.preset.name, session.options.seed) == ("mira", "mira", 5)
    assert open_session(workspace, Wishes(character="mira")).options.rules.stop == ("###",)
    assert open_session(workspace, Wishes(character="mira", preset="story")).options.preset.name == "story"
    assert open_session(workspace, Wishes(character="mira", new=True)).options.preset == BALANCED
    reconnect(session, workspace, Wishes(server="rig:5001"), watch=lambda _event: None)
    assert session.options.preset.name == "mira"


async def test_a_chat_whose_preset_is_gone_says_so_and_goes_on(workspace: Workspace, tavern_home: Path) -> None:
    session = open_session(workspace, Wishes(character="mira"))
    await choose_in_chat(session, workspace, "mira")
    (tavern_home / "presets" / "mira.yaml").unlink()
    heard: list[out.SessionEvent] = []
    assert open_session(workspace, Wishes(character="mira"), watch=heard.append).options.preset == BALANCED
    assert heard == [
        out.Notice("There is no sampler preset “mira”. This chat goes on with balanced. /preset chooses another.")
    ]


def test_what_is_wrong_in_the_file_of_a_preset_that_was_asked_for_is_told(
    workspace: Workspace, tavern_home: Path
) -> None:
    (tavern_home / "presets" / "mira.yaml").write_text("top_k: 7\ntemperature: 99\n")
    heard: list[out.SessionEvent] = []
    options = open_session(workspace, Wishes(character="mira", preset="mira"), watch=heard.append).options
    assert (options.preset.top_k, options.preset.temperature) == (7, 1.0)
    assert heard == [out.Notice("mira.yaml: line 2: temperature: it goes from 0 to 10, not 99.")]


async def test_another_preset_takes_the_seed_of_the_one_before_with_it(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes(character="mira", preset="mira"))
    await choose_in_chat(session, workspace, "creative")
    assert (session.options.seed, session.options.rules) == (None, ReplyRules())
    assert "mira" in await names_for(workspace)


async def test_a_chats_own_length_counts_for_more_than_the_settings(workspace: Workspace, tavern_home: Path) -> None:
    workspace = settings(tavern_home, "reply: {response_tokens: 200}\n")
    session = open_session(workspace, Wishes(character="mira"))
    await session.open()
    await session.set_response_tokens(77)
    lengths = []
    for wishes in (Wishes(character="mira"), Wishes(character="mira", response_tokens=90)):
        again = open_session(workspace, wishes)
        await again.open()
        lengths.append(again.options.response_tokens)
    assert lengths == [77, 90]


async def test_the_rules_of_a_preset_reach_the_engine(begin: Opener) -> None:
    rules = ReplyRules(("###",), ("suddenly",), ((" the", -5.0),), 'root ::= "Yes."', '{"type": "string"}')
    session = begin("Yes.", rules=rules, seed=3)
    await session.open()
    await collect(session.reply("Hello"))
    request = fake_of(session).requests[-1]
    assert request.stop[-1] == "###"
    assert (request.banned, request.logit_bias, request.seed) == (("suddenly",), ((" the", -5.0),), 3)
    assert (request.grammar, request.json_schema) == (rules.grammar, rules.json_schema)


def test_what_each_engine_makes_of_a_preset_is_told(workspace: Workspace) -> None:
    made = effects_by_engine(new_preset(workspace, "own", like="mira", changes={"tfs": 0.9, "skew": 1}).preset)
    assert made["embedded"] == {
        "temperature": "works",
        "tfs": "ignored",
        "stop": "works",
        "banned": "works",
        "seed": "works",
        "skew": "ignored",
    }
    assert (made["TabbyAPI"]["seed"], made["TabbyAPI"]["banned"], made["TabbyAPI"]["skew"]) == (
        "ignored",
        "works",
        "passed on",
    )
    assert made["KoboldCpp"]["tfs"] == "works"


@pytest.mark.parametrize(
    ("change", "told"),
    [({"temperature": 11}, "temperature: it goes from 0 to 10, not 11."), ({"temprature": 1}, "“temprature”")],
    ids=["bounds", "name"],
)
def test_a_change_that_means_nothing_is_refused_and_nothing_is_written(
    workspace: Workspace, tavern_home: Path, change: dict[str, object | None], told: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        change_preset(workspace, "mira", {"top_k": 5, **change})
    assert told in refused.value.title
    with pytest.raises(SettingsError):
        new_preset(workspace, "other", changes=change)
    assert (tavern_home / "presets" / "mira.yaml").read_text() == MIRA
    assert len(list((tavern_home / "presets").iterdir())) == 1


def test_one_of_ours_is_not_changed(workspace: Workspace) -> None:
    with pytest.raises(SettingsError, match="stays as it is"):
        change_preset(workspace, "balanced", {"top_k": 5})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0.9", 0.9),
        ("stop", '["a", "b"]', ["a", "b"]),
        ("banned", "12", "12"),
        ("banned", "yes sir", "yes sir"),
        ("ban_eos", "true", True),
        ("seed", " ", None),
    ],
    ids=map(str, range(6)),
)
def test_what_is_typed_is_read_as_in_a_file(name: str, text: str, value: object) -> None:
    assert typed_value(name, text) == value
