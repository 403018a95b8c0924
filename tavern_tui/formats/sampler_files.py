"""Sampler presets of other programs ⇄ ``Preset``: SillyTavern's, KoboldAI's and text-generation-webui's.

What each calls a field is ``formats.sampler_tables``'s. A file keeps the object that it was read from, and is written
back with what was changed. A field that only some servers know goes to them as it is (``SamplerPreset.extra``), where
it is not off. Our own files are ``formats.presets``'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.preset import NEUTRAL, Preset
from tavern_tui.domain.preset_fields import FIELDS, FieldRefusedError, built, checked
from tavern_tui.formats.json_text import cleaned, read_json, write_json
from tavern_tui.formats.overlay import alike, overlaid
from tavern_tui.formats.presets import changed_text, preset_values, write_entries
from tavern_tui.formats.sampler_tables import KOBOLD_ORDER, KOBOLD_STAGES, LAYOUTS, Layout, Look, Row
from tavern_tui.formats.yaml_text import read_yaml

MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SamplerFile:
    """A sampler preset, whose file it is (``Layout.program``) and what it was read from: object, and text for YAML."""

    layout: Layout
    preset: Preset
    source: Mapping[str, Any]
    text: str = ""


def layout_of(value: object) -> Layout | None:
    """Whose sampler preset a parsed file is; ``None`` where it is none of other programs'."""
    if not isinstance(value, Mapping):
        return None
    return next((one for one in LAYOUTS if one.needs <= value.keys() and one.tells & value.keys()), None)


def is_sampler_file(value: object) -> bool:
    """Whether a parsed JSON or YAML file is a sampler preset of another program."""
    return layout_of(value) is not None


def read_sampler_file(data: bytes, name: str, *, where: str = "") -> tuple[SamplerFile, tuple[Remark, ...]]:
    """The preset in a JSON or YAML file, and what of it does nothing here. ``name`` is the preset's.

    Raises ``FormatError`` for a file that is none.
    """
    where = where or name
    is_json = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    if is_json:
        value = read_json(data, where=where, max_bytes=MAX_BYTES)
    else:
        value = read_yaml(data, where=where, max_bytes=MAX_BYTES).value
    layout = layout_of(value)
    if layout is None:
        raise FormatError("There is no sampler preset inside.", where=where)
    preset, remarks = from_fields(layout, value, name)
    text = "" if is_json else data.decode("utf-8-sig", "replace")
    return SamplerFile(layout, preset, value, text), remarks


def write_sampler_file(file: SamplerFile) -> tuple[bytes, tuple[Remark, ...]]:
    """The preset as its program's file: what it was read from, with what was changed. Raises ``FormatError``."""
    before = told_fields(file.layout, from_fields(file.layout, file.source, file.preset.sampling.name)[0])
    after = told_fields(file.layout, file.preset)
    written = overlaid(file.source, before, after)
    remarks = unsaid(file.layout, file.preset)
    if file.text:
        changes = {key: written.get(key) for key in {**file.source, **written} if not _same(file.source, written, key)}
        return changed_text(file.text, changes).encode(), remarks
    return write_json(written), remarks


def write_sampler_as(preset: Preset, layout: Layout) -> tuple[bytes, tuple[Remark, ...]]:
    """A preset as a new file of another program, and what that cannot say. Raises ``FormatError``."""
    fields = told_fields(layout, preset)
    if layout.yaml:
        neutral = told_fields(layout, Preset())
        fields = {key: value for key, value in fields.items() if key not in neutral or neutral[key] != value}
        return write_entries(fields).encode(), unsaid(layout, preset)
    return write_json(fields), unsaid(layout, preset)


