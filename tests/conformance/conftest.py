"""The runner's folders: ``pytest tests/conformance --cases DIR`` runs the recorded cases of another folder.

A test that is marked ``recorded("text")`` (or ``"chat"``) and takes ``recorded_case`` runs once for each such case.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.recorded import CASES, FURTHER, files


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--cases``: the folder of case files, the repository's own two by default."""
    parser.addoption("--cases", type=Path, default=None, help="folder of recorded cases (JSON files)")


def pytest_configure(config: pytest.Config) -> None:
    """The marker that says which cases a test takes."""
    config.addinivalue_line("markers", "recorded(api): runs once for each recorded case of 'text' or 'chat' completion")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case, named by it."""
    marker = metafunc.definition.get_closest_marker("recorded")
    if marker is not None and "recorded_case" in metafunc.fixturenames:
        given = metafunc.config.getoption("--cases", default=None)
        found = [path for folder in ([given] if given else [CASES, FURTHER]) for path in files(folder, marker.args[0])]
        metafunc.parametrize("recorded_case", found, ids=[path.stem for path in found])
