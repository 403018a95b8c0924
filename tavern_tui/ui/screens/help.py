"""Help: the keys that hold where one is, then all others, made from the registry and the keymap in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from rich.cells import cell_len
from textual.content import Content

from tavern_tui.config.action import Action, Where
from tavern_tui.config.actions import ACTIONS
from tavern_tui.config.keymap import Keymap
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.glyphs import keys_shown
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.rows import plain

HEADINGS: Final = {
    Where.REPLYING: "While a reply is written",
    Where.TURN: "A turn is selected",
    Where.ADVENTURE: "In an adventure, with nothing written yet",
    Where.EMPTY: "The composer is empty",
    Where.COMPOSER: "Writing",
    Where.STORY: "In a story",
    Where.ANYWHERE: "Anywhere",
    Where.POPUP: "A list or dialog is open",
}
"""What a part of the help is called, in the order in which parts come that do not hold."""

ESC: Final = (
    "Esc does the first of these that applies: it closes what lies over the chat, stops the reply, leaves the"
    " selection, or selects the last turn. It never quits and never empties what you write."
)

_COLUMNS_FROM = 56  # cells in which keys have a column of their own
_KEYS_WIDTH = 14
_GAP = 2


def help_parts(
    keymap: Keymap, holding: Collection[Where], actions: Sequence[Action] = ACTIONS
) -> list[tuple[str, list[Action]]]:
    """(heading, actions) of all of ``actions``: first the parts that hold where one is, then the others.

    Actions without a key in their part are there for their commands. Keys that type a character hold only while a turn
    is selected, whatever the part.
    """
    here = [where for where in Where if where in holding and where is not Where.ANYWHERE]
    order = [*here, Where.ANYWHERE, *(where for where in HEADINGS if where not in (*here, Where.ANYWHERE))]
    reached = [action for action in actions if keymap.keys[action.id] or action.slash]
    parts = [(HEADINGS[where], [action for action in reached if action.where is where]) for where in order]
    return [(heading, found) for heading, found in parts if found]


def help_lines(
    keymap: Keymap,
    holding: Collection[Where],
    width: int,
    glyphs: Glyphs = UNICODE_GLYPHS,
    actions: Sequence[Action] = ACTIONS,
) -> list[Content]:
    """The help at ``width`` cells, line by line, none wider."""
    lines: list[Content] = []
    for heading, found in help_parts(keymap, holding, actions):
        if lines:
            lines.append(Content(""))
        lines += _wrapped(heading, 0, width, "bold $text-primary")
        for action in found:
            lines += _action_lines(action, keymap, width, glyphs)
    lines.append(Content(""))
    return lines + _wrapped(plain(ESC, glyphs), 0, width)


def _action_lines(action: Action, keymap: Keymap, width: int, glyphs: Glyphs) -> list[Content]:
    """Keys, title and command; below it what it does. In columns where there is space for them."""
    keys = keys_shown(keymap.keys[action.id], glyphs)
    title = f"{action.title}  /{action.slash}" if action.slash else action.title
    column = _KEYS_WIDTH if width >= _COLUMNS_FROM else 0
    inner = column + _GAP
    between = max(_GAP, inner - cell_len(keys)) if keys or column else 0
    if cell_len(keys) + between + cell_len(title) <= width:
        first = [Content.assemble((keys, "bold $text-accent"), " " * between, title)]
    else:
        first = [*_wrapped(keys, 0, width, "bold $text-accent"), *_wrapped(title, inner, width, "")]
    return first + _wrapped(plain(action.help, glyphs), inner, width)


def _wrapped(text: str, indent: int, width: int, style: str = "$text-muted") -> list[Content]:
    """``text`` on lines that begin at ``indent``, where that leaves enough for a word."""
    indent = indent if width - indent >= wrap.NARROWEST else 0
    lines = wrap.lines(text, max(wrap.NARROWEST, width - indent))
    return [Content.styled(" " * indent + text[start:end], style) for start, end in lines]


class HelpScreen(TextPage):
    """The keys of ``keymap``, those first that hold in the places of ``holding``.

    ``runnable``: the ids of the actions that can be done, ``None`` for all.
    """

    def __init__(
        self,
        keymap: Keymap,
        holding: Collection[Where] = (),
        *,
        runnable: Collection[str] | None = None,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        listed = [action for action in ACTIONS if runnable is None or action.id in runnable]

        def lines(width: int) -> list[Content]:
            return help_lines(keymap, holding, width, glyphs, listed)

        super().__init__("Help", lines, closing=frozenset(keymap.keys["app.help"]), glyphs=glyphs)
