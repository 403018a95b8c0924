"""``tavern-tui import`` from the command line: what it prints, and its receipt."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Tavern
from tests.fuzz import CORPUS


def test_files_of_any_kind_are_taken_and_told(tavern: Tavern, tavern_home: Path, tmp_path: Path) -> None:
    (tmp_path / "photo\x1b[31m.png").write_bytes(b"no card")
    torn = tmp_path / "torn.json"
    torn.write_text('{"entries": {')
    ran = tavern("import", str(CORPUS / "cards" / "v3.png"), str(CORPUS / "chats"), str(torn), str(tmp_path))
    assert ran.code == 0
    assert [line.split()[0] for line in ran.text.splitlines()[:3]] == ["what", "character", "chat"]
    assert "torn.json: This is not JSON" in ran.notes
    assert "\x1b" not in ran.notes + ran.text
    again = json.loads(tavern("import", "--last", "--json").text)
    assert {one["kind"] for one in again["things"]} == {"character", "chat"}
    assert (tavern_home / "state" / "import.json").stat().st_mode & 0o77 == 0


def test_a_dry_run_leaves_no_file(tavern: Tavern, tavern_home: Path) -> None:
    ran = tavern("import", "--dry-run", str(CORPUS / "lorebooks"))
    assert "Nothing was changed: this was a dry run." in ran.text
    assert not (tavern_home / "worlds").exists()


def test_without_a_path_it_says_what_it_needs(tavern: Tavern) -> None:
    assert tavern("import").code == 2
    assert "There is nothing at" in tavern("import", "/nowhere/at/all").notes


def test_everything_goes_out_as_sillytavern_has_it(tavern: Tavern, tavern_home: Path, tmp_path: Path) -> None:
    assert tavern("import", str(CORPUS / "chats" / "sillytavern-1.12.6.jsonl"), "--policy", "classic").code == 0
    assert any(b'"classic"' in log.read_bytes() for log in (tavern_home / "chats").iterdir())
    ran = tavern("export", "--sillytavern", str(tmp_path / "out"))
    assert ran.text.splitlines()[-1] == f"Written: {tmp_path / 'out'}"
    assert [path.suffix for path in (tmp_path / "out" / "chats").rglob("*.jsonl")] == [".jsonl"]
    assert "is there already" not in tavern("export", "chat", "sillytavern-1.12.6", "--as", "text").notes
    assert tavern("export").code == 2
