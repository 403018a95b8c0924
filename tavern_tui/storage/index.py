"""The library's index: one SQLite file in the cache folder, made from the library's files and worth nothing but time.

Here: where the file is, its tables, and that whatever is odd about it (missing, damaged, of another version, of another
library) has it made anew, empty. What stands in it: ``index_upkeep`` (what changed on disk), ``index_cards``,
``index_chats``; what is asked of it: ``search`` and ``index_lists``. It is never in the synced library, and for this
user's eyes only: it holds what chats say.

One object serves all threads of a process, several processes share the file (write-ahead log): readers never wait.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import tavern_tui
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.atomic import make_folder
from tavern_tui.storage.locks import FileLock

VERSION = 1
"""Of how text is cut into words and what is remembered of a file: another one is another file."""

FILE = "library-index"
SHORTEST_PREFIX = 3
"""Letters from which the beginning of a word is looked up at once."""

_WAIT_SECONDS = 10.0
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_Result = TypeVar("_Result")

_TABLES = """
CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE objects(
    kind TEXT NOT NULL, folder TEXT NOT NULL, stem BLOB NOT NULL, mark TEXT NOT NULL, path BLOB NOT NULL,
    size INTEGER NOT NULL, changed INTEGER NOT NULL, name TEXT NOT NULL, creator TEXT NOT NULL,
    nickname TEXT NOT NULL, tags TEXT NOT NULL, favourite INTEGER NOT NULL,
    entries INTEGER NOT NULL, text TEXT NOT NULL, problem TEXT NOT NULL,
    PRIMARY KEY(kind, folder, stem)) WITHOUT ROWID;
