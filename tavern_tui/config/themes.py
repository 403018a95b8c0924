"""Themes: files that give each role a colour and a style, shipped or the user's; and how they look with few colours.

The fields and roles are explained in ``docs/themes.md``; what is known of colours themselves lies in ``colours.py``.
Which theme is chosen is a setting; painting is the app's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from pathlib import Path

from tavern_tui.config.colours import (
    TERMINAL_GROUND,
    legible,
    luminance,
    nearest_of_sixteen,
    parsed,
    text_of_sixteen,
)
from tavern_tui.config.files import Entries, Problem, nearest, quoted, read_entries
from tavern_tui.config.paths import Directories, shipped

BASE = "lamplight"
"""The theme that gives what another leaves out, and that is used where one cannot be."""


class Role(StrEnum):
    """What a colour is for."""

    BACKGROUND = "background"
    SURFACE = "surface"
    PANEL = "panel"
    SELECTION = "selection"
    BORDER = "border"
    TEXT = "text"
    MUTED = "muted"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    ACCENT = "accent"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    USER = "user"
    CHARACTER = "character"
    NARRATOR = "narrator"
    SPEECH = "speech"
    ACTION = "action"
    CODE = "code"
    REASONING = "reasoning"


GROUNDS = (Role.BACKGROUND, Role.SURFACE, Role.PANEL)
TEXTS = tuple(role for role in Role if role not in (*GROUNDS, Role.SELECTION, Role.BORDER))
STYLES = ("bold", "italic", "dim", "underline", "reverse")

# What tells a role apart where no colour does, unless the theme has a style for it.
_WITHOUT_COLOUR = {
    Role.SELECTION: ("reverse",),
    Role.MUTED: ("dim",),
    Role.PRIMARY: ("bold",),
    Role.SECONDARY: ("underline",),
    Role.ACCENT: ("underline",),
    Role.WARNING: ("bold",),
    Role.ERROR: ("bold",),
}
_FIELDS = ("name", "title", "dark", "colours", "styles")


class Depth(Enum):
    """How many colours a terminal can show."""

    NONE = 0
    SIXTEEN = 16
    FULL = 256


@dataclass(frozen=True, slots=True)
class Theme:
    """A colour for every role, and the styles of those that have any. ``name`` is the file's, without its ending."""

    name: str
    title: str
    dark: bool
    colours: Mapping[Role, str]
    styles: Mapping[Role, tuple[str, ...]]

    def style(self, role: Role) -> tuple[str, ...]:
        """The styles of ``role``, none for a plain one."""
        return self.styles.get(role, ())


PLAIN = Theme("plain", "No colours", True, dict.fromkeys(Role, TERMINAL_GROUND), dict(_WITHOUT_COLOUR))
"""What is used where not even the shipped files can be read."""


@dataclass(frozen=True, slots=True)
class LoadedTheme:
    """The theme to use and what was wrong with its file."""

    theme: Theme
    problems: tuple[Problem, ...] = ()


def theme_files(directories: Directories) -> dict[str, Path]:
    """Name → file of every theme, in alphabetical order; a file of the user's shadows a shipped one of its name."""
    found: dict[str, Path] = {}
    for folder in (shipped("themes"), directories.themes):
        try:
            found |= {path.stem: path for path in folder.iterdir() if path.suffix in (".yaml", ".yml")}
        except OSError:  # no such folder: the user has no themes
            continue
    return dict(sorted(found.items()))


def load_theme(directories: Directories, name: str = BASE) -> LoadedTheme:
    """The theme called ``name``; where there is none, the base theme and a problem."""
    base = _shipped_theme(BASE, PLAIN)
    files = theme_files(directories)
    if name not in files:
        what = f"There is no theme {quoted(name)}.{nearest(name, files)} “{base.name}” is used."
        return LoadedTheme(base, (Problem(str(directories.themes), what),))
    entries = read_entries(files[name], f"“{base.name}” is used.")
    match entries:
        case Entries():
            return theme_from(entries, _shipped_theme(name, base))
        case Problem():
            return LoadedTheme(base, (entries,))
        case None:  # it went away between the two looks
            return LoadedTheme(base)


