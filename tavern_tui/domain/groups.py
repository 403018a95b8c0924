"""What a chat's log says of its group: the names of its properties, and which of them follow a character's new name.

A group is a chat with several characters, or one that was given members. ``session.groups`` reads what these say.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree

GROUP: Final = "group."
"""What the names of all these properties begin with."""

MEMBERS: Final = "group.members"
"""The names of the members in their order. They take the place of the characters that the chat was begun with."""

MUTED: Final = "group.muted"
"""The names of those who do not speak unless asked to."""

ORDER: Final = "group.order"
CARDS: Final = "group.cards"
SELF_RESPONSES: Final = "group.self_responses"
SCENARIO: Final = "group.scenario"
JOIN_PREFIX: Final = "group.join_prefix"
JOIN_SUFFIX: Final = "group.join_suffix"

AWAY: Final = "group.away/"
"""With a turn's id behind it: the names of those who are away from the next turn on; without one, from the first."""

HEARD: Final = "group.heard/"
"""With a turn's id behind it: the names of those who know of that turn, whoever was there."""

SOURCE: Final = "group.source"
"""What another program's file said of the group, whole."""

TOLD: Final[Mapping[str, str]] = {
    MEMBERS: "who is in the group",
    MUTED: "who is muted",
    ORDER: "how the group speaks",
    CARDS: "whose cards are told",
    SELF_RESPONSES: "who may answer themselves",
    SCENARIO: "the group's scenario",
    AWAY.rstrip("/"): "who is away",
    HEARD.rstrip("/"): "who knows of a turn",
}
"""What a person changes in a group, in words, by the properties' names up to the stroke."""


def is_group(tree: ChatTree) -> bool:
    """Whether the chat is a group's."""
    return len(tree.characters) > 1 or MEMBERS in tree.properties


def names_in(value: object) -> tuple[str, ...]:
    """The names that a property holds, each once; none for anything else."""
    if not isinstance(value, list | tuple):
        return ()
    return tuple(dict.fromkeys(name for name in value if isinstance(name, str) and name.strip()))


def together(names: Sequence[str]) -> str:
    """Names in a sentence: ``Mira, Tom and Wren``."""
    return " and ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names) or "nobody"


def rename_member(properties: MutableMapping[str, Any], value: object) -> None:
    """Let the lists of names have a character's new name; ``value`` is that of ``domain.renaming.RENAMED``."""
    old, new = (value.get("from"), value.get("to")) if isinstance(value, Mapping) else (None, None)
    if not isinstance(old, str) or not isinstance(new, str) or not old or not new:
        return
    for key in [key for key in properties if key.startswith(GROUP) and key != SOURCE]:
        if isinstance(properties[key], list):
            properties[key] = [new if name == old else name for name in properties[key]]
