"""The variables of all chats: read back as they were written, whole or not at all, and changed by several at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.global_variables import GlobalVariables
from tests.storage import child

CHANGE = """
import sys
from pathlib import Path
from tavern_tui.storage.global_variables import GlobalVariables
folder, own = Path(sys.argv[1]), sys.argv[2]
variables = GlobalVariables(folder / "variables.json", folder / "variables.lock")
sys.stdin.read(1)
for at in range(20):
    variables.change({f"{own}{at}": own, "last": own})
"""


def variables(folder: Path) -> GlobalVariables:
    return GlobalVariables(folder / "data" / "variables.json", folder / "state" / "variables.lock")


def test_without_a_file_there_are_none_and_none_is_made(tmp_path: Path) -> None:
    assert variables(tmp_path).read() == {}
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=20), max_size=5))
def test_what_was_written_is_read_back(tmp_path: Path, changes: dict[str, str]) -> None:
    changes = {name: value.encode("utf-8", "replace").decode() for name, value in changes.items()}
    before = variables(tmp_path).read()
    assert variables(tmp_path).change(changes) == {**before, **changes}
    assert variables(tmp_path).read() == {**before, **changes}


def test_a_change_leaves_the_others_as_another_terminal_wrote_them(tmp_path: Path) -> None:
    one, other = variables(tmp_path), variables(tmp_path)
    one.change({"gold": "5", "mood": "calm"})
    assert other.read() == {"gold": "5", "mood": "calm"}
    one.change({"gold": "7"})
    assert other.change({"mood": "wild"}) == {"gold": "7", "mood": "wild"}


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [child.start(CHANGE, tmp_path, name) for name in ("a", "b")]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("g")
        writer.stdin.flush()
    for writer in writers:
        child.output(writer)
    kept = GlobalVariables(tmp_path / "variables.json", tmp_path / "variables.lock").read()
    assert {name for name in kept if name != "last"} == {f"{own}{at}" for own in "ab" for at in range(20)}
    assert kept["last"] in ("a", "b")


@pytest.mark.parametrize("content", [b"{", b"[]", b"\0" * 9, b'{"f": 2, "variables": {}}', b'{"f": 1}', b"[" * 9_000])
def test_a_file_that_cannot_be_understood_is_kept_beside_the_new_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data" / "variables.json"
    path.parent.mkdir()
    path.write_bytes(content)
    assert variables(tmp_path).read() == {}
    assert variables(tmp_path).change({"gold": "5"}) == {"gold": "5"}
    assert variables(tmp_path).read() == {"gold": "5"}
    assert path.with_name("variables.json.unread").read_bytes() == content


def test_values_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "data" / "variables.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"f": 1, "variables": {"a": "x", "b": 5, "c": None}}))
    assert variables(tmp_path).read() == {"a": "x"}


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "data" / "variables.json").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"variables\.json cannot be read"):
        variables(tmp_path).read()
