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
    """Who answers: those who are spoken to or feel like it; everybody in the list's order; nobody unless asked; one of
    those who have not spoken yet. The numbers are SillyTavern's, the last two of its later versions.
    """

    NATURAL = 0
    LIST = 1
    MANUAL = 2
    POOLED = 3


class Why(Enum):
    """Why somebody speaks next; the value says it."""

    MENTIONED = "mentioned"
    TALKATIVE = "talkative"
    CHANCE = "by chance"
    LIST = "in the list's order"
    WAITING = "has not spoken yet"
    ALONE = "nobody else can"


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
    spoken: Sequence[str] = (),
) -> tuple[Character, ...]:
    """Who answers in turn. ``typed`` is what the user has just written, ``newest`` the chat's newest turn before it.

    In the natural order nobody answers to themselves unless ``self_responses``; whoever is named in the text speaks,
    then whoever feels like it by their talkativeness, and at least somebody. ``spoken`` are the names of those who have
    spoken since the user did, the newest first: in a pool they wait.
    """
    named = speakers_and_why(group, order, typed, newest, random, self_responses=self_responses, spoken=spoken)
    return tuple(speaker for speaker, _ in named)


def speakers_and_why(
    group: Group,
    order: SpeakingOrder,
    typed: str,
    newest: Turn | None,
    random: Callable[[], float],
    *,
    self_responses: bool = False,
    spoken: Sequence[str] = (),
) -> tuple[tuple[Character, Why], ...]:
    """``next_speakers``, each with the reason."""
    members = [member for member in group.members if not member.muted]
    if not members or (order is SpeakingOrder.MANUAL and typed):
        return ()
    if order is SpeakingOrder.LIST:
        return tuple((member.character, Why.LIST) for member in members)
    if order is SpeakingOrder.MANUAL:
        return (_one_of(members, Why.CHANCE, random),)
    if order is SpeakingOrder.POOLED:
        return (_of_pool(members, () if typed else spoken, random),)
    said_by_user = newest is None or newest.speaker is Speaker.USER
    silent = "" if typed or self_responses or said_by_user or newest is None else newest.name
    text = typed or (newest.text if newest is not None and not newest.hidden else "")
    able = [member for member in members if member.character.name != silent]
    found = [(member.character, Why.MENTIONED) for member in _named_in(text, able)]
    found += [(member.character, Why.TALKATIVE) for member in _in_the_mood(members, silent, random)]
    if not found:
        pool = [member for member in able if talkativeness(member.character) > 0] or members
        found = [_one_of(pool, Why.CHANCE, random)]
    first: dict[str, tuple[Character, Why]] = {}
    for one in found:
        first.setdefault(one[0].name, one)
    return tuple(first.values())


def _of_pool(members: Sequence[Member], spoken: Sequence[str], random: Callable[[], float]) -> tuple[Character, Why]:
    """One of those who have not spoken; where all have, anybody but the last."""
    waiting = [member for member in members if member.character.name not in spoken]
    if waiting:
        return _one_of(waiting, Why.WAITING, random)
    return _one_of([member for member in members if member.character.name != spoken[0]] or members, Why.CHANCE, random)


def _one_of(members: Sequence[Member], why: Why, random: Callable[[], float]) -> tuple[Character, Why]:
    return members[int(random() * len(members))].character, why if len(members) > 1 else Why.ALONE


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
