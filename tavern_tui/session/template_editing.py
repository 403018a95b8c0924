"""A template of the user's own while it is changed: a copy of another, its fields as they are typed, written at once.

Line ends, tabs and backslashes of a field are typed as ``\\n``, ``\\t`` and ``\\\\``. Choosing templates is
``session.template_choice``'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.template import InstructTemplate, SystemPrompt
from tavern_tui.formats.preset_kinds import CODECS, PresetKind
from tavern_tui.formats.templates import TemplateFile, TemplateKind, told_fields, with_ours_kept
from tavern_tui.session.template_files import ListedTemplate, template_in_list
from tavern_tui.storage.templates import TemplateStore

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace

KINDS = {
    "instruct": TemplateKind.INSTRUCT,
    "context": TemplateKind.CONTEXT,
    "sysprompt": TemplateKind.SYSTEM_PROMPT,
}
"""The kinds that can be changed field by field."""

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_TYPED = {typed: meant for meant, typed in _ESCAPES.items()}
_VALUE = 60  # characters of a value on a row


@dataclass(frozen=True, slots=True)
class TemplateField:
    """A field by SillyTavern's name; ``value`` is safe to show. ``words`` are all that it takes, where they are few."""

    name: str
    value: str
    words: tuple[str, ...] = ()
    empty: bool = False


def template_fields(template: Any) -> list[TemplateField]:
    """The fields of a template that can be changed."""
    rows = []
    for name, value in told_fields(template).items():
        if name == "name":
            continue
        shown = "on" if value is True else "off" if value is False else escaped(str(value))
        words = ("on", "off") if isinstance(value, bool) else _words(getattr(template, name))
        rows.append(TemplateField(name, safe_line(shown, _VALUE), words, value == ""))
    return rows


def typed_as(template: Any, name: str) -> str:
    """What stands in the line where a field's value is typed, to begin with."""
    return escaped(str(told_fields(template)[name]))


def with_typed(template: Any, name: str, typed: str) -> Any:
    """``template`` with what was typed in a field, or one of its words. Raises ``SettingsError``."""
    before = getattr(template, name)
    if isinstance(before, bool):
        if typed not in ("on", "off"):
            raise SettingsError(f"{name}: it has to be on or off.")
        return replace(template, **{name: typed == "on"})
    if isinstance(before, Enum):
        words = _words(before)
        if typed not in words:
            raise SettingsError(f"{name}: it has to be one of: {', '.join(words)}.")
        return replace(template, **{name: type(before)(typed)})
    return replace(template, **{name: meant(typed)})


def escaped(text: str) -> str:
    """``text`` on one line, as it is typed."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def meant(typed: str) -> str:
    """The text that was typed on one line; a backslash before anything else stands for itself."""
    return re.sub(r"\\[\\ntr]", lambda found: _TYPED[found.group()], typed)


def own_copy(workspace: Workspace, kind: str, name: str, template: Any) -> ListedTemplate:
    """A template of the user's own that says what ``template`` does, called like the one it comes from. Blocks.

    Raises ``SettingsError``, ``StorageError``.
    """
    shelf = TemplateStore(workspace.directories).shelf(PresetKind(kind))
    tries = (f"my {name}" if number == 1 else f"my {name} {number}" for number in range(1, 1000))
    called = next(one for one in tries if shelf.path(one) is None)
    file = with_ours_kept(TemplateFile(KINDS[kind], replace(template, name=called), {}))
    shelf.add(called, CODECS[PresetKind(kind)].write(file)[0])
    return template_in_list(workspace, kind, called)


def write(workspace: Workspace, one: ListedTemplate, template: Any) -> ListedTemplate:
    """Let the file of ``one`` say ``template``; fields that nobody here knows stay. Blocks.

    Raises ``StorageError`` where the file was changed by something else, ``SettingsError`` for one that is not fields.
    """
    if one.path is None or not isinstance(one.held, TemplateFile):
        raise SettingsError(f"{one.name} cannot be changed field by field.", hint="Change its file in an editor.")
    shelf = TemplateStore(workspace.directories).shelf(one.kind)
    data = CODECS[one.kind].write(replace(one.held, template=template))[0]
    shelf.replace(one.path, data, was=shelf.read(one.path))
    return template_in_list(workspace, one.kind, one.name)


def plain_template(name: str) -> InstructTemplate:
    """What plain text is as an instruct template, to begin one's own with."""
    return InstructTemplate(name)


def our_prompt(text: str) -> SystemPrompt:
    """Our own system text as a system prompt, to begin one's own with."""
    return SystemPrompt("system prompt", text)


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(one.value) for one in type(value)) if isinstance(value, Enum) else ()
