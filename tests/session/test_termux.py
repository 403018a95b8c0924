"""Termux: nothing of the user's file is lost, and the launcher notices a Python upgrade."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tavern_tui.session.termux import PROPERTIES, is_termux, launcher_script, merged_properties, write_properties

OLD = """# my keys
bell-character = vibrate
extra-keys = [['ESC', \\
  'TAB']]
# extra-keys = [['A']]
volume-keys=volume
"""


def test_our_lines_replace_active_ones_and_the_rest_stays() -> None:
    text = merged_properties(OLD)
    assert "bell-character = vibrate" in text
    assert "# extra-keys = [['A']]" in text
    assert "volume-keys=volume" in text
    assert "'TAB']]\n#" not in text
    assert text.count("\nextra-keys = ") == 1
    assert merged_properties(text) == text


def test_an_empty_file_gets_just_our_lines() -> None:
    assert merged_properties("").splitlines() == [f"{name} = {value}" for name, value in PROPERTIES.items()]


def test_the_old_file_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / ".termux"
    folder.mkdir()
    (folder / "termux.properties").write_text(OLD)
    path, backup = write_properties(tmp_path)
    assert backup is not None
    assert backup.read_text() == OLD
    assert path.read_text() == merged_properties(OLD)


@pytest.mark.parametrize(("made_for", "starts"), [("3.13", True), ("3.12", False)])
def test_the_launcher_starts_only_with_the_python_it_was_made_for(tmp_path: Path, made_for: str, starts: bool) -> None:
    program = tmp_path / "it's mine" / "bin" / "tavern-tui"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "started $1"\n')
    program.chmod(0o755)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 3.13\n")
    python.chmod(0o755)
    script = launcher_script(program.parent.parent, made_for)
    done = subprocess.run(
        ["sh", "-c", script, "tavern", "say"],
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
    )
    assert (done.returncode == 0) is starts
    assert done.stdout.startswith("started say" if starts else "Python changed from 3.12 to 3.13: run this block")


def test_termux_is_known_by_its_variables() -> None:
    assert is_termux({"PREFIX": "/data/data/com.termux/files/usr"})
    assert not is_termux({"PREFIX": "/usr/local"})
