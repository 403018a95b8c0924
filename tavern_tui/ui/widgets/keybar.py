"""``KeyBar``: the last row, with the few keys that are most useful now.

Which actions are worth a place in which state is the table here; keys come from the keymap in force, titles from the
registry. The widget is told what holds and knows nothing else. A tap on a key is the key; on a phone four of them are
shown, and ``⋯`` for everything else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tavern_tui.config.action import Action, Preset, Where
from tavern_tui.config.actions import BY_ID
from tavern_tui.config.keymap import Keymap, preset_keymap
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.glyphs import key_shown

NO_TITLES: Final[Mapping[str, str]] = {}
"""Every action does what its title says."""

MOST = 7
"""More keys than this are not read, but where single letters act, which nobody need guess then."""

PHONE_COLUMNS, ON_A_PHONE = 60, 4
"""Below so many columns a finger has so many keys to tap on, and one for everything else."""

EVERYTHING: Final = "app.palette"
"""What ``⋯`` does."""

_BETWEEN = 2  # cells
_CLOSE = 1  # cells, where single letters act and not all of them have room otherwise
_ON_TURN: Final = (
    *("turn.edit", "turn.swipe", "turn.regenerate", "turn.continue", "turn.branch", "turn.hide", "turn.delete"),
    *("turn.copy", "turn.receipt", "chat.undo", "turn.leave", "app.help"),
)
_TAPPED_ON_TURN: Final = ("turn.leave", *(name for name in _ON_TURN if name != "turn.leave"))
"""For a finger the way back comes first; who types is told it in the composer."""

_USEFUL: Final[dict[Where, tuple[str, ...]]] = {
    Where.POPUP: ("popup.close",),
    Where.TURN: _ON_TURN,
    Where.ADVENTURE: (
        *("composer.complete", "adventure.suggest", "reply.speak", "reply.swipe", "turn.select", "app.palette"),
        "app.help",
    ),
    Where.EMPTY: ("reply.speak", "reply.swipe", "turn.select", "app.palette", "app.help", "reply.regenerate"),
    Where.COMPOSER: ("composer.send", "composer.newline", "app.palette", "composer.editor", "app.help"),
    Where.STORY: ("story.write", "story.again", "app.palette", "story.versions", "story.direction", "story.outline"),
    Where.ANYWHERE: ("app.palette", "app.help"),
}
_NOT_WHILE_REPLYING: Final = frozenset(
    {
        *("reply.speak", "reply.swipe", "reply.regenerate", "turn.swipe", "turn.regenerate", "turn.continue"),
        *("turn.delete", "turn.branch", "chat.undo"),
    }
)


def useful_keys(keymap: Keymap, holding: Collection[Where], *, tapped: bool = False) -> list[tuple[str, Action]]:
    """The keys worth showing where the places of ``holding`` hold, most useful first, with what they do there.

    An action whose keys do something else there is left out. ``tapped``: for a finger, which needs no key ("") where
    there is a command.
    """
    place = next(where for where in _USEFUL if where in holding or where is Where.ANYWHERE)
    names = _TAPPED_ON_TURN if tapped and place is Where.TURN else _USEFUL[place]
    if Where.REPLYING in holding and place is not Where.POPUP:
        names = ("reply.stop", *(name for name in names if name not in _NOT_WHILE_REPLYING))
    found = []
    for action in map(BY_ID.__getitem__, names):
        key = next((key for key in keymap.keys[action.id] if keymap.action_for(key, holding) is action), None)
        if key is not None or (tapped and action.slash):
            found.append((key or "", action))
    return found


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A key in the row, from cell ``start`` to before ``end``: what is pressed, what that is called, what it does."""

    key: str
    title: str
    action: str
    start: int
    end: int


