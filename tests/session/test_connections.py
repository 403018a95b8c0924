"""Saved connections in use: which one writes, what it brings, and what one short reply tells about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.settings import ConnectionSettings, LoadedSettings, ReplySettings, Settings
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, SettingsError, TavernError
from tavern_tui.prompt.templates import BUILT_IN
from tavern_tui.session import connections
from tavern_tui.session.opening import Wishes, open_session, reconnect
from tavern_tui.session.routes import PROPERTY, Route, chosen_here, route_for
from tavern_tui.session.saved_writers import looked_at
from tavern_tui.session.trying import Trial, foreign_tag, repeated, try_connection
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.writers import Writer, WriterKind, find_writers, remember_writer, wishes_for
from tests.engines import standin
from tests.engines.standin import Act, Asked, Reply, Standin, free_port, said, streamed

MODELS = said({"object": "list", "data": [{"id": "mistral-nemo", "object": "model", "owned_by": "me"}]})


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with two saved connections: ``rig`` with everything, ``plain`` with an address."""
    for name in ("TAVERN_KEY", "TAVERN_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    found = Workspace.open()
    connections.add(found, "rig", "rig:5001", model="nemo", template="ChatML", preset="creative", context_tokens=4096)
    connections.add(found, "plain", "box:8080")
    return found


def using(workspace: Workspace, server: str, *, preset: str = "balanced", template: str = "") -> Workspace:
    chosen = ReplySettings(preset=preset, template=template)
    settings = Settings(connection=ConnectionSettings(server=server), reply=chosen)
    return replace(workspace, loaded=LoadedSettings(settings))


HERE = {PROPERTY: {"name": "rig"}}


def test_a_name_means_the_saved_connection_and_anything_else_an_address(workspace: Workspace) -> None:
    assert route_for(workspace, server="RIG").name == "rig"
    assert route_for(workspace, server="rig:5001") == Route(server="rig:5001", typed=True)
    assert route_for(workspace, server="embedded") == Route(typed=True)


def test_who_writes_is_chosen_as_asked_then_for_the_chat_then_by_the_environment_then_by_the_settings(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = using(workspace, "plain")
    assert route_for(workspace).server == "box:8080"
    monkeypatch.setenv("TAVERN_SERVER", "other:1")
    assert route_for(workspace).server == "other:1"
    assert route_for(workspace, properties=HERE).server == "rig:5001"
    assert route_for(workspace, server="asked:2", properties=HERE).server == "asked:2"
    assert route_for(workspace, model="mira.gguf", properties=HERE) == Route(model="mira.gguf", typed=True)


def test_a_chat_whose_connection_is_gone_says_so_and_goes_on_as_usual(workspace: Workspace) -> None:
    route = route_for(using(workspace, "plain"), properties={PROPERTY: {"name": "sold"}})
    assert (route.server, route.here) == ("box:8080", False)
    assert route.note.startswith("The connection “sold” is not there any more.")


@pytest.mark.parametrize("value", [None, 3, "rig", {}, {"name": 7}, {"other": "x"}], ids=str)
def test_a_choice_that_is_not_understood_counts_as_none(value: object) -> None:
    assert chosen_here({PROPERTY: value}) is None


def test_a_connection_brings_its_template_preset_and_context_and_this_start_stands_above(workspace: Workspace) -> None:
    session = open_session(using(workspace, "rig", preset="precise", template="Alpaca"), Wishes(character="Wren"))
    options = session.options
    assert (options.template, options.template_asked, options.preset.name) == ("ChatML", True, "creative")
    assert options.context_tokens == 4096
    wishes = Wishes(character="Wren", template="Alpaca", preset="precise", context_tokens=2048)
    options = open_session(using(workspace, "rig"), wishes).options
    assert (options.template, options.preset.name, options.context_tokens) == ("Alpaca", "precise", 2048)


def test_another_writer_takes_back_what_the_one_before_had_brought(workspace: Workspace) -> None:
    workspace = using(workspace, "rig", preset="precise")
    session = open_session(workspace, Wishes(character="Wren"))
    before = session.connection
    assert reconnect(session, workspace, Wishes(server="plain"), watch=lambda _event: None) is before
    assert (session.options.template, session.options.preset.name) == ("", "precise")
    assert (session.options.context_tokens, session.connection.label) == (None, "plain")


def test_a_chat_keeps_who_writes_in_it_and_the_label_says_so(workspace: Workspace) -> None:
    log = open_session(workspace, Wishes(character="Wren")).log
    assert connections.use_in_chat(workspace, log.path.stem, "RIG") == "RIG writes in this chat, and only here."
    session = open_session(Workspace.open(), Wishes(chat=log.path.stem))
    assert (session.connection.label, session.options.template) == ("rig (this chat)", "ChatML")
    connections.use_in_chat(workspace, log.path.stem, "box:9")
    assert open_session(workspace, Wishes(chat=log.path.stem)).connection.label == "this chat"
    connections.use_in_chat(workspace, log.path.stem, "usual")
    assert open_session(workspace, Wishes(chat=log.path.stem)).connection.label == ""


def test_a_template_of_a_connection_that_does_not_exist_is_passed_over_with_its_line(workspace: Workspace) -> None:
    workspace.directories.connections.write_text("connections:\n  odd: {address: 'a:1', template: Quux}\n")
    route = route_for(workspace, server="odd")
    assert route.template == ""
    assert route.note.startswith(f"{workspace.directories.connections}:2: There is no instruct template “Quux”.")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda w: connections.add(w, "x", "ftp://rig"), EngineError),
        (lambda w: connections.add(w, "x", "a:1", template="Quux"), SettingsError),
        (lambda w: connections.add(w, "x", "a:1", preset="quux"), SettingsError),
        (lambda w: connections.add(w, "x", "a:1", key="none"), NotFoundError),
        (lambda w: connections.add(w, "x", "/nowhere/of.gguf"), NotFoundError),
        (lambda w: connections.add(w, "Plain", "a:1"), SettingsError),
        (lambda w: connections.edit(w, "nobody", {"address": "a:1"}), NotFoundError),
        (lambda w: connections.edit(w, "plain", {"context_tokens": 3}), SettingsError),
        (lambda w: connections.remove(w, "nobody"), NotFoundError),
        (lambda w: connections.use(w, "no address"), EngineError),
    ],
    ids=["address", "template", "preset", "key", "file", "taken", "edit", "context", "remove", "use"],
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(
    workspace: Workspace, change: Callable[[Workspace], object], error: type[TavernError]
) -> None:
    before = workspace.directories.saved_connections.read_bytes()
    with pytest.raises(error):
        change(workspace)
    assert workspace.directories.saved_connections.read_bytes() == before


