"""Cards that were made to hurt: refused with the file's name and what is wrong, within 2 CPU-seconds and 512 MB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.storage.bad_cards import MAKERS

ROOT = Path(__file__).parents[2]

TOLD = {
    "wrong-crc-only.png": "checksum of chunk tEXt",
    "truncated.png": "cut short in chunk tEXt",
    "not-base64.png": "(chara) is damaged: not base64",
    "nul.json": "“data.x” holds a NUL",
    "surrogate.json": "Byte 0xed in column",
    "twice.json": "“data.x” is given twice",
    "huge-integer.json": "“data.x” is 99999",
    "nan.json": "“data.x” is NaN",
}
"""The place that a refusal names inside the file."""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of every bad card, each read by a child of its own."""
    folder = tmp_path_factory.mktemp("bad")
    command = [sys.executable, "-m", "tests.storage.bad_cards", str(folder)]
    ran = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode() or f"the child ended with {ran.returncode}"
    assert {path.name for path in folder.iterdir()} == set(MAKERS)
    for path in folder.iterdir():
        if path.stat(follow_symlinks=False).st_size > 1_000_000 and path.is_file():
            path.unlink()
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("name", MAKERS)
def test_a_bad_card_is_refused_with_its_name(name: str, outcome: dict[str, dict[str, Any]]) -> None:
    found = outcome[name]
    assert "refused" in found, found
    assert name in found["where"]
    assert len(found["refused"]) > len(found["where"])
    assert "Traceback" not in found["refused"]


@pytest.mark.parametrize("name", TOLD)
def test_the_place_inside_the_file_is_named(name: str, outcome: dict[str, dict[str, Any]]) -> None:
    assert TOLD[name] in outcome[name]["refused"]
