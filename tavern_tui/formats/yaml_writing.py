"""Writing YAML for people to edit: long texts as blocks, and every value such that ``yaml_text`` reads it back equal.

PyYAML decides quotes by YAML 1.1; what its plain texts would mean to our reader (``0o7``, ``1e3``) is quoted here.
"""

from __future__ import annotations

from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.yaml_text import read_yaml, reads_as_text

_WIDE = 10**6  # columns: no line is broken
_LONG = 60  # characters: a text that stands more comfortably without quotes


def write_yaml(value: Any) -> str | None:
    """``value`` as YAML; ``None`` where it would not be read back equal (too deep, too large, odd numbers)."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """No anchors, texts as our reader needs them."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value or len(value) > _LONG else None if reads_as_text(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    try:
        written = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=_WIDE)
        return written if read_yaml(written).value == value else None
    except (yaml.YAMLError, FormatError, RecursionError):
        return None
