"""Group chats: what a speaker's prompt tells of the other members, and who speaks next.

A member's ``{{char}}`` is that member, wherever its text stands. Chance comes in as numbers from 0 up to 1.
Source: SillyTavern 1.12.6, ``public/scripts/group-chats.js`` (``getGroupCharacterCards``, ``getGroupDepthPrompts``,
``activateNaturalOrder``, ``activateListOrder``, ``activateSwipe``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.inputs import Group, GroupCards, Member, Policy, PromptInput

USUAL_TALKATIVENESS = 0.5

_FIELD_NAME = re.compile(r"<FIELDNAME>", re.IGNORECASE)
_WORDS = re.compile(r"\b\w+\b", re.ASCII)


class SpeakingOrder(Enum):
    """Who answers: those who are spoken to or feel like it, or everybody in the list's order."""

    NATURAL = 0
    LIST = 1


def other_names(given: PromptInput) -> tuple[str, ...]:
    """The names of everybody in the group but the speaker; empty in a chat of two."""
    if given.group is None:
        return given.others
    names = (member.character.name for member in given.group.members)
    return tuple(name for name in names if name != given.character.name)


def all_names(given: PromptInput) -> tuple[str, ...]:
    """The names of everybody in the group, muted or not, in the list's order; empty in a chat of two."""
    if given.group is not None:
        return tuple(member.character.name for member in given.group.members)
    return (given.character.name, *given.others) if given.others else ()


def joins_cards(given: PromptInput) -> bool:
    """Whether the prompt tells of other members, too."""
    return given.group is not None and given.group.cards is not GroupCards.SWAP


def together(given: PromptInput) -> str:
    """Under ``economy`` what ``{{char}}`` means in a group's head: all who may speak, whoever does now.

    Empty where a prompt has one character.
    """
    if given.group is None or given.policy is Policy.CLASSIC:
        return ""
    told = _told(given.group, given.character, muted=given.group.cards is GroupCards.JOIN_MUTED)
    return ", ".join(one.name for one in told)


def joined(
    group: Group,
    speaker: Character,
    label: str,
    text_of: Callable[[Character], str],
    expand: Callable[[str, Character], str],
) -> str:
    """One field of every member that is told of, each between prefix and suffix; members without it are left out.

    ``label`` is the field's name, ``expand`` runs a member's macros over a text.
    """
    between = "\n" if group.join_wrap else ""

    def around(text: str, member: Character) -> str:
        return expand(_FIELD_NAME.sub(lambda _: label, text), member)

    texts = []
    for member in _told(group, speaker, muted=group.cards is GroupCards.JOIN_MUTED):
        own = text_of(member).strip()
        if not own:
            continue
        prefix, suffix = around(group.join_prefix, member), around(group.join_suffix, member)
        text = around(own, member)
        texts.append((prefix and prefix + between) + text + (suffix and between + suffix))
    return "\n".join(text for text in texts if text)


def noted(given: PromptInput) -> Iterator[Character]:
    """The members whose character notes are in the prompt: the speaker, and where cards are joined all but muted."""
    group = given.group
    if group is None or group.cards is GroupCards.SWAP:
        yield given.character
    else:
        yield from _told(group, given.character, muted=False)


def _told(group: Group, speaker: Character, *, muted: bool) -> Iterator[Character]:
    for member in group.members:
        if muted or not member.muted or member.character.name == speaker.name:
            yield member.character


def next_speakers(
    group: Group,
    order: SpeakingOrder,
    typed: str,
    newest: Turn | None,
    random: Callable[[], float],
    *,
    self_responses: bool = False,
) -> tuple[Character, ...]:
    """Who answers in turn. ``typed`` is what the user has just written, ``newest`` the chat's newest turn before it.

    In the natural order nobody answers to themselves unless ``self_responses``; whoever is named in the text speaks,
    then whoever feels like it by their talkativeness, and at least somebody.
    """
    members = [member for member in group.members if not member.muted]
    if order is SpeakingOrder.LIST or not members:
        return tuple(member.character for member in members)
    said_by_user = newest is None or newest.speaker is Speaker.USER
    silent = "" if typed or self_responses or said_by_user or newest is None else newest.name
    text = typed or (newest.text if newest is not None and not newest.hidden else "")
    able = [member for member in members if member.character.name != silent]
    speakers = [*_named_in(text, able), *_in_the_mood(members, silent, random)]
    if not speakers:
        pool = [member for member in able if talkativeness(member.character) > 0] or members
        speakers = [pool[int(random() * len(pool))]]
    return tuple({member.character.name: member.character for member in speakers}.values())


def talkativeness(character: Character) -> float:
    """How readily a character speaks, from 0 to 1, as its card says; 0.5 where it says nothing that is a number."""
    data = character.source.get("data")
    extensions = data.get("extensions") if isinstance(data, dict) else None
    value = extensions.get("talkativeness") if isinstance(extensions, dict) else None
    try:
        number = float(value) if isinstance(value, str | int | float) else USUAL_TALKATIVENESS
    except ValueError:
        return USUAL_TALKATIVENESS
    return number if number == number else USUAL_TALKATIVENESS


def last_speaker(group: Group, newest: Turn | None) -> Character | None:
    """The member who said the newest turn: who is to swipe or to continue it. ``None`` where it was nobody of them."""
    name = newest.name if newest is not None else ""
    return next((member.character for member in group.members if member.character.name == name), None)


def any_member(group: Group, random: Callable[[], float]) -> Character:
    """A member by chance: ``{{char}}`` while the user's turn is written. The group must have one."""
    return group.members[int(random() * len(group.members))].character


def _named_in(text: str, members: Sequence[Member]) -> Iterator[Member]:
    """Whoever is named, in the order of the words; of several with one name the first."""
    owners: dict[str, Member] = {}
    for member in members:
        for word in _WORDS.findall(member.character.name):
            owners.setdefault(word.lower(), member)
    for word in _WORDS.findall(text):
        if (named := owners.get(word.lower())) is not None:
            yield named


def _in_the_mood(members: Sequence[Member], silent: str, random: Callable[[], float]) -> list[Member]:
    """Members in a shuffled order whose talkativeness is at least what is drawn for them."""
    shuffled = list(members)
    for at in range(len(shuffled) - 1, -1, -1):
        other = int(random() * (at + 1))
        shuffled[at], shuffled[other] = shuffled[other], shuffled[at]
    able = [member for member in shuffled if member.character.name != silent]
    return [member for member in able if talkativeness(member.character) >= random()]
