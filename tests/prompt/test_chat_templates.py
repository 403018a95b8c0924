"""Our templates against the published chat templates of their families, and what is read off these by rendering."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tavern_tui.domain.request import Message, Role, joined
from tavern_tui.prompt.detect import settled
from tavern_tui.prompt.jinja_reading import PROBES, Reading, agrees, read
from tavern_tui.prompt.jinja_rendering import structures
from tavern_tui.prompt.jinja_template import Manners, RoleOrder, Structure, accepted
from tavern_tui.prompt.templates import BUILT_IN, OWN
from tests.prompt import published
from tests.prompt.test_families import SYSTEM, TEXTS, written

DOCUMENT = Path(__file__).parents[2] / "docs" / "templates.md"
NOW = datetime(2024, 9, 4)
SAID = (
    Message(Role.SYSTEM, SYSTEM),
    *(Message(Role.ASSISTANT if at % 2 else Role.USER, text) for at, text in enumerate(TEXTS)),
)


def reading_of(source: str, *, bos: str = "<s>", eos: str = "</s>") -> Reading:
    answers = structures(source, list(PROBES.values()), bos=bos, eos=eos, now=NOW)
    return read(dict(zip(PROBES, answers, strict=True)), bos=bos, eos=eos)


def published_reading(name: str) -> Reading:
    return reading_of(published.source(name), bos=published.bos_of(name), eos=published.eos_of(name))


class RefusedError(Exception):
    """A template called ``raise_exception``."""


def by_jinja(name: str, messages: tuple[Message, ...]) -> str:
    """The chat through the template itself, texts and all, without the BOS token that an engine adds."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)

    def refuse(why: str) -> None:
        raise RefusedError(why)

    environment.globals.update(raise_exception=refuse, strftime_now=NOW.strftime)

    def content(text: str) -> Any:
        return [{"type": "text", "text": text}] if name == "smolvlm" else text

    said = [{"role": message.role.value, "content": content(message.content)} for message in messages]
    text = environment.from_string(published.source(name)).render(
        messages=said, add_generation_prompt=True, bos_token=published.bos_of(name), eos_token=published.eos_of(name)
    )
    return text.removeprefix(published.bos_of(name))


def test_every_published_template_has_its_family() -> None:
    assert {path.stem for path in published.FOLDER.glob("*.jinja")} == set(published.FAMILIES)
    assert set(published.FAMILIES.values()) <= set(BUILT_IN)


def test_where_ours_differ_from_the_published_ones_stands_in_the_table_with_its_reason() -> None:
    section = DOCUMENT.read_text(encoding="utf-8").partition("## Where ours differ")[2]
    told = dict(re.findall(r"^\| `([^`]+)` \| .+ \| (.+) \|$", section, re.MULTILINE))
    different = set()
    for name, family in published.FAMILIES.items():
        try:
            theirs = by_jinja(name, SAID)
        except RefusedError:
            theirs = by_jinja(name, accepted(SAID, published_reading(name).manners))
        if theirs != written(BUILT_IN[family], *TEXTS):
            different.add(name)
    assert different == set(told)
    assert all(told.values())


def test_every_family_is_in_the_document() -> None:
    families = DOCUMENT.read_text(encoding="utf-8").split("## Families")[1].split("\n\n")[1].replace("\n", " ")
    assert families.removesuffix(".").split(", ") == list(BUILT_IN)


# What a model gets whose chat template this is: its family, or what is read off where no family writes like it.
SETTLED = published.FAMILIES | {"falcon-3": OWN, "mistral-first": OWN, "yandex": OWN}


@pytest.mark.parametrize("name", sorted(SETTLED))
def test_a_model_gets_the_family_that_writes_as_its_chat_template_does(name: str) -> None:
    reading = published_reading(name)
    found, why = settled(published.source(name), "new-model-7b", reading)
    assert found is not None
    assert found.name == SETTLED[name]
    assert "the model's chat template" in why
    assert reading.template is not None
    assert agrees(found, reading.template)


