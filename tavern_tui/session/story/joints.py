"""Joints: the blank lines between the turns of a chat that becomes a story, where each turn is a paragraph or more.

A story is its turns one after the other, with nothing between them; a chat's turns end without a line feed. So the
change of the mode gives each turn that needs it a blank line, and the change back takes it away again. Passages of a
story, which may go on in the middle of a sentence, are left as they are. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.events import Body, PropertySet, TextEdited

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree

JOINT: Final = "\n\n"
"""What stands between two turns that were none of a story."""

JOINTS: Final = "story joints"
"""The property that names the ``turns`` with a joint, and the newest turn when the chat was a story no longer."""


def joined(tree: ChatTree) -> list[Body]:
    """What gives the turns of a chat that becomes a story their joints: those said since it was one, if it ever was."""
    shown = [turn for turn in tree.path() if turn.text and not turn.hidden]
    known, left = _kept(tree)
    since = next((at for at, turn in enumerate(shown) if turn.id == left), 0)
    own = [
        turn
        for at, turn in enumerate(shown[:-1])
        if (at >= since or turn.id in known) and not turn.text.endswith("\n") and not shown[at + 1].text[:1].isspace()
    ]
    if not own:
        return []
    return [
        *(TextEdited(turn.id, turn.text + JOINT) for turn in own),
        _property(known | dict.fromkeys(turn.id for turn in own)),
    ]


def parted(tree: ChatTree) -> list[Body]:
    """What takes the joints away that still stand, now that the chat is a story no longer."""
    known, _ = _kept(tree)
    turns = [tree.turns[name] for name in known if name in tree.turns and tree.turns[name].text.endswith(JOINT)]
    return [*(TextEdited(turn.id, turn.text.removesuffix(JOINT)) for turn in turns), _property(known, left=tree.tip)]


def _property(turns: Iterable[str], **more: str) -> PropertySet:
    return PropertySet(JOINTS, {"turns": list(turns), **more})


def _kept(tree: ChatTree) -> tuple[dict[str, None], str]:
    """The turns with joints, and the newest one when the chat was a story last."""
    kept: Any = tree.properties.get(JOINTS)
    if not isinstance(kept, dict):
        return {}, ""
    turns, left = kept.get("turns"), kept.get("left")
    names = [one for one in turns if isinstance(one, str)] if isinstance(turns, list) else []
    return dict.fromkeys(names), left if isinstance(left, str) else ""
