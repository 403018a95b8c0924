"""The folder of quick replies: sets in the order of their names, and what cannot be read beside what can."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.storage.quick_replies import read_folder


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "none").replies == ()


def test_sets_follow_one_another_by_name_and_a_bad_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("- Third.\n")
    (tmp_path / "A.json").write_text('["First.", "Second."]')
    (tmp_path / "broken.yaml").write_text("a: b\n")
    (tmp_path / ".hidden.yaml").write_text("- No.\n")
    (tmp_path / "notes.txt").write_text("- No.\n")
    found = read_folder(tmp_path)
    assert [reply.message for reply in found.replies] == ["First.", "Second.", "Third."]
    assert len(found.problems) == 1
    assert "broken.yaml" in found.problems[0]
