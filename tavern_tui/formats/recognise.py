"""What a file is, told by its content and never by its name: for importing whatever somebody has.

Reading it is the codec's, which this names by kind. SillyTavern's ``settings.json`` is ``sillytavern_settings``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tavern_tui.domain.errors import FormatError, TavernError
from tavern_tui.formats.card import Container, container_of
from tavern_tui.formats.card_object import is_card
from tavern_tui.formats.chat_formats import format_of
from tavern_tui.formats.json_text import read_json
from tavern_tui.formats.lorebook_exchange import is_lorebook
from tavern_tui.formats.personas import is_persona, is_persona_backup
from tavern_tui.formats.preset_kinds import PresetKind, kind_in, preset_kind
from tavern_tui.formats.sillytavern_settings import is_group, is_settings
from tavern_tui.formats.templates import is_bundle
from tavern_tui.formats.yaml_text import read_yaml


class FileKind(StrEnum):
    """What can be imported, beside the kinds of ``PresetKind``. The value is what a person calls one."""

    CHARACTER = "character"
    LOREBOOK = "lorebook"
    CHAT = "chat"
    PERSONA = "persona"
    PERSONAS = "backup of personas"
    TEMPLATES = "bundle of templates"
    SETTINGS = "SillyTavern's settings"
    GROUP = "SillyTavern group"


Recognised = FileKind | PresetKind
_JINJA = (b"{%", b"{#", b"{{")


def recognise(data: bytes, name: str) -> Recognised | None:
    """What the file called ``name`` (for messages) with these bytes is; ``None`` where it is nothing that is known.

    Raises ``FormatError`` for an empty file and for text that is broken, with the line.
    """
    container = _container(data, name)
    if container is None:
        return None
    if container not in (Container.JSON, Container.YAML):
        return FileKind.CHARACTER
    if (chat := format_of(data)) is not None and chat.read is not None:
        return FileKind.CHAT
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_JINJA):
        return kind_in(data, where=name)
    if container is Container.JSON:
        return _of_value(read_json(data, where=name, strict=False))
    try:
        return _of_value(read_yaml(data, where=name).value)
    except TavernError:  # any text is tried as YAML; most is none
        return None


def _container(data: bytes, name: str) -> Container | None:
    if not data.strip(b"\x00 \t\r\n"):
        raise FormatError("The file is empty.", where=name)
    try:
        return container_of(data, where=name)
    except FormatError:  # a kind of file that is never a card, nor anything else of a library
        return None


def _of_value(value: Any) -> Recognised | None:
    """What parsed JSON or YAML is. The order counts: what says more comes first."""
    for test, kind in _TESTS:
        if test(value):
            return kind
    card = FileKind.CHARACTER if is_card(value) else None
    if card and "greeting" in value:  # text-generation-webui's cards may bring a template with them
        return card
    return preset_kind(value) or card


_TESTS = (
    (is_settings, FileKind.SETTINGS),
    (is_group, FileKind.GROUP),
    (is_persona_backup, FileKind.PERSONAS),
    (is_bundle, FileKind.TEMPLATES),
    (is_lorebook, FileKind.LOREBOOK),
    (is_persona, FileKind.PERSONA),
)
