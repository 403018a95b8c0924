"""Files of regex scripts as things to be kept and written back: every field of them, whatever it means.

Reading them for use is ``formats.regex_scripts``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.regex_script import RegexScript
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.overlay import overlaid
from tavern_tui.formats.regex_scripts import MOST_SCRIPTS, script_of


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """The scripts of a file, and the objects that they were read from. ``single``: no list is round the one."""

    scripts: tuple[RegexScript, ...]
    sources: tuple[Mapping[str, Any], ...] = ()
    single: bool = False


def is_script_file(value: object) -> bool:
    """Whether a parsed JSON file is a regex script, or a list of them."""
    listed = value if isinstance(value, list) else [value]
    return bool(listed) and all(isinstance(one, dict) and "findRegex" in one for one in listed)


def read_script_file(data: bytes, name: str, *, where: str = "") -> tuple[ScriptFile, tuple[Remark, ...]]:
    """The scripts in a file with all of their fields, and which of them cannot be read.

    Raises ``FormatError`` where there is no script in it at all.
    """
    where = where or name
    value = read_json(data, where=where)
    if not is_script_file(value):
        raise FormatError("There is no regex script inside.", where=where)
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MOST_SCRIPTS:
        raise FormatError(f"There are {len(listed):,} scripts; {MOST_SCRIPTS:,} are read at most.", where=where)
    scripts, sources, remarks = [], [], []
    for at, one in enumerate(listed):
        try:
            scripts.append(script_of(Fields(one, path=str(at) if listed is value else "", where=where)))
            sources.append(one)
        except FormatError as error:
            remarks.append(Remark(str(at), error.title))
    if not scripts:
        raise FormatError(remarks[0].text, where=where)
    return ScriptFile(tuple(scripts), tuple(sources), listed is not value), tuple(remarks)


def write_script_file(file: ScriptFile) -> tuple[bytes, tuple[Remark, ...]]:
    """The scripts as SillyTavern's file: what they were read from, with what was changed. Raises ``FormatError``."""
    written = [
        overlaid(file.sources[at], toldscript_of(script_of(Fields(file.sources[at]))), toldscript_of(script))
        if at < len(file.sources)
        else toldscript_of(script)
        for at, script in enumerate(file.scripts)
    ]
    return write_json(written[0] if file.single and len(written) == 1 else written), ()


def toldscript_of(script: RegexScript) -> dict[str, Any]:
    """A script's fields in SillyTavern's words."""
    return {
        "id": script.id,
        "scriptName": script.name,
        "findRegex": script.find,
        "replaceString": script.replace,
        "trimStrings": list(script.trim_strings),
        "placement": sorted(one.value for one in script.placement),
        "disabled": script.disabled,
        "markdownOnly": script.markdown_only,
        "promptOnly": script.prompt_only,
        "runOnEdit": script.run_on_edit,
        "substituteRegex": script.substitute.value,
        "minDepth": script.min_depth,
        "maxDepth": script.max_depth,
    }
