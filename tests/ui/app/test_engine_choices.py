"""Choosing in the app: an engine for one chat, a key that is not shown, a yes to plain http, a template that stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError
from tavern_tui.engines.fake import DEFAULT_INFO
from tavern_tui.session import connections
from tavern_tui.session.engine_choices import take_over as take_over_here
from tavern_tui.session.opening import Wishes
from tavern_tui.session.secret_list import secret_rows
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.long_text import LongText
from tests.engines.standin import Asked, Reply, Standin, said
from tests.ui.app.evening import Evening, settled, texts, typed

KEY = "sk-or-v1-0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.delenv("TAVERN_KEY", raising=False)


def guarded(asked: Asked) -> Reply:
    """A server that answers to the key alone."""
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return said({"error": {"message": "no"}}, 401)
    models = [{"id": name, "object": "model", "owned_by": "me"} for name in ("mistral-nemo", "qwen/qwen3-14b")]
    return said({"object": "list", "data": models})


async def test_a_chat_gets_an_engine_of_its_own_the_key_that_it_wants_and_another_model(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    async with Standin({"/v1/models": guarded, "/models": guarded}) as server:
        connections.add(Workspace.open(dirs=evening.directories), "box", server.base)
        async with evening.begun(app=evening.app(wishes=Wishes(character="Wren", server="rig:1"))) as (app, pilot):
            await typed(pilot, "/here box", "enter")
            assert app.chat.progress.status.engine == "box (this chat)"
            assert [text for text in texts(app) if "box writes in this chat, and only here." in text]
            assert "k enters a new key" in next(text for text in texts(app) if "refused" in text)
            await typed(pilot, "k")
            entry = app.screen.query_one(Input)
            assert entry.password
            entry.value = KEY
            await pilot.press("enter")
            while app.chat.progress.status.model != "mistral-nemo":
                await settled(pilot)
            assert KEY not in "\n".join(texts(app))
            await typed(pilot, "/model", "enter")
            while not isinstance(app.screen, RowChoice):
                await pilot.pause(0.01)
            await pilot.press("down", "enter")
            while app.chat.progress.status.model != "qwen/qwen3-14b":
                await settled(pilot)
            assert app.chat.open_session.tree.properties["connection"] == {"name": "box", "model": "qwen/qwen3-14b"}
            assert app.chat.progress.status.engine == "box (this chat)"
            (row,) = secret_rows(app.workspace)
            assert (row["for"], row["kept_in"]) == (server.base, "file")
            await typed(pilot, "/test", "enter")
            while not isinstance(app.screen, TextPage):
                await pilot.pause(0.01)
            await pilot.pause()
            text = app.screen.query_one(LongText)
            page = "".join(text.render_line(y).text.strip() + " " for y in range(text.size.height))
            assert page.startswith(f"{server.base.removeprefix('http://')} answers, but not as an engine.")
            assert f"connection box · {server.base}" in page
            await pilot.press("escape")
            app.chat.composer.put("/here usual")
            await pilot.press("enter")  # nobody is there, who is asked again and again: that does not settle
            while app.chat.open_session.connection.label:
                await pilot.pause(0.01)
            assert app.wishes.server == "rig:1"
    for path in evening.directories.chats.iterdir():
        assert KEY not in path.read_text()


async def test_a_key_that_would_go_in_clear_is_held_back_until_y(tmp_path: Path) -> None:
    evening = Evening(tmp_path)
    there = "http://api.example.org:80"
    evening.engine.refuse_connection = EngineError("Held back.", fault=EngineFault.KEY_IN_CLEAR, where=there)
    async with evening.begun() as (app, pilot):
        assert "y sends it all the same · c other engine" in texts(app)[-1]
        evening.engine.refuse_connection = None
        await typed(pilot, "y")
        assert texts(app) == []
        assert app.workspace.secrets.may_go_in_clear(there)
        assert app.chat.progress.status.model == DEFAULT_INFO.model


async def test_the_template_of_the_model_before_is_kept_for_the_new_one_with_k(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "One.", "Two.")
    async with evening.begun() as (app, pilot):
        session = app.chat.open_session
        session.options = replace(session.options, template="")
        evening.engine.info = replace(DEFAULT_INFO, model="Mistral-Nemo")
        session.connection.doubt()
        await typed(pilot, "Hello", "enter")
        before = (await session.connection.ready()).template.name
        evening.engine.info = replace(DEFAULT_INFO, model="Qwen3-14B")
        session.connection.doubt()
        await typed(pilot, "Again", "enter")
        assert "k keeps that template" in texts(app)[-1]
        await typed(pilot, "k")
        assert app.workspace.template_choices.of("Qwen3-14B") == before == "Mistral V3-Tekken"
        assert texts(app)[-1] == "Qwen3-14B is written to with Mistral V3-Tekken from now on."


async def test_a_model_that_another_window_keeps_out_is_loaded_here_with_l(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = Evening(tmp_path)

    def yes() -> None:
        evening.engine.refuse_connection = None

    monkeypatch.setattr(evening.engine, "take_over", yes, raising=False)
    asked = EngineError("Another window is using Qwen3-14B.", fault=EngineFault.IN_USE, hint="Load Nemo in its place?")
    evening.engine.refuse_connection = asked
    async with evening.begun() as (app, pilot):
        [block] = texts(app)[-1:]
        assert "Load Nemo in its place?" in block
        assert "l loads it here · c other engine" in block
        await typed(pilot, "l")
        assert texts(app) == []
        assert app.chat.progress.status.model == DEFAULT_INFO.model
        with pytest.raises(NotFoundError, match="No other window's model"):
            take_over_here(app.chat.open_session, None)
