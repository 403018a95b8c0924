"""The committed first replies of the starter model: made with these cards, and how many break the rules of a reply.

A person has read them; this catches what can be counted, and cards that changed since.
"""

from __future__ import annotations

import re

import pytest

from scripts import first_replies
from scripts.samples import sources
from tavern_tui.domain.character import Character

CARDS = {card.name: card for card in map(sources.character, sources.CARDS)}
LINES = {sources.character(name).name: sources.first_lines(name) for name in sources.CARDS}
SECTIONS = first_replies.read(first_replies.FILE.read_text(encoding="utf-8"))
COPIED_WORDS = 8
SENTENCE_END = re.compile(r"""([.!?…]["'”’*)]*|[^\s*]\*)$""")
ACTS = (
    *("say", "ask", "answer", "reply", "shout", "whisper", "nod", "smile", "laugh", "sigh", "decide", "think", "feel"),
    *("take", "pick", "walk", "run", "turn", "sit", "stand", "reach", "follow", "look", "open", "go", "come", "said"),
)

each_card = pytest.mark.parametrize("name", CARDS)


def words(text: str) -> list[str]:
    """The words of a text, small."""
    return re.findall(r"[\w']+", text.lower())


def copied(reply: str, text: str) -> list[str]:
    """Runs of ``COPIED_WORDS`` words of ``reply`` that stand in ``text`` too."""
    own, others = words(reply), f" {' '.join(words(text))} "
    runs = (" ".join(own[start : start + COPIED_WORDS]) for start in range(len(own) - COPIED_WORDS + 1))
    return [run for run in runs if f" {run} " in others]


def spoken_for(reply: str) -> list[str]:
    """What ``reply`` makes the user say or do: a line of theirs, or "you" and an act outside quotes."""
    told = re.sub(r'"[^"]*"|“[^”]*”', "", reply)
    return re.findall(rf"(?m)^(?:Alex|User|You):|\b(?:[Yy]ou|Alex) (?:{'|'.join(ACTS)})s?\b", told)


def test_the_file_reads_back_as_it_is_written() -> None:
    assert first_replies.written(SECTIONS) == first_replies.FILE.read_text(encoding="utf-8")


@each_card
def test_the_replies_were_made_with_the_card_as_it_is(name: str) -> None:
    made_with = SECTIONS[name].stamp
    assert made_with == first_replies.stamp(CARDS[name], LINES[name]), "run: python -m scripts.first_replies"


@each_card
def test_there_are_twenty_replies_with_fixed_seeds_to_the_cards_first_lines(name: str) -> None:
    replies = SECTIONS[name].replies
    assert [reply.seed for reply in replies] == list(range(1, 21))
    assert {reply.line for reply in replies} == set(LINES[name])
    assert len({reply.text for reply in replies}) == 20


def broken_rules(name: str) -> dict[int, list[str]]:
    """Which replies of a card speak for the user, repeat the greeting or end in mid-sentence, by their seeds."""
    card: Character = CARDS[name]
    found: dict[int, list[str]] = {}
    for reply in SECTIONS[name].replies:
        faults = [*spoken_for(reply.text), *copied(reply.text, card.greeting)]
        if not SENTENCE_END.search(reply.text):
            faults.append(reply.text[-40:])
        if faults:
            found[reply.seed] = faults
    return found


@each_card
def test_at_most_three_of_twenty_replies_break_a_rule(name: str) -> None:
    broken = broken_rules(name)
    assert len(broken) <= 3, broken


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('*She waits.* "You say so."', 0),
        ("*He looks at you.*", 0),
        ("*You look at him and sigh.*", 1),
        ("*She smiles.*\nAlex: Hello.", 1),
        ("*Alex nods.*", 1),
    ],
)
def test_speaking_for_the_user_is_recognised(reply: str, found: int) -> None:
    assert len(spoken_for(reply)) == found


@pytest.mark.parametrize(
    ("end", "whole"), [("so.", True), ('so."', True), ("a step*", True), ("and the", False), ("waiting for *", False)]
)
def test_the_end_of_a_sentence_is_recognised(end: str, whole: bool) -> None:
    assert bool(SENTENCE_END.search(end)) == whole
