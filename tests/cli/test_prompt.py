"""``prompt``: what the next reply would read, part by part, and nothing else happens."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.cli import output
from tests.cli.conftest import ScriptedServer, Tavern, environment

NOWHERE = "http://127.0.0.1:1"
RIVER = {
    "name": "River",
    "entries": {
        "0": {"uid": 0, "key": ["lantern"], "content": "The ferry has no bell.", "comment": "The ferry"},
        "1": {"uid": 1, "key": ["lantern"], "content": "It sank once.", "comment": "The wreck", "disable": True},
        "2": {"uid": 2, "key": ["whale"], "content": "There are none.", "comment": "Whales", "disable": True},
    },
}


@pytest.fixture
def world(tmp_path: Path) -> str:
    """A lorebook's file: one entry fires, one is disabled, one has nothing to do with it."""
    path = tmp_path / "river.json"
    path.write_text(json.dumps(RIVER), encoding="utf-8")
    return str(path)


def looked(tavern: Tavern, *arguments: str, **variables: str) -> dict[str, Any]:
    """The JSON of a look at Mira's prompt."""
    ran = tavern("prompt", "mira", "--server", NOWHERE, "--json", *arguments, **variables)
    assert ran.code == 0, ran.notes
    found = json.loads(ran.text)
    assert isinstance(found, dict)
    return found


def files_in(home: Path) -> set[str]:
    """Every file of a home, but what Python compiled."""
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


# What is shown


