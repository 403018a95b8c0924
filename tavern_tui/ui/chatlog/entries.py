"""``ChatEntry``: one entry of the chat log, a turn or a note of the program, as the log needs to know it.

Made from turns here; what it looks like is ``lines``' business. Texts are kept as they are, but for regex scripts that
are for the screen: ``safe`` is applied where they are shown, and selections copy them with their markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker


class EntryKind(Enum):
    """Whose words an entry holds. Notes and problems are the program's own, shown without markup."""

    USER = "user"
    CHARACTER = "character"
    NARRATOR = "narrator"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class ChatEntry:
    """One entry; ``id`` is unique in its log.

    ``swipe`` of ``swipes`` (from 1) is where a turn stands among its siblings. ``reasoning`` is shown as one line
    unless ``unfolded``; ``thinking`` says that it is still being written, ``reasoning_tokens`` how long it is where the
    engine counted. ``lost`` marks a stand-in for a turn that the chat's file no longer holds. ``day`` is the date that
    begins with this entry, ``new`` says that everything from it on came since the last visit: both stand on a line
    above it. ``at`` is when it was made (Unix seconds, 0 where unknown). ``stamp`` stands at the right of its head, in
    parts, of which the first is kept where space is short. ``voice`` is which of a group's members speaks, from 0.
    ``roll`` tells what was rolled for it, and stands below the text. ``read_from``: the model reads nothing above it,
    which stands on the line above it, too.
    """

    id: str
    kind: EntryKind
    name: str = ""
    text: str = ""
    reasoning: str = ""
    reasoning_tokens: int | None = None
    thinking: bool = False
    unfolded: bool = False
    swipe: int = 1
    swipes: int = 1
    hidden: bool = False
    interrupted: bool = False
    lost: bool = False
    selected: bool = False
    bookmarked: bool = False
    day: str = ""
    new: bool = False
    at: float = 0.0
    stamp: tuple[str, ...] = ()
    voice: int = 0
    roll: str = ""
    read_from: bool = False

    @property
    def roleplay(self) -> bool:
        """Whether the text is somebody's turn, and so holds markup."""
        return self.kind not in (EntryKind.NOTE, EntryKind.PROBLEM)


_KINDS = {
    Speaker.USER: EntryKind.USER,
    Speaker.CHARACTER: EntryKind.CHARACTER,
    Speaker.NARRATOR: EntryKind.NARRATOR,
}


def entry_of(
    turn: Turn, swipe: int = 1, swipes: int = 1, *, bookmarked: bool = False, day: str = "", voice: int = 0
) -> ChatEntry:
    """The entry of a turn that is number ``swipe`` of ``swipes`` siblings."""
    return ChatEntry(
        id=turn.id,
        kind=_KINDS[turn.speaker],
        name=turn.name,
        text=turn.text,
        reasoning=turn.reasoning,
        swipe=swipe,
        swipes=swipes,
        hidden=turn.hidden,
        interrupted=turn.interrupted,
        lost=turn.lost,
        bookmarked=bookmarked,
        day=day,
        at=turn.at,
        voice=voice,
        roll=_rolled(turn),
    )


def _rolled(turn: Turn) -> str:
    if turn.roll is None:
        return ""
    from tavern_tui.domain.dice import told

    return told(turn.roll)
