"""Who speaks next in a group, and why: what the status line says is what then happens.

Chance is drawn from the chat and its newest turn: it comes out the same however often it is asked, until the chat goes
on. Source: ``docs/spec/sillytavern-prompts.md`` §8.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import takewhile

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.group import SpeakingOrder, speakers_and_why
from tavern_tui.prompt.inputs import Group, Member
from tavern_tui.session.groups.facts import GroupFacts


@dataclass(frozen=True, slots=True)
class NextSpeaker:
    """Who speaks, and why in a word or two."""

    name: str
    why: str


def next_speakers(
    tree: ChatTree, facts: GroupFacts, able: dict[str, Character], typed: str, before: str, chat: str
) -> tuple[NextSpeaker, ...]:
    """Who answers, in turn. ``typed`` is what the user says, ``before`` the turn under which that stands.

    ``able`` are those who may speak now, by name; ``chat`` is the chat's key. Of what is said to ``before`` nothing is
    looked at: the answer is the same before it is stored and after.
    """
    newest = tree.turns.get(before)
    group = Group(members=tuple(Member(able[name]) for name in facts.members if name in able))
    spoken = takewhile(lambda turn: turn.speaker is not Speaker.USER, tree.walk_back(before))
    found = speakers_and_why(
        group,
        SpeakingOrder[facts.order.upper()],
        typed.strip(),
        newest,
        random.Random(f"{chat}\n{before}").random,
        self_responses=facts.self_responses,
        spoken=tuple(turn.name for turn in spoken if turn.speaker is Speaker.CHARACTER),
    )
    return tuple(NextSpeaker(speaker.name, why.value) for speaker, why in found)
