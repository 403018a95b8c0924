"""What runs again when the suite failed."""

from __future__ import annotations

import json

from tests.again import MOST, failed


def test_a_test_is_named_without_the_group_that_it_ran_in() -> None:
    names = [
        "tests/a/test_b.py::test_c@real model",
        "tests/a/test_b.py::test_d[x@y]@group",
        "tests/a/test_b.py::test_e[x@y]",
    ]

    assert failed(json.dumps(dict.fromkeys(names, True))) == [
        "tests/a/test_b.py::test_c",
        "tests/a/test_b.py::test_d[x@y]",
        "tests/a/test_b.py::test_e[x@y]",
    ]


def test_where_everything_fails_not_everything_runs_again() -> None:
    assert len(failed(json.dumps({f"tests/a.py::test_{number}": True for number in range(1000)}))) == MOST