def test_the_very_prompt_that_the_next_reply_gets_is_shown(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Yes.")
    tavern("say", "mira", "Take me across.", "--server", server.address)
    seen = tavern("prompt", "mira", "--server", server.address, "--text")
    tavern("say", "mira", "And back.", "--server", server.address)
    assert server.prompts[1] == seen.text.rstrip("\n") + "</s>[INST]And back.[/INST]"


def test_a_terminals_reader_gets_a_line_for_every_part_with_its_source_and_the_sums(tavern: Tavern) -> None:
    ran = tavern("prompt", "mira", "--server", NOWHERE, "--instruct", "ChatML", "--context-size", "2048")
    lines = ran.text.splitlines()
    assert lines[0] == "Mira · a new chat · 1 turn · the next reply"
    assert lines[1] == "Template ChatML (chosen), policy economy"
    assert re.search(r"~\d+ +.* description +the card's description +Mira keeps the night ferry", ran.text)
    assert re.search(r"~\d+ +.* turn +Mira's turn 1 +\*Mira lifts a lantern", ran.text)
    assert re.search(r"^~\d+ of 1,673 tokens \(\d+%\), ~[\d,]+ free\. Context 2,048, of which 375 for", lines[-2])
    assert lines[-1].startswith("Stops at: ")


def test_what_was_left_out_stands_at_the_end_with_its_reason(tavern: Tavern, world: str) -> None:
    ran = tavern("prompt", "mira", "--server", NOWHERE, "--world", world)
    lines = ran.text.splitlines()
    (at,) = [place for place, line in enumerate(lines) if "The ferry (River)" in line]
    assert lines[at + 1].strip() == "because: key *lantern* in Mira's turn 1"
    _, left_out = ran.text.split("LEFT OUT\n")
    assert re.search(r"The wreck.* +disabled", left_out)
    assert "Whales" not in ran.text


def test_json_has_every_part_and_what_stands_round_the_plan(tavern: Tavern, world: str) -> None:
    found = looked(tavern, "--world", world, "--instruct", "Alpaca")
    assert (found["character"], found["chat"], found["turns"]) == ("Mira", "", 1)
    assert (found["template"], found["template_from"], found["policy"]) == ("Alpaca", "chosen", "economy")
    assert found["tokens"] == sum(part["tokens"] for part in found["parts"] if part["state"] == "in")
    assert found["text"] == "".join(part["text"] for part in found["parts"] if part["state"] == "in")
    assert found["last"] is None
    assert [entry["title"] for entry in found["fired"]] == ["The ferry"]
    lore = {part["reason"]: part["state"] for part in found["parts"] if part["kind"] == "lore"}
    assert lore["disabled"] == "out"


def test_options_take_the_place_of_what_the_library_has(tavern: Tavern, tmp_path: Path, world: str) -> None:
    card = tmp_path / "mira2.yaml"
    said = "name: Mira\ncontext: '{{char}} has sold the ferry to {{user}}.'\ngreeting: A lantern.\n"
    card.write_text(said, encoding="utf-8")
    persona = tmp_path / "Ann.yaml"
    persona.write_text("name: Ann\ndescription: A surgeon.\n", encoding="utf-8")
    found = looked(
        tavern,
        *("--card", str(card), "--persona", str(persona), "--world", world, "--context-size", "1024"),
        *("--policy", "classic", "--length", "100"),
    )
    assert "Mira has sold the ferry to Ann." in found["text"]
    assert "A surgeon." in found["text"]
    assert "The ferry has no bell." in found["text"]
    assert found["text"].count("A lantern.") == 1
    assert "Mira lifts" not in found["text"]
    assert (found["policy"], found["context_tokens"], found["limit"], found["padding"]) == ("classic", 1024, 899, 64)


def test_the_policy_that_is_set_is_used_unless_another_is_asked_for(tavern: Tavern, tavern_home: Path) -> None:
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text("reply:\n  policy: classic\n", encoding="utf-8")
    assert looked(tavern)["policy"] == "classic"
    assert looked(tavern, "--policy", "economy")["policy"] == "economy"


def test_a_persona_may_be_a_name_or_a_text(tavern: Tavern, tmp_path: Path) -> None:
    named = looked(tavern, "--persona", "Ann")
    assert "Mira keeps the night ferry and talks to Ann." in named["text"]
    text = tmp_path / "Bo.txt"
    text.write_text("A diver.\n", encoding="utf-8")
    found = looked(tavern, "--persona", str(text))
    assert "talks to Bo." in found["text"]
    assert "A diver." in found["text"]


def test_a_long_history_is_folded_unless_all_of_it_is_wanted(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Yes.")
    for number in range(9):
        tavern("say", "mira", f"Question {number}.", "--server", server.address)
    folded = tavern("prompt", "mira", "--server", server.address).text
    assert re.search(r"4 turns: Alex's turn 4 to Mira's turn 7", folded)
    assert "Question 1." not in folded
    whole = tavern("prompt", "mira", "--server", server.address, "--all").text
    assert all(f"Question {number}." in whole for number in range(9))


def test_for_a_server_that_takes_messages_the_messages_are_shown(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    (tavern_home / "config").mkdir(exist_ok=True)
    (tavern_home / "config" / "config.yaml").write_text("connection:\n  chat_completion: true\n")
    ran = tavern("prompt", "mira", "--server", server.address)
    assert "Sent as messages, policy economy" in ran.text
    text = tavern("prompt", "mira", "--server", server.address, "--text").text
    assert text.startswith("[system]\n")
    assert "[assistant]\n*Mira lifts a lantern." in text
    found = json.loads(tavern("prompt", "mira", "--server", server.address, "--json").text)
    assert found["text"] is None
    assert found["messages"][0]["role"] == "system"
    assert found["messages"][-1]["content"].startswith("*Mira lifts a lantern.")


# Nothing happens


def test_looking_writes_nothing(tavern: Tavern, tavern_home: Path) -> None:
    before = files_in(tavern_home)
    assert tavern("prompt", "mira", "--server", NOWHERE).code == 0
    assert tavern("prompt", "wren", "--server", NOWHERE).code == 0
    assert files_in(tavern_home) == before


@pytest.mark.model
def test_without_a_running_engine_the_models_file_counts_and_nothing_is_started(
    tavern: Tavern, tavern_home: Path, starter_model: Path
) -> None:
    ran = tavern("prompt", "mira", "--model", str(starter_model), "--json")
    found = json.loads(ran.text)
    assert found["exact"]
    assert found["counting"] == "by the model file's vocabulary, no engine runs"
    assert (found["template"], found["template_from"]) == ("ChatML", "from the model's chat template")
    assert found["tokens"] == counted(starter_model, found["text"])
    assert not (tavern_home / "state" / "engine").exists()


def counted(model: Path, text: str) -> int:
    """Tokens of a text by llama.cpp itself."""
    from llama_cpp import Llama

    vocabulary = Llama(str(model), vocab_only=True, verbose=False)
    return len(vocabulary.tokenize(text.encode(), add_bos=False, special=True))


def test_a_server_that_is_down_is_told_of_and_counted_without(tavern: Tavern) -> None:
    ran = tavern("prompt", "mira", "--server", NOWHERE)
    assert ran.code == 0
    assert "does not answer (connection refused)" in ran.notes
    assert "~ Estimated: no engine was asked" in ran.text


def test_without_any_model_it_is_estimated(tavern: Tavern, tmp_path: Path) -> None:
    ran = tavern("prompt", "mira", HOME=str(tmp_path))
    assert ran.code == 0
    assert "~ Estimated" in ran.text
    assert "models get starter" in ran.notes


def test_safe_mode_asks_nobody(tavern: Tavern) -> None:
    ran = tavern("--safe", "prompt", "mira", "--server", NOWHERE)
    assert (ran.code, ran.notes) == (0, "")


# What changed


def test_what_changed_since_the_last_prompt_is_named_with_the_token_at_which_it_begins(
    tavern: Tavern, server: ScriptedServer, tmp_path: Path
) -> None:
    server.says("Yes.")
    tavern("say", "mira", "Take me across.", "--server", server.address)
    same = tavern("prompt", "mira", "--server", server.address, "--diff-last").text
    assert "Against the prompt of turn 3, just now:" in same
    assert re.search(r"added +turn +Mira's turn 3 +~0 +~\d+", same)
    assert "The first to differ" not in same

    card = tmp_path / "mira2.yaml"
    card.write_text("name: Mira\ncontext: Mira has sold the ferry.\ngreeting: Hello.\n", encoding="utf-8")
    changed = tavern("prompt", "mira", "--server", server.address, "--diff-last", "--card", str(card))
    assert "The first to differ is the card's description." in changed.text
    assert re.search(r"changed +description +the card's description", changed.text)

    found = json.loads(tavern("prompt", "mira", "--server", server.address, "--json").text)["last"]
    assert (found["number"], found["policy"], found["first"]) == (3, "economy", "")
    assert 0 < found["same_tokens"] == found["before_tokens"] < found["tokens"]


def test_what_would_be_read_is_told_with_the_token_at_which_it_begins(
    tavern: Tavern, server: ScriptedServer, tmp_path: Path
) -> None:
    new = tavern("prompt", "mira", "--server", server.address, "--cost").text
    assert re.search(r"^~reads (\d+) of \1 · nothing was read of it yet$", new, re.MULTILINE)
    server.says("Yes.")
    tavern("say", "mira", "Take me across.", "--server", server.address)
    assert re.search(r"^~reads \d of \d+$", tavern("prompt", "mira", "--server", server.address, "--cost").text, re.M)
    card = tmp_path / "mira2.yaml"
    card.write_text("name: Mira\ncontext: Mira has sold the ferry.\ngreeting: Hello.\n", encoding="utf-8")
    changed = tavern("prompt", "mira", "--server", server.address, "--cost", "--card", str(card))
    assert re.search(r"of use up to there: the card's description changed at token \d+\.", changed.text)
    found = json.loads(tavern("prompt", "mira", "--server", server.address, "--json").text)["cost"]
    assert found["reads"] + found["at"] == found["tokens"]


def test_where_no_prompt_was_sent_from_here_nothing_can_have_changed(tavern: Tavern) -> None:
    ran = tavern("prompt", "mira", "--server", NOWHERE, "--diff-last")
    assert (ran.code, ran.text) == (3, "")
    assert "Nothing is kept of the last prompt" in ran.notes


def test_a_record_that_is_damaged_is_as_good_as_none(tavern: Tavern, server: ScriptedServer, tavern_home: Path) -> None:
    server.says("Yes.")
    tavern("say", "mira", "Hm?", "--server", server.address)
    (record,) = (tavern_home / "state" / "journals").glob("*.prompt.json")
    record.write_text('{"format": 1, "parts": [', encoding="utf-8")
    assert tavern("prompt", "mira", "--server", server.address, "--diff-last").code == 3
    assert tavern("say", "mira", "Hm?", "--server", server.address).code == 0


# What does not go


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("prompt", "nobody"), 3, "no character “nobody”"),
        (("prompt", "mira", "--card", "none.png"), 3, "none.png"),
        (("prompt", "mira", "--world", "none.json"), 3, "none.json"),
        (("prompt", "mira", "--persona", "none.yaml"), 3, "none.yaml"),
        (("prompt", "mira", "--instruct", "Alpacca"), 1, "no instruct template “Alpacca”"),
        (("prompt", "mira", "--policy", "other"), 2, "--policy"),
        (("prompt", "mira", "--text", "--json"), 2, "--text stands alone"),
        (("prompt",), 2, "CHARACTER|CHAT"),
        (("prompt", "mira", "--model", "none.gguf"), 3, "none.gguf"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_has_its_code_and_is_named(
    tavern: Tavern, arguments: tuple[str, ...], code: int, told: str
) -> None:
    ran = tavern(*arguments, TAVERN_SERVER="" if "--model" in arguments else NOWHERE)
    assert ran.code == code, ran.notes
    assert told in ran.notes
    assert ran.text == ""


def test_a_card_that_does_not_fit_says_what_to_shorten(tavern: Tavern, tavern_home: Path) -> None:
    (tavern_home / "characters" / "big.yaml").write_text(f"name: Big\ncontext: {'word ' * 3000}\n", encoding="utf-8")
    ran = tavern("prompt", "Big", "--server", NOWHERE, "--context-size", "1024")
    assert ran.code == 1
    assert "do not fit 1,024" in ran.notes


def test_a_persona_file_that_holds_something_else_is_refused(tavern: Tavern, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("- a\n- b\n", encoding="utf-8")
    ran = tavern("prompt", "mira", "--server", NOWHERE, "--persona", str(path))
    assert (ran.code, ran.text) == (1, "")
    assert "p.yaml" in ran.notes


def test_hostile_names_do_not_reach_the_terminal(tavern: Tavern, tavern_home: Path) -> None:
    (tavern_home / "characters" / "evil.yaml").write_text(
        'name: "E\\e[2Jvil"\ncontext: "a\\e]0;x\\a b"\n', encoding="utf-8"
    )
    for option in ((), ("--text",), ("--json",)):
        ran = tavern("prompt", "evil", "--server", NOWHERE, *option)
        assert ran.code == 0
        assert b"\x1b" not in ran.out + ran.err


# Columns


def test_numbers_end_in_one_column_and_wide_characters_take_two(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([("1", "夜の船", "x"), ("1,000", "e\u0301", "y"), ("20", "a\u200db", "z")], right=(0,))
    assert capsys.readouterr().out.splitlines() == [
        "    1  夜の船  x",
        "1,000  e\u0301       y",
        "   20  a\u200db      z",
    ]


@pytest.mark.parametrize("width", [45, 80, 120])
def test_on_a_terminal_no_row_of_a_part_is_wider_than_it_is(tavern: Tavern, width: int) -> None:
    tavern("prompt", "mira", "--server", NOWHERE)  # makes the home
    reading, writing = pty.openpty()
    command = [sys.executable, "-m", "tavern_tui", "prompt", "mira", "--server", NOWHERE]
    env = environment(TAVERN_HOME=os.environ["TAVERN_HOME"], COLUMNS=str(width))
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.DEVNULL, env=env) as process:
        os.close(writing)
        shown = _read_all(reading)
        assert process.wait(60) == 0
    rows = shown.split("tokens", 1)[1].split("\n\n")[0].splitlines()[1:]
    assert len(rows) > 4
    assert max(len(row) for row in rows) <= width
    assert ("Mira keeps the" in shown) is (width >= 100)


def _read_all(descriptor: int) -> str:
    """Everything that is written to a terminal until its last writer has gone."""
    shown = b""
    try:
        while piece := os.read(descriptor, 65536):
            shown += piece
    except OSError:
        pass  # Linux says so where the other end has gone
    os.close(descriptor)
    return shown.decode().replace("\r\n", "\n")
