"""What a foreign file says of each turn, packed: the same fields with the same values are written once for all turns.

A *shape* is a table with the values that many turns share, and the places of those in which they differ; a turn then
keeps the name of its shape and the differing values alone, ISO dates as milliseconds from the turn's time. So the log
of an imported chat stays near the size of its text. Shapes are named by their content: two devices that import the
same file make the same. What few turns say is kept as it is.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tavern_tui.formats.chat_dates import as_offset, from_offset

_FEWEST = 4  # turns that a shape is made for
_MOST_VALUES = 8  # of one field, for each of which a shape of its own may be made
_NAME = 6  # characters of a shape's name

_Path = tuple[str, ...]
Fact = Mapping[str, Any]
Shape = Mapping[str, Any]
"""``c``: the values that are shared, nested as in the facts; ``v``: paths of the others; ``t``: which are dates."""


def pack(
    facts: Sequence[tuple[Fact, int]], known: Mapping[str, Shape] | None = None
) -> tuple[list[Any], dict[str, Shape]]:
    """Each fact packed (``None`` for an empty one), and the shapes that came to be needed beside those ``known``.

    A fact comes with its turn's time in whole Unix seconds.
    """
    flat = [dict(_leaves(fact)) for fact, _ in facts]
    shapes = dict(known or {})
    new = {_name(shape): shape for shape in _shapes_for([leaves for leaves in flat if leaves])}
    by_fields: dict[frozenset[_Path], list[_Known]] = defaultdict(list)
    for name, shape in {**shapes, **new}.items():
        found = _Known(name, shape)
        by_fields[found.fields].append(found)
    packed: list[Any] = []
    used: set[str] = set()
    for leaves, (fact, seconds) in zip(flat, facts, strict=True):
        candidates = by_fields.get(frozenset(leaves), ())
        fitting = next((row for one in candidates if (row := one.row(leaves, seconds)) is not None), None)
        if fitting is not None:
            used.add(fitting[0])
        packed.append(fitting if fitting is not None else dict(fact) or None)
    return packed, {name: shape for name, shape in new.items() if name in used and name not in shapes}


def unpack(packed: Any, shapes: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """The fact that was packed; empty where its shape is not there, or is none."""
    if isinstance(packed, dict):
        return packed
    if not isinstance(packed, list) or not packed or not isinstance(packed[0], str):
        return {}
    shape = shapes.get(packed[0])
    if not isinstance(shape, dict) or not isinstance(shape.get("c"), dict) or not isinstance(shape.get("v"), list):
        return {}
    paths, values, dates = shape["v"], packed[1:], shape.get("t", [])
    if len(paths) != len(values) or not isinstance(dates, list):
        return {}
    fact: dict[str, Any] = copy.deepcopy(shape["c"])
    for place, (path, value) in enumerate(zip(paths, values, strict=True)):
        if place in dates:
            if type(value) is not int:
                return {}
            value = from_offset(value, seconds)  # noqa: PLW2901
        if not _put(fact, path, value):
            return {}
    return fact


class _Known:
    """A shape, ready to be held against facts."""

    def __init__(self, name: str, shape: Shape) -> None:
        self.name = name
        self._shared = {path: _spelled(value) for path, value in _leaves(shape["c"])}
        self._paths = [tuple(path) for path in shape["v"]]
        self._dates = frozenset(shape.get("t", ()))
        self.fields = frozenset((*self._shared, *self._paths))

    def row(self, leaves: Mapping[_Path, Any], seconds: int) -> list[Any] | None:
        """A fact by this shape; ``None`` where it does not fit."""
        if any(_spelled(leaves[path]) != spelled for path, spelled in self._shared.items()):
            return None
        row: list[Any] = [self.name]
        for place, path in enumerate(self._paths):
            value = leaves[path]
            if place in self._dates:
                value = as_offset(value, seconds)
                if value is None:
                    return None
            row.append(value)
        return row


def _shapes_for(facts: list[dict[_Path, Any]]) -> Iterator[Shape]:
    """The shapes that pay for these facts: one for every set of fields and of values that stand in many."""
    by_fields: dict[frozenset[_Path], list[dict[_Path, Any]]] = defaultdict(list)
    for leaves in facts:
        by_fields[frozenset(leaves)].append(leaves)
    for fields, group in by_fields.items():
        if len(group) < _FEWEST:
            continue
        paths = sorted(fields)
        shared = [path for path in paths if _is_shared(path, group)]
        alike: dict[str, list[dict[_Path, Any]]] = defaultdict(list)
        for leaves in group:
            alike[_spelled([leaves[path] for path in shared])].append(leaves)
        for same in alike.values():
            if len(same) >= _FEWEST:
                yield _shape(shared, [path for path in paths if path not in shared], same)


def _is_shared(path: _Path, group: list[dict[_Path, Any]]) -> bool:
    values = Counter[str]()
    for leaves in group:
        values[_spelled(leaves[path])] += 1
        if len(values) > _MOST_VALUES:
            return False
    return len(values) == 1 or len(group) >= len(values) * _MOST_VALUES


def _shape(shared: Iterable[_Path], others: list[_Path], group: list[dict[_Path, Any]]) -> Shape:
    constant: dict[str, Any] = {}
    for path in shared:
        _put(constant, path, group[0][path])
    dates = [
        place for place, path in enumerate(others) if all(as_offset(leaves[path], 0) is not None for leaves in group)
    ]
    shape: dict[str, Any] = {"c": constant, "v": [list(path) for path in others]}
    return {**shape, "t": dates} if dates else shape


def _leaves(value: Mapping[str, Any], path: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    """Every value that is no table with something in it, with the keys that lead to it."""
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _leaves(inner, (*path, key))
        else:
            yield (*path, key), inner


def _put(fact: dict[str, Any], path: Any, value: Any) -> bool:
    """Put ``value`` where ``path`` leads; whether it leads anywhere."""
    if not isinstance(path, list | tuple) or not path or not all(isinstance(key, str) for key in path):
        return False
    inner = fact
    for key in path[:-1]:
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            return False
    inner[path[-1]] = value
    return True


def _spelled(value: Any) -> str:
    """A value as text, so that true is not taken for 1."""
    if type(value) is str:
        return f"'{value}"
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else repr(value)


def _name(shape: Shape) -> str:
    spelled = json.dumps(shape, sort_keys=True, ensure_ascii=True).encode()
    return base64.urlsafe_b64encode(hashlib.blake2b(spelled, digest_size=8).digest())[:_NAME].decode()
