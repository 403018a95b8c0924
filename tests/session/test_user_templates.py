"""Templates of the user's own: chosen by name like ours, with their context, and what makes messages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.chat_completion import PostProcessing
from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.request import Role
from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.engines.fake import DEFAULT_INFO
from tavern_tui.formats.json_text import read_json
from tavern_tui.prompt.counting import drive
from tavern_tui.prompt.inputs import Policy
from tavern_tui.prompt.templates import CHATML, GEMMA
from tavern_tui.session.chat_completion import assembly
from tavern_tui.session.model_templates import ModelTemplates, template_named
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.template_files import (
    add_file,
    delete_template,
    export_template,
    listed_templates,
    restore_template,
    template_in_list,
)
from tavern_tui.session.user_templates import (
    PROMPTS,
    UserTemplates,
    choose_prompts,
    told_prompts,
    unwrapped,
    user_templates,
    with_texts,
)
from tavern_tui.session.workspace import Workspace
from tests.fuzz import CORPUS
from tests.prompt.builders import chat, count, given

PRESETS = CORPUS / "presets"


@pytest.fixture
def dirs(tmp_path: Path) -> Directories:
    return Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache")


@pytest.fixture
def workspace(dirs: Directories) -> Workspace:
    return Workspace.open(dirs=dirs)


def put(workspace: Workspace, *names: str) -> None:
    """Files of the corpus, put in as a user does."""
    for name in names:
        add_file(workspace, PRESETS / name)


async def test_a_template_of_the_user_s_is_chosen_by_its_file_s_name(workspace: Workspace) -> None:
    put(workspace, "instruct-later.json")
    own = user_templates(workspace)
    choice = await ModelTemplates(own=own).choose(DEFAULT_INFO, "INSTRUCT-later", asked=True)
    assert choice.instruct is not None
    assert (choice.name, choice.instruct.input_sequence, choice.context.name) == (
        "instruct-later",
        "<|user|>",
        "Tavern chat",
    )
    assert template_named("instruct-later", own) == choice.instruct


async def test_a_context_template_of_the_same_name_goes_with_it_and_nothing_is_wrapped_twice(
    workspace: Workspace,
) -> None:
    put(workspace, "bundle.json")
    choice = await ModelTemplates(own=user_templates(workspace)).choose(DEFAULT_INFO, "Harbour")
    assert choice.context.name == "Harbour"
    assert choice.context.story_string.startswith("<|system|>")
    assert choice.instruct is not None
    assert choice.instruct.system_sequence_prefix == ""


async def test_a_name_in_the_settings_that_is_gone_is_passed_over_and_told() -> None:
    choice = await ModelTemplates(own=UserTemplates(context="mine")).choose(DEFAULT_INFO, "gone")
    assert "no instruct template “gone”" in choice.note
    assert "no context template “mine”" in choice.note


async def test_a_chat_template_in_jinja_is_rendered_like_a_model_s_own(workspace: Workspace) -> None:
    put(workspace, "template.jinja")
    choice = await ModelTemplates(own=user_templates(workspace)).choose(DEFAULT_INFO, "template")
    assert choice.instruct is not None
    assert choice.instruct.input_sequence.startswith("<|user|>")
    assert choice.why == "chosen"


def test_only_a_story_that_brings_the_tags_itself_takes_them_off() -> None:
    wrapped = replace(CHATML, story_string_prefix="<|im_start|>system\n", story_string_suffix="<|im_end|>\n")
    theirs = ContextTemplate("x", "<|im_start|>system\n{{system}}<|im_end|>")
    assert unwrapped(wrapped, theirs).story_string_prefix == ""
    assert unwrapped(wrapped, ContextTemplate("x", "{{system}}")) == wrapped


def test_the_settings_name_a_system_prompt_and_what_makes_messages(workspace: Workspace, dirs: Directories) -> None:
    put(workspace, "sysprompt.json", "chat-preset.json")
    dirs.config.mkdir()
    (dirs.config / "config.yaml").write_text("reply: {system_prompt: sysprompt, chat_preset: chat-preset}\n")
    opened = Workspace.open(dirs=dirs)
    options, note = with_texts(opened, ReplyOptions(), {})
    assert (options.system_text, options.post_history_text, note) == (
        "You are {{char}}, keeper of the harbour.",
        "Stay by the water.",
        "",
    )
    assert options.chat_preset is not None
    assert options.chat_preset.custom_prompt_post_processing is PostProcessing.MERGE
    assert options.preset.temperature == 0.9
    chosen = with_texts(opened, ReplyOptions(chosen=frozenset({"preset"})), {PROMPTS: "usual"})[0]
    assert (chosen.chat_preset, chosen.preset.temperature) == (None, 0.8)


def test_prompts_of_a_chat_that_are_gone_are_told(workspace: Workspace) -> None:
    options, note = with_texts(workspace, ReplyOptions(), {PROMPTS: "gone"})
    assert (options.chat_preset, "gone" in note) == (None, True)


def test_templates_are_listed_deleted_and_brought_back(workspace: Workspace) -> None:
    put(workspace, "instruct-later.json")
    assert [one.name for one in listed_templates(workspace, "instruct") if one.source == "yours"] == ["instruct-later"]
    path = delete_template(workspace, "instruct", "instruct-later")
    with pytest.raises(NotFoundError):
        template_in_list(workspace, "instruct", "instruct-later")
    assert restore_template(workspace, "instruct", "Instruct-Later") == path


def test_a_template_is_written_as_its_file_was_and_one_of_ours_as_sillytavern_s(workspace: Workspace) -> None:
    put(workspace, "instruct-later.json")
    text, _, _ = export_template(template_in_list(workspace, "instruct", "instruct-later"))
    assert read_json(text) == json.loads((PRESETS / "instruct-later.json").read_bytes())
    text, _, remarks = export_template(template_in_list(workspace, "instruct", "Gemma"))
    assert read_json(text)["input_sequence"] == "<start_of_turn>user\n"
    assert "system_in_user" in {one.place for one in remarks}


def test_scripts_arrive_switched_off(workspace: Workspace, dirs: Directories) -> None:
    (added,) = add_file(workspace, PRESETS / "regex-script.json")
    assert json.loads(added.path.read_bytes())["disabled"] is True
    assert [one.place for one in added.remarks] == ["No stars"]
    assert added.path.parent == dirs.regex_scripts


def test_a_preset_s_secrets_are_not_shown(workspace: Workspace) -> None:
    put(workspace, "chat-preset.json")
    one = template_in_list(workspace, "chat", "chat-preset")
    assert "hidden" not in json.dumps(one.fields)
    assert "hidden" in export_template(one)[0]


def test_nothing_is_put_over_what_is_there(workspace: Workspace) -> None:
    put(workspace, "instruct-later.json")
    with pytest.raises(SettingsError, match="already"):
        put(workspace, "instruct-later.json")
    put(workspace, "bundle.json")
    with pytest.raises(SettingsError, match="already"):
        put(workspace, "bundle.json")


def test_without_folders_nothing_is_looked_for() -> None:
    assert UserTemplates().instruct("x") is None
    assert UserTemplates().context_for(InstructTemplate("x")) is None


@pytest.mark.parametrize("family", [None, GEMMA], ids=["no family", "Gemma"])
def test_a_preset_of_the_user_s_makes_the_messages(workspace: Workspace, family: InstructTemplate | None) -> None:
    put(workspace, "chat-preset.json")
    options, _ = with_texts(workspace, ReplyOptions(chat_completion=True), {PROMPTS: "chat-preset"})
    assert options.chat_preset is not None
    plain = replace(options.chat_preset, custom_prompt_post_processing=PostProcessing.NONE)
    info = replace(DEFAULT_INFO, capabilities=replace(DEFAULT_INFO.capabilities, chat_completion=True))
    asked = given(chat("Hello."), family, policy=Policy.CLASSIC)
    plan = drive(assembly(asked, info, replace(options, chat_preset=plain)), count)
    sent = [(message.role, message.content) for message in plan.messages()]
    assert "It rains." in "".join(text for _, text in sent)
    assert "[A new scene]" in "".join(text for _, text in sent)
    ended = sent[-1]
    assert (ended[0] is Role.SYSTEM, "Stay in the scene." in ended[1]) == (family is None, True)


async def test_a_chat_keeps_its_prompts(workspace: Workspace) -> None:
    put(workspace, "chat-preset.json", "chat-old.json")
    session = open_session(workspace, Wishes(character="Wren", new=True))
    assert "chat-old makes the messages" in await choose_prompts(session, workspace, "chat-old")
    assert "chat-old" in await told_prompts(session, workspace)
    again = open_session(workspace, Wishes(chat=session.log.path.stem))
    assert again.options.chat_preset is not None
    assert again.options.chat_preset.name == "chat-old"
    await choose_prompts(again, workspace, "usual")
    assert open_session(workspace, Wishes(chat=session.log.path.stem)).options.chat_preset is None
    with pytest.raises(SettingsError, match="gone"):
        await choose_prompts(again, workspace, "gone")


async def test_thinking_is_marked_by_the_reasoning_template_of_that_name_else_as_the_family_does(
    workspace: Workspace,
) -> None:
    put(workspace, "instruct-later.json")
    own = ModelTemplates(own=user_templates(workspace))
    thinker = replace(DEFAULT_INFO, model="Qwen3-8B", chat_template="")
    choice = await own.choose(thinker, "instruct-later")
    assert choice.instruct is not None
    assert (choice.instruct.reasoning_open, choice.instruct.input_sequence) == ("<think>", "<|user|>")
    add_file(workspace, PRESETS / "reasoning.json", name="Instruct-Later")
    path = workspace.directories.templates / "reasoning" / "Instruct-Later.json"
    path.write_text(path.read_text().replace("<think>", "<muse>").replace("</think>", "</muse>"))
    choice = await own.choose(thinker, "instruct-later")
    assert choice.instruct is not None
    assert (choice.instruct.reasoning_open, choice.instruct.reasoning_close) == ("<muse>", "</muse>")
