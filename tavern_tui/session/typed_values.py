"""Values of fields as they are typed on a command line, and as they are shown in one line."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from tavern_tui.domain.errors import FormatError, SettingsError
from tavern_tui.formats.json_text import decode_text
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.storage.reading import read_bytes

_MAX_FILE = 16 * 1024 * 1024


def typed_changes(given: Sequence[str], *, texts: Collection[str] = ()) -> dict[str, object | None]:
    """What was typed as ``FIELD=VALUE``, by field: YAML, ``@FILE`` for a file's text, nothing for ``None``.

    Fields named in ``texts`` are taken as they stand. Raises ``SettingsError``, ``StorageError``.
    """
    found: dict[str, object | None] = {}
    for one in given:
        name, equals, value = one.partition("=")
        name = name.strip()
        if not equals or not name:
            raise SettingsError(f"A change is written FIELD=VALUE, not “{one}”.")
        if value.startswith("@"):
            found[name] = decode_text(read_bytes(Path(value[1:]).expanduser(), _MAX_FILE), where=value[1:])
        elif not value.strip():
            found[name] = None
        else:
            found[name] = value if name in texts else _yaml(name, value)
    return found


def shown_value(value: object, most: int = 200) -> str:
    """A value on one line of ``most`` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _yaml(name: str, value: str) -> object:
    try:
        return read_yaml(value).value
    except FormatError as error:
        raise SettingsError(f"{name}: {error.title}") from error