def key_places(
    keymap: Keymap,
    holding: Collection[Where],
    width: int,
    glyphs: Glyphs = UNICODE_GLYPHS,
    titles: Mapping[str, str] = NO_TITLES,
) -> list[KeyPlace]:
    """What is worth showing and fits into ``width`` cells, most useful first.

    ``titles`` are those of actions, by id, that do something else than usual just now; "" for nothing at all.
    """
    places: list[KeyPlace] = []
    phone = 0 < width < PHONE_COLUMNS and Where.POPUP not in holding
    more = "..." if glyphs is ASCII_GLYPHS else "⋯"
    most = ON_A_PHONE if phone else len(_ON_TURN) if Where.TURN in holding else MOST
    at, end = 1, width - 1 - (cell_len(more) + _BETWEEN if phone else 0)
    wanted = []
    for key, action in useful_keys(keymap, holding, tapped=phone):
        shown, title = key_shown(key, glyphs), titles.get(action.id, action.label)
        if phone and Where.STORY in holding:  # where every key is one with ctrl, which leaves no room
            shown = shown.replace("ctrl+", "^")
        if title and not (phone and action.id == EVERYTHING):
            wanted.append((shown, title, action.id, cell_len(f"{shown} {title}".strip())))
    all_of_it = sum(needed + _BETWEEN for *_, needed in wanted) - _BETWEEN
    between = _CLOSE if Where.TURN in holding and not phone and at + all_of_it > end else _BETWEEN
    for shown, title, name, needed in wanted:
        if at + needed <= end and len(places) < most:
            places.append(KeyPlace(shown, title, name, at, at + needed))
            at += needed + between
    if phone and end > 0:
        places.append(KeyPlace(more, "", EVERYTHING, width - 1 - cell_len(more), width - 1))
    return places


def keybar_text(
    keymap: Keymap,
    holding: Collection[Where],
    width: int,
    glyphs: Glyphs = UNICODE_GLYPHS,
    titles: Mapping[str, str] = NO_TITLES,
) -> Content:
    """The row at ``width`` cells, never wider; ``titles`` as in ``key_places``."""
    parts: list[Content | tuple[str, str] | str] = []
    at = 0
    for place in key_places(keymap, holding, width, glyphs, titles):
        parts += [" " * (place.start - at), (place.key, "bold $text-accent")]
        parts += [" " if place.key else "", (place.title, "$text-muted")] if place.title else []
        at = place.end
    return Content.assemble(*parts)


class KeyBar(Widget):
    """The row at the bottom; it shows nothing until it is told what holds."""

    DEFAULT_CSS = """
    KeyBar {
        height: 1;
        background: $background;
        color: $foreground;
        text-wrap: nowrap;
        text-overflow: clip;
    }
    """

    class Tapped(Message):
        """A key was tapped on that does ``action``."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, keymap: Keymap | None = None, *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None) -> None:
        super().__init__(id=id)
        self._titles = NO_TITLES
        self._keymap = keymap or preset_keymap(Preset.DEFAULT)
        self._glyphs = glyphs
        self._holding: frozenset[Where] = frozenset()

    def show(self, holding: Collection[Where], titles: Mapping[str, str] = NO_TITLES) -> None:
        """Show the keys for where the places of ``holding`` hold.

        ``titles``: actions, by id, that do something else than their titles say just now; "" for nothing at all.
        """
        before = self.render()
        self._holding, self._titles = frozenset(holding), titles
        if self.is_attached and self.render() != before:
            self.refresh()

    def render(self) -> Content:
        """The row at the present width."""
        return keybar_text(self._keymap, self._holding, self.size.width, self._glyphs, self._titles)

    def on_click(self, event: events.Click) -> None:
        """Say what the key does that was tapped on, or the one nearest to the finger."""
        places = key_places(self._keymap, self._holding, self.size.width, self._glyphs, self._titles)
        near = [place for place in places if place.start - 1 <= event.x <= place.end]
        if near:
            event.stop()
            self.post_message(self.Tapped(near[0].action))
