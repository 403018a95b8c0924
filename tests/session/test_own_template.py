"""Chat templates rendered in the real child process: what it may not do, and what is kept of its answers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.request import Message, Role, joined
from tavern_tui.prompt.jinja_template import LONGEST_SOURCE, Refusal, RoleOrder, Structure
from tavern_tui.session import own_template, template_child
from tavern_tui.session.own_template import OwnTemplate, TemplateRenderer, rendered

NOW = datetime(2024, 9, 4)
ORDER = RoleOrder((Role.USER, Role.ASSISTANT, Role.USER))
CHATML = OwnTemplate(
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
STRICT = OwnTemplate(
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('In turns.') }}"
    "{% endif %}{{ bos_token if loop.first }}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}",
    bos="<s>",
)

DOUBLING = "{% set ns = namespace(x='abcdefgh') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
HOSTILE = {
    "loops without end": (
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "It takes more than 1 s to write a few turns.",
    ),
    "one operation without end": ("{{ 10 ** 10000000 }}", "It takes more than 1 s to write a few turns."),
    "a text that doubles": (DOUBLING, "It takes more than 64 MB to write a few turns."),
    "a text folded while it is compiled": ("{{ 'x' * 9000000000 }}", "It takes more than 64 MB to write a few turns."),
    "a list that grows": (
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "It takes more than 64 MB to write a few turns.",
    ),
    "a macro that calls itself": (
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "maximum recursion depth exceeded",
    ),
    "brackets in brackets": ("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", "recursion"),
    "blocks in blocks": ("{% if 1 %}" * 3000 + "{% endif %}" * 3000, ""),
    "a syntax error": ("{% if %}", "Expected an expression"),
    "an unknown tag": ("{% quux %}", "Encountered unknown tag 'quux'"),
    "a refusal of everything": ("{{ raise_exception('Only on\nSundays.') }}", "Only on Sundays."),
    "a file": ("{% include '/etc/passwd' %}", "no loader"),
    "Python behind a string": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
    "a template of a megabyte": ("x" * 1_000_000, "1,000,000 characters"),
    "an endless text": ("{% for i in range(99999) %}{{ 'abcdefgh' * 100 }}{% endfor %}", "more than a chat template"),
    "a division by zero": ("{{ 1 // 0 }}", "division"),
    "a generator in place of a text": ("{{ messages | map('upper') }}", "none of the texts"),
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_a_hostile_template_is_refused_with_a_reason_in_one_line(what: str) -> None:
    source, why = HOSTILE[what]
    (found,) = rendered(OwnTemplate(source), [ORDER], NOW)
    assert isinstance(found, Refusal)
    assert why in found.why
    assert 0 < len(found.why) <= 200
    assert "\n" not in found.why


async def test_what_a_hostile_template_leaves_is_one_reading_without_a_template() -> None:
    for what in ("one operation without end", "a text that doubles", "a syntax error", "a file"):
        reading = await TemplateRenderer().reading(OwnTemplate(HOSTILE[what][0]), NOW)
        assert reading.template is None
        assert reading.problem


def test_the_longest_template_that_is_read_is_rendered() -> None:
    source = CHATML.source + "{#" + "x" * (LONGEST_SOURCE - len(CHATML.source) - 4) + "#}"
    (found,) = rendered(OwnTemplate(source), [ORDER], NOW)
    assert isinstance(found, Structure)


def test_a_child_that_computes_nothing_and_never_ends_is_killed_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where a system counts no processor time, only the other end's clock is left.
    monkeypatch.setattr(own_template, "child_command", lambda _: [sys.executable, "-c", "import time; time.sleep(600)"])
    (found,) = rendered(CHATML, [ORDER], NOW, wall_seconds=0.5)
    assert found == Refusal("It takes too long to write a few turns.")


def test_a_child_that_cannot_be_started_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_template, "child_command", lambda _: ["/nowhere/python"])
    (found,) = rendered(CHATML, [ORDER], NOW)
    assert isinstance(found, Refusal)
    assert "No process could be started" in found.why


@pytest.mark.parametrize("answer", ["no json", "[]", '[{"pieces": [7], "trims": false}]', '[{"pieces": 3}]', "[3]"])
def test_an_answer_of_another_shape_is_a_refusal(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"import sys; sys.stdin.read(); print({answer!r})"
    monkeypatch.setattr(own_template, "child_command", lambda _: [sys.executable, "-c", code])
    assert rendered(CHATML, [ORDER], NOW) == [Refusal("Its process answered with something else.")]


def test_the_child_is_given_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TAVERN_KEY", "s3cret")
    seen = tmp_path / "environment"
    code = f"import os, sys; sys.stdin.read(); open({str(seen)!r}, 'w').write(str(dict(os.environ)))"
    monkeypatch.setattr(own_template, "child_command", lambda _: [sys.executable, "-c", code])
    rendered(CHATML, [ORDER], NOW)
    assert "s3cret" not in seen.read_text()
    assert "TAVERN_KEY" not in seen.read_text()


def test_the_child_may_grow_by_its_allowance_and_no_more() -> None:
    code = (
        "from tavern_tui.session import template_child as t; t.limit_this_process(); x = bytearray({});"
        "print('had', len(x))"
    )

    def grown(size: int) -> int:
        command = [sys.executable, "-c", code.format(size)]
        return subprocess.run(
            command, capture_output=True, check=False, env=os.environ | {"PYTHONPATH": "."}
        ).returncode

    assert grown(t_bytes(0.75)) == 0
    if Path("/proc/self/statm").exists():
        assert grown(t_bytes(1.5)) != 0


def t_bytes(part: float) -> int:
    return int(part * template_child.GROWTH_BYTES)


async def test_an_order_of_roles_is_rendered_once() -> None:
    renderer = TemplateRenderer()
    first = await renderer.structures(CHATML, [ORDER], NOW)
    assert await renderer.structures(CHATML, [ORDER, ORDER], NOW) == first * 2
    assert renderer.started == 1
    await renderer.structures(CHATML, [ORDER, RoleOrder((Role.USER,))], NOW)
    assert renderer.started == 2
    await renderer.structures(STRICT, [ORDER], NOW)
    assert renderer.started == 3


async def test_what_a_template_does_is_read_with_one_child() -> None:
    renderer = TemplateRenderer()
    reading = await renderer.reading(CHATML, NOW)
    assert reading.template is not None
    assert reading.template.stop_sequence == "<|im_end|>"
    assert renderer.started == 1


async def prompt(template: OwnTemplate, *said: tuple[Role, str], prefill: str = "") -> str:
    renderer = TemplateRenderer()
    reading = await renderer.reading(template, NOW)
    messages = [Message(role, text) for role, text in said]
    return joined(await renderer.prompt(template, reading, messages, NOW, prefill=prefill))


async def test_messages_become_a_prompt_that_the_reply_goes_on_from() -> None:
    text = await prompt(CHATML, (Role.SYSTEM, "S"), (Role.USER, "{{ m }}"))
    assert text == ("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n{{ m }}<|im_end|>\n<|im_start|>assistant\n")


async def test_a_given_beginning_is_left_open() -> None:
    text = await prompt(CHATML, (Role.USER, "Hi."), prefill="*She")
    assert text == "<|im_start|>user\nHi.<|im_end|>\n<|im_start|>assistant\n*She"


async def test_a_reply_that_goes_on_is_left_open() -> None:
    text = await prompt(CHATML, (Role.USER, "Hi."), (Role.ASSISTANT, "Well"))
    assert text.endswith("<|im_start|>assistant\nWell")


async def test_a_strict_template_is_given_what_it_takes_and_no_second_bos_token() -> None:
    text = await prompt(STRICT, (Role.SYSTEM, "S"), (Role.ASSISTANT, "Hi."), (Role.USER, "Yo."))
    assert text == "[user]S[assistant]Hi.[user]Yo.[assistant]"


async def test_a_template_that_refuses_a_chat_is_told_with_what_to_do() -> None:
    template = OwnTemplate(
        CHATML.source + "{% if messages | length > 6 %}{{ raise_exception('Too long.') }}{% endif %}"
    )
    with pytest.raises(PromptError) as caught:
        await prompt(template, *[(Role.USER if at % 2 else Role.ASSISTANT, "x") for at in range(9)])
    assert caught.value.title == "The model's chat template does not take this chat: Too long."
    assert "models template" in caught.value.hint


async def test_an_empty_chat_makes_no_prompt() -> None:
    with pytest.raises(PromptError):
        await prompt(CHATML)


async def test_an_engine_that_adds_no_bos_token_is_given_the_templates_own() -> None:
    text = await prompt(replace(STRICT, adds_bos=False), (Role.USER, "Yo."))
    assert text == "<s>[user]Yo.[assistant]"
