"""``ScriptRun``: regex scripts applied to texts: to one prompt's turns and lore, to what is stored, to what is shown.

Scripts run in their order, each over what the one before it made. Nothing here raises: a script that takes too long,
would make a text too large or cannot be used at all leaves the text as it is and is named in ``left_out``. Results are
remembered by scripts and text, unless macros or the moment had a say in them, so a turn costs its replacing once and
not for every prompt that it stands in. Source: SillyTavern, ``public/scripts/extensions/regex/engine.js``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.regex_script import Placement, RegexScript, SubstituteRegex, Use
from tavern_tui.prompt.pattern_runs import Allowance, Found, Pattern, pattern_of

LARGEST = 250_000
"""Characters that a script may make of a text; a longer text may keep its length."""

MOST_MATCHES = 20_000
"""Matches of one script that are replaced in one text."""

_MOST_REMEMBERED = 4_000_000  # characters
_GROUP = re.compile(r"\$(\d+)|\$<([^>]+)>")
_MATCH = re.compile(r"\{\{match\}\}", re.IGNORECASE)
_MACRO = re.compile(r"\{\{[^{}]*\}\}|<(?:USER|BOT|CHAR|CHARIFNOTGROUP|GROUP)>", re.IGNORECASE)
_SIGNS = re.compile(r"[\n\r\t\v\f\0.^$*+?{}\[\]\\/|()]")
_NAMED_SIGNS = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\f": "\\f", "\0": "\\0"}

TOO_SLOW = "its pattern takes too long on this text"
NO_TIME = "the scripts before it took all the time there is"
TOO_LARGE = f"it would make the text longer than {LARGEST:,} characters"

Expand = Callable[[str], str]
"""Replaces the macros of a text."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A text after scripts, why some of them left it as it was (by name), and whether it always comes out the same."""

    text: str
    left_out: tuple[tuple[str, str], ...] = ()
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """Scripts for one kind of text; ``key`` tells them apart from any others."""

    scripts: tuple[RegexScript, ...] = ()
    key: int = 0


class Memory:
    """What scripts made of texts, bounded in characters; what was not needed for longest is forgotten first."""

    def __init__(self, limit: int = _MOST_REMEMBERED) -> None:
        self._limit = limit
        self._size = 0
        self._known: OrderedDict[tuple[int, str], Replaced] = OrderedDict()
        self._keys: dict[tuple[RegexScript, ...], int] = {}
        self._numbers = count(1)

    def key(self, scripts: tuple[RegexScript, ...]) -> int:
        """A number for these scripts."""
        if scripts not in self._keys:
            if len(self._keys) >= 1_000:
                self._keys.clear()
            self._keys[scripts] = next(self._numbers)
        return self._keys[scripts]

    def get(self, key: int, text: str) -> Replaced | None:
        """What the scripts made of ``text``, where it is known."""
        found = self._known.get((key, text))
        if found is not None:
            self._known.move_to_end((key, text))
        return found

    def keep(self, key: int, text: str, made: Replaced) -> None:
        """Remember what the scripts made of ``text``."""
        if (key, text) in self._known:
            return
        self._known[key, text] = made
        self._size += len(text) + len(made.text)
        while self._size > self._limit:
            (_, old), gone = self._known.popitem(last=False)
            self._size -= len(old) + len(gone.text)


_memory = Memory()


@dataclass(slots=True)
class ScriptRun:
    """The scripts of one prompt, or of one turn.

    ``exact`` applies them in prompts as SillyTavern 1.12.6 does. ``allowance`` is the time for all texts together.
    ``left_out`` says by name which scripts left a text as it was, and why.
    """

    scripts: tuple[RegexScript, ...] = ()
    exact: bool = False
    allowance: Allowance = field(default_factory=Allowance)
    left_out: dict[str, str] = field(default_factory=dict)
    memory: Memory = field(default=_memory, repr=False)
    _chosen: dict[tuple[Use, Placement, int], Chosen] = field(default_factory=dict)
    _borders: list[int] | None = None

    def text(self, text: str, use: Use, placement: Placement, expand: Expand, depth: int | None = None) -> str:
        """What the scripts for that kind of text make of ``text``, ``depth`` turns above the newest. Never raises."""
        if not self.scripts or not text:
            return text
        chosen = self._for(use, placement, depth)
        if not chosen.scripts:
            return text
        made = self.memory.get(chosen.key, text)
        if made is None:
            made = replaced(chosen.scripts, text, expand, self.allowance)
            if made.lasting:
                self.memory.keep(chosen.key, text, made)
        self.left_out |= made.left_out
        return made.text

    def concerns(self, use: Use, placement: Placement) -> bool:
        """Whether there is any script for that kind of text."""
        return any(script.applies(use, placement, exact=self.exact) for script in self.scripts)

    def borders(self) -> Sequence[int]:
        """The depths at which the scripts that apply become others, rising."""
        if self._borders is None:
            limits = {script.min_depth for script in self.scripts}
            limits |= {None if script.max_depth is None else script.max_depth + 1 for script in self.scripts}
            self._borders = sorted(limit for limit in limits if limit)
        return self._borders

    def _for(self, use: Use, placement: Placement, depth: int | None) -> Chosen:
        """Of all turns between two borders the same scripts are chosen; -1 is above the newest turn, -2 no depth."""
        stretch = -2 if depth is None else -1 if depth < 0 else bisect_right(self.borders(), depth)
        found = self._chosen.get((use, placement, stretch))
        if found is None:
            scripts = tuple(one for one in self.scripts if one.applies(use, placement, depth, exact=self.exact))
            found = self._chosen[use, placement, stretch] = Chosen(scripts, self.memory.key(scripts) if scripts else 0)
        return found


