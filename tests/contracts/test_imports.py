"""What each room loads at run time: the linter sees imports in the source, this sees what Python really imports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("textual", "rich", "httpx", "pydantic", "llama_cpp", "jinja2", "yaml", "sqlite3", "asyncio")
PROBE = """
import importlib, json, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith(tuple(sys.argv[2].split(","))):
        importlib.import_module(module.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(room: str, leave_out: str = "-") -> set[str]:
    """Top-level names in ``sys.modules`` after importing every module of ``room``."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, room, leave_out], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("tavern_tui.domain", (*HEAVY, "click", "platformdirs")),
        ("tavern_tui.prompt", ("textual", "rich", "httpx", "pydantic", "llama_cpp", "yaml", "sqlite3", "click")),
        ("tavern_tui.formats", ("textual", "rich", "httpx", "llama_cpp", "sqlite3", "click", "jinja2", "PIL")),
        ("tavern_tui.storage", ("textual", "rich", "httpx", "llama_cpp", "click", "jinja2")),
        ("tavern_tui.engines", ("textual", "rich", "click", "llama_cpp", "sqlite3", "yaml", "jinja2")),
        ("tavern_tui.config", ("textual", "rich", "httpx", "llama_cpp", "sqlite3", "click", "jinja2")),
        ("tavern_tui.session", ("textual", "llama_cpp")),
        ("tavern_tui.cli", ("textual", "rich", "httpx", "llama_cpp")),
    ],
)
def test_a_room_loads_nothing_that_it_may_not_touch(room: str, never: tuple[str, ...]) -> None:
    assert loaded_by(room) & set(never) == set()


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_load_nothing_heavy(argument: str) -> None:
    script = (
        "import json, sys; from tavern_tui.cli.main import run; code = run([sys.argv[1]]);"
        "print(json.dumps([code, sorted({n.partition('.')[0] for n in sys.modules})]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, argument], capture_output=True, text=True, check=True, timeout=60
    )
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert done.stdout
    assert set(modules) & {*HEAVY, "platformdirs"} == set()
