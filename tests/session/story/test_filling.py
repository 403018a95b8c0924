"""A passage in the middle of a story: filled in where the model was trained for it, else told of in a note."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.fill_in import KNOWN
from tavern_tui.domain.request import FillIn, joined
from tavern_tui.engines.base import Engine
from tavern_tui.engines.http import Link
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.session import events as out
from tavern_tui.session.connection import Connection
from tavern_tui.session.story.filling import NOTED
from tavern_tui.session.story.story import StorySession
from tests.engines.llama_standin import MODELS, PROPS, LlamaStandin, split
from tests.engines.replies import DONE
from tests.engines.standin import Asked, Reply, Standin, event, said, streamed
from tests.session.conftest import fake_of
from tests.session.story.conftest import Teller
from tests.session.story.test_story import FOG, all_of

MARKS = KNOWN[0]
AT = FOG.index("Nobody")
BEFORE, BEHIND = FOG[:AT], FOG[AT:]
NOTE = "[Write what leads up to this"


class MarkedStandin(LlamaStandin):
    """A llama-server whose vocabulary has the tokens of Qwen's coders, and whose model is called ``model``."""

    def __init__(self, model: str) -> None:
        super().__init__()
        item: dict[str, Any] = MODELS["data"][0]  # type: ignore[assignment]
        path = f"/models/{model}.gguf"
        self.routes |= {
            "/props": said({**PROPS, "model_path": path}),
            "/v1/models": said({"data": [{**item, "id": path}]}),
        }

    def ids(self, text: str) -> list[int]:
        """The marks are tokens of their own."""
        pieces = re.split(f"({'|'.join(map(re.escape, MARKS.marks))})", text)
        words = [word for piece in pieces for word in ([piece] if piece in MARKS.marks else split(piece))]
        return [self._words.setdefault(word, len(self._words) + 2) for word in words]


async def written(tell: Teller, engine: Engine, **options: object) -> StorySession:
    """A story in whose middle ``engine`` has written."""
    story = await tell(FOG, **options)
    story.chat.connection = Connection(engine, clock=lambda: 0.0)
    await all_of(story.passages.write_on(AT))
    await engine.close()
    return story


async def with_fake(tell: Teller, how: FillIn | None, **options: object) -> str:
    """What the fake engine, whose model fills in like that, read for a passage in the middle."""
    story = await tell(FOG, "Slowly. ", **options)
    fake = fake_of(story.chat)
    fake.info = replace(fake.info, capabilities=replace(fake.info.capabilities, fill_in=how))
    await all_of(story.passages.write_on(AT))
    assert story.document.text() == f"{BEFORE}Slowly. {BEHIND}"
    return joined(fake.requests[-1].prompt)


async def test_what_the_models_file_names_is_used_and_no_note_tells_of_the_rest(tell: Teller) -> None:
    prompt = await with_fake(tell, MARKS)
    assert prompt.endswith(f"***\n{BEFORE}<|fim_suffix|>{BEHIND}<|fim_middle|>")
    assert prompt.startswith("<|fim_prefix|>")
    assert NOTE not in prompt


@pytest.mark.parametrize(("how", "options"), [(None, {}), (MARKS, {"fill_in": "never"})], ids=["no tokens", "never"])
async def test_else_a_note_tells_what_follows(tell: Teller, how: FillIn | None, options: dict[str, str]) -> None:
    prompt = await with_fake(tell, how, **options)
    assert f"{NOTE}, which follows: {' '.join(BEHIND.split())}]" in prompt
    assert "fim" not in prompt


async def test_it_is_said_once_where_always_cannot_be_had(tell: Teller) -> None:
    story = await tell(FOG, "Slowly. ", "And so. ", fill_in="always")
    heard = [event for _ in range(2) for event in await all_of(story.passages.write_on(AT))]
    assert [event.text for event in heard if isinstance(event, out.Notice)] == [NOTED]


async def test_messages_are_never_filled_in(tell: Teller) -> None:
    story = await tell(FOG, "Slowly. ", chat_completion=True)
    fake = fake_of(story.chat)
    fake.info = replace(fake.info, capabilities=replace(fake.info.capabilities, fill_in=MARKS))
    await all_of(story.passages.write_on(AT))
    assert NOTE in fake.requests[-1].prefill
    assert not fake.requests[-1].prompt