@pytest.mark.parametrize("name", sorted(set(published.FAMILIES) - {"deepseek-v3.1", "gemma-4"}))
def test_what_is_read_off_a_template_writes_a_chat_as_the_template_does(name: str) -> None:
    reading = published_reading(name)
    assert reading.template is not None
    fitted = accepted(SAID, reading.manners)
    texts = list(TEXTS)
    ours = written(reading.template, *texts)
    if name in ("mistral-v3", "mistral-v3-tekken"):  # these move the system text to the last turn
        texts[0] = f"{SYSTEM}\n\n{texts[0]}"
        assert ours == by_jinja(name, tuple(Message(one.role, text) for one, text in zip(SAID[1:], texts, strict=True)))
    else:
        assert ours == by_jinja(name, fitted)


@pytest.mark.parametrize(
    ("name", "opened", "closed"),
    [
        ("qwen-3", "", "<think>\n\n</think>\n\n"),
        ("qwen-3-thinking", "<think>\n", ""),
        ("deepseek-v3.1", "<think>", "</think>"),
        ("gemma-4", "", "<|channel>thought\n<channel|>"),
        ("glm-4.5", "", "\n<think></think>"),
        ("seed-oss", "", "<seed:think></seed:think>"),
    ],
)
def test_how_thinking_is_opened_and_closed_is_read_off(name: str, opened: str, closed: str) -> None:
    template = published_reading(name).template
    assert template is not None
    assert (template.reasoning_prefill, template.reasoning_closed) == (opened, closed)


@pytest.mark.parametrize(
    ("name", "manners"),
    [
        ("chatml", Manners(system=True, notes=True, alternates=False, greeting=True)),
        ("gemma-2", Manners(system=False, notes=False, alternates=True, greeting=False)),
        ("gemma-3", Manners(system=True, notes=False, alternates=True, greeting=False)),
        ("mistral-v3", Manners(system=False, notes=False, alternates=True, greeting=False)),
        ("deepseek-v3", Manners(system=True, notes=False, alternates=False, greeting=True)),
        ("phi-3", Manners(system=False, notes=False, alternates=False, greeting=True)),
    ],
)
def test_what_a_template_takes_is_found_by_rendering(name: str, manners: Manners) -> None:
    assert published_reading(name).manners == manners


@pytest.mark.parametrize(
    ("name", "stop", "others"),
    [
        ("chatml", "<|im_end|>", ("<|im_start|>", "</s>")),
        ("llama-3", "<|eot_id|>", ("<|start_header_id|>", "</s>")),
        ("mistral-v7-tekken", "</s>", ("[INST]",)),
        ("mistral-v7", "</s>", ("[INST]", "[/INST]")),
        ("deepseek-v2", "<｜end▁of▁sentence｜>", ("User:",)),
        ("rwkv-world", "", ("User:", "</s>")),
    ],
)
def test_stop_strings_are_what_follows_a_reply_and_what_begins_a_turn(
    name: str, stop: str, others: tuple[str, ...]
) -> None:
    template = published_reading(name).template
    assert template is not None
    assert (template.stop_sequence, template.stop_strings) == (stop, others)


def test_a_template_that_trims_is_known_by_the_blanks_that_it_takes() -> None:
    trims = {name for name in published.FAMILIES if (found := published_reading(name).template) and found.trim_content}
    assert trims == {
        "command-r", "gemma-2", "gemma-3", "gemma-4", "glm-4.5", "llama-2", "llama-3", "llama-3.1", "llama-4",
        "minicpm", "mistral-v3", "rwkv-world", "seed-oss",
    }  # fmt: skip


def structure_of(name: str, order: RoleOrder) -> Structure:
    (found,) = structures(
        published.source(name), [order], bos=published.bos_of(name), eos=published.eos_of(name), now=NOW
    )
    assert isinstance(found, Structure)
    return found


