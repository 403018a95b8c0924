"""Presets and templates of other programs: told by their content, read, and written back as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.chat_completion import Marker, Placement
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.preset import Preset, ReplyRules, SamplerPreset
from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.domain.request import Role
from tavern_tui.domain.template import ContextTemplate, InstructTemplate, NamesBehavior, ReasoningTemplate, SystemPrompt
from tavern_tui.formats.chat_presets import read_chat_preset, write_chat_preset
from tavern_tui.formats.preset_kinds import CODECS, PresetKind, kind_in, preset_kind, read_preset_file
from tavern_tui.formats.reply_sets import ReplySet, read_reply_set, write_reply_set
from tavern_tui.formats.sampler_files import read_sampler_file, write_sampler_as, write_sampler_file
from tavern_tui.formats.sampler_tables import KOBOLD, TEXTGEN, WEBUI
from tavern_tui.formats.script_files import ScriptFile, read_script_file, write_script_file
from tavern_tui.formats.templates import TemplateKind, read_bundle, read_template, write_template
from tavern_tui.formats.webui_templates import read_instruction_template
from tests.fuzz import CORPUS

PRESETS = CORPUS / "presets"
FILES = {
    "textgen.json": PresetKind.SAMPLER,
    "kobold.json": PresetKind.SAMPLER,
    "webui.yaml": PresetKind.SAMPLER,
    "instruct-1.12.6.json": PresetKind.INSTRUCT,
    "instruct-later.json": PresetKind.INSTRUCT,
    "instruct-old.json": PresetKind.INSTRUCT,
    "context-1.12.6.json": PresetKind.CONTEXT,
    "context-later.json": PresetKind.CONTEXT,
    "sysprompt.json": PresetKind.SYSTEM_PROMPT,
    "reasoning.json": PresetKind.REASONING,
    "chat-preset.json": PresetKind.CHAT,
    "chat-prompts.json": PresetKind.CHAT,
    "chat-old.json": PresetKind.CHAT,
    "webui-template.yaml": PresetKind.MODEL_TEMPLATE,
    "webui-template-old.yaml": PresetKind.MODEL_TEMPLATE,
    "template.jinja": PresetKind.MODEL_TEMPLATE,
    "quick-replies.json": PresetKind.QUICK_REPLIES,
    "quick-replies-old.json": PresetKind.QUICK_REPLIES,
    "regex-script.json": PresetKind.REGEX,
    "regex-scripts.json": PresetKind.REGEX,
}


def raw(name: str) -> bytes:
    """A file of the corpus."""
    return (PRESETS / name).read_bytes()


@pytest.mark.parametrize(("name", "kind"), FILES.items(), ids=list(FILES))
def test_a_file_is_told_by_its_content_and_written_as_it_was_read(name: str, kind: PresetKind) -> None:
    assert kind_in(raw(name)) is kind
    _, read, _ = read_preset_file(raw(name), "stem")
    written, _ = CODECS[kind].write(read)
    if name.endswith(".json"):
        assert json.loads(written) == json.loads(raw(name))
    else:
        assert written == raw(name)


@pytest.mark.parametrize(
    "value",
    [{}, [], "temp", {"temp": 1}, {"name": "Mira", "description": ""}, {"entries": {}}, {"name": "x", "content": 1}],
    ids=["object", "list", "text", "one", "card", "world", "content"],
)
def test_what_is_something_else_has_no_kind(value: Any) -> None:
    assert preset_kind(value) is None


def test_sillytavern_s_sampler_preset_is_read_by_its_names() -> None:
    file, remarks = read_sampler_file(raw("textgen.json"), "mine")
    assert file.preset.sampling == SamplerPreset(
        name="mine",
        temperature=0.9,
        top_k=40,
        top_p=0.95,
        min_p=0.05,
        repetition_penalty=1.1,
        repetition_range=2048,
        presence_penalty=0.2,
        dry_multiplier=0.8,
        dry_allowed_length=3,
        dry_range=0,
        xtc_probability=0.5,
        dynamic_temperature_low=0.5,
        dynamic_temperature_high=1.5,
        extra=(("epsilon_cutoff", 1.5),),
    )
    assert file.preset.rules == ReplyRules(banned=("shivers down",), logit_bias=((" very", -20.0),))
    assert {one.place for one in remarks} == {
        "epsilon_cutoff",
        "genamt",
        "max_length",
        "sampler_priority",
        "banned_tokens",
    }


def test_kobold_s_order_of_samplers_is_followed_where_it_is_another() -> None:
    file, _ = read_sampler_file(raw("kobold.json"), "mine")
    assert file.layout is KOBOLD
    assert file.preset.sampling.order[:3] == ("penalties", "top_k", "top_a")
    assert (file.preset.sampling.typical_p, file.preset.sampling.repetition_range) == (0.95, 0)


def test_a_changed_preset_keeps_what_else_its_file_says() -> None:
    file, _ = read_sampler_file(raw("textgen.json"), "mine")
    preset = replace(file.preset, sampling=replace(file.preset.sampling, min_p=0.2, dynamic_temperature_high=0.0))
    before, after = json.loads(raw("textgen.json")), json.loads(write_sampler_file(replace(file, preset=preset))[0])
    assert {key for key in before if before[key] != after.get(key)} == {"min_p", "dynatemp", "min_temp", "max_temp"}
    assert (after["min_p"], after["dynatemp"]) == (0.2, False)


def test_a_changed_webui_preset_keeps_its_comments() -> None:
    file, _ = read_sampler_file(raw("webui.yaml"), "mine")
    assert file.preset.sampling.extra == (("epsilon_cutoff", 1.49), ("eta_cutoff", 10.42))
    preset = replace(file.preset, sampling=replace(file.preset.sampling, repetition_range=64))
    written = write_sampler_file(replace(file, preset=preset))[0].decode()
    assert written == raw("webui.yaml").decode().replace("range: 512", "range: 64")


@pytest.mark.parametrize("layout", [TEXTGEN, KOBOLD, WEBUI], ids=lambda layout: layout.program)
def test_our_own_presets_are_written_for_other_programs(layout: Any) -> None:
    ours = Preset(SamplerPreset("mine", temperature=0.8, top_k=40, dry_multiplier=0.8), ReplyRules(stop=("###",)))
    written, remarks = write_sampler_as(ours, layout)
    again, _ = read_sampler_file(written + (b"do_sample: true\n" if layout.yaml else b""), "mine")
    assert (again.preset.sampling.temperature, again.preset.sampling.top_k) == (0.8, 40)
    assert "stop" in {one.place for one in remarks}
    assert ("dry_multiplier" in {one.place for one in remarks}) is (layout is KOBOLD)


def test_a_value_out_of_bounds_is_left_out_and_told() -> None:
    data = json.dumps({"temp": 99, "rep_pen": "1.2", "typical_p": "much"}).encode()
    file, remarks = read_sampler_file(data, "mine")
    assert (file.preset.sampling.temperature, file.preset.sampling.repetition_penalty) == (1.0, 1.2)
    assert [one.place for one in remarks] == ["temp", "typical_p"]


def test_an_instruct_template_is_read_with_its_older_spellings() -> None:
    old, remarks = read_template(raw("instruct-old.json"), "stem")
    assert isinstance(old.template, InstructTemplate)
    assert (old.template.output_suffix, old.template.names_behavior) == ("</s>", NamesBehavior.FORCE)
    assert [one.place for one in remarks] == ["system_prompt"]
    new, _ = read_template(raw("instruct-1.12.6.json"), "stem")
    assert isinstance(new.template, InstructTemplate)
    assert (new.template.name, new.template.wrap, new.template.names_behavior) == (
        "Harbour",
        False,
        NamesBehavior.ALWAYS,
    )
    assert new.template.sequences_as_stop_strings


def test_a_changed_template_keeps_what_else_its_file_says() -> None:
    file, _ = read_template(raw("instruct-later.json"), "stem")
    assert isinstance(file.template, InstructTemplate)
    after = json.loads(write_template(replace(file, template=replace(file.template, input_sequence="<u>")))[0])
    assert after == {**json.loads(raw("instruct-later.json")), "input_sequence": "<u>"}


def test_what_only_this_program_says_of_a_template_is_told() -> None:
    file, _ = read_template(raw("instruct-later.json"), "stem")
    assert isinstance(file.template, InstructTemplate)
    _, remarks = write_template(replace(file, template=replace(file.template, system_in_user=True)))
    assert [one.place for one in remarks] == ["system_in_user"]


def test_the_other_templates_are_read() -> None:
    kinds = {name: read_template(raw(name), "stem")[0].template for name in FILES if FILES[name] in _OTHERS}
    context = kinds["context-1.12.6.json"]
    assert isinstance(context, ContextTemplate)
    assert (context.chat_start, context.names_as_stop_strings) == ("***", True)
    assert kinds["sysprompt.json"] == SystemPrompt(
        "Harbour", "You are {{char}}, keeper of the harbour.", "Stay by the water."
    )
    assert kinds["reasoning.json"] == ReasoningTemplate("Harbour", "<think>\n", "\n</think>", "\n\n")


_OTHERS = (PresetKind.CONTEXT, PresetKind.SYSTEM_PROMPT, PresetKind.REASONING)


def test_a_master_export_holds_several() -> None:
    files, _ = read_bundle(raw("bundle.json"), "stem")
    assert [file.kind for file in files] == [
        TemplateKind.INSTRUCT,
        TemplateKind.CONTEXT,
        TemplateKind.SYSTEM_PROMPT,
        TemplateKind.REASONING,
    ]
    with pytest.raises(FormatError, match="no templates"):
        read_bundle(raw("sysprompt.json"), "stem")


def test_a_chat_completion_preset_is_read_with_its_prompts_and_order() -> None:
    file, remarks = read_chat_preset(raw("chat-preset.json"), "mine")
    weather = file.preset.prompt("5b0c-1")
    assert weather is not None
    assert (weather.role, weather.injection_position, weather.injection_depth) == (Role.USER, Placement.IN_CHAT, 2)
    assert (weather.injection_order, weather.injection_trigger) == (90, ("normal",))
    order = file.preset.order_for(None)
    assert [one.identifier for one in order if not one.enabled] == [Marker.AUXILIARY]
    assert (file.preset.wi_format, file.preset.squash_system_messages) == ("[{0}]", True)
    assert (file.sampling.sampling.temperature, file.sampling.sampling.frequency_penalty) == (0.9, 0.1)
    assert {"reverse_proxy", "proxy_password"} <= {one.place for one in remarks}


def test_the_texts_of_an_old_preset_are_its_prompts() -> None:
    file, _ = read_chat_preset(raw("chat-old.json"), "old")
    main, last = file.preset.prompt(Marker.MAIN), file.preset.prompt(Marker.POST_HISTORY)
    assert main is not None
    assert last is not None
    assert (main.content, last.content) == ("Write {{char}}.", "Stay.")


def test_a_changed_prompt_keeps_what_else_the_file_says_of_it() -> None:
    file, _ = read_chat_preset(raw("chat-preset.json"), "mine")
    prompts = tuple(
        replace(one, content="It snows.") if one.identifier == "5b0c-1" else one for one in file.preset.prompts
    )
    written, _ = write_chat_preset(replace(file, preset=replace(file.preset, prompts=prompts)))
    expected = json.loads(raw("chat-preset.json"))
    expected["prompts"][-1]["content"] = "It snows."
    assert json.loads(written) == expected


def test_an_older_instruction_template_becomes_an_instruct_template() -> None:
    template, _ = read_instruction_template(raw("webui-template-old.yaml"), "old")
    assert template.instruct is not None
    made = template.instruct
    assert (made.input_sequence, made.input_suffix) == ("USER: ", "\n")
    assert (made.output_sequence, made.output_suffix, made.wrap) == ("ASSISTANT: ", "</s>\n", False)
    assert template.system_text == ""
    assert "messages" in read_instruction_template(raw("template.jinja"), "new")[0].jinja


def test_a_turn_template_without_its_marks_is_refused() -> None:
    with pytest.raises(FormatError, match="turn_template"):
        read_instruction_template(b'turn_template: "<|bot|>"\nuser: x\n', "odd")


def test_a_changed_quick_reply_keeps_what_else_its_set_says() -> None:
    read, _ = read_reply_set(raw("quick-replies.json"), "stem")
    assert (read.name, [one.label for one in read.replies]) == ("Harbour", ["Wait", "Bell"])
    changed = replace(read, replies=(replace(read.replies[0], message="*waits*"), read.replies[1]))
    expected = json.loads(raw("quick-replies.json"))
    expected["qrList"][0]["message"] = "*waits*"
    assert json.loads(write_reply_set(changed)[0]) == expected


def test_a_new_set_of_quick_replies_is_one_of_sillytavern_s() -> None:
    written, _ = write_reply_set(ReplySet("Mine", (QuickReply("Hi", "Hello."),)))
    assert read_reply_set(written, "stem")[0].replies == (QuickReply("Hi", "Hello."),)
    assert json.loads(written)["version"] == 2


def test_a_changed_regex_script_keeps_what_else_its_file_says() -> None:
    file, _ = read_script_file(raw("regex-scripts.json"), "stem")
    changed = replace(file, scripts=(replace(file.scripts[0], disabled=True), file.scripts[1]))
    expected = json.loads(raw("regex-scripts.json"))
    expected[0]["disabled"] = True
    assert json.loads(write_script_file(changed)[0]) == expected


def test_scripts_of_our_own_are_written_as_sillytavern_s() -> None:
    script = read_script_file(raw("regex-script.json"), "stem")[0].scripts[0]
    written, _ = write_script_file(ScriptFile((script,), single=True))
    assert read_script_file(written, "stem")[0].scripts == (script,)
