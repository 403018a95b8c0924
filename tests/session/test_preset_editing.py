"""A sampler preset while it is changed: sliders, neutral values, the order, what an engine follows, its file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.preset import BALANCED, STAGES, Preset, SamplerPreset
from tavern_tui.engines.base import Capabilities
from tavern_tui.session import preset_editing as editing
from tavern_tui.session.opening import Wishes, open_session, reconnect
from tavern_tui.session.preset_draft import PresetDraft, unwritten
from tavern_tui.session.preset_drafts import draft_of
from tavern_tui.session.presets import OURS, YOURS, choose_in_chat, preset_named
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.locks import FileLock

DRAFT = Preset(BALANCED)


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """An empty library."""
    return Workspace.open()


def replace_values(draft: Preset, **values: object) -> Preset:
    """``draft`` with other values."""
    for name, value in values.items():
        draft = editing.with_value(draft, name, value)
    return draft


def called(draft: Preset) -> Preset:
    """``draft`` under the name that it has once it is one's own."""
    return editing.called(draft, "my neutral")


def field(draft: Preset, name: str, able: Capabilities | None = None) -> editing.FieldRow:
    """One field of a draft."""
    return next(row for row in editing.field_rows(draft, able, "KoboldCpp") if row.name == name)


def test_a_field_tells_its_value_where_its_slider_stands_and_whether_it_is_neutral() -> None:
    temperature, top_p = field(DRAFT, "temperature"), field(DRAFT, "top_p")
    assert (temperature.value, temperature.part, temperature.neutral) == ("0.8", 0.4, False)
    assert (top_p.value, top_p.part, top_p.neutral) == ("1", 1.0, True)
    assert field(DRAFT, "stop").value == "none"
    assert field(DRAFT, "stop").part is None


def test_what_the_engine_does_not_know_says_so_and_so_does_what_another_value_overrules() -> None:
    able = Capabilities(samplers=frozenset({"temperature", "min_p", "mirostat"}))
    assert field(DRAFT, "dry_multiplier", able).without == "KoboldCpp does not know it"
    assert field(DRAFT, "grammar", able).without == "KoboldCpp does not know it"
    assert field(DRAFT, "min_p", able).without == ""
    greedy = editing.with_value(DRAFT, "temperature", 0)
    assert field(greedy, "min_p", able).without == "a temperature of 0 leaves it nothing to do"
    assert all(not row.without for row in editing.field_rows(DRAFT))


@settings(max_examples=25)
@given(st.sampled_from(sorted(editing.SLIDERS)), st.lists(st.integers(-30, 30), max_size=6))
def test_a_slider_never_leaves_its_ends_and_comes_back_to_neutral(name: str, steps: list[int]) -> None:
    draft = Preset()
    low, high, _ = editing.SLIDERS[name]
    for step in steps:
        draft = editing.stepped(draft, name, step)
        value = editing.value_of(draft, name)
        assert isinstance(value, int | float)
        assert low <= value <= high
    assert editing.same(editing.with_value(draft, name, None), Preset())


def test_steps_are_round_numbers_and_switches_turn() -> None:
    assert editing.stepped(DRAFT, "temperature", 1).sampling.temperature == 0.85
    assert editing.stepped(DRAFT, "min_p", -5).sampling.min_p == 0.0
    assert editing.stepped(DRAFT, "ban_eos", 1).sampling.ban_eos is True
    assert editing.stepped(DRAFT, "grammar", 1) == DRAFT


def test_a_value_beyond_the_slider_that_was_typed_stays_until_it_is_moved_back() -> None:
    hot = editing.with_typed(DRAFT, "temperature", "4")
    assert hot.sampling.temperature == 4.0
    assert editing.stepped(hot, "temperature", 1).sampling.temperature == 4.0
    assert editing.stepped(hot, "temperature", -1).sampling.temperature == 3.95


def test_what_is_typed_is_checked_by_the_table_and_nothing_is_neutral() -> None:
    assert editing.with_typed(DRAFT, "stop", "[END]\n").rules.stop == ("END",)
    assert editing.with_typed(DRAFT, "temperature", "").sampling.temperature == 1.0
    with pytest.raises(SettingsError, match="temperature: it goes from 0 to 10, not 11"):
        editing.with_typed(DRAFT, "temperature", "11")


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(STAGES), st.integers(-12, 12)), max_size=5))
def test_the_order_always_names_every_stage_and_ours_is_none(moves: list[tuple[str, int]]) -> None:
    draft = Preset()
    for stage, places in moves:
        draft = editing.with_stage_moved(draft, stage, places)
    assert sorted(draft.sampling.stages) == sorted(STAGES)
    assert (draft.sampling.order == ()) == (draft.sampling.stages == STAGES)


