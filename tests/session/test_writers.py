"""Who can write: real servers on loopback and real model files are found, ordered, and kept for the next start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.config.settings import ConnectionSettings, EngineSettings, LoadedSettings, Settings, remember
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.starter import STARTER_OFFER
from tavern_tui.session import embedded
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.writers import (
    OTHER_MACHINE,
    Writer,
    WriterKind,
    best_of,
    find_writers,
    rank,
    refusal_of,
    remember_writer,
    wishes_for,
    writer_at,
)
from tavern_tui.storage.models import Fit
from tests.engines.standin import Asked, Reply, Route, Standin, free_port, page, said
from tests.formats.gguf_files import write_gguf


def tokens(asked: Asked) -> Reply:
    """KoboldCpp's count: a token for each character, after the BOS token."""
    ids = [1, *map(ord, str(asked.json["prompt"]))]
    return said({"value": len(ids), "ids": ids})


KOBOLD: dict[str, Route] = {
    "/api/extra/tokencount": tokens,
    "/api/extra/version": said({"result": "KoboldCpp", "version": "1.76"}),
    "/v1/models": said({"object": "list", "data": [{"id": "koboldcpp/Mistral-Nemo-12B", "owned_by": "koboldcpp"}]}),
    "/api/v1/model": said({"result": "koboldcpp/Mistral-Nemo-12B"}),
    "/api/extra/true_max_context_length": said({"value": 16384}),
}
SHAPE = {
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.context_length": 4096,
    "general.file_type": 15,
}


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace on an empty home, on a machine without other models, with an engine."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "TAVERN_SERVER", "TAVERN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    return Workspace.open()


def with_settings(workspace: Workspace, settings: Settings) -> Workspace:
    return replace(workspace, loaded=LoadedSettings(settings))


def model(workspace: Workspace, name: str) -> Path:
    folder = workspace.directories.models
    folder.mkdir(parents=True, exist_ok=True)
    return write_gguf(folder / name, keys=SHAPE, tokens=10)


async def found(workspace: Workspace, ports: Sequence[int] = (), named: str = "") -> list[Writer]:
    """What a list shows at the end: of each writer what was said of it last."""
    return list({writer.key: writer async for writer in find_writers(workspace, named=named, ports=ports)}.values())


async def servers(workspace: Workspace, ports: Sequence[int] = (), named: str = "") -> list[Writer]:
    return [writer for writer in await found(workspace, ports, named) if writer.kind is WriterKind.SERVER]


async def test_on_a_bare_machine_there_are_another_machine_and_the_starter(workspace: Workspace) -> None:
    other, starter = await found(workspace, [free_port()])
    assert other == OTHER_MACHINE
    assert (starter.kind, starter.title, starter.about) == (
        WriterKind.STARTER, "Starter model (135M, 94 MB)", STARTER_OFFER,
    )  # fmt: skip
    assert starter.must_be_fetched
    assert best_of([other, starter]) == starter


async def test_a_server_is_shown_with_its_name_model_and_context(workspace: Workspace) -> None:
    async with Standin(KOBOLD) as server:
        (writer,) = await servers(workspace, [server.port])
    assert writer.title == "KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384"
    assert writer.about == f"localhost:{server.port}"
    assert writer.server == server.base


async def test_a_server_that_was_named_is_shown_once_as_it_was_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Standin(KOBOLD) as server:
        monkeypatch.setenv("TAVERN_SERVER", f"localhost:{server.port}")
        (writer,) = await servers(workspace, [server.port], named=f"127.0.0.1:{server.port}")
    assert writer.named
    assert writer.server == f"localhost:{server.port}"


async def test_a_server_that_was_named_is_not_looked_at_once_more_at_its_port(workspace: Workspace) -> None:
    async with Standin(KOBOLD) as server:
        await servers(workspace, named=server.base)
        questions = len(server.asked)
        await servers(workspace, [server.port], named=f"localhost:{server.port}")
    assert len(server.asked) == 2 * questions


async def test_a_named_server_that_does_not_answer_stands_in_the_list_and_says_so(workspace: Workspace) -> None:
    port = free_port()
    (writer,) = await servers(workspace, named=f"127.0.0.1:{port}")
    assert writer.problem == f"127.0.0.1:{port} does not answer (connection refused)."
    assert writer.about == "does not answer (connection refused)."
    assert not writer.usable


