"""Templates in an open chat: which holds and why, how the prompt ends with another, choosing, and changing a copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.template import NamesBehavior
from tavern_tui.formats.templates import TemplateFile, TemplateKind, read_template, with_ours_kept, write_template
from tavern_tui.prompt import defaults
from tavern_tui.prompt.templates import BUILT_IN, CHATML, GEMMA
from tavern_tui.session import template_editing as editing
from tavern_tui.session.opening import Wishes
from tavern_tui.session.session import ChatSession
from tavern_tui.session.template_choice import AUTOMATIC, PREVIEW, TemplateDesk, ending
from tavern_tui.session.workspace import Workspace


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """An empty library."""
    return Workspace.open()


@pytest.fixture
async def desk(workspace: Workspace, session: ChatSession) -> TemplateDesk:
    """The templates for a chat with a greeting, looked at."""
    found = TemplateDesk(workspace, session, Wishes())
    await found.look()
    return found


async def test_it_is_said_which_template_holds_and_why(desk: TemplateDesk) -> None:
    assert desk.in_force == "Template: ChatML (chosen)"
    here = [one.name for one in desk.offered("instruct") if one.here]
    assert here == ["ChatML"]
    assert {*BUILT_IN, "Chat template", "Plain text", AUTOMATIC} == {one.name for one in desk.offered("instruct")}


async def test_the_end_of_this_chats_prompt_is_shown_with_each_template(desk: TemplateDesk) -> None:
    chatml, gemma = await desk.ends_with("ChatML"), await desk.ends_with("Gemma")
    assert chatml.endswith("<|im_start|>assistant\n")
    assert "<start_of_turn>model" in gemma
    assert all("Across, Alex?" in text and len(text) <= 300 for text in (chatml, gemma))


async def test_the_preview_with_the_template_that_holds_is_the_prompt_itself(
    desk: TemplateDesk, session: ChatSession
) -> None:
    assert (await session.plan()).text.endswith((await desk.ends_with("ChatML")).removeprefix("…"))


async def test_a_template_is_remembered_for_the_model_and_forgotten(desk: TemplateDesk, workspace: Workspace) -> None:
    model = desk.seen.ready.info.model
    told = await desk.choose("instruct", "Alpaca")
    assert workspace.template_choices.of(model) == "Alpaca"
    assert "Alpaca holds" in told
    await desk.choose("instruct", AUTOMATIC)
    assert workspace.template_choices.of(model) == ""
    with pytest.raises(SettingsError):
        await desk.choose("instruct", "Baroque")


async def test_a_system_prompt_is_shown_in_full_and_chosen_for_every_chat(
    desk: TemplateDesk, workspace: Workspace
) -> None:
    assert desk.text_of(AUTOMATIC) == defaults.CHAT
    assert desk.text_of("Adventures") == defaults.ADVENTURE
    made = editing.own_copy(workspace, "sysprompt", "system prompt", editing.our_prompt("Be brief."))
    assert desk.text_of(made.name) == "Be brief."
    await desk.choose("sysprompt", made.name)
    desk.workspace = Workspace.open()
    assert desk.workspace.settings.reply.system_prompt == made.name
    assert [one.name for one in desk.offered("sysprompt") if one.here] == [made.name]


async def test_a_choice_that_config_yaml_overrules_says_so(desk: TemplateDesk, workspace: Workspace) -> None:
    workspace.directories.config.mkdir(parents=True)
    (workspace.directories.config / "config.yaml").write_text("reply: {context: mine}\n")
    with pytest.raises(SettingsError, match="stands above"):
        await desk.choose("context", AUTOMATIC)


async def test_a_copy_that_is_changed_changes_the_preview_and_not_ours(
    desk: TemplateDesk, workspace: Workspace
) -> None:
    one = editing.own_copy(workspace, "instruct", "ChatML", CHATML)
    assert one.name == "my ChatML"
    changed = editing.with_typed(one.held.template, "output_sequence", "<|im_start|>narrator\\n")
    one = editing.write(workspace, one, changed)
    assert one.held.template.output_sequence == "<|im_start|>narrator\n"
    assert "<|im_start|>narrator" in await desk.ends_with_template("instruct", one.held.template)
    await desk.look()
    assert (await desk.ends_with("my ChatML")).endswith("<|im_start|>narrator\n")
    assert "assistant" in CHATML.output_sequence


async def test_a_context_template_is_previewed_from_its_beginning(desk: TemplateDesk) -> None:
    context = replace(desk.seen.ready.template.context, story_string="Here begins {{char}}.")
    assert "Here begins Mira." in await desk.begins_with_context(context)


def test_a_copy_keeps_what_other_programs_have_no_field_for() -> None:
    for template in BUILT_IN.values():
        file = with_ours_kept(TemplateFile(TemplateKind.INSTRUCT, template, {}))
        read, _ = read_template(write_template(file)[0], template.name)
        assert read.template == template


def test_fields_of_ours_in_a_file_that_are_of_another_type_are_left_out() -> None:
    ours = b'{"system_in_user": "yes", "stop_strings": [1]}'
    data = b'{"input_sequence": "", "output_sequence": "", "tavern_tui": ' + ours + b"}"
    template = read_template(data, "odd")[0].template
    assert (template.system_in_user, template.stop_strings) == (False, ())  # type: ignore[union-attr]


@settings(max_examples=25)
@given(st.text(alphabet='\\ntr \t\r\n"a{}', max_size=20))
def test_what_is_shown_of_a_text_means_that_text_when_it_is_typed(text: str) -> None:
    shown = editing.escaped(text)
    assert "\n" not in shown
    assert editing.meant(shown) == text


def test_switches_and_words_are_taken_and_others_refused() -> None:
    assert editing.with_typed(GEMMA, "wrap", "off").wrap is False
    assert editing.with_typed(GEMMA, "names_behavior", "none").names_behavior is NamesBehavior.NONE
    for name, typed in (("wrap", "maybe"), ("names_behavior", "often")):
        with pytest.raises(SettingsError):
            editing.with_typed(GEMMA, name, typed)
    fields = {one.name: one for one in editing.template_fields(GEMMA)}
    assert fields["wrap"].words == ("on", "off")
    assert fields["input_sequence"].value == editing.escaped(GEMMA.input_sequence)


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("short", "short"),
        ("<|im_start|>assistant\n" + "She waits. " * 27, "…" + "She waits. " * 27),
        ("one word after another " * 20, "…" + "one word after another " * 13),
        ("x" * 400, "…" + "x" * PREVIEW),
        ("x" * 9 + " " + "y" * PREVIEW, "…" + "y" * PREVIEW),
    ],
    ids=["whole", "line", "word", "neither", "just there"],
)
def test_the_end_of_a_prompt_begins_with_a_line_or_a_word(prompt: str, shown: str) -> None:
    assert ending(prompt) == shown
