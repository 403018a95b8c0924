"""``Action``: what a row of the action registry says, and in which places of the app its keys hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Where(Enum):
    """The place in which an action's keys hold; the value is how the guide calls it.

    Where two places hold at once, the one that stands first here has the key: ``POPUP`` and ``REPLYING`` lie over what
    is beneath them, and an empty composer is a composer.
    """

    POPUP = "a list, dialog or completion is open"
    REPLYING = "a reply is being written"
    TURN = "a turn is selected"
    ADVENTURE = "composer of an adventure, while it is empty"
    EMPTY = "composer, while it is empty"
    COMPOSER = "composer"
    STORY = "a story is written"
    ANYWHERE = "anywhere"


class Preset(StrEnum):
    """A whole set of keys to start from."""

    DEFAULT = "default"
    VIM = "vim"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done.

    ``title`` is what the palette shows, ``help`` a sentence or two for the help screen and the guide; ``short`` is the
    title where space is scarce, "" for the title itself.
    ``keys`` hold in every preset unless ``vim`` or ``phone`` says otherwise. A key of an ``ANYWHERE`` action that types
    a character acts only while a turn is selected. ``slash`` is the command's name without the slash, "" for none.
    ``fixed`` keys stay whatever the user's keymap says: without them there would be no way out, or to the palette.
    ``in_story``: an ``ANYWHERE`` action whose keys hold in the document of a story, too, where others are the story's.
    ``aliases`` are other names of the command, which people know from SillyTavern.
    """

    id: str
    title: str
    help: str
    where: Where
    keys: tuple[str, ...]
    vim: tuple[str, ...] | None = None
    phone: tuple[str, ...] | None = None
    slash: str = ""
    fixed: tuple[str, ...] = ()
    short: str = ""
    in_story: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The title for the row of keys."""
        return self.short or self.title

    def keys_in(self, preset: Preset) -> tuple[str, ...]:
        """The keys that ``preset`` gives, in the order in which they are shown."""
        other = {Preset.DEFAULT: None, Preset.VIM: self.vim, Preset.PHONE: self.phone}[preset]
        return self.keys if other is None else other