def from_fields(layout: Layout, source: Mapping[str, Any], name: str) -> tuple[Preset, tuple[Remark, ...]]:
    """The preset that a program's fields say, and what of them does nothing here. Never raises."""
    remarks: list[Remark] = []
    values: dict[str, object] = {}
    source = cleaned(source)
    found = [(row.theirs, row.ours, _read(row, source[row.theirs])) for row in layout.rows if row.theirs in source]
    for theirs, ours, value in (*found, *_special(layout, source)):
        if value is None:
            continue
        try:
            values[ours] = checked(ours, value)
        except FieldRefusedError as refused:
            remarks.append(Remark(theirs, f"It is left as it usually is: {refused}."))
    extra = tuple(
        (wire, source[key])
        for key, (wire, off) in layout.passed.items()
        if key in source and source[key] is not None and not alike(source[key], off)
    )
    remarks += [Remark(wire, "Only some servers know it; it goes to the server as it is.") for wire, _ in extra]
    remarks += [
        Remark(key, text) for key, (usual, text) in layout.other.items() if source.get(key) not in (None, *usual)
    ]
    if layout.banned and (left := _unbannable(source.get(layout.banned))):
        remarks.append(Remark(layout.banned, f"Only texts in quotes can be kept out of replies, not {left} more."))
    return built(values, name=name, extra=extra), tuple(remarks)


def told_fields(layout: Layout, preset: Preset) -> dict[str, Any]:
    """A preset's fields in a program's words."""
    said = {row.theirs: _written(row, _ours(preset, row.ours)) for row in layout.rows}
    if layout.dynamic is not None:
        sampling = preset.sampling
        said[layout.dynamic.switch] = sampling.dynamic
        if sampling.dynamic:
            said[layout.dynamic.low] = sampling.dynamic_temperature_low
            said[layout.dynamic.high] = sampling.dynamic_temperature_high
    if layout.banned:
        said[layout.banned] = "\n".join(json.dumps(text, ensure_ascii=False) for text in preset.rules.banned)
    if layout.biases:
        said[layout.biases] = [{"text": str(token), "value": value} for token, value in preset.rules.logit_bias]
    if layout.order:
        said[layout.order] = _kobold_order(preset.sampling.order)
    wires = {wire: key for key, (wire, _) in layout.passed.items()}
    return said | {wires[wire]: value for wire, value in preset.sampling.extra if wire in wires}


def unsaid(layout: Layout, preset: Preset) -> tuple[Remark, ...]:
    """What of a preset a program's file cannot say."""
    known = {row.ours for row in layout.rows}
    if layout.dynamic is not None:
        known |= {"dynamic_temperature_low", "dynamic_temperature_high"}
    if layout.order:
        known.add("order")
    rules = {"banned": layout.banned, "logit_bias": layout.biases, "stop": "", "grammar": "", "json_schema": ""}
    lost = [name for name in sorted(preset.sampling.changed()) if name not in known and name != "extra"]
    lost += [name for name, key in rules.items() if getattr(preset.rules, name) and not key and name not in known]
    lost += ["note"] if preset.note else []
    wires = {wire for wire, _ in layout.passed.values()}
    lost += [wire for wire, _ in preset.sampling.extra if wire not in wires]
    return tuple(Remark(name, f"A {layout.title} has no such field: it is left out.") for name in lost)


def _same(source: Mapping[str, Any], written: Mapping[str, Any], key: str) -> bool:
    return key in source and key in written and alike(source[key], written[key])


def _ours(preset: Preset, name: str) -> Any:
    for holder in (preset.sampling, preset.rules, preset):
        if hasattr(holder, name):
            return getattr(holder, name)
    raise KeyError(name)