def replaced(scripts: Sequence[RegexScript], text: str, expand: Expand, allowance: Allowance) -> Replaced:
    """``text`` after all ``scripts``, one after the other, whatever their placement. Never raises."""
    left_out: list[tuple[str, str]] = []
    lasting = True
    for script in scripts:
        if allowance.left <= 0:
            left_out.append((script.name, NO_TIME))
            lasting = False
            continue
        try:
            pattern, fixed = _pattern(script, expand)
            made, plain = _Replacing(script, text, expand).by(pattern, allowance)
            text, lasting = made, lasting and fixed and plain
        except FormatError as error:
            left_out.append((script.name, f"{error.title} {error.hint}".strip()))
        except TimeoutError:
            lasting = lasting and allowance.left > 0
            left_out.append((script.name, TOO_SLOW))
        except OverflowError:
            left_out.append((script.name, TOO_LARGE))
    return Replaced(text, tuple(left_out), lasting)


def _pattern(script: RegexScript, expand: Expand) -> tuple[Pattern, bool]:
    """The script's pattern, and whether it is the same each time."""
    match script.substitute:
        case SubstituteRegex.NONE:
            return pattern_of(script.find), True
        case SubstituteRegex.RAW:
            find = expand(script.find)
        case SubstituteRegex.ESCAPED:
            find = _MACRO.sub(lambda macro: _plain(macro.group(), expand), script.find)
    return pattern_of(find), find == script.find


def _plain(macro: str, expand: Expand) -> str:
    """What a macro says, as a pattern that finds just that; a macro that is none stays."""
    value = expand(macro)
    if value == macro:
        return macro
    return _SIGNS.sub(lambda sign: _NAMED_SIGNS.get(sign.group(), f"\\{sign.group()}"), value)


class _Replacing:
    """One script over one text."""

    def __init__(self, script: RegexScript, text: str, expand: Expand) -> None:
        self.text = text
        self.template = _MATCH.sub("$0", script.replace)
        self.trims = script.trim_strings
        self.expand = expand
        self.plain = True
        self.room = max(LARGEST, len(text))

    def by(self, pattern: Pattern, allowance: Allowance) -> tuple[str, bool]:
        """The text with every match replaced, and whether no macro had a say in it.

        Raises ``TimeoutError``, and ``OverflowError`` where it would become too long.
        """
        pieces: list[str] = []
        done = size = 0
        for number, found in enumerate(pattern.matches(self.text, allowance)):
            if number >= MOST_MATCHES:
                raise TimeoutError
            instead = self._instead(found)
            pieces += (self.text[done : found.start], instead)
            size += found.start - done + len(instead)
            if size > self.room:
                raise OverflowError
            done = found.end
        made = "".join((*pieces, self.text[done:])) if pieces else self.text
        if len(made) > self.room:
            raise OverflowError
        return made, self.plain

    def _instead(self, found: Found) -> str:
        made = "".join(self._parts(found))
        if "{{" in made or "<" in made:
            expanded = self.expand(made)
            self.plain = self.plain and expanded == made
            return expanded
        return made

    def _parts(self, found: Found) -> Iterator[str]:
        """The replacement's text with what the groups caught in their places."""
        done = 0
        for reference in _GROUP.finditer(self.template):
            yield self.template[done : reference.start()]
            yield self._trimmed(_caught(found, reference))
            done = reference.end()
        yield self.template[done:]

    def _trimmed(self, text: str) -> str:
        for trim in self.trims:
            wanted = self.expand(trim)
            self.plain = self.plain and wanted == trim
            text = text.replace(wanted, "") if wanted else text
        return text


def _caught(found: Found, reference: re.Match[str]) -> str:
    """What ``$1`` or ``$<name>`` stands for; nothing for a group that there is not or that took no part."""
    if reference[2] is not None:
        return found.names.get(reference[2]) or ""
    number = int(reference[1]) if len(reference[1]) < 6 else len(found.groups) + 1
    if number == 0:
        return found.text
    return (found.groups[number - 1] if number <= len(found.groups) else None) or ""
