"""The commands that look after an installation: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tavern_tui import __version__
from tests.cli.conftest import Ran, ScriptedServer, Tavern, environment

NOBODY = "http://127.0.0.1:1"
STARTER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def values(ran: Ran) -> object:
    """What a command gave with ``--json``."""
    assert ran.code == 0, ran.notes
    found: object = json.loads(ran.text)
    return found


@pytest.fixture
def own_model(tavern_home: Path, starter_model: Path) -> Path:
    """The starter model in the library's models folder."""
    folder = tavern_home / "models"
    folder.mkdir()
    link = folder / starter_model.name
    link.symlink_to(starter_model)
    return link


def test_version_and_help_are_results(tavern: Tavern) -> None:
    from tavern_tui.cli.help import COMMANDS

    version = tavern("--version")
    assert (version.code, version.text.split()[-1], version.notes) == (0, __version__, "")
    for flag in ("--help", "-h"):
        ran = tavern(flag)
        assert (ran.code, ran.notes) == (0, "")
        for name in COMMANDS:
            assert f"\n  {name} " in ran.text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("dance",), "dance"),
        (("--dance",), "--dance"),
        (("engine", "dance"), "dance"),
        (("say",), "CHARACTER"),
        (("log", "--last", "0"), "--last"),
        (("models", "get", "dance"), "starter"),
        (("locate", "dance"), "characters"),
        (("say", "mira", "Hi", "--length", "-5"), "--length"),
        (("say", "mira", "Hi", "--context-size", "255"), "--context-size"),
        (("say", "mira", "Hi", "--seed", "dance"), "--seed"),
    ],
)
def test_what_makes_no_sense_has_a_code_of_its_own_and_is_named(
    tavern: Tavern, arguments: tuple[str, ...], named: str
) -> None:
    ran = tavern(*arguments)
    assert (ran.code, ran.text) == (2, "")
    assert named in ran.notes.splitlines()[-1]


def test_a_server_named_before_the_command_is_used_and_one_after_it_goes_first(
    tavern: Tavern, server: ScriptedServer
) -> None:
    server.says("Yes.")
    assert tavern("--server", server.address, "say", "mira", "one").text == "Yes.\n"
    assert tavern("--server", NOBODY, "say", "mira", "two", "--server", server.address).text == "Yes.\n"
    assert tavern("--server", server.address, "say", "mira", "three", "--server", NOBODY).code == 4
    assert "mistral-nemo" in tavern("--server", server.address, "connect").text
    assert tavern("connect", server.address, "--models").text.splitlines()[-1].split() == ["mistral-nemo"]


def test_locate_prints_one_place_or_all_of_them(tavern: Tavern, tavern_home: Path) -> None:
    assert tavern("locate", "chats").text == f"{tavern_home / 'chats'}\n"
    places = values(tavern("locate", "--json"))
    assert isinstance(places, dict)
    for name in ("characters", "stories", "scenarios", "themes"):
        assert places[name] == str(tavern_home / name)
    listed = tavern("locate").text.splitlines()
    assert [line.split()[0] for line in listed] == list(places)


def test_locate_creates_nothing(tavern: Tavern, tavern_home: Path) -> None:
    before = sorted(tavern_home.rglob("*"))
    tavern("locate")
    assert sorted(tavern_home.rglob("*")) == before


def test_characters_are_listed_with_the_samples_and_the_unreadable_ones_aside(
    tavern: Tavern, tavern_home: Path
) -> None:
    (tavern_home / "characters" / "torn.json").write_text('{"name": "To')
    listed = tavern("characters", "list")
    assert listed.code == 0
    assert {"Mira", "Wren", "Bess"} <= {line.split("  ")[0] for line in listed.text.splitlines()}
    assert "torn.json" not in listed.text
    assert "torn.json" in listed.notes
    records = values(tavern("characters", "list", "--json"))
    assert isinstance(records, list)
    by_file = {Path(record["file"]).name: record for record in records}
    assert by_file["torn.json"]["problem"]
    assert (by_file["mira.yaml"]["problem"], by_file["mira.yaml"]["sample"]) == ("", False)


def test_models_tells_what_a_file_is(tavern: Tavern, own_model: Path, tmp_path: Path) -> None:
    listed = tavern("models", HOME=str(tmp_path))
    assert listed.text.split("\n")[1].split("  ")[0] == own_model.stem
    assert "98 MB" in listed.text
    assert "Q4_1" in listed.text
    assert "8,192" in listed.text
    (record,) = json.loads(tavern("models", "--json", HOME=str(tmp_path)).text)
    assert (record["bytes"], record["quant"], record["trained_tokens"]) == (98_362_432, "Q4_1", 8192)


