"""Messages for servers that do not take every list of them: names in the text, neighbours merged, roles in turn.

Pure functions over the messages of a finished prompt; none changes what is said, but for names, blank lines between
merged texts, and a placeholder where a user's message has to be. Source: SillyTavern after 1.12.6,
``src/prompt-converters.js`` (``mergeMessages``); the form ``claude`` is 1.12.6's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tavern_tui.domain.chat_completion import PostProcessing
from tavern_tui.domain.request import Message, Role

EXAMPLE_USER = "example_user"
EXAMPLE_ASSISTANT = "example_assistant"
"""The names of messages of example dialogue, which are the system's; the other is ``EXAMPLE_USER``."""

OPENING_TURN = "[Start]"
"""The user's message where a server insists on one and there is none."""

BREAK = "\n\n"
"""What stands between the texts of merged messages."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """The names of a chat: the persona's, the character's, the other members' of a group."""

    user: str = ""
    char: str = ""
    others: tuple[str, ...] = ()


NOBODY = Speakers()
"""For messages that carry no names."""


def post_process(messages: Sequence[Message], how: PostProcessing, speakers: Speakers) -> tuple[Message, ...]:
    """The messages as ``how`` wants them. ``NONE`` leaves them alone; all others send no names beside the text.

    There is at least one message afterwards, but for ``NONE``.
    """
    if how is PostProcessing.NONE:
        return tuple(messages)
    return tuple(_FORMS[how]([_without_name(one, speakers) for one in messages if one.content], speakers))


def merged(messages: Iterable[Message]) -> list[Message]:
    """Neighbours of one role as one message, with a blank line between their texts."""
    return [
        Message(role, BREAK.join(one.content for one in run))
        for role, run in groupby(messages, key=lambda one: one.role)
    ]


def _merge(messages: list[Message], _speakers: Speakers) -> list[Message]:
    """Neighbours of one role as one message."""
    return merged(messages) or [Message(Role.USER, OPENING_TURN)]


def _claude(messages: list[Message], speakers: Speakers) -> list[Message]:
    """No message of the system's at all: they become the user's."""
    return _merge([_as_users(one) for one in messages], speakers)


def _semi(messages: list[Message], speakers: Speakers) -> list[Message]:
    """Only the first message may be the system's; later ones become the user's."""
    first, *others = _merge(messages, speakers)
    return merged([first, *(_as_users(one) for one in others)])


def _strict(messages: list[Message], speakers: Speakers) -> list[Message]:
    """As ``_semi``, and the user is the first to speak after the system."""
    made = _semi(messages, speakers)
    at = 1 if made[0].role is Role.SYSTEM else 0
    if at == len(made) or made[at].role is not Role.USER:
        made.insert(at, Message(Role.USER, OPENING_TURN))
    return made


def _single(messages: list[Message], speakers: Speakers) -> list[Message]:
    """Everything as one message of the user's, with the names before what is said."""
    names = {Role.ASSISTANT: speakers.char, Role.USER: speakers.user}
    said = [_said_by(one, names.get(one.role, ""), speakers) for one in messages]
    return _merge([_said_by_user(one) for one in said], speakers)


def _as_users(message: Message) -> Message:
    return replace(message, role=Role.USER) if message.role is Role.SYSTEM else message


def _said_by_user(message: Message) -> Message:
    return replace(message, role=Role.USER)


def _without_name(message: Message, speakers: Speakers) -> Message:
    """The message with its name in the text; a name of the system's that is no speaker's is dropped."""
    said = {EXAMPLE_USER: speakers.user, EXAMPLE_ASSISTANT: speakers.char}
    name = said.get(message.name, "") if message.role is Role.SYSTEM else message.name
    return replace(_said_by(message, name, speakers), name="")


def _said_by(message: Message, name: str, speakers: Speakers) -> Message:
    """The message with ``name`` before its text, unless the text says already who speaks."""
    known = (name, *speakers.others) if name == speakers.char else (name,)
    if not name or message.content.startswith(tuple(f"{one}: " for one in known if one)):
        return message
    return replace(message, content=f"{name}: {message.content}")


_FORMS: dict[PostProcessing, Callable[[list[Message], Speakers], list[Message]]] = {
    PostProcessing.CLAUDE: _claude,
    PostProcessing.MERGE: _merge,
    PostProcessing.SEMI: _semi,
    PostProcessing.STRICT: _strict,
    PostProcessing.SINGLE: _single,
}