async def test_a_server_that_was_named_is_waited_for_in_the_list(workspace: Workspace) -> None:
    async with Standin(KOBOLD) as server:
        said_of_it = [
            (writer.title, writer.pending, writer.usable)
            async for writer in find_writers(workspace, named=f"localhost:{server.port}", ports=[server.port])
            if writer.kind is WriterKind.SERVER
        ]
    assert said_of_it == [
        (f"localhost:{server.port}", True, False),
        ("KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384", False, True),
    ]


async def test_a_server_that_loads_its_model_can_be_chosen(workspace: Workspace) -> None:
    loading = said({"error": {"type": "unavailable_error", "message": "Loading model", "code": 503}}, 503)
    async with Standin({"/health": loading, "/v1/models": loading, "/props": loading}) as server:
        (named,) = await servers(workspace, named=server.base)
        (local,) = await servers(workspace, [server.port])
    assert named.usable
    assert named.title.endswith("loading its model")
    assert local.usable
    assert local.title == "llama-server · loading its model"


async def test_the_server_of_the_settings_is_the_one_in_use(workspace: Workspace) -> None:
    async with Standin(KOBOLD) as server:
        settings = Settings(connection=ConnectionSettings(server=server.base))
        (writer,) = await servers(with_settings(workspace, settings), [server.port])
    assert writer.current


async def test_model_files_are_found_with_size_quant_and_fit(workspace: Workspace) -> None:
    path = model(workspace, "Mira-7B.Q4_K_M.gguf")
    (writer,) = [one for one in await found(workspace) if one.kind is WriterKind.MODEL]
    assert (writer.title, writer.model, writer.bytes) == ("Mira-7B.Q4_K_M", str(path), path.stat().st_size)
    assert writer.about.endswith(" · Q4_K_M · fits")
    assert writer.usable
    assert not writer.current


async def test_the_model_of_the_settings_is_the_one_in_use(workspace: Workspace) -> None:
    path = model(workspace, "Mira-7B.Q4_K_M.gguf")
    chosen = with_settings(workspace, Settings(engine=EngineSettings(model=str(path))))
    assert [writer.title for writer in await found(chosen) if writer.current] == ["Mira-7B.Q4_K_M"]


async def test_a_model_of_another_program_is_found(workspace: Workspace, tavern_home: Path) -> None:
    folder = tavern_home / "koboldcpp"
    folder.mkdir()
    write_gguf(folder / "Tern-12B.gguf", keys=SHAPE, tokens=10)
    assert "Tern-12B" in [writer.title for writer in await found(workspace)]


async def test_a_damaged_model_says_what_is_wrong_with_it(workspace: Workspace) -> None:
    path = model(workspace, "Cut.gguf")
    path.write_bytes(path.read_bytes()[:-100])
    (writer,) = [one for one in await found(workspace) if one.kind is WriterKind.MODEL]
    assert "cut short" in writer.problem
    assert writer.advice
    assert not writer.usable


async def test_the_starter_that_is_here_is_one_line_and_needs_no_fetching(
    workspace: Workspace, starter_model: Path
) -> None:
    workspace.directories.models.mkdir(parents=True)
    for name in ("other-name.gguf", starter_model.name):
        shutil.copy(starter_model, workspace.directories.models / name)
    *others, starter = await found(workspace)
    assert others == [OTHER_MACHINE]
    assert starter.title == "Starter model (135M, already here)"
    assert Path(starter.model).parent == workspace.directories.models
    assert not starter.must_be_fetched


async def test_without_an_engine_models_say_what_is_missing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "engine_kind", lambda _settings: "")
    model(workspace, "Mira-7B.Q4_K_M.gguf")
    everybody = await found(workspace)
    assert {writer.problem for writer in everybody if writer.kind in (WriterKind.MODEL, WriterKind.STARTER)} == {
        "No embedded engine is built."
    }
    assert best_of(everybody) == OTHER_MACHINE


async def test_leaving_the_search_early_ends_what_it_looks_at(workspace: Workspace) -> None:
    async with Standin({}) as server:
        search = find_writers(workspace, named=server.base, ports=[server.port])
        assert await anext(search) == OTHER_MACHINE
        await search.aclose()


async def test_an_address_is_looked_at(workspace: Workspace) -> None:
    async with Standin(KOBOLD) as server:
        writer = await writer_at(workspace, f"127.0.0.1:{server.port}")
    assert writer.title == "KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384"
    assert writer.usable