def test_the_template_of_a_model_is_shown_chosen_and_forgotten(tavern: Tavern, own_model: Path) -> None:
    asked = ("models", "template", own_model.stem[:11])
    assert tavern(*asked).text == f"{own_model.stem}: ChatML (from the model's chat template)\n"
    assert tavern(*asked, "mythalion").text == f"{own_model.stem}: Metharme (chosen for this model)\n"
    assert tavern(*asked).text == f"{own_model.stem}: Metharme (chosen for this model)\n"
    shown = values(tavern(*asked, "plain", "--json"))
    assert shown == {
        "model": own_model.stem, "template": "Plain text", "template_from": "chosen for this model", "note": "",
        "remembered": True,
    }  # fmt: skip
    assert tavern(*asked, "auto").text == f"{own_model.stem}: ChatML (from the model's chat template)\n"


def test_the_template_of_a_servers_model_is_chosen_by_its_name(tavern: Tavern) -> None:
    assert tavern("models", "template", "mistralai/mistral-nemo").text.startswith(
        "mistralai/mistral-nemo: Mistral V3-T"
    )
    assert tavern("models", "template", "mistralai/mistral-nemo", "ChatML").text.endswith(
        ": ChatML (chosen for this model)\n"
    )
    assert tavern("models", "template", "MISTRALAI/Mistral-Nemo").text.endswith(": ChatML (chosen for this model)\n")


def test_a_template_that_does_not_exist_is_refused_with_those_that_do(tavern: Tavern) -> None:
    ran = tavern("models", "template", "some-model", "Quux")
    assert ran.code == 1
    assert "“Quux”" in ran.notes
    assert "Alpaca" in ran.notes
    missing = tavern("models", "template", "./nowhere.gguf")
    assert missing.code == 3
    assert "nowhere.gguf" in missing.notes


def test_without_a_model_models_says_how_to_get_one(tavern: Tavern, tmp_path: Path) -> None:
    ran = tavern("models", HOME=str(tmp_path))
    assert ran.code == 0
    assert "models get starter" in ran.text
    assert values(tavern("models", "--json", HOME=str(tmp_path))) == []


def test_offline_the_starter_is_named_with_its_hash_and_folder(
    tavern: Tavern, tavern_home: Path, tmp_path: Path
) -> None:
    ran = tavern("models", "get", "starter", HOME=str(tmp_path), PIP_INDEX_URL=f"{NOBODY}/simple")
    assert ran.code == 4
    assert "SmolLM2-135M-Instruct.Q4_1.gguf" in ran.notes
    assert STARTER_SHA256 in ran.notes
    assert str(tavern_home / "models") in ran.notes


def test_a_starter_that_is_there_is_not_fetched(tavern: Tavern, own_model: Path, tmp_path: Path) -> None:
    quiet = tavern("models", "get", "starter", "--if-none", HOME=str(tmp_path), PIP_INDEX_URL=f"{NOBODY}/simple")
    assert (quiet.code, quiet.text, quiet.notes) == (0, "", "")
    told = tavern("models", "get", "starter", HOME=str(tmp_path), PIP_INDEX_URL=f"{NOBODY}/simple")
    assert (told.code, told.text) == (0, f"Already there: {own_model}\n")


def test_log_lists_and_prints_chats(tavern: Tavern, server: ScriptedServer) -> None:
    assert values(tavern("log", "--json")) == []
    server.says("One.")
    for text in ("first", "second"):
        tavern("say", "mira", text, "--server", server.address)
    (row,) = json.loads(tavern("log", "--json").text)
    assert (row["characters"], row["turns"]) == (["Mira"], 5)
    assert row["name"] in tavern("log").text
    assert tavern("log", "mira", "--last", "2").text == "Alex: second\n\nMira: One.\n"
    records = json.loads(tavern("log", row["name"], "--last", "3", "--json").text)
    assert [(r["speaker"], r["text"]) for r in records] == [
        ("character", "One."),
        ("user", "second"),
        ("character", "One."),
    ]
    missing = tavern("log", "nobody")
    assert (missing.code, missing.text) == (3, "")
    assert "nobody" in missing.notes


def test_the_finished_chat_that_comes_with_the_program_can_be_read(tavern: Tavern, tavern_home: Path) -> None:
    ran = tavern("log", "A night at the Crooked Lantern", "--last", "1")
    assert (ran.code, ran.text[:6]) == (0, "Bess: ")
    assert not (tavern_home / "chats").exists()