def test_texts_are_put_into_the_markup_and_pass_through_nothing() -> None:
    texts = ["{{ 7 * 7 }}", "{% raise %}\n<|im_end|>", "  x  "]
    found = structure_of("chatml", RoleOrder((Role.SYSTEM, Role.USER, Role.ASSISTANT)))
    assert joined(found.filled(texts)) == (
        "<|im_start|>system\n{{ 7 * 7 }}<|im_end|>\n<|im_start|>user\n{% raise %}\n<|im_end|><|im_end|>\n"
        "<|im_start|>assistant\n  x  <|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_reply_that_goes_on_is_cut_off_behind_its_text() -> None:
    order = RoleOrder((Role.USER, Role.ASSISTANT), reply=False)
    found = structure_of("llama-3", order).open(1)
    text = joined(found.filled([" Hi. ", " Well, "], bos="<s>"))
    assert text.startswith("<|start_header_id|>user<|end_header_id|>\n\nHi.<|eot_id|>")
    assert text.endswith("<|start_header_id|>assistant<|end_header_id|>\n\nWell, ")


def test_the_users_turn_is_opened_with_nothing_behind_it() -> None:
    order = RoleOrder((Role.USER, Role.ASSISTANT, Role.USER), reply=False)
    text = joined(structure_of("gemma-3", order).open(2).filled(["Hi.", "Yo.", ""], bos="<s>"))
    assert text.endswith("<end_of_turn>\n<start_of_turn>user\n")


def test_segments_end_behind_newlines_and_control_tokens_only() -> None:
    found = structure_of("mistral-v7-tekken", RoleOrder((Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER)))
    tokens = ("[/SYSTEM_PROMPT]", "[/INST]", "[INST]", "</s>")
    segments = found.filled(["S", "U\n", "A", "V"], tokens, bos="<s>")
    assert all(segment.text.endswith(("\n", *tokens)) for segment in segments)
    assert joined(segments) == "[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]U\n[/INST]A</s>[INST]V[/INST]"


def test_messages_that_a_template_refuses_are_joined_and_lose_no_text() -> None:
    said = (
        Message(Role.SYSTEM, "S"),
        Message(Role.ASSISTANT, "Hi."),
        Message(Role.SYSTEM, "note"),
        Message(Role.USER, "Yo."),
    )
    strict = Manners(system=False, notes=False, alternates=True, greeting=False)
    assert accepted(said, strict) == (
        Message(Role.USER, "S"),
        Message(Role.ASSISTANT, "Hi."),
        Message(Role.USER, "note\n\nYo."),
    )
    assert accepted(said[1:2], strict) == (Message(Role.USER, "[Start]"), Message(Role.ASSISTANT, "Hi."))
    assert accepted(said, Manners()) == said


IRREGULAR = {
    "{% for m in messages %}{{ loop.index }}. {{ m.content }}\n{% endfor %}": "in other ways at other places",
    "{{ messages[-1].content }}": "leaves texts out",
    "{% for m in messages | reverse %}{{ m.role }}: {{ m.content }}\n{% endfor %}": "another order",
    "{{ messages | tojson }}": "changes the texts",
    "{% for m in messages %}{{ m.role }}: {{ m.content | upper }}\n{% endfor %}": "changes the texts",
    "{% for m in messages %}{{ m.role }}: {{ m.content | e }}\n{% endfor %}": "changes the texts",
    "{{ raise_exception('Not today.') }}": "Not today.",
    "{% for %}": "",
    "nothing": "none of the texts",
    "": "none of the texts",
}


@pytest.mark.parametrize("source", sorted(IRREGULAR))
def test_a_template_without_a_regular_form_says_why_and_leaves_it_to_a_family(source: str) -> None:
    reading = reading_of(source)
    assert reading.template is None
    assert IRREGULAR[source] in reading.problem
    assert reading.problem
    found, _ = settled(source, "Qwen2.5-7B", reading)
    assert found == BUILT_IN["ChatML"]


def test_a_template_gets_what_hugging_face_and_llama_cpp_give_it() -> None:
    source = (
        "{{ bos_token }}{{ strftime_now('%Y') }}{{ {'a': 'é'} | tojson }}{{ tools is none }}{{ documents is none }}"
        "{% generation %}x{% endgeneration %}{% for m in messages %}{% if loop.index == 2 %}{% continue %}{% endif %}"
        "<{{ m['content'] }}>{% endfor %}{{ eos_token }}{% if add_generation_prompt %}!{% endif %}"
    )
    order = RoleOrder((Role.USER, Role.ASSISTANT, Role.USER))
    (found,) = structures(source, [order], bos="<s>", eos="</s>", now=NOW)
    assert isinstance(found, Structure)
    assert joined(found.filled(["a", "b", "c"])) == '<s>2024{"a": "é"}TrueTruex<a><c></s>!'
