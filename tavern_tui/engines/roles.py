"""Messages in the order of roles that a chat API takes. Pure: messages in, messages out; no text is lost.

Source: ``docs/spec/backends.md`` §4, "role quirks".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tavern_tui.domain.request import Message, Role
from tavern_tui.engines.dialects import Roles

_BETWEEN = "\n\n"
_OPENING = "[Start]"
"""What the user says where a chat would begin with the model: some APIs want the user to begin."""


def arranged(messages: Sequence[Message], roles: Roles, *, names: bool = True) -> tuple[Message, ...]:
    """``messages`` as an API with these ``roles`` takes them; without ``names`` each speaker's name goes.

    A system message further down becomes the user's where only the beginning may have any; neighbours of one role
    become one message where they have to take turns.
    """
    found = tuple(messages) if names else tuple(replace(one, name="") for one in messages)
    if roles is Roles.ANY:
        return found
    head = 0
    while head < len(found) and found[head].role is Role.SYSTEM:
        head += 1
    later = [replace(one, role=Role.USER) if one.role is Role.SYSTEM else one for one in found[head:]]
    if roles is Roles.SYSTEM_FIRST:
        return (*found[:head], *later)
    if later and later[0].role is Role.ASSISTANT:
        later.insert(0, Message(Role.USER, _OPENING))
    if not later:
        # Nothing but a system message is a chat in which the user has not begun: the API would refuse it.
        return _merged([replace(one, role=Role.USER) for one in found])
    return (*_merged(found[:head]), *_merged(later))


def _merged(messages: Sequence[Message]) -> tuple[Message, ...]:
    merged: list[Message] = []
    for one in messages:
        if merged and merged[-1].role is one.role:
            before = merged[-1]
            name = one.name if one.name == before.name else ""
            merged[-1] = Message(one.role, before.content + _BETWEEN + one.content, name)
        else:
            merged.append(one)
    return tuple(merged)
