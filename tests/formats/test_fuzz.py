"""A bounded run of ``tests.fuzz``: the same files each time, so that a failure is found again."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.fuzz import READERS, Reader, cases, tried

SEED = 7


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.name)
def test_changed_files_are_read_or_refused_and_nothing_else(row: Reader) -> None:
    read = row.load()
    findings = [found for data in islice(cases(SEED, row.seeds()), row.files) if (found := tried(row.name, read, data))]
    assert not findings, findings[0].told


def test_a_reader_that_trips_is_found() -> None:
    def trips(data: bytes) -> None:
        raise KeyError(data)

    found = tried("trips", trips, b"x")
    assert found is not None
    assert "KeyError" in found.told


def test_a_reader_that_never_ends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def never_ends(_data: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr("tests.fuzz.LIMIT", 0.02)
    found = tried("never ends", never_ends, b"x")
    assert found is not None
    assert "TooSlowError" in found.told
