"""Files of presets: YAML ⇄ ``Preset``, with a line for everything that cannot be taken, and changes that keep the rest.

One field a line, by canonical names; the file's name is the preset's. A key that is no field of ours belongs to the
server and passes through. A change rewrites the lines of that key alone, so that comments and the rest stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.preset import NEUTRAL, NO_RULES, Preset
from tavern_tui.domain.preset_fields import FIELDS, FieldRefusedError, built, checked, nearest_field
from tavern_tui.formats.yaml_text import YamlDocument, read_yaml

MAX_BYTES = 256 * 1024
_RESERVED = ("format", "name")
"""Keys that are neither a field nor a server's: a file may have them."""


@dataclass(frozen=True, slots=True)
class ReadPreset:
    """What a file says. ``problems`` are what of it was not taken, ``remarks`` what is doubtful: ``line: sentence``."""

    preset: Preset
    given: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_preset(data: bytes | str, *, name: str, where: str = "") -> ReadPreset:
    """The preset in a file; a value that means nothing is left neutral and told.

    Raises ``FormatError`` for a file that is no YAML, or no list of fields.
    """
    document = read_yaml(data, where=where, max_bytes=MAX_BYTES)
    values: dict[str, object] = {}
    extra: list[tuple[str, object]] = []
    problems: list[str] = []
    remarks: list[str] = []
    for key, value in _fields(document, where).items():
        place = f"line {document.line(key)}"
        if key in FIELDS:
            try:
                values[key] = checked(key, value)
            except FieldRefusedError as refused:
                problems.append(f"{place}: {key}: {refused}.")
        elif key not in _RESERVED:
            extra.append((key, value))
            near = nearest_field(key)
            meant = f" Did you mean {near}?" if near else ""
            remarks.append(f"{place}: {key} is no field of ours: it goes to the server as it is.{meant}")
    problems += _contradictions(values)
    preset = built(values, name=name, extra=tuple(extra))
    return ReadPreset(preset, tuple(values), tuple(problems), tuple(remarks))


def _fields(document: YamlDocument, where: str) -> Mapping[str, Any]:
    tree = {} if document.value is None else document.value
    if not isinstance(tree, Mapping):
        raise FormatError("A preset is written as “field: value”, one a line.", where=where)
    return tree


def _contradictions(values: Mapping[str, object]) -> list[str]:
    low, high = (values.get(f"dynamic_temperature_{end}", 0.0) for end in ("low", "high"))
    if (low or high) and not (isinstance(low, float) and isinstance(high, float) and low < high):
        return [f"dynamic_temperature_low {low:g} has to be below _high {high:g}: it is off."]
    return []


def write_preset(preset: Preset, *, comment: str = "") -> str:
    """A file for ``preset``: what is not neutral, with ``comment`` above it."""
    lines = [f"# {line}" for line in comment.splitlines()]
    for name, value in preset_values(preset).items():
        lines.append(_entry(name, value).rstrip("\n"))
    return "\n".join(lines) + "\n"


def write_entries(values: Mapping[str, object]) -> str:
    """``values`` as YAML, one a line."""
    return "".join(_entry(name, value) for name, value in values.items())


def preset_values(preset: Preset) -> dict[str, object]:
    """The fields of ``preset`` that are not neutral, in the order of the table, and then the server's own keys."""
    changed = preset.sampling.changed()
    found: dict[str, object] = {}
    for name in FIELDS:
        if hasattr(NEUTRAL, name):
            if name in changed:
                found[name] = _plain(getattr(preset.sampling, name))
        elif hasattr(NO_RULES, name):
            if value := getattr(preset.rules, name):
                found[name] = dict(value) if name == "logit_bias" else _plain(value)
        elif getattr(preset, name) not in (None, ""):
            found[name] = getattr(preset, name)
    return found | dict(preset.sampling.extra)


def short_value(value: object, most: int = 20) -> str:
    """A value on a line, of ``most`` characters: numbers as they are, what is long by its size."""
    if isinstance(value, float):
        return f"{value:g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= most and "\n" not in text:
        return text
    return f"({len(value)})" if isinstance(value, list | dict) else f"({len(text):,} characters)"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def changed_text(text: str, changes: Mapping[str, object | None], *, where: str = "") -> str:
    """``text`` with other values for some keys, ``None`` to take one out; everything else stays as it was written.

    Raises ``FormatError`` for a text that is no file of a preset.
    """
    before = dict(_fields(read_yaml(text, where=where, max_bytes=MAX_BYTES), where))
    wanted = {key: value for key, value in {**before, **changes}.items() if key not in changes or value is not None}
    for key, value in changes.items():
        text = _with(text, key, value, where)
    try:
        came = _fields(read_yaml(text, where=where, max_bytes=MAX_BYTES), where)
    except FormatError:
        came = {}
    if came == wanted:
        return text
    # Keys that share a line, or a mapping in braces: only writing it all anew is sure.
    return "".join(_entry(key, value) for key, value in wanted.items())


def _with(text: str, key: str, value: object | None, where: str) -> str:
    """``text`` with the lines of ``key`` replaced, or with it at the end."""
    entry = "" if value is None else _entry(key, value)
    try:
        document = read_yaml(text, where=where, max_bytes=MAX_BYTES)
        present = _fields(document, where)
    except FormatError:
        return text
    lines = text.splitlines(keepends=True)
    if key not in present:
        end = "" if not lines or lines[-1].endswith("\n") else "\n"
        return text + end + entry
    first = document.line(key) - 1
    later = [document.line(other) - 1 for other in present if document.line(other) - 1 > first]
    last = min(later, default=len(lines))
    while last > first + 1 and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1
    return "".join([*lines[:first], entry, *lines[last:]])


def _entry(key: str, value: object) -> str:
    """One field as lines of YAML. JSON is YAML, and says exactly what is meant; a long text is a block."""
    name = key if key.isidentifier() else json.dumps(key, ensure_ascii=False)
    if isinstance(value, str) and "\n" in value.strip("\n") and _is_block(value):
        return f"{name}: |\n" + "".join(f"  {line}\n" if line else "\n" for line in value[:-1].split("\n"))
    return f"{name}: {json.dumps(value, ensure_ascii=False)}\n"


def _is_block(text: str) -> bool:
    """Whether a literal block would give exactly this text: one line end at its end, and no odd blanks."""
    whole = text.endswith("\n") and not text.endswith("\n\n") and text[:1] not in (" ", "\n", "\t")
    return whole and all(c == "\n" or c.isprintable() for c in text)
