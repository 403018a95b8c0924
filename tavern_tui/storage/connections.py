"""Saved connections: who writes, under names of one's own, in two YAML files of the user's library.

``connections.yaml`` is written by hand and only read; ``connections.saved.yaml`` is the program's. A name in both means
the first. Keys that are not known here are kept. An entry that makes no sense is left out and reported with its line.
No key of a server stands in either file: an entry names a secret, and ``storage.secrets`` knows what that is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tavern_tui.config.files import Problem, file_bytes, quoted, unreadable
from tavern_tui.config.setting_values import Check, NotTakenError, text, whole
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError
from tavern_tui.domain.lorebook import EMPTY
from tavern_tui.formats.yaml_text import YamlDocument, read_yaml
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.locks import FileLock

FORMAT = 1
EMBEDDED = "embedded"
"""The address of the embedded engine; its model is a GGUF file, by path or name."""
LONGEST_NAME = 60
"""Characters of a connection's name."""

_LOCK_SECONDS = 5.0
_LEFT_OUT = "This connection is left out."
_HEADER = "# Written by tavern-tui. Connections of your own go into connections.yaml, which stands above this file.\n"

# Keys of services by their beginnings, and whatever is long and of letters and digits without a dot or a blank.
_KEY_ITSELF = re.compile(r"(?:sk|pk|pst|gsk|hf|xai|nvapi)[-_][\w-]{12,}|(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[\w+/=-]{32,}")
_SCHEME = re.compile(r"^[a-z]+://", re.IGNORECASE)
_short = text(longest=1000)


def _key_name(value: object) -> str:
    """The name of a secret. Raises ``NotTakenError`` for what looks like a key, which would be shown in lists."""
    name = str(text(longest=LONGEST_NAME)(value))
    if _KEY_ITSELF.fullmatch(name):
        raise NotTakenError(
            "It looks like the key itself. The name of one belongs here: tavern-tui secrets lists them."
        )
    return name


FIELDS: dict[str, Check] = {
    "address": text(shortest=1, longest=1000),
    "model": _short,
    "template": _short,
    "preset": _short,
    "context_tokens": whole(least=256, most=100_000_000, empty=True),
    "key": _key_name,
}
"""What an entry may say, and how it is checked. ``context_tokens`` are tokens, ``key`` is the name of a secret."""


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """One way to a model. Empty and ``None`` mean: as the engine or the settings say.

    ``address`` is a server's, or ``EMBEDDED``; ``model`` the id to ask a server for, or a GGUF file. ``key`` names a
    secret. ``extra`` are the keys that this version does not know. ``where`` is ``file:line``; ``by_hand`` says that it
    stands in the file that is only read.
    """

    name: str
    address: str = EMBEDDED
    model: str = ""
    template: str = ""
    preset: str = ""
    context_tokens: int | None = None
    key: str = ""
    extra: Mapping[str, Any] = field(default=EMPTY)
    where: str = ""
    by_hand: bool = False

    @property
    def embedded(self) -> bool:
        """Whether the embedded engine is meant, and no server."""
        return self.address == EMBEDDED


@dataclass(frozen=True, slots=True)
class Listed:
    """The connections of both files in alphabetical order, and what could not be taken."""

    connections: tuple[SavedConnection, ...] = ()
    problems: tuple[Problem, ...] = ()

    def named(self, name: str) -> SavedConnection | None:
        """The connection of that name, without regard to case; ``None`` where there is none."""
        wanted = _key(name)
        return next((one for one in self.connections if _key(one.name) == wanted), None)


