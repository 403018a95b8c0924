"""A key goes to its own server and nowhere else, and is in nothing that is shown."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.http import BoundKey, Link
from tavern_tui.engines.openai import OpenAIEngine
from tests.engines.replies import MODELS, chat_request, listen
from tests.engines.standin import Reply, Standin, said

KEY = "sk-test-0123456789"


async def test_the_key_goes_along_and_nowhere_else() -> None:
    angry = said({"error": {"message": f"Bad key {KEY}"}}, 400)
    async with Standin({"/v1/models": said(MODELS), "/v1/chat/completions": angry}) as server:
        engine = OpenAIEngine(Link(server.base, key=KEY))
        heard = await listen(engine, chat_request())
        await engine.close()
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    assert KEY not in repr(heard.error)
    assert KEY not in str(heard.error)


async def test_a_key_follows_no_redirect() -> None:
    async with Standin({"/v1/models": said(MODELS)}) as other:
        away = Reply(307, headers={"Location": other.base + "/v1/models"})
        async with Standin({"/v1/models": away}) as server:
            with pytest.raises(EngineError) as caught:
                await OpenAIEngine(Link(server.base, key=KEY)).connect()
    assert caught.value.fault is EngineFault.NOT_AN_API
    assert other.asked == []


def test_a_key_is_in_no_repr() -> None:
    link = Link("https://openrouter.ai/api", key=KEY)
    assert KEY not in repr(link) + repr(BoundKey(KEY, "https://openrouter.ai")) + repr(OpenAIEngine(link))


@pytest.mark.parametrize("key", ["sk-\nInjected: yes", "schlüssel", "a\x00b"])
def test_a_key_that_no_request_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(EngineError) as caught:
        BoundKey(key, "https://openrouter.ai")
    assert key not in str(caught.value)