async def test_other_versions_of_a_passage_in_the_middle_are_filled_in_from_the_same_prompt(tell: Teller) -> None:
    story = await tell(FOG, "Slowly. ", "At once. ")
    fake = fake_of(story.chat)
    fake.info = replace(fake.info, capabilities=replace(fake.info.capabilities, fill_in=MARKS))
    await all_of(story.passages.write_on(AT))
    await all_of(story.passages.again())
    first, second = (joined(request.prompt) for request in fake.requests)
    assert first == second
    assert story.document.text() == f"{BEFORE}At once. {BEHIND}"


async def test_at_the_end_of_a_story_there_is_nothing_to_fill(tell: Teller) -> None:
    story = await tell(FOG, " On.")
    fake = fake_of(story.chat)
    fake.info = replace(fake.info, capabilities=replace(fake.info.capabilities, fill_in=MARKS))
    await all_of(story.passages.write_on())
    assert "fim" not in joined(fake.requests[-1].prompt)


async def test_a_comment_behind_the_gap_is_sent_to_nobody(tell: Teller) -> None:
    story = await tell(f"{FOG}[[Ask Tom.]] It was late.", "Slowly. ")
    fake = fake_of(story.chat)
    fake.info = replace(fake.info, capabilities=replace(fake.info.capabilities, fill_in=MARKS))
    await all_of(story.passages.write_on(AT))
    assert "bell rang. It was late.<|fim_middle|>" in joined(fake.requests[-1].prompt)


@pytest.mark.parametrize(
    ("model", "fill_in", "filled"),
    [
        ("Qwen2.5-Coder-7B", "auto", True),
        ("Qwen2.5-7B-Instruct", "auto", False),
        ("Qwen2.5-7B-Instruct", "always", True),
    ],
    ids=["trained", "only has them", "always"],
)
async def test_a_server_whose_model_has_the_tokens_is_believed_by_its_family_or_on_demand(
    tell: Teller, model: str, fill_in: str, filled: bool
) -> None:
    async with MarkedStandin(model) as server:
        story = await written(tell, LlamaServerEngine(Link(server.base)), fill_in=fill_in)
    prompt = str(server.bodies("/completion")[-1]["prompt"])
    assert prompt.endswith(f"{BEFORE}<|fim_suffix|>{BEHIND}<|fim_middle|>") is filled
    assert (NOTE in prompt) is not filled
    assert story.document.text().startswith(BEFORE)
    assert story.document.text().endswith(BEHIND)


def completions(reads: Callable[[dict[str, Any]], str]) -> Standin:
    """A server of OpenAI's kind that counts what ``reads`` gives of a request."""

    def complete(asked: Asked) -> Reply:
        usage = {"prompt_tokens": len(reads(asked.json).split())}
        if not asked.json["stream"]:
            return said({"choices": [{"text": "a"}], "usage": usage})
        whole = event({"choices": [{"text": "Slowly. ", "finish_reason": "stop"}], "usage": usage})
        return streamed(whole, DONE)

    models = {"data": [{"id": "some-model", "max_model_len": 4096}]}
    return Standin({"/v1/models": said(models), "GET /v1/completions": said({}, 405), "POST /v1/completions": complete})


@pytest.mark.parametrize("reads_it", [True, False], ids=["reads", "passes over"])
async def test_a_server_that_reads_a_suffix_is_given_it_and_another_the_note(tell: Teller, reads_it: bool) -> None:
    def reads(body: dict[str, Any]) -> str:
        return str(body["prompt"]) + (body.get("suffix", "") if reads_it else "")

    async with completions(reads) as server:
        story = await written(tell, OpenAIEngine(Link(server.base)), fill_in="always")
    sent = server.bodies("/v1/completions")[-1]
    assert story.document.text() == f"{BEFORE}Slowly. {BEHIND}"
    assert sent.get("suffix") == (BEHIND if reads_it else None)
    assert (NOTE in str(sent["prompt"])) is not reads_it
