"""Importing again is an update: whoever changed a file last keeps it, and what both changed is kept twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.exchange import Outcome
from tavern_tui.storage.import_record import ImportRecord, Placed


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def take(library: Path, data: bytes, *, writes: bool = True, key: str = "world:Inn") -> Placed:
    """One import of a thing called Inn."""
    record = ImportRecord(library / "imported.json", library, writes=writes)
    placed = record.place(key, data, data, library / "worlds", "Inn", ".json")
    record.keep()
    return placed


def files(library: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (library / "worlds").iterdir()}


def test_the_same_again_is_there_already(library: Path) -> None:
    assert take(library, b"1").outcome is Outcome.NEW
    assert take(library, b"1").outcome is Outcome.SAME
    assert files(library) == {"Inn.json": b"1"}


def test_what_changed_there_alone_is_updated(library: Path) -> None:
    take(library, b"1")
    assert take(library, b"2").outcome is Outcome.UPDATED
    assert files(library) == {"Inn.json": b"2"}


def test_what_changed_here_alone_stays(library: Path) -> None:
    take(library, b"1")
    (library / "worlds/Inn.json").write_bytes(b"mine")
    assert take(library, b"1").outcome is Outcome.SAME
    assert files(library) == {"Inn.json": b"mine"}


def test_what_changed_on_both_sides_is_kept_twice(library: Path) -> None:
    take(library, b"1")
    (library / "worlds/Inn.json").write_bytes(b"mine")
    assert take(library, b"2").outcome is Outcome.BESIDE
    assert files(library) == {"Inn.json": b"mine", "Inn 2.json": b"2"}
    assert take(library, b"2").outcome is Outcome.SAME


def test_what_is_called_otherwise_here_is_known_still(library: Path) -> None:
    take(library, b"1")
    before, after = library / "worlds/Inn.json", library / "worlds/Tavern.json"
    before.rename(after)
    ImportRecord(library / "imported.json", library).renamed(before, after)
    assert take(library, b"1") == Placed(after, Outcome.SAME)
    assert take(library, b"2") == Placed(after, Outcome.UPDATED)
    assert files(library) == {"Tavern.json": b"2"}


def test_what_was_deleted_here_stays_away_until_it_changes_there(library: Path) -> None:
    take(library, b"1")
    (library / "worlds/Inn.json").unlink()
    assert take(library, b"1") == Placed(None, Outcome.GONE)
    assert take(library, b"2").outcome is Outcome.NEW


def test_another_thing_of_that_name_stands_beside_it(library: Path) -> None:
    take(library, b"1")
    assert take(library, b"2", key="world:Other").path == library / "worlds/Inn 2.json"
    assert take(library, b"1", key="world:Third").outcome is Outcome.SAME


def test_a_rehearsal_tells_the_same_and_writes_nothing(library: Path) -> None:
    assert take(library, b"1", writes=False).outcome is Outcome.NEW
    assert not library.exists()


def test_a_damaged_record_costs_nothing_but_a_comparison(library: Path) -> None:
    take(library, b"1")
    (library / "imported.json").write_bytes(
        b'{"format": 1, "imported": {"world:Inn": ["a", "../../etc/passwd", "b"], "x'
    )
    assert take(library, b"1").outcome is Outcome.SAME
    assert files(library) == {"Inn.json": b"1"}


def test_a_record_cannot_point_out_of_the_library(library: Path) -> None:
    library.mkdir()
    outside = library.parent / "outside.json"
    outside.write_bytes(b"theirs")
    (library / "imported.json").write_text('{"format": 1, "imported": {"world:Inn": ["a", "../outside.json", "b"]}}')
    assert take(library, b"1").outcome is Outcome.NEW
    assert outside.read_bytes() == b"theirs"