CREATE TABLE chats(
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, inode INTEGER NOT NULL, size INTEGER NOT NULL,
    changed INTEGER NOT NULL, ctime INTEGER NOT NULL, settled INTEGER NOT NULL, guard BLOB NOT NULL,
    lamport INTEGER NOT NULL, newest TEXT NOT NULL, title TEXT NOT NULL, characters TEXT NOT NULL,
    places INTEGER NOT NULL, last REAL NOT NULL, line TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE turns(
    id INTEGER PRIMARY KEY, chat INTEGER NOT NULL, turn TEXT NOT NULL, parent TEXT NOT NULL, speaker TEXT NOT NULL,
    name TEXT NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX turns_below ON turns(chat, parent);
CREATE INDEX turn_of_chat ON turns(chat, turn);
"""
# Without a copy of the text (content=''): the turns have it. Words are found whatever their accents and capitals.
_WORDS = (
    "CREATE VIRTUAL TABLE words USING fts5("
    f"text, content='', prefix='{SHORTEST_PREFIX}', tokenize='unicode61 remove_diacritics 2')"
)


_READING = 2
"""Raised when other files are refused or read than before."""
_SHAPE = zlib.crc32(f"{tavern_tui.__version__}{VERSION}{_READING}{_TABLES}{_WORDS}".encode()) & 0x7FFF_FFFF
"""What the file is marked with. Another program reads more kinds of cards, other tables hold something else."""


class LibraryIndex:
    """The index of the library in ``library``, in a file below ``folder``.

    ``full_text`` says whether SQLite can search text, ``None`` asks it. Nothing is opened before the first call.
    """

    def __init__(self, folder: Path, library: Path, *, full_text: bool | None = None) -> None:
        self.folder = folder
        self.library = library
        self.full_text = has_full_text() if full_text is None else full_text
        kind = "" if self.full_text else "-plain"
        self.path = folder / f"{FILE}-{VERSION}{kind}.sqlite"
        self.upkeep_lock = folder / f"{FILE}.lock"
        self._connections: dict[bool, sqlite3.Connection] = {}
        self._inodes = {True: 0, False: 0}
        self._locks = {True: threading.RLock(), False: threading.RLock()}

    def read(self, ask: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """What ``ask`` finds, in one view of the index. Raises ``StorageError``.

        Of an index that turns out damaged nothing is left: ``ask`` is then called again on an empty one.
        """
        return self._run(ask, writing=False)

    def write(self, change: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do what ``change`` does, wholly or not at all; others that write are waited for. Raises ``StorageError``."""
        return self._run(change, writing=True)

    def is_filled(self) -> bool:
        """Whether the library was read into it to the end at least once. Raises ``StorageError``."""
        return self.fact("filled") == "1"

    def fact(self, name: str) -> str:
        """Something small that was noted with ``note``; empty where it was not. Raises ``StorageError``."""
        row = self.read(lambda db: db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone())
        return str(row[0]) if row else ""

    def note(self, name: str, value: str) -> None:
        """Note something small, as long as the index lives. Raises ``StorageError``."""
        self.write(lambda db: db.execute("INSERT OR REPLACE INTO facts VALUES(?, ?)", (name, value)))

    def drop(self) -> None:
        """Throw the index away; the next call begins with an empty one. Raises ``StorageError``."""
        with self._locks[True], self._locks[False]:
            self._disconnect(True, False)
            try:
                for path in self._files():
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(error, self.path) from error

    def wipe(self) -> None:
        """Leave nothing on disk of what was taken out of the index. Raises ``StorageError``."""
        if self.full_text:
            self.write(lambda db: db.execute("INSERT INTO words(words) VALUES('optimize')"))
        with self._locks[True], self._locks[False]:
            connection = self._connected(True)
            try:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.DatabaseError as error:
                raise self._refusal(error) from error

    def close(self) -> None:
        """Let the file go; a later call opens it again."""
        with self._locks[True], self._locks[False]:
            self._disconnect(True, False)

    def _run(self, work: Callable[[sqlite3.Connection], _Result], *, writing: bool) -> _Result:
        for again in (False, True):
            try:
                with self._locks[writing]:
                    connection = self._connected(writing)
                    with _transaction(connection, writing):
                        return work(connection)
            except sqlite3.DatabaseError as error:
                if again or not _is_damage(error):
                    raise self._refusal(error) from error
                self.drop()
        raise AssertionError("the second try returns or raises")

    def _connected(self, writing: bool) -> sqlite3.Connection:
        """The connection of one kind, whose lock is held. Each has its own: another thread may be using the other."""
        connection = self._connections.get(writing)
        if connection is not None:
            if self._inodes[writing] == _inode(self.path):
                return connection
            self._disconnect(writing)  # another process threw the file away, and ours with it
        if not self.path.exists() or not self._is_ours():
            self._make()
        connection = self._connections[writing] = self._opened()
        self._inodes[writing] = _inode(self.path)
        return connection

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-16000")
        return connection

    def _is_ours(self) -> bool:
        """Whether the file is an index of this version and this library; false also for a damaged one."""
        try:
            connection = self._opened()
            try:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                row = connection.execute("SELECT value FROM facts WHERE name = 'library'").fetchone()
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            if _is_busy(error):
                raise
            return False
        return version == _SHAPE and row is not None and row[0] == str(self.library)

    def _make(self) -> None:
        """Put an empty index in place. Of two processes the second finds the first one's and takes it."""
        make_folder(self.folder, 0o700)
        with FileLock(self.folder / f"{FILE}.making", timeout=_WAIT_SECONDS, guarded=self.path):
            if self.path.exists() and self._is_ours():
                return
            for path in (*self._files(), *self._of_older_versions()):
                with suppress(FileNotFoundError):
                    path.unlink()
            try:
                os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            except OSError as error:
                raise storage_error(error, self.path) from error
            connection = self._opened()
            try:
                connection.execute("BEGIN IMMEDIATE")
                for statement in _TABLES.split(";")[:-1]:
                    connection.execute(statement)
                if self.full_text:
                    connection.execute(_WORDS)
                connection.execute("INSERT INTO facts VALUES('library', ?)", (str(self.library),))
                connection.execute(f"PRAGMA user_version={_SHAPE}")
                connection.execute("COMMIT")
            finally:
                connection.close()

    def _files(self) -> list[Path]:
        return [self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))]

    def _of_older_versions(self) -> list[Path]:
        others = [f"{FILE}-{version}" for version in range(VERSION)]
        return [path for path in self.folder.iterdir() if path.name.startswith(tuple(f"{name}." for name in others))]

    def _disconnect(self, *kinds: bool) -> None:
        for kind in kinds:
            connection = self._connections.pop(kind, None)
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()

    def _refusal(self, error: sqlite3.DatabaseError) -> StorageError:
        """The error to show for what SQLite said."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        where = str(self.path)
        if _is_busy(error):
            title = "The library's index is being written by another tavern-tui."
            return StorageError(title, hint="Try again in a moment.", where=where)
        if code == sqlite3.SQLITE_FULL:
            return StorageError(f"Disk full: {self.folder}. Nothing of your own was touched.", full=True, where=where)
        title = f"The library's index cannot be used ({str(error).lower()}). Nothing of your own was touched."
        return StorageError(title, hint="tavern-tui index --rebuild makes a new one.", where=where)


def has_full_text() -> bool:
    """Whether this Python's SQLite can search text (FTS5); some are built without."""
    with _closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
        if "ENABLE_FTS5" in options:
            return True
        try:
            connection.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
        except sqlite3.OperationalError:
            return False
        return True


@contextmanager
def _closing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _transaction(connection: sqlite3.Connection, writing: bool) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A file that was emptied or cut has lost its tables.
    return code in _DAMAGED or "no such table" in str(error) or "no such column" in str(error)


def _is_busy(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
