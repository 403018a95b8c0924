"""Files that mean harm bring a ``TavernError`` that names the file, in little time and memory, from every reader."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

MEGABYTE = 1024 * 1024
DEEP = b"[" * 1_000 + b"]" * 1_000
BOMB = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 123))
BAD: dict[str, bytes] = {
    "empty": b"",
    "NULs": b"\0" * 64,
    "no text": b"\xff\xfe\xfd" * 9,
    "cut": b'{"entries": {"0": {"key": ["a"',
    "deep": DEEP,
    "deep in a field": b'{"entries": {"0": {"extensions": ' + DEEP + b"}}}",
    "deep YAML": b"a: " + DEEP,
    "aliases": BOMB,
    "a number without end": b'{"temp": ' + b"9" * 100_000 + b', "rep_pen": "x"}',
    "no number": b'{"temp": NaN, "rep_pen": Infinity, "entries": NaN}',
    "twice": b'{"entries": {}, "entries": 7}',
    "half a character": b'{"name": "\xed\xa0\x80", "entries": 7}',
    "too many prompts": json.dumps({"prompts": [{"identifier": "a"}] * 3_000, "wi_format": ""}).encode(),
    "too many scripts": json.dumps([{"findRegex": "a"}] * 2_000).encode(),
    "long": b'{"personas": "' + b"x" * (4 * MEGABYTE + 9) + b'"}',
    "tagged": b"!!python/object/apply:os.system [ls]\n",
}
READERS = (
    "tavern_tui.formats.lorebook_exchange:read_any_lorebook",
    "tavern_tui.formats.preset_kinds:read_preset_file",
    "tavern_tui.formats.sampler_files:read_sampler_file",
    "tavern_tui.formats.chat_presets:read_chat_preset",
    "tavern_tui.formats.templates:read_template",
    "tavern_tui.formats.templates:read_bundle",
    "tavern_tui.formats.webui_templates:read_instruction_template",
    "tavern_tui.formats.reply_sets:read_reply_set",
    "tavern_tui.formats.script_files:read_script_file",
    "tavern_tui.formats.personas:read_persona",
    "tavern_tui.formats.personas:read_backup",
)
# Every file to every reader, in one process: what is not refused is printed, and so is what does not name the file.
CHILD = """
import importlib, json, sys
from tavern_tui.domain.errors import TavernError
from tests.formats.test_bad_input import BAD, READERS
readers = {one: getattr(importlib.import_module(one.split(":")[0]), one.split(":")[1]) for one in READERS}
found = []
for what, data in BAD.items():
    for name, read in readers.items():
        try:
            read(data, "theirs.json")
            found.append(f"{name} takes {what}")
        except TavernError as error:
            if "theirs.json" not in str(error):
                found.append(f"{name} does not say which file has {what}: {error}")
print(json.dumps(found))
"""


def limits() -> None:
    """Ten seconds and 512 MB for all of them."""
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_AS, (512 * MEGABYTE, 512 * MEGABYTE))


@pytest.fixture(scope="module")
def found() -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, check=False, preexec_fn=limits, timeout=100, text=True
    )
    assert ran.returncode == 0, ran.stderr
    told: list[str] = json.loads(ran.stdout)
    return told


def test_bad_files_are_refused_by_name_within_the_limits(found: list[str]) -> None:
    assert found == []