def test_followed_a_chat_prints_turns_as_they_are_saved(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("One.")
    tavern("say", "mira", "first", "--server", server.address)
    following = subprocess.Popen(
        [sys.executable, "-m", "tavern_tui", "log", "mira", "--last", "1", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(TAVERN_HOME=str(tavern_home)),
    )
    try:
        assert following.stdout is not None
        lines = following.stdout
        assert next(lines) == b"Mira: One.\n"
        tavern("say", "mira", "second", "--server", server.address)
        assert [next(lines) for _ in range(4)] == [b"\n", b"Alex: second\n", b"\n", b"Mira: One.\n"]
    finally:
        following.kill()
        following.communicate()


def test_connect_describes_a_server_and_remembers_it_when_asked(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    (record,) = json.loads(tavern("connect", server.address, "--json").text)
    assert (record["model"], record["template"]) == ("mistral-nemo", "Mistral V3-Tekken")
    assert not (tavern_home / "config").exists()
    assert "mistral-nemo" in tavern("connect", server.address, "--remember").text
    assert tavern("say", "mira", "Hello").text == "Yes.\n"


def test_connect_says_what_is_wrong_and_then_remembers_nothing(tavern: Tavern, tavern_home: Path) -> None:
    for typed in (NOBODY, "http://", "ftp://rig", "rig:99999"):
        ran = tavern("connect", typed, "--remember")
        assert (ran.code, ran.text) == (4, "")
        assert typed.removeprefix("http://") in ran.notes
    assert not (tavern_home / "config").exists()


def test_without_an_engine_there_is_nothing_to_tell_or_to_stop(tavern: Tavern) -> None:
    assert "No engine runs" in tavern("engine", "status").text
    assert values(tavern("engine", "status", "--json")) is None
    stopped = tavern("engine", "stop")
    assert (stopped.code, stopped.text) == (0, "No engine ran.\n")


def test_the_engine_that_wrote_a_reply_is_shown_and_ends_when_stopped(
    tavern: Tavern, tavern_home: Path, own_model: Path
) -> None:
    pytest.importorskip("llama_cpp")
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text("engine: {threads: 1, context_tokens: 512}\n")
    try:
        said = tavern("say", "mira", "Hello", "--length", "16", "--seed", "1")
        assert said.code == 0, said.notes
        host = values(tavern("engine", "status", "--json"))
        assert isinstance(host, dict)
        assert host["model"]["name"] == own_model.stem
        assert (host["model"]["threads"], host["model"]["context_tokens"], host["busy"]) == (1, 512, False)
        shown = tavern("engine", "status").text
        assert f"process {host['pid']}" in shown
        assert shown.endswith(f"Log: {tavern_home / 'state' / 'engine' / 'host.log'}\n")
    finally:
        stopped = tavern("engine", "stop")
    assert "stopped" in stopped.text
    assert values(tavern("engine", "status", "--json")) is None
    assert str(tavern_home / "state" / "engine" / "host.log") in tavern("engine", "status").text
    assert_gone(host["pid"])


def assert_gone(pid: int) -> None:
    """The process ends within a minute."""
    give_up = time.monotonic() + 60
    while _runs(pid):
        assert time.monotonic() < give_up, f"process {pid} is still there"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_setup_termux_shows_the_lines_and_writes_them_only_when_asked(tavern: Tavern, tmp_path: Path) -> None:
    file = tmp_path / ".termux" / "termux.properties"
    shown = tavern("setup", "termux", HOME=str(tmp_path), PREFIX="")
    assert shown.code == 0
    assert "enforce-char-based-input = true" in shown.text
    assert not file.exists()
    file.parent.mkdir()
    file.write_text("bell-character = ignore\n")
    written = tavern("setup", "termux", "--write", HOME=str(tmp_path), PREFIX="")
    assert written.code == 0
    assert "bell-character = ignore" in file.read_text()
    assert "enforce-char-based-input = true" in file.read_text()
    (kept,) = [path for path in file.parent.iterdir() if path != file]
    assert kept.read_text() == "bell-character = ignore\n"
    assert str(kept) in written.text


def test_the_doctor_finds_a_sound_installation_sound(tavern: Tavern, own_model: Path, tmp_path: Path) -> None:
    findings = values(tavern("doctor", "--json", HOME=str(tmp_path), TMUX=""))
    assert isinstance(findings, list)
    assert {finding["state"] for finding in findings} <= {"good", "note"}
    found = {finding["what"]: finding["found"] for finding in findings}
    assert found["tavern-tui"] == __version__
    assert own_model.stem in found["models"]


def test_the_doctor_names_what_is_wrong_and_has_a_code_for_it(
    tavern: Tavern, tavern_home: Path, own_model: Path, tmp_path: Path
) -> None:
    cut = own_model.with_name("cut.gguf")
    with own_model.open("rb") as whole:
        cut.write_bytes(whole.read(3_000_000))
    (tavern_home / "characters" / "torn.json").write_text('{"name": "To')
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text("reply:\n  respnse_tokens: 90\n")
    ran = tavern("doctor", HOME=str(tmp_path), TMUX="")
    assert ran.code == 1
    assert f"{tavern_home / 'config' / 'config.yaml'}:2" in ran.text
    assert "reply.response_tokens" in ran.text
    assert "torn.json" in ran.text
    assert "cut.gguf" in ran.text
    assert "3 MB of 98 MB" in ran.text
