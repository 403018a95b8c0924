"""One writer in full: what answers, its template, its key's state without the key, and which chats use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.events import PropertySet
from tavern_tui.session import connection_page as page
from tavern_tui.session import connections
from tavern_tui.session.routes import PROPERTY
from tavern_tui.session.secret_list import keep_secret
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.writers import Writer, WriterKind
from tests.engines.standin import Standin, said
from tests.formats.gguf_files import write_gguf

KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace on a machine without other models and keys."""
    for name in ("TAVERN_KEY", "TAVERN_SERVER", "HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return Workspace.open()


def saved(address: str, *, current: bool = False) -> Writer:
    """The saved connection “rig” as the list has it."""
    return Writer(WriterKind.SAVED, "rig", server=address, saved="rig", current=current)


async def told(workspace: Workspace, writer: Writer) -> dict[str, str]:
    """Every fact of a writer."""
    found = [*await page.facts_now(workspace, writer), *await page.more_facts(workspace, writer)]
    return {fact.what: fact.text for fact in found if fact.what}


async def test_what_answers_is_told_with_its_model_and_the_template_line(workspace: Workspace) -> None:
    data = [{"id": "Mistral-Nemo-Instruct", "object": "model", "owned_by": "me", "max_model_len": 16384}]
    async with Standin({"/v1/models": said({"object": "list", "data": data})}) as server:
        connections.add(workspace, "rig", server.base)
        found = await told(workspace, saved(server.base))
    assert found["model"] == "Mistral-Nemo-Instruct"
    assert found["context"] == "16,384 tokens"
    assert found["template"].startswith("Template: Mistral V3-Tekken (")
    assert found["state"].endswith("answers")
    assert (found["key"], found["used by"]) == ("none kept", "no chat yet")


async def test_one_that_does_not_answer_says_why_and_the_rest_is_told_all_the_same(workspace: Workspace) -> None:
    address = "http://127.0.0.1:9"
    connections.add(workspace, "rig", address)
    found = await told(workspace, saved(address, current=True))
    assert "does not answer" in found["state"]
    assert found["used by"] == "every chat without a choice of its own"


async def test_a_model_file_tells_its_size_what_fits_and_its_template(workspace: Workspace) -> None:
    workspace.directories.models.mkdir(parents=True)
    path = write_gguf(workspace.directories.models / "Mira-7B.gguf", keys={"llama.context_length": 4096}, tokens=10)
    found = await told(workspace, Writer(WriterKind.MODEL, "Mira-7B", model=str(path)))
    assert found["file"] == str(path)
    assert found["context"] == "trained for 4,096 tokens"
    assert found["memory"].startswith("fits")
    assert found["template"].startswith("Template: ")


def test_the_state_of_a_key_is_told_and_never_the_key(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    connections.add(workspace, "rig", "https://box.example")
    assert page.key_state(workspace, "rig", "https://box.example") == "none kept"
    keep_secret(workspace, "rig", KEY, name="box")
    state = page.key_state(workspace, "rig", "https://box.example")
    assert state.startswith("“box”, kept in ")
    assert KEY not in state
    monkeypatch.setenv("MY_KEY", KEY)
    keep_secret(workspace, "http://far.example:80", variable="MY_KEY", name="far")
    assert page.key_state(workspace, "", "http://far.example:80") == (
        "“far”, kept in variable MY_KEY; it is not sent unencrypted"
    )


def test_the_key_of_the_environment_is_told_where_it_is_meant(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAVERN_KEY", KEY)
    monkeypatch.setenv("TAVERN_SERVER", "https://box.example")
    assert page.key_state(workspace, "", "https://box.example") == "the one in TAVERN_KEY"
    assert page.key_state(workspace, "", "https://other.example") == "none kept"


def test_the_chats_that_a_connection_was_chosen_for_are_named(workspace: Workspace) -> None:
    for title, value in (("A crossing", {"name": "rig"}), ("Alone", {"name": "box"}), ("Quiet", None)):
        log = workspace.chats.create(title, ("Mira",))
        if value is not None:
            log.append(PropertySet(PROPERTY, value))
    assert page.chats_with(workspace, "RIG") == ["A crossing"]
    told_of = page.used_by(workspace, saved("rig:5001"), [f"Chat {number}" for number in range(7)])
    assert told_of.endswith("“Chat 4”, 2 more chats")


def test_a_binding_that_does_not_load_is_noticed_by_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page.loads("json")
    assert not page.loads("no_such_binding")
    monkeypatch.setattr(page, "loads", lambda _module: False)
    page.engine_problem.cache_clear()
    try:
        assert page.engine_problem().startswith("The embedded engine must be rebuilt: `make engine`")
    finally:
        page.engine_problem.cache_clear()
