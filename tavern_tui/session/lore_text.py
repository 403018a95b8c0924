"""Some entries of a lorebook as one text for an editor, and what came back of it.

The text is YAML with SillyTavern's names, fields included that this program does not know. An entry that is missing in
what came back stays as it is; one with a number that no entry has, or without one, is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.lorebook import lorebook_in, to_world_entry
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.formats.yaml_writing import write_yaml
from tavern_tui.session.lore_editing import Edit, with_more

_HEAD = """\
# {count} of {name}, by SillyTavern's names. Save and close to keep the changes.
# An entry that is taken out here stays in the book as it is; one without a uid is new.
"""
_MAX = 64 * 1024 * 1024


def entries_text(entries: Iterable[LoreEntry], name: str) -> str:
    """The entries as text; JSON where YAML cannot say them."""
    values = [to_world_entry(entry) for entry in entries]
    plain = read_json(write_json(values))
    text = write_yaml(plain)
    count = f"{len(values):,} entries" if len(values) != 1 else "1 entry"
    return write_json(values).decode() if text is None else _HEAD.format(count=count, name=safe_line(name, 60)) + text


def read_entries(text: str, *, where: str = "") -> Edit:
    """The change that the edited text asks for. Raises ``FormatError`` with the line or the field that is wrong."""
    if text.lstrip("\ufeff \t\r\n").startswith("["):
        values = read_json(text, where=where, max_bytes=_MAX)
    else:
        values = read_yaml(text, where=where).value
    values = [] if values is None else values
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise FormatError("The text is no list of entries.", hint="Each begins with “- uid:”.", where=where)
    # The numbers may be missing or not theirs: each is read under its place.
    book = lorebook_in({"entries": {str(at): {**one, "uid": at} for at, one in enumerate(values)}}, where=where)
    said: dict[int, LoreEntry] = {}
    unnumbered: list[LoreEntry] = []
    for one, entry in zip(values, book.entries, strict=True):
        uid = one.get("uid")
        if type(uid) is int and uid not in said:
            said[uid] = entry
        else:
            unnumbered.append(entry)
    return lambda before: _applied(before, said, unnumbered)


def _applied(book: Lorebook, said: Mapping[int, LoreEntry], unnumbered: Iterable[LoreEntry]) -> Lorebook:
    there = {one.uid for one in book.entries}
    changed = (replace(said[one.uid], uid=one.uid) if one.uid in said else one for one in book.entries)
    new = [entry for uid, entry in said.items() if uid not in there]
    return with_more([*new, *unnumbered])(replace(book, entries=tuple(changed)))