@pytest.mark.parametrize("name", ["embedded", "Usual", " default"])
def test_a_name_that_means_something_already_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(SettingsError):
        connections.add(workspace, name, "rig:5001")


def test_what_stands_behind_a_question_mark_is_kept_nowhere(workspace: Workspace) -> None:
    assert connections.add(workspace, "pasted", "http://rig:5001/?api_key=hush").address == "http://rig:5001/"
    assert connections.choice_for_chat(workspace, "rig:5001/#hush").value == {"server": "rig:5001/"}
    assert "hush" not in connections.use(workspace, "rig:5001?key=hush")


def test_a_connection_is_changed_used_and_removed(workspace: Workspace) -> None:
    connections.edit(workspace, "RIG", {"model": "", "address": "rig:8080"})
    changed = connections.saved_or_refused(workspace, "rig")
    assert (changed.address, changed.model, changed.template) == ("rig:8080", "", "ChatML")
    assert connections.use(workspace, "rig") == "rig writes from now on."
    workspace = Workspace.open()
    assert connections.in_use(workspace) == "rig"
    (told,) = connections.remove(workspace, "rig")
    assert told.startswith("connection.server still names rig")
    assert connections.use(workspace, "embedded") == "The embedded engine writes from now on."
    assert route_for(Workspace.open()) == Route()


def test_a_mistyped_name_is_answered_with_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError) as missing:
        connections.saved_or_refused(workspace, "plian")
    assert missing.value.hint == "The nearest is “plain”."


async def test_saved_connections_stand_first_in_the_list_and_a_server_of_theirs_only_once(workspace: Workspace) -> None:
    async with Standin({"/v1/models": MODELS}) as server:
        connections.remove(workspace, "plain")
        connections.edit(workspace, "rig", {"address": f"localhost:{free_port()}"})
        connections.add(workspace, "box", f"localhost:{server.port}")
        search = find_writers(using(workspace, "box"), ports=[server.port])
        listed = list({writer.key: writer async for writer in search}.values())
    saved = [writer for writer in listed if writer.kind is WriterKind.SAVED]
    assert [writer.kind for writer in listed].count(WriterKind.SERVER) == 0
    assert {writer.title: writer.problem == "" for writer in saved} == {
        "box · llama-cpp-python · mistral-nemo": True,
        "rig": False,
    }
    assert [writer.current for writer in saved if writer.usable] == [True]
    away = next(writer for writer in saved if writer.problem)
    assert "does not answer (connection refused)" in away.about


async def test_a_saved_model_that_is_gone_is_told_in_the_list(workspace: Workspace) -> None:
    workspace.directories.connections.write_text("connections:\n  own: {model: /nowhere/of.gguf}\n")
    own = workspace.connections.listed().named("own")
    assert own is not None
    (writer,) = await looked_at(workspace, own)
    assert "/nowhere/of.gguf" in writer.problem


def test_a_saved_connection_is_remembered_by_its_name(workspace: Workspace) -> None:
    writer = Writer(WriterKind.SAVED, "rig · KoboldCpp", server="rig:5001", saved="rig")
    assert remember_writer(workspace, writer) == ()
    assert Workspace.open().settings.connection.server == "rig"
    assert wishes_for(writer, Wishes(model="old")) == Wishes(server="rig")


# Trying one.


