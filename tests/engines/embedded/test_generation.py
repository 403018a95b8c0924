"""Replies from the starter model through a real host: what is read again, where replies end, what they carry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import NEUTRAL, SamplerPreset
from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.engines.base import (
    Event,
    Finished,
    PrefillProgress,
    Request,
    StopReason,
    TextArrived,
)
from tavern_tui.engines.embedded import protocol
from tavern_tui.engines.embedded.client import EmbeddedEngine, host_status
from tavern_tui.engines.embedded.kv import STEP
from tavern_tui.engines.embedded.link import connect
from tavern_tui.engines.embedded.place import HostPlace
from tests.engines.embedded.running import CONTEXT, settings_for

pytestmark = pytest.mark.model

GREEDY = SamplerPreset(temperature=0.0)
PROMPT = "<|im_start|>user\nWhat lives in the mountain?<|im_end|>\n<|im_start|>assistant\n"


def ask(text: str = PROMPT, tokens: int = 8, **fields: object) -> Request:
    """A request for a short, always equal reply."""
    return replace(Request((Segment(text),), response_tokens=tokens, sampling=GREEDY), **fields)  # type: ignore[arg-type]


async def reply(engine: EmbeddedEngine, request: Request) -> tuple[str, Finished, list[Event]]:
    """Text, last event and all events of a reply."""
    async with engine.generate(request) as stream:
        events = [event async for event in stream]
    last = events[-1]
    assert isinstance(last, Finished)
    return "".join(event.text for event in events if isinstance(event, TextArrived)), last, events


async def forget(engine: EmbeddedEngine) -> None:
    """Empty the cache: a prompt that shares no beginning with any other here."""
    await reply(engine, ask("Zzz", 1))


async def test_connecting_tells_what_is_loaded(engine: EmbeddedEngine, starter_model: Path) -> None:
    info = await engine.connect()
    assert (info.model, info.address) == (starter_model.stem, str(starter_model))
    assert (info.context_tokens, info.trained_tokens) == (CONTEXT, 8192)
    assert "<|im_start|>" in info.chat_template
    assert (info.bos_token, info.eos_token) == ("<|im_start|>", "<|im_end|>")
    assert info.capabilities.token_ids
    assert info.capabilities.exact_count
    assert info.device
    assert len(info.fingerprint) == 32


async def test_counting_parses_special_tokens_and_adds_nothing(engine: EmbeddedEngine) -> None:
    assert await engine.count(["<|im_start|>", "", "hello world"]) == [1, 0, 2]
    assert await engine.count([]) == []
    assert len(await engine.tokenize("hello world")) == 2


async def test_the_first_reply_reads_the_whole_prompt(engine: EmbeddedEngine) -> None:
    await forget(engine)
    _, finished, events = await reply(engine, ask())
    length = (await engine.count([PROMPT]))[0]
    assert (finished.usage.evaluated, finished.usage.reused, finished.usage.generated) == (length, 0, 8)
    assert [event for event in events if isinstance(event, PrefillProgress)] == [
        PrefillProgress(0, length),
        PrefillProgress(length, length),
    ]


async def test_a_swipe_reads_at_most_one_token(engine: EmbeddedEngine) -> None:
    await reply(engine, ask())
    _, finished, _ = await reply(engine, ask())
    assert finished.usage.evaluated is not None
    assert finished.usage.evaluated <= 1


async def test_the_next_turn_reads_the_users_turn_and_two_tokens_more_at_most(engine: EmbeddedEngine) -> None:
    said, _, _ = await reply(engine, ask())
    users = "<|im_end|>\n<|im_start|>user\nTell me more of it.<|im_end|>\n<|im_start|>assistant\n"
    _, finished, _ = await reply(engine, ask(PROMPT + said + users))
    bound = (await engine.count([users]))[0] + 2
    assert finished.usage.evaluated is not None
    assert finished.usage.evaluated <= bound


async def test_a_chat_that_another_interrupted_is_not_read_again(engine: EmbeddedEngine) -> None:
    mine, other = ("The dragon sleeps. " * 17, "A ship sails on. ")
    before, first, _ = await reply(engine, ask(mine, chat="mine"))
    await reply(engine, ask(other, chat="other"))
    after, again, _ = await reply(engine, ask(mine, chat="mine"))
    assert first.usage.evaluated is not None
    assert first.usage.evaluated > 64
    assert again.usage.evaluated == 1
    assert after == before


async def test_a_prompt_without_a_chat_is_not_put_aside(engine: EmbeddedEngine) -> None:
    prompt = "The miller counts his sacks. " * 12
    await reply(engine, ask(prompt))
    await reply(engine, ask("A ship sails on. ", chat="other"))
    _, again, _ = await reply(engine, ask(prompt))
    assert again.usage.reused == 0


async def test_an_edit_reads_from_the_edit_on(engine: EmbeddedEngine) -> None:
    await reply(engine, ask())
    edited = PROMPT.replace("mountain", "river")
    _, finished, _ = await reply(engine, ask(edited))
    before = (await engine.count([PROMPT.partition("mountain")[0].rstrip()]))[0]
    assert finished.usage.reused == before


async def test_after_an_edit_the_reply_is_that_of_an_empty_cache(engine: EmbeddedEngine) -> None:
    edited = PROMPT.replace("mountain", "river")
    await forget(engine)
    fresh, _, _ = await reply(engine, ask(edited))
    await reply(engine, ask())
    assert (await reply(engine, ask(edited)))[0] == fresh


async def test_a_seed_repeats_from_an_empty_cache(engine: EmbeddedEngine) -> None:
    texts = []
    for seed in (11, 11, 12):
        await forget(engine)
        texts.append((await reply(engine, ask(tokens=12, sampling=NEUTRAL, seed=seed)))[0])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


async def test_ids_come_with_the_text_and_spell_it(engine: EmbeddedEngine) -> None:
    text, finished, events = await reply(engine, ask())
    ids = [token for event in events if isinstance(event, TextArrived) for token in event.token_ids]
    assert finished.canonical is True
    assert ids == (await engine.tokenize(PROMPT + text))[-len(ids) :]
    assert len(ids) == finished.usage.generated


async def test_sampled_ids_that_the_text_alone_would_not_give_are_told_and_read_from_the_cache(
    engine: EmbeddedEngine,
) -> None:
    head, tail = "<|im_start|>assistant\n", "<|im_end|>\n<|im_start|>user\nAnd then?<|im_end|>\n"
    letters = tuple([(await engine.tokenize(letter))[0] for letter in "dragon"])
    assert list(letters) != await engine.tokenize("dragon")
    odd = Request((Segment(head), Segment("dragon", letters)), response_tokens=1, sampling=GREEDY)
    await reply(engine, odd)
    following = replace(odd, prompt=(*odd.prompt, Segment(tail)))
    _, finished, _ = await reply(engine, following)
    assert finished.usage.reused == (await engine.count([head]))[0] + len(letters)


async def test_a_reply_whose_tokens_the_text_would_not_give_is_not_canonical(engine: EmbeddedEngine) -> None:
    lone = (await engine.tokenize("x"))[0]
    for seed in range(40):
        hot = SamplerPreset(temperature=8.0)
        text, finished, events = await reply(engine, ask(tokens=6, sampling=hot, seed=seed))
        ids = [token for event in events if isinstance(event, TextArrived) for token in event.token_ids]
        again = (await engine.tokenize(PROMPT + text))[(await engine.count([PROMPT]))[0] :]
        if finished.canonical is not None:
            assert finished.canonical == (ids == again)
        if finished.canonical is False:
            return
    pytest.fail(f"no odd tokens in forty replies at temperature 8 ({lone})")


async def test_a_stop_string_ends_the_reply_and_is_not_part_of_it(engine: EmbeddedEngine) -> None:
    whole, _, _ = await reply(engine, ask(tokens=16))
    middle = len(whole) // 2
    stop = whole[middle : middle + 6]
    text, finished, _ = await reply(engine, ask(tokens=16, stop=("never said", stop)))
    assert finished.reason is StopReason.STOP_STRING
    assert text == whole[: whole.index(stop)]


async def test_the_length_ends_a_reply(engine: EmbeddedEngine) -> None:
    _, finished, _ = await reply(engine, ask(tokens=3))
    assert (finished.reason, finished.usage.generated) == (StopReason.LENGTH, 3)


async def test_the_models_end_token_ends_a_reply_and_is_not_shown(engine: EmbeddedEngine) -> None:
    text, finished, _ = await reply(engine, ask("<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\n", 60))
    assert finished.reason is StopReason.END
    assert "<|" not in text


async def test_a_full_context_ends_a_reply(engine: EmbeddedEngine) -> None:
    prompt = " a" * (CONTEXT - 4)
    room = CONTEXT - (await engine.count([prompt]))[0]
    _, finished, _ = await reply(engine, ask(prompt, 50))
    assert finished.usage.generated is not None
    assert finished.usage.generated <= room


async def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(engine: EmbeddedEngine) -> None:
    prompt = "dragon " * 600
    with pytest.raises(EngineError) as refusal:
        await reply(engine, ask(prompt))
    assert refusal.value.fault is EngineFault.OVERFLOW
    assert refusal.value.context_tokens == CONTEXT
    assert refusal.value.prompt_tokens == (await engine.count([prompt]))[0]


async def test_an_empty_prompt_is_refused(engine: EmbeddedEngine) -> None:
    with pytest.raises(EngineError) as refusal:
        await reply(engine, ask(""))
    assert refusal.value.fault is EngineFault.REJECTED


async def test_messages_are_refused(engine: EmbeddedEngine) -> None:
    with pytest.raises(EngineError, match="not messages"):
        await reply(engine, Request(messages=(Message(Role.USER, "Hi"),)))


async def test_an_abort_stops_inside_a_batch_and_the_cache_stays_right(
    engine: EmbeddedEngine, shared_place: HostPlace, starter_model: Path
) -> None:
    long = "The dragon sleeps under the hill. " * 30
    total = (await engine.count([long]))[0]
    await forget(engine)
    link = await connect(shared_place)
    assert link is not None
    call = protocol.Generate(settings_for(starter_model).spec(), (Segment(long),), 4, GREEDY)
    exchange = link.begin(call)
    while not isinstance(await exchange.next(), PrefillProgress):
        pass
    link.send(link.new_id(), protocol.Abort(exchange.call_id))
    while not exchange.ended:
        answer = await exchange.next()
    await link.close()
    assert isinstance(answer, Finished)
    assert answer.reason is StopReason.ABORTED
    assert answer.usage.evaluated is not None
    assert answer.usage.evaluated < 128 < total
    fresh = ask(long.partition(".")[0])
    after, finished, _ = await reply(engine, fresh)
    await forget(engine)
    assert (await reply(engine, fresh))[0] == after
    assert finished.usage.generated == 8


async def test_leaving_the_stream_early_frees_the_engine(engine: EmbeddedEngine) -> None:
    async with engine.generate(ask(tokens=200, sampling=NEUTRAL)) as stream:
        async for event in stream:
            if isinstance(event, TextArrived):
                break
    _, finished, events = await reply(engine, ask(tokens=1))
    assert isinstance(events[0], PrefillProgress)
    assert finished.reason is StopReason.LENGTH


async def test_counting_does_not_wait_for_a_reply(engine: EmbeddedEngine, shared_place: HostPlace) -> None:
    async with engine.generate(ask(tokens=200, sampling=NEUTRAL)) as stream:
        while not isinstance(await anext(stream), TextArrived):
            pass
        assert await engine.count(["hello world"]) == [2]
        status = await host_status(shared_place)
    assert status is not None
    assert status.busy, "the reply had ended before the count came"


async def test_a_long_prompt_is_read_in_steps_that_are_told(place: HostPlace, starter_model: Path) -> None:
    engine = EmbeddedEngine(place, settings_for(starter_model))
    _, _, events = await reply(engine, ask("The dragon sleeps. " * 40, 1))
    await engine.close()
    done = [event.done for event in events if isinstance(event, PrefillProgress)]
    assert done[:2] == [0, STEP]
    assert len(done) == 3