def test_a_stage_moves_by_places() -> None:
    assert editing.with_stage_moved(Preset(), "temperature", -1).sampling.stages[-2:] == ("temperature", "xtc")


def test_what_belongs_to_a_server_stays_when_a_field_changes() -> None:
    draft = Preset(SamplerPreset(extra=(("rep_pen_slope", 0.7),)))
    assert editing.with_value(draft, "top_k", 40).sampling.extra == (("rep_pen_slope", 0.7),)


async def test_one_of_ours_is_copied_with_the_first_change_which_holds_for_the_next_reply(
    workspace: Workspace, session: ChatSession
) -> None:
    draft = PresetDraft(workspace, session, preset_named(workspace, "balanced"))
    told = await draft.change(lambda now: editing.with_value(now, "temperature", 1.2))
    assert told.startswith("“balanced” is one of ours and stays as it is")
    assert (draft.kept.name, draft.kept.source) == ("my balanced", YOURS)
    assert session.options.preset.temperature == 1.2
    assert session.options.preset.name == session.tree.properties["preset"] == "my balanced"
    assert preset_named(workspace, "balanced").source == OURS
    assert preset_named(workspace, "my balanced").preset.sampling.temperature == 0.8
    assert await draft.change(lambda now: editing.with_value(now, "top_k", 40)) == ""


async def test_saving_writes_the_changed_lines_alone(workspace: Workspace, session: ChatSession) -> None:
    path = workspace.directories.presets / "mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("# my evening\ntemperature: 0.9\nmin_p: 0.1\nnote: warm\n")
    draft = PresetDraft(workspace, session, preset_named(workspace, "mine"))
    await draft.change(lambda now: editing.with_value(now, "min_p", None))
    await draft.change(lambda now: editing.with_value(now, "top_k", 40))
    written = [draft.written]
    await draft.save()
    assert path.read_text() == "# my evening\ntemperature: 0.9\nnote: warm\ntop_k: 40\n"
    assert [*written, draft.written] == [False, True]
    assert await draft.save() == "Everything is already saved."


async def test_changes_are_undone_and_brought_back_one_by_one(workspace: Workspace, session: ChatSession) -> None:
    draft = PresetDraft(workspace, session, preset_named(workspace, "neutral"))
    for value in (10, 20):
        await draft.change(partial(editing.with_value, name="top_k", value=value))
    await draft.undo()
    assert session.options.preset.top_k == 10
    await draft.undo()
    assert session.options.preset.top_k == 0
    with pytest.raises(NotFoundError):
        await draft.undo()
    await draft.redo()
    assert session.options.preset.top_k == 10


async def test_what_was_not_saved_is_there_again_when_the_editor_opens_again(
    workspace: Workspace, session: ChatSession
) -> None:
    first = PresetDraft(workspace, session, preset_named(workspace, "neutral"))
    await first.change(lambda now: editing.with_value(now, "top_k", 40))
    kept = preset_named(workspace, "my neutral")
    assert unwritten(session, kept) is not None
    again = PresetDraft(workspace, session, kept)
    assert (again.now.sampling.top_k, again.written) == (40, False)
    assert unwritten(session, preset_named(workspace, "creative")) is None


async def test_what_was_not_saved_outlives_another_engine_another_preset_and_the_program(
    workspace: Workspace,
) -> None:
    session = open_session(workspace, Wishes(character="Wren"))
    await session.open()
    draft = PresetDraft(workspace, session, preset_named(workspace, "neutral"))
    await draft.change(lambda now: editing.with_value(now, "top_k", 40))
    again = replace_values(draft.now, stop=["###"], seed=7, logit_bias={" sud\ndenly": -5.0})
    await draft.change(lambda _now: again)
    wishes = Wishes(chat=session.log.path.stem)
    reconnect(session, workspace, wishes, watch=lambda _event: None)
    assert unwritten(session, draft.kept) == called(again)
    await choose_in_chat(session, workspace, "creative")
    assert (await choose_in_chat(session, workspace, "my neutral")).preset == called(again)
    reopened = open_session(workspace, wishes)
    assert unwritten(reopened, draft.kept) == called(again)
    assert open_session(workspace, Wishes(character="Wren", new=True)).options.preset == BALANCED
    with FileLock(reopened.log.state / f"{reopened.log.key}.lock", timeout=0.0, guarded=reopened.log.path):
        await PresetDraft(workspace, reopened, draft.kept).save()  # nor does it wait for who writes in the chat
    kept = preset_named(workspace, "my neutral")
    assert unwritten(open_session(workspace, wishes), kept) is None


