"""The suite spread over processes: ``pytest -p tests.workers --workers 6``, with ``--lines`` counting what is reached.

pytest imports and collects the tests once; then it forks, and each process takes the next few from one queue until
there are none. Processes that were started anew, as pytest-xdist starts them, would each collect thousands of tests for
themselves.

Tests of a file that share a fixture of the file's run in one process, one after the other; so do those that say
``together("name")``. Each process saves the lines that it reached when it comes to tests that are not ``COUNTED``;
``coverage combine`` puts them together.
"""

from __future__ import annotations

import gc
import os
import random
import struct
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, groupby, pairwise
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import create_terminal_writer
from coverage import CoverageData
from slipcover import Slipcover
from slipcover.importer import FileMatcher, ImportManager

COUNTED = ("engines", "session", "storage", "prompt", "conformance", "formats", "domain", "config")
"""The rooms of which lines are counted. What the others do is seen in processes and on screens."""

ORDER = (*COUNTED, "terminal", "cli", "economy", "contracts", "ui")
"""The rooms as they are begun: within those that count and the others, those first that wait for processes."""

AT_ONCE = 4
"""Tests that a process takes from the queue: few, so that none has much left when the others are done."""

_NUMBER = struct.Struct("<I")


class Lines:
    """Notes which lines of the program run, from its import on until they are saved.

    A tracer, which coverage.py has before Python 3.12, takes as long as the tests themselves. What is put into the
    program's own code instead costs a twentieth of that, and is left there: to take it out again costs more.
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        self._noted = Slipcover(exclude_lines=[], d_miss_threshold=1 << 30)
        ImportManager(self._noted, FileMatcher(sources=[program])).__enter__()
        self._saved = False

    def save(self) -> None:
        """Write what was noted into a file of this process's own, as coverage.py has it; once."""
        if not self._saved:
            self._saved = True
            noted = self._noted.get_coverage()["files"]
            data = CoverageData(suffix=True)
            data.add_lines({str(Path(file).absolute()): lines["executed_lines"] for file, lines in noted.items()})
            data.touch_files([str(path) for path in self._program.rglob("*.py")])
            data.write()


_lines = pytest.StashKey[Lines]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--workers`` and ``--lines``."""
    parser.addoption("--workers", type=int, default=1, help="processes that run the tests")
    parser.addoption("--lines", action="store_true", help="count the lines that tests reach")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Count from the first import of the program on."""
    if early_config.known_args_namespace.lines:
        early_config.stash[_lines] = Lines(early_config.rootpath / "tavern_tui")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run what was collected in processes of its own; what cannot be run is left for pytest to tell."""
    if session.config.option.collectonly or session.testsfailed:
        return None
    gc.freeze()  # the collector of a forked process would copy every page that it looks at
    left = set(range(len(session.items)))
    while left:  # what a process that ended too early had taken is run by others
        begun = _run(
            session, Queue(kept for piece in pieces(session.items) if (kept := [n for n in piece if n in left]))
        )
        if session.shouldfail or session.shouldstop or not begun:
            raise session.Failed(session.shouldfail or session.shouldstop or f"{len(left)} tests were not run")
        left -= begun
    return True


def _run(session: pytest.Session, queue: Queue) -> set[int]:
    """Let workers do what there is to be done; returns the numbers of the tests that were begun."""
    base = _folders(session.config).getbasetemp()
    workers = [_forked(session, queue, base) for _ in range(session.config.getoption("--workers"))]
    try:
        return _tell(session, workers, queue)
    finally:
        for worker in workers:  # who still runs ends when nobody hears it
            worker.reports.close()
        for worker in workers:
            worker.end()


def pieces(items: Sequence[pytest.Item]) -> list[list[int]]:
    """Numbers of the tests that a process takes at once, those first that take longest."""
    alone: list[list[int]] = []
    together: dict[object, list[int]] = {}
    for path, of_file in groupby(enumerate(items), key=lambda pair: pair[1].path):
        rest: list[int] = []
        for number, item in of_file:
            marker = item.get_closest_marker("together")
            if marker is not None:
                together.setdefault(marker.args[0], []).append(number)
            elif _shares(item):
                together.setdefault(path, []).append(number)
            else:
                rest.append(number)
        alone += (rest[begin : begin + AT_ONCE] for begin in range(0, len(rest), AT_ONCE))
    return sorted([*together.values(), *alone], key=lambda piece: _rank(room(items[piece[0]])))


def _shares(item: pytest.Item) -> bool:
    """Whether it uses what is made once for its file."""
    fixtures = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return any(fixture.scope == "module" for made in fixtures.values() for fixture in made)


def room(item: pytest.Item) -> str:
    """The folder of ``tests`` that a test is in."""
    return item.path.relative_to(item.config.rootpath / "tests").parts[0]


def _rank(room: str) -> int:
    return ORDER.index(room) if room in ORDER else len(ORDER)


class Queue:
    """Pieces of work that several processes take from: a pipe with their numbers, filled before the processes begin."""

    def __init__(self, pieces: Iterable[list[int]]) -> None:
        self._pieces = list(pieces)
        self._source, sink = os.pipe()
        with os.fdopen(sink, "wb") as numbers:  # 16,000 of them fit into a pipe
            numbers.writelines(map(_NUMBER.pack, range(len(self._pieces))))

    def tests(self) -> Iterator[tuple[int, int]]:
        """The piece and the number of one test after the other, of pieces that no process had before."""
        while taken := os.read(self._source, _NUMBER.size):
            [piece] = _NUMBER.unpack(taken)
            for number in self._pieces[piece]:
                yield piece, number

    def empty(self) -> None:
        """Leave nothing to be taken."""
        while os.read(self._source, 1 << 16):
            pass


class Worker:
    """What the suite's own process knows of a process that runs tests."""

    def __init__(self, pid: int, reports: Connection) -> None:
        self.pid, self.reports = pid, reports
        self.running: pytest.Item | None = None
        self._ended = False

    def end(self) -> None:
        """Wait for its end."""
        self.reports.close()
        if not self._ended:
            self._ended = True
            os.waitpid(self.pid, 0)