async def test_an_address_that_leads_nowhere_says_so_without_speaking_of_messages(workspace: Workspace) -> None:
    port = free_port()
    with pytest.raises(EngineError) as caught:
        await writer_at(workspace, f"127.0.0.1:{port}")
    told = refusal_of(caught.value)
    assert told.startswith(f"127.0.0.1:{port} does not answer (connection refused).")
    assert "message" not in told


async def test_a_web_page_is_told_with_what_helps(workspace: Workspace) -> None:
    async with Standin({"/v1/models": page(), "/models": page()}) as server:
        with pytest.raises(EngineError) as caught:
            await writer_at(workspace, server.base)
    assert caught.value.fault is EngineFault.NOT_AN_API
    assert "http://host:5001" in refusal_of(caught.value)


SERVER = Writer(WriterKind.SERVER, "KoboldCpp", server="http://127.0.0.1:5001")
STARTER = Writer(WriterKind.STARTER, "Starter")
WRITERS = st.lists(
    st.builds(
        Writer,
        st.sampled_from(WriterKind),
        st.sampled_from(["a", "b"]),
        problem=st.sampled_from(["", "It does not answer."]),
        bytes=st.integers(0, 3),
        fit=st.sampled_from(Fit),
    ),
    max_size=6,
)


@given(WRITERS)
def test_a_server_that_answers_is_always_chosen_before_the_starter(others: list[Writer]) -> None:
    best = best_of([STARTER, *others, SERVER])
    assert best is not None
    assert best.kind in (WriterKind.SAVED, WriterKind.SERVER)
    assert best.usable


@given(WRITERS)
def test_what_is_chosen_can_write_wherever_anything_can(others: list[Writer]) -> None:
    best = best_of(others)
    assert (best is None) == (not others)
    if any(writer.usable for writer in others):
        assert best is not None
        assert best.usable


def test_of_models_the_largest_that_fits_comes_first() -> None:
    sizes = [(1, Fit.FITS), (9, Fit.SWAPS), (5, Fit.FITS), (7, Fit.TIGHT)]
    models = [Writer(WriterKind.MODEL, str(size), bytes=size, fit=fit) for size, fit in sizes]
    assert [writer.title for writer in sorted(models, key=rank)] == ["5", "1", "7", "9"]
    swapping = models[1]
    assert best_of([swapping, STARTER]) == STARTER
    assert best_of([swapping]) == swapping


def test_a_start_is_made_with_the_writer_that_was_chosen() -> None:
    by_model = Writer(WriterKind.MODEL, "Mira", model="/models/mira.gguf")
    wishes = Wishes(character="Wren", server="rig:5001", model="old")
    assert wishes_for(SERVER, wishes) == Wishes(character="Wren", server=SERVER.server)
    assert wishes_for(by_model, wishes) == Wishes(character="Wren", model="/models/mira.gguf")


def test_a_choice_is_kept_and_the_other_kind_given_up(workspace: Workspace) -> None:
    by_model = Writer(WriterKind.MODEL, "Mira", model="/models/mira.gguf")
    assert remember_writer(workspace, SERVER) == ()
    assert Workspace.open().settings.connection.server == SERVER.server
    assert remember_writer(workspace, by_model) == ()
    kept = Workspace.open().settings
    assert (kept.connection.server, kept.engine.model) == ("", "/models/mira.gguf")


def test_what_stands_above_a_choice_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(workspace.directories, "persona.name", "Mira")
    (workspace.directories.config / "config.yaml").write_text("connection:\n  server: rig:5001\n")
    assert remember_writer(workspace, SERVER) == ("config.yaml sets connection.server: it stands above this choice.",)
    monkeypatch.setenv("TAVERN_SERVER", "other:5001")
    assert remember_writer(workspace, SERVER)[1] == "TAVERN_SERVER is set: the next start uses other:5001."


async def test_what_a_server_says_cannot_drive_the_terminal(workspace: Workspace) -> None:
    evil = said({"object": "list", "data": [{"id": "\x1b[2Jboo\nhoo", "owned_by": "me"}]})
    async with Standin({"/v1/models": evil}) as server:
        (writer,) = await servers(workspace, [server.port])
    assert "\x1b" not in writer.title
    assert "\n" not in writer.title


def test_the_list_can_be_shown_before_anything_that_looks_is_imported() -> None:
    asked = (
        "import sys, tavern_tui.session.writers, tavern_tui.session.first_run, tavern_tui.session.demo; "
        "print([name for name in ('httpx', 'llama_cpp', 'jinja2') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