async def test_what_its_file_says_holds_again_and_that_is_taken_back(
    workspace: Workspace, session: ChatSession
) -> None:
    draft = PresetDraft(workspace, session, preset_named(workspace, "neutral"))
    with pytest.raises(NotFoundError):
        await draft.as_in_file()
    await draft.change(lambda now: editing.with_value(now, "top_k", 40))
    await draft.as_in_file()
    assert (session.options.preset.top_k, draft_of(session.log, draft.name)) == (0, None)
    await draft.undo()
    assert session.options.preset.top_k == 40
    assert draft_of(session.log, draft.name) == draft.now


async def test_chats_and_settings_find_a_preset_under_its_new_name_with_what_was_not_saved(
    workspace: Workspace,
) -> None:
    session = open_session(workspace, Wishes(character="Wren"))
    await session.open()
    draft = PresetDraft(workspace, session, preset_named(workspace, "neutral"))
    await draft.change(lambda now: editing.with_value(now, "top_k", 40))
    for old, new in (("my neutral", "plain"), ("plain", "bare"), ("bare", "Bare")):
        editing.rename(workspace, old, new)
    opened = open_session(workspace, Wishes(chat=session.log.path.stem)).options.preset
    assert (opened.name, opened.top_k) == ("Bare", 40)
    assert preset_named(workspace, "MY NEUTRAL").name == "Bare"
    editing.own_copy(workspace, preset_named(workspace, "creative"), name="plain")
    assert preset_named(workspace, "plain").preset.sampling.xtc_probability == 0.5
    editing.to_trash(workspace, "Bare")
    with pytest.raises(SettingsError, match="no sampler preset “my neutral”"):
        preset_named(Workspace.open(), "my neutral")


async def test_of_an_incognito_chat_nothing_is_kept(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes(character="Wren", incognito=True))
    draft = PresetDraft(workspace, session, preset_named(workspace, "neutral"))
    await draft.change(lambda now: editing.with_value(now, "top_k", 40))
    reconnect(session, workspace, Wishes(character="Wren", incognito=True), watch=lambda _event: None)
    assert session.options.preset.top_k == 40
    assert not list(workspace.directories.state.rglob("*drafts*"))


async def test_saved_under_another_name_it_holds_here_and_ours_keep_theirs(
    workspace: Workspace, session: ChatSession
) -> None:
    draft = PresetDraft(workspace, session, preset_named(workspace, "story"))
    with pytest.raises(SettingsError, match="one of ours"):
        await draft.save_as("Creative")
    await draft.save_as("long nights")
    assert session.tree.properties["preset"] == "long nights"
    assert preset_named(workspace, "long nights").preset.sampling.min_p == 0.03


def test_a_preset_is_renamed_thrown_away_and_brought_back(workspace: Workspace) -> None:
    one = editing.own_copy(workspace, preset_named(workspace, "creative"))
    editing.use_everywhere(workspace, one.name)
    workspace = Workspace.open()
    editing.rename(workspace, one.name, "wild")
    assert Workspace.open().settings.reply.preset == "wild"
    editing.to_trash(workspace, "wild")
    with pytest.raises(SettingsError):
        preset_named(workspace, "wild")
    editing.out_of_trash(workspace, "wild")
    assert preset_named(workspace, "wild").preset.sampling.xtc_probability == 0.5


def test_copies_never_take_a_name_that_is_there(workspace: Workspace) -> None:
    ours = preset_named(workspace, "creative")
    names = [editing.own_copy(workspace, ours).name for _ in range(2)]
    assert names == ["my creative", "my creative 2"]
    with pytest.raises(SettingsError, match="already"):
        editing.rename(workspace, names[0], names[1])


async def test_what_holds_counts_the_model_in(workspace: Workspace, session: ChatSession) -> None:
    assert (await editing.in_force(session)).sampling == session.options.preset
