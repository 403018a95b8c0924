"""``say``: the reply on stdout, everything about it on stderr, an exit code that scripts can rely on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ScriptedServer, Tavern, environment


def test_the_reply_goes_to_stdout_and_nothing_else(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("*She nods.* ", '"In you', ' go."')
    ran = tavern("say", "mira", "Take me across.", "--server", server.address)
    assert (ran.code, ran.text) == (0, '*She nods.* "In you go."\n')
    assert "Take me across." in server.prompts[0]
    assert "Mira keeps the night ferry and talks to Alex." in server.prompts[0]


def test_it_goes_on_with_the_latest_chat_unless_told_otherwise(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    for text, more in (("first", []), ("second", []), ("third", ["--new"])):
        assert tavern("say", "mira", text, "--server", server.address, *more).code == 0
    assert "first" in server.prompts[1]
    assert "first" not in server.prompts[2]


def test_the_message_is_read_from_stdin_when_it_is_not_given(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    assert tavern("say", "mira", stdin="from a pipe\n", TAVERN_SERVER=server.address).code == 0
    assert tavern("say", "mira", "-", stdin="with a dash\n", TAVERN_SERVER=server.address).code == 0
    assert "from a pipe" in server.prompts[0]
    assert "with a dash" in server.prompts[1]


def test_json_gives_the_reply_with_its_figures(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Yes.")
    ran = tavern("say", "mira", "Hm?", "--server", server.address, "--json")
    figures = json.loads(ran.text)
    assert figures["text"] == "Yes."
    assert figures["model"] == "mistral-nemo"
    assert Path(figures["chat"]).is_file()
    assert "generated" in figures
    assert figures["seed_repeats"] is None, "no seed was set"
    assert (figures["template"], figures["policy"]) == ("Mistral V3-Tekken", "economy")


def test_an_unknown_character_has_a_code_of_its_own_and_names_the_nearest(tavern: Tavern) -> None:
    ran = tavern("say", "mirra", "Hello", "--server", "127.0.0.1:1")
    assert ran.code == 3
    assert ran.text == ""
    assert "ira" in ran.notes


def test_a_server_that_is_down_has_a_code_of_its_own_and_the_message_is_kept(tavern: Tavern) -> None:
    ran = tavern("say", "mira", "Are you there?", "--server", "http://127.0.0.1:1")
    assert ran.code == 4
    assert "127.0.0.1:1 does not answer (connection refused)" in ran.notes
    assert tavern("log", "mira").text.endswith("Alex: Are you there?\n")


def test_a_web_page_is_told_from_an_engine(tavern: Tavern, server: ScriptedServer) -> None:
    from tests.engines.standin import page

    for path in ("/v1/models", "/models", "/", "/props", "/health"):
        server._standin.routes[path] = page()
    ran = tavern("say", "mira", "Hello", "--server", server.address)
    assert ran.code == 4
    assert "is a web page, not an engine API" in ran.notes


def test_a_reply_that_breaks_off_is_printed_kept_and_has_a_code_of_its_own(
    tavern: Tavern, server: ScriptedServer
) -> None:
    server.breaks_after("The boat rocks. ", "Then")
    ran = tavern("say", "mira", "Go.", "--server", server.address)
    assert ran.code == 5
    assert ran.text == "The boat rocks. Then\n"
    assert "The link broke" in ran.notes
    assert "[interrupted]" in tavern("log", "mira").text


def test_an_empty_message_makes_no_sense(tavern: Tavern) -> None:
    assert tavern("say", "mira", "   ").code == 2


def test_safe_mode_uses_no_engine(tavern: Tavern) -> None:
    ran = tavern("--safe", "say", "mira", "Hello")
    assert ran.code == 4
    assert "safe mode" in ran.notes


def test_without_a_model_it_says_how_to_get_one(tavern: Tavern, tmp_path: Path) -> None:
    ran = tavern("say", "mira", "Hello", HOME=str(tmp_path))
    assert ran.code == 4
    assert "models get starter" in ran.notes


def test_a_reader_that_goes_away_does_not_stop_the_reply(tavern: Tavern, server: ScriptedServer) -> None:
    server.says(*[f"Sentence number {n}. " for n in range(40)])
    command = f"{sys.executable} -m tavern_tui say mira Go. --server {server.address} --length 2000 | head -c 10"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, env=environment(TAVERN_HOME=os.environ["TAVERN_HOME"]), check=False
    )
    assert done.stdout == b"Sentence n"
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
    assert "Sentence number 39." in tavern("log", "mira").text


def test_several_replies_are_printed_one_after_the_other_and_the_chat_goes_on_from_the_first(
    tavern: Tavern, server: ScriptedServer
) -> None:
    server.says("One.")
    ran = tavern("say", "mira", "Take me across.", "--server", server.address, "--swipes", "2")
    assert (ran.code, ran.text) == (0, "One.\nOne.\n")
    assert "2 of 2:" in ran.notes
    assert server.prompts[0] == server.prompts[1]


def test_json_has_the_other_replies_too(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Yes.")
    ran = tavern("say", "mira", "Hm?", "--server", server.address, "--json", "--swipes", "3")
    figures = json.loads(ran.text)
    turns = [figures["turn"], *(swipe["turn"] for swipe in figures["swipes"])]
    assert len(set(turns)) == 3
    assert [swipe["text"] for swipe in figures["swipes"]] == ["Yes."] * 2