class Connections:
    """The two files, ``by_hand`` and ``saved``; ``lock`` in the state folder guards the second. Methods block."""

    def __init__(self, by_hand: Path, saved: Path, lock: Path) -> None:
        self._by_hand = by_hand
        self._saved = saved
        self._lock = lock

    def listed(self) -> Listed:
        """Everything in both files; never raises."""
        found: dict[str, SavedConnection] = {}
        problems: list[Problem] = []
        for path in (self._by_hand, self._saved):
            for one in self._read(path, problems):
                found.setdefault(_key(one.name), one)
        return Listed(tuple(sorted(found.values(), key=lambda one: _key(one.name))), tuple(problems))

    def keep(self, connection: SavedConnection, *, new: bool = False) -> None:
        """Write ``connection`` down, in the place of one of that name unless it is ``new``.

        Raises ``SettingsError`` for values that no entry can have, for a name that is taken or stands in the file
        written by hand, and for a file that cannot be added to; ``StorageError``.
        """
        values = {name: value for name, value in _values(connection).items() if value not in ("", None)}
        _check_name(connection.name)
        for name, value in values.items():
            if name in FIELDS:
                _checked(name, value)
        with self._changing() as tree:
            self._refuse_by_hand(connection.name)
            entries = tree["connections"]
            present = _present(entries, connection.name)
            if new and present:
                raise SettingsError(f"There is a connection “{present}” already.", hint="Choose another name.")
            entries[present or connection.name] = values

    def forget(self, name: str) -> None:
        """Take a connection out of the program's file. Raises ``NotFoundError``, and as ``keep`` does."""
        with self._changing() as tree:
            self._refuse_by_hand(name)
            present = _present(tree["connections"], name)
            if not present:
                raise NotFoundError(f"There is no connection “{name}”.", hint="tavern-tui connections lists them.")
            del tree["connections"][present]

    def _refuse_by_hand(self, name: str) -> None:
        one = Listed(tuple(self._read(self._by_hand, []))).named(name)
        if one is not None:
            raise SettingsError(
                f"“{one.name}” is written by hand, in a file that is never rewritten.",
                hint=f"Change it there: {one.where}",
            )

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """What the program's file says, to be changed; it is written on leaving. Nobody else writes meanwhile."""
        with FileLock(self._lock, timeout=_LOCK_SECONDS, guarded=self._saved):
            tree = self._tree()
            yield tree
            write_atomic(self._saved, _as_text(tree).encode("utf-8", "replace"))

    def _tree(self) -> dict[str, Any]:
        """The program's file, if it can be added to without losing any of it. Raises ``SettingsError``."""
        try:
            document = read_yaml(file_bytes(self._saved), where=str(self._saved))
        except FileNotFoundError:
            document = YamlDocument(None)
        except OSError as error:
            raise storage_error(error, self._saved, reading=True) from error
        except FormatError as error:
            raise _kept(error.where or str(self._saved), error.title) from error
        tree = {} if document.value is None else document.value
        if not isinstance(tree, dict) or not isinstance(tree.get("connections") or {}, dict):
            raise _kept(f"{self._saved}:1", "“connections” needs names below it.")
        if not isinstance(tree.get("format", FORMAT), int) or tree.get("format", FORMAT) > FORMAT:
            title = f"{self._saved.name} was written by a later tavern-tui."
            raise SettingsError(title, hint="Update.", where=f"{self._saved}:{document.line('format')}")
        return {**tree, "format": FORMAT, "connections": dict(tree.get("connections") or {})}

    def _read(self, path: Path, problems: list[Problem]) -> Iterator[SavedConnection]:
        """The entries of one file that make sense; the others go to ``problems``."""
        nothing = "No connection is taken from it."
        try:
            document = read_yaml(file_bytes(path), where=str(path))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            problems.append(unreadable(path, error, nothing))
            return
        except FormatError as error:
            problems.append(Problem(error.where or str(path), f"{error.title} {nothing}"))
            return
        tree = document.value or {}
        entries = tree.get("connections") if isinstance(tree, dict) else ()
        if not isinstance(entries, dict | None):
            problems.append(Problem(f"{path}:1", f"“connections:” with names below it is expected. {nothing}"))
            return
        for name, values in (entries or {}).items():
            place = f"{path}:{document.line('connections', name)}"
            try:
                yield _connection(name, values, place, by_hand=path == self._by_hand)
            except NotTakenError as error:
                problems.append(Problem(place, f"{quoted(name)}: {error} {_LEFT_OUT}"))


