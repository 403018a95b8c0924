"""Themes on screen: a theme of ours becomes one of Textual's, with a variable for each role, fitted to the terminal.

What a theme says, and where its file lies, is ``config/themes.py``; this module only translates. ``ROLE_CSS`` is the
part of the app's stylesheet that gives roles to our widgets and to Textual's: with it, no widget names a colour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from textual.app import App
from textual.filter import Monochrome, NoColor
from textual.theme import Theme as TextualTheme

from tavern_tui.config.files import Problem
from tavern_tui.config.paths import Directories
from tavern_tui.config.themes import (
    Depth,
    LoadedTheme,
    Role,
    Theme,
    colour_unwanted,
    fitted,
    load_theme,
    theme_files,
)

_LOOKS = "\n".join(
    f"ChatLog > .chatlog--{role} {{ color: $role-{role}; text-style: $role-{role}-style; }}"
    for role in (
        Role.ACTION,
        Role.SPEECH,
        Role.CODE,
        Role.REASONING,
        Role.USER,
        Role.CHARACTER,
        Role.NARRATOR,
        Role.MUTED,
    )
)

_VOICES = "\n".join(
    f"ChatLog > .chatlog--voice-{number} {{ color: $role-{role}; }}"
    for number, role in enumerate((Role.SUCCESS, Role.NARRATOR, Role.WARNING, Role.SECONDARY), 1)
)
"""The names of a group's members after the first, in colours that are told apart on every ground."""

ROLE_CSS: Final = f"""
{_LOOKS}
{_VOICES}
ChatLog > .chatlog--bold {{ text-style: bold; }}
ChatLog > .chatlog--problem {{ color: $role-error; text-style: $role-error-style; }}
ChatLog > .chatlog--selected {{ background: $surface; }}
ChatLog > .chatlog--bar {{ color: $role-accent; }}
ChatLog > .chatlog--more {{ color: $role-accent; background: $panel; text-style: $role-accent-style; }}
ChatLog > .chatlog--match {{
    background: $role-selection; color: $foreground; text-style: $role-selection-style;
}}

ChatLog {{
    scrollbar-color: $role-border; scrollbar-color-hover: $role-primary; scrollbar-color-active: $role-primary;
}}

Screen {{ background: $background; color: $foreground; }}
Screen.-screen-suspended {{ text-style: none; }}
Screen > .screen--selection {{
    background: $role-selection; color: $foreground; text-style: $role-selection-style;
}}
ModalScreen {{ background: $background; color: $foreground; }}

Input {{ color: $foreground; background: $surface; }}
Input:focus {{ background-tint: transparent; }}
Input > .input--cursor {{
    background: $background; color: $foreground; text-style: reverse;
}}
Input > .input--selection {{
    background: $role-selection; color: $foreground; text-style: $role-selection-style;
}}
Input > .input--placeholder, Input > .input--suggestion {{ color: $role-muted; text-style: $role-muted-style; }}

TextArea {{ color: $foreground; background: $surface; }}
TextArea .text-area--cursor {{
    background: $background; color: $foreground; text-style: reverse;
}}
TextArea .text-area--cursor-line {{ background: transparent; }}
TextArea .text-area--selection {{
    background: $role-selection; color: $foreground; text-style: $role-selection-style;
}}
TextArea .text-area--placeholder, TextArea .text-area--suggestion {{
    color: $role-muted; text-style: $role-muted-style;
}}

OptionList {{ color: $foreground; background: $surface; }}
OptionList:focus {{ background-tint: transparent; }}
OptionList > .option-list--option-highlighted, OptionList:focus > .option-list--option-highlighted {{
    background: $role-selection; color: $foreground; text-style: $role-selection-style;
}}
OptionList > .option-list--option-disabled {{ color: $role-muted; text-style: $role-muted-style; }}
OptionList > .option-list--option-hover {{ background: $panel; }}

RowList {{
    scrollbar-color: $role-border; scrollbar-color-hover: $role-primary; scrollbar-color-active: $role-primary;
}}
RowList > .row-list--selected {{ background: $panel; }}
RowList > .row-list--muted {{ color: $role-muted; text-style: $role-muted-style; }}

ToastRack {{ overflow-y: hidden; }}
ToastHolder {{ align-horizontal: center; }}
Page.-tall ToastRack, WholePage.-tall ToastRack {{ margin: 0 0 3 0; }}
ChatScreen ToastRack, StoryScreen ToastRack {{ dock: top; margin: 1 0 0 0; }}
Toast, Toast:ansi {{
    width: 100%; max-width: 84; margin: 0; padding: 0 2; background: $panel; color: $foreground;
}}
ChatScreen Toast, StoryScreen Toast {{ max-width: 100%; }}
Toast.-information, Toast.-warning, Toast.-error {{ border-left: none; }}
Toast.-warning {{ color: $role-warning; text-style: $role-warning-style; }}
Toast.-error {{ color: $role-error; text-style: $role-error-style; }}
"""
"""The stylesheet of roles, for ``App.CSS``: it stands above what widgets say themselves."""

