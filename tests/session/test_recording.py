"""``doctor --record``: a server's answers in a file, as the tests replay them, and nothing of the user's in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.http import Link, RawAnswer
from tavern_tui.engines.recording import Ask, Exchange, Recording, as_json, cleaned, questions, record
from tavern_tui.session.recording import record_server
from tavern_tui.session.workspace import Workspace
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.standin import Asked, Reply, Standin, free_port, page, said

KEY = "sk-test-0123456789"


async def test_a_koboldcpp_is_recorded_by_its_own_api(tavern_home: Path, tmp_path: Path) -> None:
    told: list[str] = []
    async with KoboldStandin() as server:
        path = tmp_path / "k.json"
        count = await record_server(Workspace.open(), server.base, path, told=told.append)
    whole = json.loads(path.read_text())
    names = [one["name"] for one in whole["exchanges"]]
    assert whole["server"] == "KoboldCpp 1.76"
    assert whole["recorded"] is True
    assert len(names) == count
    assert names == told
    assert {"kobold stream", "kobold check", "kobold count", "/api/extra/version"} <= set(names)
    assert "llama stream" not in names
    stream = next(one for one in whole["exchanges"] if one["name"] == "kobold stream")
    assert stream["request"]["body"]["genkey"]
    assert stream["response"]["body"].startswith("event: message\ndata: ")
    assert path.stat().st_mode & 0o077 == 0


async def test_nobody_there_is_said_and_nothing_is_written(tavern_home: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        await record_server(Workspace.open(), f"127.0.0.1:{free_port()}", tmp_path / "k.json", told=lambda _: None)
    assert caught.value.fault is EngineFault.UNREACHABLE
    assert not (tmp_path / "k.json").exists()


async def test_no_key_and_no_header_that_is_not_needed_gets_into_the_file() -> None:
    def guarded(asked: Asked) -> Reply:
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        told = {"error": {"message": f"Bad key {KEY}"}}
        return said(told, 401, Set_Cookie="session=abc", X_Request_Id="42", Retry_After="7")

    async with Standin({"/v1/models": guarded}) as server:
        link = Link(server.base, key=KEY)
        exchanges = [one async for one in record(link, [Ask("/v1/models", "/v1/models")])]
        await link.close()
        text = as_json(Recording("some server", tuple(exchanges)), secret=KEY)
    (one,) = json.loads(text)["exchanges"]
    assert KEY not in text
    assert str(server.port) not in text
    assert one["response"]["headers"] == {"content-type": "application/json", "retry-after": "7"}


async def test_a_web_page_is_cut_and_marked_so() -> None:
    async with Standin({"/": Reply(200, page().body + b"x" * 100_000, "text/html")}) as server:
        link = Link(server.base)
        exchanges = [one async for one in record(link, [Ask("/", "/")])]
        await link.close()
    (one,) = json.loads(as_json(Recording("a page", tuple(exchanges))))["exchanges"]
    assert one["response"]["cut"] is True
    assert len(one["response"]["body"]) < 1000


def test_bytes_that_are_no_text_are_kept_as_they_are() -> None:
    answer = RawAnswer(200, {"content-type": "text/event-stream"}, b"data: \xf0\x9f\n\n", True)
    text = as_json(Recording("s", (Exchange(Ask("a", "/a"), None, answer),)))
    (one,) = json.loads(text)["exchanges"]
    assert one["response"]["body_base64"] == "ZGF0YTog8J8KCg=="


@pytest.mark.parametrize(
    ("said_", "kept"),
    [
        ('{"id":"/home/alex/models/Rocinante 12B.gguf"}', '{"id":"/models/Rocinante 12B.gguf"}'),
        ('{"id":"C:\\\\Users\\\\Alex\\\\x.GGUF"}', '{"id":"/models/x.GGUF"}'),
        ('{"log":"/home/alex/kobold/log.txt"}', '{"log":"/home/user/kobold/log.txt"}'),
        ('{"id":"mistralai/mistral-nemo","path":"/v1/models"}', '{"id":"mistralai/mistral-nemo","path":"/v1/models"}'),
    ],
    ids=["weights", "windows", "home", "nothing"],
)
def test_folders_of_the_users_are_left_out(said_: str, kept: str) -> None:
    assert cleaned(said_) == kept


def test_every_question_has_a_name_of_its_own() -> None:
    names = [ask.name for ask in questions()]
    assert len(names) == len(set(names))


def test_a_key_that_is_quoted_by_its_ends_is_not_kept_but_a_password_that_is_a_word_spares_other_words() -> None:
    key = "sk-or-v1-0123456789abcdef"
    assert cleaned('{"message": "Bad key sk-or-v1****cdef."}', key) == '{"message": "Bad key …"}'
    assert cleaned("a lantern, lanterns", "lantern") == "a …, …s"
    assert cleaned("a lane", "lantern") == "a lane"