def _special(layout: Layout, source: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """What a program says in several fields, or in a way of its own: theirs, ours, value."""
    found: list[tuple[str, str, Any]] = []
    if layout.dynamic is not None and source.get(layout.dynamic.switch) is True:
        low, high = source.get(layout.dynamic.low), source.get(layout.dynamic.high)
        if _is_number(low) and _is_number(high) and low < high:
            found.append((layout.dynamic.low, "dynamic_temperature_low", low))
            found.append((layout.dynamic.high, "dynamic_temperature_high", high))
    if layout.banned:
        found.append((layout.banned, "banned", _banned(source.get(layout.banned))))
    if layout.biases:
        found.append((layout.biases, "logit_bias", _biases(source.get(layout.biases))))
    if layout.order:
        found.append((layout.order, "order", _stages(source.get(layout.order))))
    if layout.greedy and source.get(layout.greedy) is False:
        found.append((layout.greedy, "temperature", 0))
    return found


def _banned(value: Any) -> list[str] | None:
    texts = [_quoted(line) for line in value.splitlines()] if isinstance(value, str) else []
    return [text for text in texts if text] or None


def _quoted(line: str) -> str:
    """The text of a line in quotes: a string that may not be in a reply. Other lines are tokens."""
    line = line.strip()
    if len(line) < 3 or not (line.startswith('"') and line.endswith('"')):
        return ""
    try:
        text = json.loads(line)
    except ValueError:
        text = line[1:-1]
    return text if isinstance(text, str) else ""


def _unbannable(value: Any) -> int:
    lines = [line for line in value.splitlines() if line.strip()] if isinstance(value, str) else []
    return sum(not _quoted(line) for line in lines)


def _biases(value: Any) -> dict[str, float] | None:
    listed = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    found: dict[str, float] = {}
    for one in listed:
        text, bias = one.get("text"), one.get("value")
        if isinstance(text, str) and text and _is_number(bias):
            found[text] = bias
    return found or None


def _stages(value: Any) -> list[str] | None:
    """The stages of a Kobold order, where it is one and another than KoboldCpp's own."""
    if not isinstance(value, list) or sorted(map(str, value)) != sorted(map(str, KOBOLD_ORDER)):
        return None
    return None if tuple(value) == KOBOLD_ORDER else [KOBOLD_STAGES[number] for number in value]


def _kobold_order(order: tuple[str, ...]) -> list[int]:
    numbers = [KOBOLD_STAGES.index(stage) for stage in order if stage in KOBOLD_STAGES]
    return numbers if len(numbers) == len(KOBOLD_ORDER) else list(KOBOLD_ORDER)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read(row: Row, value: Any) -> Any:
    """A value of a file as ours; ``None`` where it says nothing."""
    if isinstance(value, str) and _default(row.ours, number=True):
        try:
            value = float(value)
        except ValueError:
            return value
    match row.look:
        case Look.WHOLE_CONTEXT | Look.NEGATIVE_IS_OFF:
            return 0 if _is_number(value) and value < 0 else value
        case Look.RANDOM_BELOW_ZERO:
            return None if _is_number(value) and value < 0 else value
        case Look.JSON_TEXT | Look.BARE_LIST:
            return _list(value, bare=row.look is Look.BARE_LIST)
        case Look.OBJECT:
            return None if value in ({}, "", None) else value
        case _:
            return value


def _default(name: str, *, number: bool) -> bool:
    return number is isinstance(getattr(NEUTRAL, name, None), int | float)


def _list(value: Any, *, bare: bool) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return []
    try:
        return json.loads(f"[{value}]" if bare and not value.lstrip().startswith("[") else value)
    except (ValueError, RecursionError):
        return value


def _written(row: Row, value: Any) -> Any:
    match row.look:
        case Look.JSON_TEXT:
            return json.dumps(list(value), ensure_ascii=False)
        case Look.BARE_LIST:
            return ", ".join(json.dumps(text, ensure_ascii=False) for text in value)
        case Look.RANDOM_BELOW_ZERO:
            return -1 if value is None else value
        case Look.OBJECT:
            return json.loads(value) if value else {}
        case _:
            return int(value) if isinstance(value, float) and value.is_integer() else value


def changed_sampler_file(data: bytes, name: str, changes: Mapping[str, object | None], *, where: str = "") -> bytes:
    """The file with other values for some of our fields, ``None`` for what is usual; everything else stays.

    Raises ``FormatError`` for a field that the program's files do not have.
    """
    file, _ = read_sampler_file(data, name, where=where)
    values = {**preset_values(file.preset), **changes}
    known = {key: checked(key, value) for key, value in values.items() if key in FIELDS and value is not None}
    extra = tuple((key, value) for key, value in values.items() if key not in FIELDS and value is not None)
    changed = replace(file, preset=built(known, name=name, extra=extra))
    for remark in unsaid(file.layout, changed.preset):
        if remark.place in changes:
            raise FormatError(
                f"A {file.layout.title} has no field “{remark.place}”.",
                hint=f"tavern-tui presets new NAME --from {name} makes one of ours, which has.",
                where=where or name,
            )
    return write_sampler_file(changed)[0]