_NAME = re.compile(r"[a-z0-9-]+")


def depth_of(colours: str | None, environ: Mapping[str, str]) -> Depth:
    """How many colours to use: ``colours`` is what the app's ``console.color_system`` says of the terminal."""
    if colour_unwanted(environ) or colours is None or environ.get("TERM") == "dumb":
        return Depth.NONE
    return Depth.SIXTEEN if colours == "standard" else Depth.FULL


def textual_name(name: str) -> str:
    """What Textual calls the theme ``name``: its own names are others, and a class of its stylesheet is made of it."""
    return f"tavern-{name}" if _NAME.fullmatch(name) else f"tavern-x{name.encode(errors='replace').hex()}"


def textual_theme(theme: Theme) -> TextualTheme:
    """``theme`` as Textual's, with the colours that it derives by mixing replaced by roles.

    With one of the terminal's own colours in it, none of them is turned into RGB: ``ansi_`` colours leave the app as
    SGR 30–37, 90–97 and 39, others as they are.
    """
    colours = theme.colours
    return TextualTheme(
        name=textual_name(theme.name),
        primary=colours[Role.PRIMARY],
        secondary=colours[Role.SECONDARY],
        accent=colours[Role.ACCENT],
        success=colours[Role.SUCCESS],
        warning=colours[Role.WARNING],
        error=colours[Role.ERROR],
        foreground=colours[Role.TEXT],
        background=colours[Role.BACKGROUND],
        surface=colours[Role.SURFACE],
        panel=colours[Role.PANEL],
        dark=theme.dark,
        variables=role_variables(theme),
        ansi=any(colour.startswith("ansi_") for colour in colours.values()),
    )


def role_variables(theme: Theme) -> dict[str, str]:
    """The variables of Textual's stylesheets: ``$role-NAME`` and ``$role-NAME-style`` for each role, and its own.

    Its own are set wherever it would else mix colours, since what is mixed is neither of the theme nor one of sixteen.
    """
    colours = theme.colours
    found = {f"role-{role}": colours[role] for role in Role}
    found |= {f"role-{role}-style": " ".join(theme.style(role)) or "none" for role in Role}
    found |= {name: colours[role] for name, role in _OWN.items()}
    named = (Role.PRIMARY, Role.SECONDARY, Role.ACCENT, Role.SUCCESS, Role.WARNING, Role.ERROR)
    found |= {f"text-{role}": colours[role] for role in named}
    found |= {f"{role}-muted": colours[Role.PANEL] for role in named}
    selected = " ".join(theme.style(Role.SELECTION)) or "none"
    found |= {"block-cursor-text-style": selected, "block-cursor-blurred-text-style": selected}
    return found | {"input-cursor-text-style": "reverse", "boost": "transparent"}


