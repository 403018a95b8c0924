"""A connection: the model is looked at again when it may have changed, and what follows from it is chosen anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, SettingsError
from tavern_tui.engines.base import Engine
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session.connection import Connection
from tavern_tui.session.late_engine import LateEngine

CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
GEMMA = "<start_of_turn>user\n<end_of_turn>"


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_template_follows_the_models_own_chat_template() -> None:
    engine = FakeEngine(info=replace(DEFAULT_INFO, chat_template=CHATML))
    ready = await Connection(engine, clock=Clock()).ready()
    assert (ready.template.name, ready.changed) == ("ChatML", "")


async def test_a_swapped_model_is_noticed_after_a_minute_and_announced() -> None:
    engine, clock = FakeEngine(info=replace(DEFAULT_INFO, model="one", chat_template=CHATML)), Clock()
    connection = Connection(engine, clock=clock)
    await connection.ready()
    engine.info = replace(engine.info, model="two", chat_template=GEMMA, context_tokens=4096)
    clock.now = 59
    assert (await connection.ready()).info.model == "one"
    clock.now = 61
    ready = await connection.ready()
    assert ready.template.name.startswith("Gemma")
    assert "two" in ready.changed
    assert "4,096" in ready.changed
    assert (await connection.ready()).changed == ""


async def test_a_fault_makes_it_look_again_at_once() -> None:
    engine = FakeEngine(info=replace(DEFAULT_INFO, model="one"))
    connection = Connection(engine, clock=Clock())
    await connection.ready()
    engine.info = replace(engine.info, model="two")
    connection.doubt()
    assert (await connection.ready()).info.model == "two"


@pytest.mark.parametrize(
    ("told", "wanted", "used"), [(4096, None, 4096), (4096, 2048, 2048), (4096, 9999, 4096), (None, None, 8192)]
)
async def test_the_context_is_the_loaded_one_or_less(told: int | None, wanted: int | None, used: int) -> None:
    engine = FakeEngine(info=replace(DEFAULT_INFO, context_tokens=told))
    assert (await Connection(engine, clock=Clock()).ready(context_tokens=wanted)).context_tokens == used


async def test_a_context_that_nobody_told_is_a_guess_unless_it_was_chosen() -> None:
    untold = Connection(FakeEngine(info=replace(DEFAULT_INFO, context_tokens=None)), clock=Clock())
    assert (await untold.ready()).guessed
    assert not (await untold.ready(context_tokens=4096)).guessed
    assert not (await Connection(FakeEngine(), clock=Clock()).ready()).guessed


async def test_a_template_can_be_chosen_by_name_in_any_case_and_a_wrong_name_lists_them() -> None:
    connection = Connection(FakeEngine(), clock=Clock())
    assert (await connection.ready(template="alpaca")).template.name == "Alpaca"
    assert (await connection.ready(template="none")).template.instruct is None
    with pytest.raises(SettingsError, match="no instruct template") as wrong:
        await connection.ready(template="Alpacca", asked=True)
    assert "Alpaca" in wrong.value.hint
    settled = await connection.ready(template="Alpacca")
    assert "Alpacca" in settled.template.note


async def test_only_the_embedded_engine_can_run_the_starter(starter_model: Path) -> None:
    at_home = replace(DEFAULT_INFO, engine="embedded", address=str(starter_model))
    assert (await Connection(FakeEngine(info=at_home), clock=Clock()).ready()).starter
    away = replace(at_home, engine="llama-server")
    assert not (await Connection(FakeEngine(info=away), clock=Clock()).ready()).starter


async def test_a_late_engine_is_looked_for_until_it_is_there() -> None:
    answers: list[Engine | Exception] = [
        EngineError("rig does not answer.", fault=EngineFault.UNREACHABLE),
        NotFoundError("No model.", hint="Get one."),
        FakeEngine(),
    ]

    async def find() -> Engine:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    engine = LateEngine(find)
    with pytest.raises(EngineError, match="does not answer"):
        await engine.connect()
    with pytest.raises(EngineError, match="No model") as no_model:
        await engine.connect()
    assert no_model.value.fault is EngineFault.NO_MODEL
    assert (await engine.connect()).engine == "fake"
    assert await engine.count(["a b"]) == [3]
    assert answers == []
    await engine.close()


OF_ITS_OWN = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.mark.parametrize(("exact", "single"), [(True, ("§",)), (False, ())])
async def test_a_tag_that_is_no_single_token_is_no_border(exact: bool, single: tuple[str, ...]) -> None:
    # Of the fake's vocabulary every sign is a token, and no tag is.
    can = replace(DEFAULT_INFO.capabilities, exact_count=exact)
    info = replace(
        DEFAULT_INFO, chat_template=OF_ITS_OWN.replace("</s>", "{{ eos_token }}"), eos_token="§", capabilities=can
    )
    template = (await Connection(FakeEngine(info=info), clock=Clock()).ready()).template.instruct
    assert template is not None
    assert template.name == "Chat template"
    assert template.control_tokens == single


async def test_a_single_token_of_the_vocabulary_is_a_border_and_asked_about_once() -> None:
    engine = FakeEngine(info=replace(DEFAULT_INFO, chat_template=OF_ITS_OWN))
    connection = Connection(engine, clock=Clock())
    for _ in range(3):
        template = (await connection.ready()).template.instruct
        assert template is not None
        assert template.control_tokens == ()
    assert connection.counts.requests == 1
