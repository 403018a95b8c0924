"""``tavern-tui models``: lists that stay calm at every width, one model's page, what fits this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tavern_tui.cli import models as command
from tavern_tui.cli import output
from tests.formats.gguf_files import write_gguf

KEYS = {
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.context_length": 131072,
    "general.file_type": 15,
}
LONG = "Mistral-Nemo-Instruct-2407-abliterated-roleplay-merge-v3.Q4_K_M"


@pytest.fixture
def folder(tavern_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library with two models and three things that are none."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    found = tavern_home / "models"
    found.mkdir(parents=True)
    write_gguf(found / "Mira-7B.Q4_K_M.gguf", keys=KEYS)
    write_gguf(found / f"{LONG}.gguf", keys=KEYS)
    write_gguf(found / "mmproj-mira-7b.gguf", arch="clip")
    write_gguf(found / "embed.gguf", arch="bert")
    (found / "old.ggml").write_bytes(b"tjgg\x03\0\0\0")
    return found


def ran(*arguments: str, columns: int = 0, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What the command prints and notes on a terminal of so many columns; 0: into a pipe."""
    for module in (command, output):
        monkeypatch.setattr(module, "columns", lambda: columns)
    group = click.Group(commands={"models": command.models})
    result = CliRunner().invoke(group, ["models", *arguments], obj={"safe": False}, catch_exceptions=False)
    return result.stdout, result.stderr


@pytest.mark.parametrize("columns", [45, 80, 120])
def test_the_list_fits_the_terminal_a_line_for_each_model(
    folder: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, notes = ran("list", columns=columns, monkeypatch=monkeypatch)
    lines = text.splitlines()
    assert len(lines) == 3
    assert all(len(line) <= columns for line in lines)
    assert all(line.endswith("fits") for line in lines[1:])
    headers = {45: "model size fit", 80: "model size quant trained for fit", 120: "model size quant trained for needs"}
    assert " ".join(lines[0].split()).startswith(headers[columns])
    assert ("sees" in lines[0]) is (columns == 120)
    assert all(len(line) <= columns for line in notes.splitlines())
    told = " ".join(notes.split())
    assert "embed.gguf: This is an embedding model: it cannot chat." in told
    assert "old.ggml: This is an old GGJT file (version 3)." in told


def test_names_are_whole_where_no_terminal_cuts_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = ran(monkeypatch=monkeypatch)
    assert LONG in text


def test_a_name_with_a_line_break_in_it_stays_on_its_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "two\nlines\x1b[2J.gguf").touch()
    _, notes = ran("list", monkeypatch=monkeypatch)
    assert "/two lines␛[2J.gguf: This is an empty file." in notes


def test_many_things_that_are_no_gguf_are_only_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (folder / f"old{number}.ggml").write_bytes(b"tjgg\x03\0\0\0")
    _, notes = ran("list", monkeypatch=monkeypatch)
    assert notes.count("old GGJT") == 12
    assert "9 more that are no GGUF: tavern-tui models list --all" in notes
    _, notes = ran("list", "--all", monkeypatch=monkeypatch)
    assert notes.count("old GGJT") == 21


def test_json_has_everything_with_its_problem(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, notes = ran("list", "--json", "--context-size", "4096", "--kv", "q8_0", monkeypatch=monkeypatch)
    rows = {row["name"]: row for row in json.loads(text)}
    assert notes == ""
    assert rows["Mira-7B.Q4_K_M"]["context_tokens"] == 4096
    assert rows["Mira-7B.Q4_K_M"]["projector"].endswith("mmproj-mira-7b.gguf")
    assert {name for name, row in rows.items() if row["problem"]} == {"embed", "old.ggml"}


@pytest.mark.parametrize("columns", [45, 80, 120])
def test_a_models_page_fits_the_terminal(folder: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = ran("show", "mira", columns=columns, monkeypatch=monkeypatch)
    assert all(len(line) <= columns for line in text.splitlines())
    for label in ("model", "file", "size", "quant", "trained for", "pictures", "memory", "context"):
        assert f"\n{label}" in f"\n{text}"
    assert json.loads(ran("show", "mira", "--json", monkeypatch=monkeypatch)[0])["header"]["layers"] == 0


@pytest.mark.parametrize("columns", [45, 80, 120])
def test_what_fits_this_machine_is_said_and_fetched_by_nobody(
    folder: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, notes = ran("recommend", columns=columns, monkeypatch=monkeypatch)
    table = text[text.index("\nsize") :]
    assert all(len(line) <= columns for line in table.splitlines())
    assert ("L3-8B-Stheno-v3.2" in table) is (columns > 60)
    assert notes == ""
    told = json.loads(ran("recommend", "--json", monkeypatch=monkeypatch)[0])
    assert told["best"] in [*told["classes"], None]


def test_what_is_remembered_for_a_model_is_told_and_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*options: str) -> str:
        return ran("remember", "mira", *options, monkeypatch=monkeypatch)[0]

    assert told() == "Mira-7B.Q4_K_M: nothing is remembered\n"
    all_of_it = "Mira-7B.Q4_K_M: preset story, replies of 400 tokens, a context of 16,384 tokens\n"
    assert told("--preset", "story", "--length", "400", "--context-size", "16384") == all_of_it
    assert told() == all_of_it
    assert json.loads(told("--json"))["context_tokens"] == 16384
    assert told("--forget") == "Mira-7B.Q4_K_M: nothing is remembered\n"