def piece(text: str) -> bytes:
    """A token of KoboldCpp's stream."""
    return b"event: message\ndata: " + json.dumps({"token": text, "finish_reason": None}).encode() + b"\n\n"


END = b'event: message\ndata: {"token": "", "finish_reason": "stop"}\n\n'


def counted(asked: Asked) -> Reply:
    """KoboldCpp's count: a token for each word."""
    ids = [1, *range(2, 2 + len(str(asked.json["prompt"]).split()))]
    return said({"value": len(ids), "ids": ids})


KOBOLD: dict[str, standin.Route] = {
    "/api/extra/version": said({"result": "KoboldCpp", "version": "1.76"}),
    "/api/v1/model": said({"result": "koboldcpp/Mistral-Nemo"}),
    "/api/extra/true_max_context_length": said({"value": 4096}),
    "/api/extra/tokencount": counted,
}


async def tried(workspace: Workspace, *pieces: bytes | Act, **fields: Any) -> Trial:
    """What trying a KoboldCpp tells that answers with ``pieces``; ``fields`` are the connection's."""
    async with Standin({**KOBOLD, "/api/extra/generate/stream": streamed(*pieces)}) as server:
        connections.add(workspace, "box", server.base, **fields)
        return await try_connection(workspace, "box")


async def test_a_try_tells_who_answers_how_fast_and_what(workspace: Workspace) -> None:
    trial = await tried(workspace, piece("Deep"), piece(" enough."), END, template="ChatML")
    rows = dict(trial.rows())
    assert rows["model"] == "Mistral-Nemo"
    assert rows["template"] == "ChatML (chosen)"
    assert rows["context"] == "4,096"
    assert rows["reply"] == "Deep enough."
    assert rows["prompt ends"].endswith("<|im_start|>assistant\n")
    assert "text completion" in rows["can"]
    assert rows["first token"].endswith(" s")
    assert rows["speed"].endswith("2 tokens")
    assert (trial.doubts, trial.error) == ((), None)
    assert not workspace.directories.chats.exists()


@pytest.mark.parametrize(
    ("replies", "doubt"),
    [
        (["Deep.[/INST] ", "Yes."], "The reply holds [/INST], which is not of ChatML."),
        (["  \n"], "The reply ended at once, without a word."),
        (["!!"] * 10, "The reply repeats “!” and nothing else."),
    ],
    ids=["tag", "silent", "stuck"],
)
async def test_a_try_doubts_what_looks_like_a_wrong_template(
    workspace: Workspace, replies: list[str], doubt: str
) -> None:
    trial = await tried(workspace, *map(piece, replies), END, template="ChatML")
    (told,) = trial.doubts
    assert told.startswith(doubt)


async def test_a_try_says_when_another_model_answers_than_was_saved(workspace: Workspace) -> None:
    trial = await tried(workspace, piece("Deep."), END, model="Qwen3-14B", context_tokens=8192)
    assert [doubt.partition(".")[0] for doubt in trial.doubts] == [
        "The server has loaded 4,096 tokens of context, not 8,192",
        "Mistral-Nemo answers, not Qwen3-14B",
    ]


async def test_a_try_that_fails_tells_what_was_found_before_that(workspace: Workspace) -> None:
    trial = await tried(workspace, piece("Deep"), Act.RESET)
    assert trial.model == "Mistral-Nemo"
    assert "broke" in str(trial.error)
    assert trial.as_dict()["error"] == str(trial.error)


async def test_a_try_of_a_server_that_is_down_says_so(workspace: Workspace) -> None:
    connections.add(workspace, "down", f"127.0.0.1:{free_port()}")
    trial = await try_connection(workspace, "down")
    assert "does not answer (connection refused)" in str(trial.error)
    assert dict(trial.rows()).keys() == {"connection"}


async def test_a_try_whose_key_would_go_in_clear_is_left_to_be_asked_about(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAVERN_KEY", "sk-0123456789")
    with pytest.raises(EngineError) as held:
        await try_connection(workspace, "http://api.example.org:80")
    assert held.value.fault is EngineFault.KEY_IN_CLEAR


@pytest.mark.parametrize("name", ["ChatML", "Alpaca", "Mistral V3-Tekken", "Llama 3"], ids=str)
def test_the_markup_of_ones_own_family_is_no_doubt(name: str) -> None:
    template = BUILT_IN.get(name)
    if template is None:
        pytest.fail(f"no template {name}: {list(BUILT_IN)}")
    assert foreign_tag(f"Deep.{template.stop_sequence}{template.input_sequence}Yes.", template) == ""


@pytest.mark.parametrize(
    ("reply", "piece"),
    [
        ("la la la la la la la la la", "la"),
        ("ha" * 20, "ha"),
        ("Deep enough. Deep enough.", ""),
        ("Yes.", ""),
        ("", ""),
    ],
    ids=["words", "runs", "twice", "short", "none"],
)
def test_a_reply_of_one_thing_again_and_again_is_noticed(reply: str, piece: str) -> None:
    assert repeated(reply) == piece
