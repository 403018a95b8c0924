"""``KeyBar``: the last row, with the few keys that are most useful now.

Which actions are worth a place in which state is the table here; keys come from the keymap in force, titles from the
registry. The widget is told what holds and knows nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from tavern_tui.config.action import Action, Preset, Where
from tavern_tui.config.actions import BY_ID
from tavern_tui.config.keymap import Keymap, preset_keymap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.glyphs import key_shown

NO_TITLES: Final[Mapping[str, str]] = {}
"""Every action does what its title says."""

MOST = 7
"""More keys than this are not read."""

_BETWEEN = 2  # cells
_USEFUL: Final[dict[Where, tuple[str, ...]]] = {
    Where.POPUP: ("popup.close",),
    Where.TURN: (
        *("turn.leave", "turn.edit", "turn.swipe", "turn.regenerate", "turn.continue", "turn.delete", "chat.undo"),
        *("turn.branch", "turn.copy", "app.help"),
    ),
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


def useful_keys(keymap: Keymap, holding: Collection[Where]) -> list[tuple[str, Action]]:
    """The keys worth showing where the places of ``holding`` hold, most useful first, with what they do there.

    An action whose keys do something else there is left out.
    """
    place = next(where for where in _USEFUL if where in holding or where is Where.ANYWHERE)
    names = _USEFUL[place]
    if Where.REPLYING in holding and place is not Where.POPUP:
        names = ("reply.stop", *(name for name in names if name not in _NOT_WHILE_REPLYING))
    found = []
    for action in map(BY_ID.__getitem__, names):
        key = next((key for key in keymap.keys[action.id] if keymap.action_for(key, holding) is action), None)
        if key is not None:
            found.append((key, action))
    return found


def key_pairs(
    keymap: Keymap,
    holding: Collection[Where],
    width: int,
    glyphs: Glyphs = UNICODE_GLYPHS,
    titles: Mapping[str, str] = NO_TITLES,
) -> list[tuple[str, str]]:
    """(key, title) of what is worth showing and fits into ``width`` cells, most useful first.

    ``titles`` are those of actions, by id, that do something else than usual just now; "" for nothing at all.
    """
    pairs: list[tuple[str, str]] = []
    left = width - 2 + _BETWEEN
    for key, action in useful_keys(keymap, holding):
        pair = (key_shown(key, glyphs), titles.get(action.id, action.label))
        if not pair[1]:
            continue
        needed = cell_len(pair[0]) + 1 + cell_len(pair[1]) + _BETWEEN
        if needed <= left and len(pairs) < MOST:
            pairs.append(pair)
            left -= needed
    return pairs


def keybar_text(
    keymap: Keymap,
    holding: Collection[Where],
    width: int,
    glyphs: Glyphs = UNICODE_GLYPHS,
    titles: Mapping[str, str] = NO_TITLES,
) -> Content:
    """The row at ``width`` cells, never wider; ``titles`` as in ``key_pairs``."""
    pairs = key_pairs(keymap, holding, width, glyphs, titles)
    shown = [Content.assemble((key, "bold $text-accent"), " ", (title, "$text-muted")) for key, title in pairs]
    return Content.assemble(" ", Content(" " * _BETWEEN).join(shown))


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