def _tell(session: pytest.Session, workers: Sequence[Worker], queue: Queue) -> set[int]:
    """Pass on to pytest what the workers say until they end; returns the numbers of the tests that were begun."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False  # tests of several files run at a time
    talking = {worker.reports: worker for worker in workers}
    begun: set[int] = set()
    while talking:
        for reports in wait(list(talking)):
            assert isinstance(reports, Connection)
            try:
                said = reports.recv()
            except EOFError:
                worker = talking.pop(reports)
                worker.end()
                if worker.running is not None:
                    session.config.hook.pytest_runtest_logreport(report=_died(worker.running))
                continue
            if said is None or isinstance(said, int):
                talking[reports].running = None if said is None else session.items[said]
                begun |= set() if said is None else {said}
            else:
                _pass_on(session.config, said)
        if session.shouldfail or session.shouldstop:
            queue.empty()
    return begun


def _pass_on(config: pytest.Config, said: Any) -> None:
    """Give pytest here a report or a warning that a worker's had."""
    if isinstance(said, dict):
        report = config.hook.pytest_report_from_serializable(config=config, data=said)
        config.hook.pytest_runtest_logreport(report=report)
    else:
        text, file, line, when, nodeid = said
        message = warnings.WarningMessage(UserWarning(text), UserWarning, file, line)
        facts = {"warning_message": message, "when": when, "nodeid": nodeid, "location": None}
        config.hook.pytest_warning_recorded.call_historic(kwargs=facts)


def _folders(config: pytest.Config) -> pytest.TempPathFactory:
    factory = config._tmp_path_factory  # type: ignore[attr-defined]
    assert isinstance(factory, pytest.TempPathFactory)
    return factory


def _died(item: pytest.Item) -> pytest.TestReport:
    return pytest.TestReport(item.nodeid, item.location, {}, "failed", "The process that ran it ended.", "call")


def _forked(session: pytest.Session, queue: Queue, base: Path) -> Worker:
    receiving, sending = Pipe(duplex=False)
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        sending.close()
        return Worker(pid, receiving)
    try:
        receiving.close()
        _work(session, queue, base, sending)
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # the suite is being ended
    except Exception:  # noqa: BLE001  the last boundary of this process: what is wrong with it is told with the warnings
        sending.send((traceback.format_exc(), __file__, 0, "runtest", ""))
    finally:
        os._exit(0)  # what is still to be done at the suite's end is for its own process


def _work(session: pytest.Session, queue: Queue, base: Path, reports: Connection) -> None:
    """Run tests and send what is known of them, until there are none left."""
    config = session.config
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Sender(config, reports), "terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()  # its files are those of the other processes too
    capture.start_global_capturing()
    random.seed()
    lines = config.stash.get(_lines, None)
    folders = _folders(config)
    try:
        for (piece, number), (_, after) in pairwise(chain(queue.tests(), [(-1, -1)])):
            item = session.items[number]
            if folders._basetemp != base / f"p{piece}":  # pytest would look through thousands for each that it makes
                folders._basetemp = base / f"p{piece}"
                folders._basetemp.mkdir(exist_ok=True)
            if lines is not None and room(item) not in COUNTED:
                lines.save()
            reports.send(number)
            config.hook.pytest_runtest_protocol(item=item, nextitem=session.items[after] if after >= 0 else None)
            reports.send(None)
    finally:
        session._setupstate.teardown_exact(None)
        if lines is not None:
            lines.save()


class Sender:
    """Sends a process's reports and warnings to the suite's own process, which has the terminal."""

    def __init__(self, config: pytest.Config, reports: Connection) -> None:
        self._config, self._reports = config, reports
        self._tw = create_terminal_writer(config, StringIO())  # others look for it here

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send a report."""
        self._reports.send(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, when: str, nodeid: str) -> None:
        """Send a warning."""
        said = f"{warning_message.category.__name__}: {warning_message.message}"
        self._reports.send((said, warning_message.filename, warning_message.lineno, when, nodeid))
