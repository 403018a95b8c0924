"""Looking over the user's own regex scripts one by one, and switching each on or off. Everything here blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.formats.script_files import read_script_file, write_script_file
from tavern_tui.session.regex_listing import listed
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.regex_scripts import MAX_FILE, ScriptStore


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One script, by its file and its place there; all texts are safe to show, on one line.

    ``what`` says what it finds and puts in its place, ``about`` where it applies and what is doubtful about it.
    """

    path: Path
    place: int
    name: str
    on: bool
    what: str
    about: str
    problem: str = ""


def scripts_to_review(workspace: Workspace) -> list[Reviewed]:
    """Every script of the user's own, those that are off first, else as they run. Raises ``StorageError``."""
    found = []
    for file in ScriptStore(workspace.directories).files():
        for place, script in enumerate(file.scripts):
            told = listed(script, file.path.name)
            about = " · ".join(filter(None, (told.places, told.changes, *told.remarks)))
            what = safe_line(f"{script.find}  →  {script.replace or '(nothing)'}", 200)
            name = safe_line(script.name)
            found.append(
                Reviewed(file.path, place, name, not script.disabled, what, safe_line(about), safe_line(told.problem))
            )
    return sorted(found, key=lambda one: one.on)


def switch_script(path: Path, place: int, on: bool) -> None:
    """Switch one script on or off; everything else in its file stays as it is.

    Raises ``NotFoundError`` where the file has changed meanwhile, ``FormatError``, ``StorageError``.
    """
    file, unreadable = read_script_file(read_bytes(path, MAX_FILE), path.name)
    if unreadable:
        title = f"{path.name} holds a script that cannot be read: writing the file would lose it."
        raise FormatError(title, hint=f"Mend it by hand ({unreadable[0].text}).", where=str(path))
    if place >= len(file.scripts):
        raise NotFoundError(f"{path.name} was changed meanwhile.", hint="Look at the list again.", where=str(path))
    scripts = list(file.scripts)
    scripts[place] = replace(scripts[place], disabled=not on)
    data, _ = write_script_file(replace(file, scripts=tuple(scripts)))
    write_atomic(path, data)