_OWN: Final = {
    "foreground": Role.TEXT,
    "background": Role.BACKGROUND,
    "surface": Role.SURFACE,
    "panel": Role.PANEL,
    "text": Role.TEXT,
    "text-muted": Role.MUTED,
    "text-disabled": Role.MUTED,
    "foreground-muted": Role.MUTED,
    "foreground-disabled": Role.MUTED,
    "ansi-background": Role.BACKGROUND,
    "ansi-foreground": Role.TEXT,
    "border": Role.BORDER,
    "border-blurred": Role.BORDER,
    "surface-active": Role.SURFACE,
    "block-cursor-foreground": Role.TEXT,
    "block-cursor-background": Role.SELECTION,
    "block-cursor-blurred-foreground": Role.TEXT,
    "block-cursor-blurred-background": Role.SELECTION,
    "block-hover-background": Role.PANEL,
    "screen-selection-foreground": Role.TEXT,
    "screen-selection-background": Role.SELECTION,
    "input-cursor-foreground": Role.TEXT,
    "input-cursor-background": Role.SURFACE,
    "input-selection-foreground": Role.TEXT,
    "input-selection-background": Role.SELECTION,
    "scrollbar": Role.BORDER,
    "scrollbar-hover": Role.PRIMARY,
    "scrollbar-active": Role.PRIMARY,
    "scrollbar-background": Role.BACKGROUND,
    "scrollbar-background-hover": Role.BACKGROUND,
    "scrollbar-background-active": Role.BACKGROUND,
    "scrollbar-corner-color": Role.BACKGROUND,
    "link-color": Role.SECONDARY,
    "link-color-hover": Role.TEXT,
    "link-background-hover": Role.SELECTION,
}
"""Textual's variable → the role that it takes the colour of."""

SCROLL_BAR_CSS = """
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $panel;
        scrollbar-color-hover: $primary;
        scrollbar-color-active: $primary;
"""
"""A thin scroll bar that is seen when one looks for it: for whatever scrolls lines."""


def use_theme(app: App[Any], directories: Directories, name: str, depth: Depth) -> tuple[Problem, ...]:
    """Show ``app`` in the theme called ``name``, else in the base theme; what was wrong is returned, never raised."""
    loaded = load_theme(directories, name)
    show_theme(app, loaded.theme, depth)
    return loaded.problems


def begin_with_theme(app: App[Any], directories: Directories, name: str, depth: Depth) -> tuple[Problem, ...]:
    """As ``use_theme``, for an app that does not run yet: its stylesheet is read once, in these colours."""
    loaded = load_theme(directories, name)
    shown = _registered(app, loaded.theme, depth)
    app.set_reactive(type(app).theme, shown.name)
    app.set_class(True, f"-theme-{shown.name}", update=False)
    app.set_class(shown.dark, "-dark-mode", update=False)
    app.set_class(not shown.dark, "-light-mode", update=False)
    app._refresh_truecolor_filter(app.ansi_theme)
    app.stylesheet.set_variables(app.get_css_variables())
    return loaded.problems


def loaded_themes(directories: Directories) -> dict[str, LoadedTheme]:
    """Every theme found, by name, in the order of their titles; reads files.

    One whose file cannot be read is there too, as the base theme with the reason.
    """
    found = {name: load_theme(directories, name) for name in theme_files(directories)}
    return dict(sorted(found.items(), key=lambda item: title_of(*item).casefold()))


def title_of(name: str, loaded: LoadedTheme) -> str:
    """What lists call the theme ``name``; one whose file cannot be read has only its name."""
    return loaded.theme.title if loaded.theme.name == name else name


def show_theme(app: App[Any], theme: Theme, depth: Depth) -> None:
    """Draw ``app`` in ``theme``, on a terminal of ``depth``."""
    shown = _registered(app, theme, depth)
    if app.theme == shown.name:
        app._watch_theme(shown.name)
    else:
        app.theme = shown.name


def _registered(app: App[Any], theme: Theme, depth: Depth) -> TextualTheme:
    """``theme`` as it is shown on a terminal of ``depth``, known to ``app``."""
    _filter(app, depth)
    shown = textual_theme(fitted(theme, depth))
    app.register_theme(shown)
    return shown


def _filter(app: App[Any], depth: Depth) -> None:
    """Let through what themes say; of no colour, let through none.

    Textual turns colours to greys in RGB for ``NO_COLOR``, even where it is empty, and the terminal's own to black.
    """
    app._filters[:] = [kept for kept in app._filters if not isinstance(kept, Monochrome | NoColor)]
    if depth is Depth.NONE:
        app._filters.append(NoColor())
    app.no_color = depth is Depth.NONE