def theme_from(entries: Entries, base: Theme) -> LoadedTheme:
    """The theme that a file describes; what it leaves out, and what of it cannot be taken, is as in ``base``.

    With styles of its own, a role that is not among them is plain.
    """
    values, name = entries.values, entries.path.stem
    problems = [
        Problem(entries.place(field), f"A theme has no {quoted(field)}.{nearest(field, _FIELDS)}")
        for field in values
        if field not in _FIELDS
    ]
    if str(values.get("name", name)) != name:
        problems.append(Problem(entries.place("name"), f"A theme is called as its file is: “{name}”."))
    colours: dict[Role, str] = {}
    for role, value in _roles(entries, "colours", problems):
        if colour := parsed(value):
            colours[role] = colour
        else:
            what = f'“{role}” is no colour: write "#rrggbb" or a name like ansi_cyan. {base.colours[role]} is used.'
            problems.append(Problem(entries.place("colours", role), what))
    styles = {} if "styles" in values else dict(base.styles)
    for role, value in _roles(entries, "styles", problems):
        words = str(value or "").split()
        styles[role] = tuple(word for word in words if word in STYLES)
        problems += [
            Problem(entries.place("styles", role), f"There is no style {quoted(word)}.{nearest(word, STYLES)}")
            for word in words
            if word not in STYLES
        ]
    merged = {**base.colours, **colours}
    dark = values.get("dark", _is_dark(merged, base.dark))
    if not isinstance(dark, bool):
        problems.append(Problem(entries.place("dark"), "“dark” is true or false."))
        dark = _is_dark(merged, base.dark)
    title = values.get("title")
    return LoadedTheme(
        Theme(name, title if isinstance(title, str) and title else name, dark, merged, styles),
        tuple(sorted(problems, key=lambda one: one.line)),
    )


def colour_unwanted(environ: Mapping[str, str]) -> bool:
    """Whether the user asked for no colour: ``NO_COLOR`` is there and not empty (no-color.org)."""
    return bool(environ.get("NO_COLOR"))


def fitted(theme: Theme, depth: Depth) -> Theme:
    """``theme`` for a terminal of ``depth``."""
    match depth:
        case Depth.FULL:
            return theme
        case Depth.SIXTEEN:
            return in_sixteen(theme)
        case Depth.NONE:
            return without_colour(theme)


def without_colour(theme: Theme) -> Theme:
    """``theme`` with the terminal's own text and ground alone; styles tell apart what needs telling apart."""
    kept = {role: style for role, style in theme.styles.items() if style}
    return replace(theme, colours=dict.fromkeys(Role, TERMINAL_GROUND), styles={**_WITHOUT_COLOUR, **kept})


def in_sixteen(theme: Theme) -> Theme:
    """``theme`` in the terminal's sixteen colours: the nearest for grounds and lines, for texts one of the same hue.

    The three grounds become one. A selection that would look like it, or hide its text, is shown in reverse.
    """
    ground = nearest_of_sixteen(theme.colours[Role.BACKGROUND])
    colours = {
        role: text_of_sixteen(colour, ground) if role in TEXTS else nearest_of_sixteen(colour)
        for role, colour in theme.colours.items()
    }
    colours |= dict.fromkeys(GROUNDS, ground)
    if colours[Role.BORDER] == ground:
        colours[Role.BORDER] = colours[Role.MUTED]
    styles = dict(theme.styles)
    selection = colours[Role.SELECTION]
    if selection != TERMINAL_GROUND and (selection == ground or not legible(colours[Role.TEXT], selection)):
        colours[Role.SELECTION] = ground
        styles[Role.SELECTION] = ("reverse",)
    return replace(theme, colours=colours, styles=styles)


def _is_dark(colours: Mapping[Role, str], otherwise: bool) -> bool:
    """Whether the ground is darker than the text; ``otherwise`` where either is the terminal's own."""
    ground, text = colours[Role.BACKGROUND], colours[Role.TEXT]
    if not (ground.startswith("#") and text.startswith("#")):
        return otherwise
    return luminance(ground) < luminance(text)


def _roles(entries: Entries, field: str, problems: list[Problem]) -> list[tuple[Role, object]]:
    """The entries of ``colours`` or ``styles`` whose roles exist; the others go to ``problems``."""
    given = entries.values.get(field)
    if given is None:
        return []
    if not isinstance(given, dict):
        problems.append(Problem(entries.place(field), f"“{field}” needs “role: value” lines below it."))
        return []
    known = set(Role)
    problems += [
        Problem(entries.place(field, name), f"There is no role {quoted(name)}.{nearest(name, Role)}")
        for name in given
        if name not in known
    ]
    return [(Role(name), value) for name, value in given.items() if name in known]


def _shipped_theme(name: str, base: Theme) -> Theme:
    """The theme called ``name`` that came with the program, else ``base``."""
    entries = read_entries(shipped("themes") / f"{name}.yaml", "")
    return theme_from(entries, base).theme if isinstance(entries, Entries) else base
