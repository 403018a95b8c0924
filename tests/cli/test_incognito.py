"""``tavern-tui --incognito`` with the real engine: no file on this machine has anything of what was said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Tavern

SECRET = "quokkas under the marmalade stairs"


def below(*folders: Path) -> dict[Path, bytes]:
    """Every file in these folders with what is in it; sockets have nothing."""
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_nothing_of_it_is_on_disk_while_the_engine_remembers_nor_after(starter_model: Path, tmp_path: Path) -> None:
    home, user, temporary = (tmp_path / name for name in ("home", "user", "tmp"))
    for folder in (home / "models", home / "config", user, temporary):
        folder.mkdir(parents=True)
    (home / "config" / "config.yaml").write_text("engine: {threads: 1}\n")
    (home / "models" / starter_model.name).symlink_to(starter_model)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TAVERN_"))}
    environ = {**kept, "TAVERN_HOME": str(home), "HOME": str(user), "TMPDIR": str(temporary)}

    def tavern(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tavern_tui", *arguments]
        return subprocess.run(
            command, input=stdin, env=environ, capture_output=True, text=True, timeout=120, check=False
        )

    try:
        talk = ("--incognito", "chat", "Wren", "--plain", "--length", "16", "--context-size", "1024", "--seed", "1")
        ran = tavern(*talk, stdin=f"Look for the {SECRET}. {'Then look again. ' * 40}\n/title {SECRET}\nAnd now?\n")
        assert "Incognito: nothing of this chat is written to the disk" in ran.stderr
        assert ran.stdout.count("Wren:") >= 2, ran.stderr
        while_it_runs = below(home, user, temporary)
    finally:
        stopped = tavern("engine", "stop")
    after = below(home, user, temporary)
    assert "was stopped" in stopped.stdout, stopped.stderr
    for files in (while_it_runs, after):
        assert [path for path, data in files.items() if SECRET.encode() in data] == []
    unexpected = [path for path in after if not path.is_relative_to(home)]
    allowed = (
        "models",
        "cache/model-headers",
        "cache/tokenizers",
        "state/engine",
        "config/config.yaml",
        "state/device",
    )
    unexpected += [path for path in after if not str(path.relative_to(home)).startswith(allowed)]
    assert unexpected == []


def test_going_on_with_a_kept_chat_is_no_incognito_chat(tavern: Tavern) -> None:
    ran = tavern("--incognito", "chat", "Wren", "--chat", "x", stdin="")
    assert ran.code == 2
    assert "Leave out one of them" in ran.notes
