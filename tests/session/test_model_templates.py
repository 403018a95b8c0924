"""Which template a model gets: what was asked for, remembered, set, rendered, or guessed, in this order and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tavern_tui.domain.errors import SettingsError
from tavern_tui.engines.base import EngineInfo
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session.connection import Connection
from tavern_tui.session.model_templates import ModelTemplates, TemplateChoice, own_template_of
from tavern_tui.session.own_template import TemplateRenderer
from tavern_tui.storage.template_choices import TemplateChoices

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
OF_ITS_OWN = (
    "{% for m in messages %}<<{{ m.role }}>> {{ m.content }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<<assistant>>{% endif %}"
)
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def info(chat_template: str = "", model: str = "tale-7b", bos_token: str = "", eos_token: str = "") -> EngineInfo:
    tokens = replace(DEFAULT_INFO, bos_token=bos_token, eos_token=eos_token)
    return replace(tokens, model=model, chat_template=chat_template)


@pytest.fixture
def choices(tmp_path: Path) -> TemplateChoices:
    return TemplateChoices(tmp_path / "templates.json", tmp_path / "templates.lock")


async def chosen(one: EngineInfo, wanted: str = "", *, asked: bool = False) -> TemplateChoice:
    return await ModelTemplates().choose(one, wanted, asked=asked)


async def test_the_order_is_asked_remembered_set_rendered(choices: TemplateChoices) -> None:
    templates = ModelTemplates(choices)
    one = info(CHATML)
    assert (await templates.choose(one)).name == "ChatML"
    assert (await templates.choose(one, "gemma")).name == "Gemma"
    choices.choose("TALE-7B", "Alpaca")
    remembered = await templates.choose(one, "gemma")
    assert (remembered.name, remembered.why, remembered.note) == ("Alpaca", "chosen for this model", "")
    assert (await templates.choose(one, "gemma", asked=True)).name == "Gemma"
    assert (await templates.choose(info(CHATML, "another"), "gemma")).name == "Gemma"


async def test_a_remembered_template_that_is_gone_is_passed_over_and_told(choices: TemplateChoices) -> None:
    choices.choose("tale-7b", "Quux")
    found = await ModelTemplates(choices).choose(info(CHATML))
    assert found.name == "ChatML"
    assert found.note == "There is no instruct template “Quux”. It was chosen for this model, and is passed over."


async def test_choices_that_cannot_be_read_are_told_and_do_not_stop_anything(tmp_path: Path) -> None:
    (tmp_path / "templates.json").mkdir()
    choices = TemplateChoices(tmp_path / "templates.json", tmp_path / "lock")
    found = await ModelTemplates(choices).choose(info(CHATML))
    assert found.name == "ChatML"
    assert found.note.startswith("What was chosen for this model cannot be read: ")


async def test_a_name_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(SettingsError) as caught:
        await chosen(info(), "Quux", asked=True)
    assert "Alpaca" in caught.value.hint
    assert "Chat template" in caught.value.hint


async def test_a_template_of_no_known_family_is_read_off_and_used() -> None:
    found = await chosen(info(OF_ITS_OWN, eos_token="</end>"))
    assert (found.name, found.why, found.note) == ("Chat template", "read off the model's chat template", "")
    assert found.instruct is not None
    assert (found.instruct.input_sequence, found.instruct.input_suffix) == ("<<user>> ", "</end>\n")
    assert found.instruct.last_output_sequence == "<<assistant>>"
    assert found.instruct.stop_sequence == "</end>"


async def test_the_chat_template_can_be_asked_for_by_name() -> None:
    found = await chosen(info(CHATML), "chat template", asked=True)
    assert (found.name, found.why) == ("Chat template", "chosen")
    assert found.instruct is not None
    assert found.instruct.output_sequence == "<|im_start|>assistant\n"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "It has none."),
        ("{% if %}<|im_start|>", "Expected an expression"),
        (ENDLESS + "<|im_start|>", "more than 1 s"),
    ],
)
async def test_a_chat_template_that_was_asked_for_and_has_no_form_is_told_with_what_is_used(
    source: str, why: str
) -> None:
    found = await chosen(info(source, "qwen2"), "Chat template", asked=True)
    assert found.name == "ChatML"
    assert why in found.note
    assert found.note.endswith("ChatML is used.")


@pytest.mark.parametrize(
    "source", [ENDLESS, "{% quux %}", "{{ raise_exception('no') }}", "x" * 1_000_000, "{{ 1 // 0 }}"]
)
async def test_a_hostile_template_gives_one_clear_note_and_the_name_decides(source: str) -> None:
    found = await chosen(info(source, "gemma-3-12b"))
    assert (found.name, found.why) == ("Gemma", "from the model's name")
    assert found.note.startswith("The model's chat template cannot be used: ")
    assert found.note.endswith("Gemma is used.")
    assert "\n" not in found.note


async def test_a_family_that_is_known_by_its_text_needs_no_note_where_it_cannot_be_rendered() -> None:
    found = await chosen(info("{{ role + additional_special_tokens[0] }}"))
    assert (found.name, found.note) == ("GigaChat", "")


async def test_unknown_tokens_are_those_of_the_family() -> None:
    assert own_template_of(info(CHATML)).eos == "<|im_end|>"
    assert own_template_of(info(CHATML, eos_token="</x>", bos_token="<x>")).eos == "</x>"
    assert own_template_of(info(OF_ITS_OWN)).eos == "</s>"


async def test_a_template_is_rendered_once_for_as_long_as_the_connection_lasts() -> None:
    renderer = TemplateRenderer()
    templates = ModelTemplates(renderer=renderer, today=lambda: datetime(2024, 9, 4))
    for _ in range(3):
        await templates.choose(info(CHATML))
    assert renderer.started == 1


async def test_a_note_is_told_once_and_not_with_every_reply() -> None:
    connection = Connection(FakeEngine(info=info("{% quux %}")), clock=lambda: 0.0)
    assert "cannot be used" in (await connection.ready()).changed
    assert (await connection.ready()).changed == ""


GEMMA = (
    "{{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('In turns.') }}{% endif %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content | trim }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


async def test_a_bos_token_that_the_template_writes_and_the_engine_does_not_add_is_written() -> None:
    not_added = replace(info(GEMMA, bos_token="<bos>"), add_bos=False)
    found = (await chosen(not_added)).instruct
    assert found is not None
    assert (found.name, found.first_input_sequence) == ("Gemma", "<bos><start_of_turn>user\n")
    added = (await chosen(replace(not_added, add_bos=True))).instruct
    assert added is not None
    assert added.first_input_sequence == ""
    plain = (await chosen(replace(info(CHATML, bos_token="<s>"), add_bos=False))).instruct
    assert plain is not None
    assert plain.story_string_prefix == "<|im_start|>system\n"
    headed = (await chosen(replace(info("{{ bos_token }}" + CHATML, bos_token="<s>"), add_bos=False))).instruct
    assert headed is not None
    assert headed.story_string_prefix == "<s><|im_start|>system\n"


async def test_a_bos_token_that_opens_every_turn_is_written_once() -> None:
    found = (await chosen(replace(info(CHATML, bos_token="<|im_start|>"), add_bos=False))).instruct
    assert found is not None
    assert found.story_string_prefix == "<|im_start|>system\n"