def _connection(name: str, values: object, place: str, *, by_hand: bool) -> SavedConnection:
    """An entry of a file; an address alone is enough. Raises ``NotTakenError``."""
    if not _is_name(name):
        raise NotTakenError(f"A name has one line of {LONGEST_NAME} characters at most.")
    if isinstance(values, str):
        values = {"address": values}
    if not isinstance(values, dict):
        raise NotTakenError("It needs “address: rig:5001” below it.")
    known: dict[str, Any] = {}
    for key, check in FIELDS.items():
        if values.get(key) is not None:
            try:
                known[key] = check(values[key])
            except NotTakenError as error:
                raise NotTakenError(f"“{key}”: {error}") from None
    if "@" in _SCHEME.sub("", known.get("address", "")).partition("/")[0]:
        raise NotTakenError("The address holds a password: leave it out, a key has a field of its own.")
    if known.get("address", EMBEDDED) == EMBEDDED and not known.get("model"):
        raise NotTakenError("It needs an address, or a model for the embedded engine.")
    extra = {key: value for key, value in values.items() if key not in FIELDS}
    return SavedConnection(name, **known, extra=extra, where=place, by_hand=by_hand)


def _values(connection: SavedConnection) -> dict[str, Any]:
    return {**connection.extra, **{name: getattr(connection, name) for name in FIELDS}}


def changed(connection: SavedConnection, changes: Mapping[str, Any]) -> SavedConnection:
    """``connection`` with other values for some of ``FIELDS``. Raises ``SettingsError`` for one that means nothing."""
    return replace(connection, **{name: _checked(name, value) for name, value in changes.items()})


def _checked(name: str, value: object) -> Any:
    try:
        return FIELDS[name](value)
    except NotTakenError as error:
        raise SettingsError(f"{name}: {str(error)[0].lower()}{str(error)[1:]}") from None


def _check_name(name: str) -> None:
    if not _is_name(name):
        title = f"A connection's name has one line of {LONGEST_NAME} characters at most, and no “-” in front."
        raise SettingsError(title, hint="Like this: rig, openrouter, “the big one”.")


def _is_name(name: str) -> bool:
    return name.isprintable() and name == name.strip() and 0 < len(name) <= LONGEST_NAME and not name.startswith("-")


def _key(name: str) -> str:
    return name.strip().casefold()


def _present(entries: Mapping[str, Any], name: str) -> str:
    """The name as it stands in the file; empty where it does not."""
    return next((known for known in entries if _key(known) == _key(name)), "")


def _kept(place: str, what: str) -> SettingsError:
    return SettingsError(
        what, hint="Correct that line, or move the file away: until then nothing is added.", where=place
    )


def _as_text(tree: Mapping[str, Any]) -> str:
    """The file: one line a value, each as JSON, which YAML reads as the very same value."""
    lines = [_HEADER]
    for key, value in tree.items():
        if key != "connections":
            lines.append(f"{_json(key)}: {_json(value)}\n")
    lines.append("connections:\n" if tree["connections"] else "connections: {}\n")
    for name, values in tree["connections"].items():
        if not isinstance(values, dict) or not values:
            lines.append(f"  {_json(name)}: {_json(values)}\n")
            continue
        lines.append(f"  {_json(name)}:\n")
        lines += (f"    {_json(key)}: {_json(value)}\n" for key, value in values.items())
    return "".join(lines)


def _json(value: object) -> str:
    """``value`` as JSON on one line; plain words without quotes, as a person would write them."""
    if isinstance(value, str) and value.isascii() and value.replace("_", "").isalpha() and value not in _NOT_WORDS:
        return value
    written = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", written)


# What YAML takes in an escape only; JSON has escaped everything below a blank.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_NOT_WORDS = frozenset(word for low in ("null", "true", "false") for word in (low, low.title(), low.upper()))
