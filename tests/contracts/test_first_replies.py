"""The committed first replies of the starter model: made with what the program sends, and none breaks a rule.

A person has read them; this catches what can be told by rule, and cards or a system text that changed since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from scripts import first_replies
from scripts.samples import sources
from tavern_tui.prompt import defaults

CARDS = {card.name: card for card in map(sources.character, sources.CARDS)}
LINES = {sources.character(name).name: sources.first_lines(name) for name in sources.CARDS}
SECTIONS = first_replies.read(first_replies.FILE.read_text(encoding="utf-8"))
COPIED_WORDS = 6

# A reply may end in an action, whose last sentence needs no full stop, but not after a comma or a word left hanging.
SENTENCE_END = re.compile(r"""([.!?…]["'”’*)]*|[^\s*,;:—–-]\*)$""")
HANGING = re.compile(
    r"\b(?:a|an|the|and|or|but|of|to|with|from|for|in|on|at|by|her|his|its|their|your)(?:[^\w.!?]|\.\.\.)*$",
    re.IGNORECASE,
)

SPEECH = re.compile(r"""["“][^"“”]*["”]|(?<!\w)['‘][^"\n]*?[.!?,…]['’](?!\w)""")
USER = re.compile(r"\b(?:you|alex)\b(?P<short>['’](?:re|ve|ll|d)\b)?(?:\s+(?P<next>[\w'’]+))?", re.IGNORECASE)
WROTE_LINE = re.compile(r"^\W*(?:Alex|User|You)\W*:", re.MULTILINE)
BODY = re.compile(
    r"(?:^|[.!?,;*]|\b(?:and|as|while|but|then|until))\s*"
    r"\byour (?:eyes|heart|hands?|mind|voice|face|breath|legs?|feet|head|lips|stomach|body|thoughts)\s+\w+",
    re.IGNORECASE,
)
# What tells that "you" is not who acts: a word before it ("at you") or after it ("hands you a cup", "tells you that").
BEFORE_OBJECT = re.compile(r"\b(?:at|to|with|for|of|on|in|from|by|towards?|behind|beside|near|around|over|past)\s+$")
AFTER_OBJECT = frozenset(
    (
        *("a", "an", "the", "this", "that", "these", "those", "some", "any", "another", "one", "two", "something"),
        *("he", "she", "it", "they", "we", "his", "her", "its", "their", "my", "our", "your"),
        *("and", "or", "but", "nor", "so", "for", "with", "without", "from", "to", "of", "in", "on", "at", "by", "as"),
        *("if", "when", "while", "before", "after", "until", "than", "into", "over", "under", "about", "across"),
        *("behind", "between", "toward", "towards", "through", "up", "down", "out", "off", "back", "away"),
        *("who", "what", "how", "why", "where", "whether"),
    )
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


def narration(reply: str) -> Iterator[str]:
    """What stands outside quotes, by paragraphs; where a quote was not closed, in both ways of reading it."""
    for paragraph in reply.split("\n"):
        yield SPEECH.sub(" ; ", paragraph)
        if paragraph.count('"') % 2:
            first, _, rest = paragraph.partition('"')
            yield f"{first} ; {SPEECH.sub(' ; ', rest)}"


def spoken_for(reply: str) -> list[str]:
    """What ``reply`` makes the user say, do, think or be: a line of theirs, or narration with them as its subject."""
    found = WROTE_LINE.findall(reply)
    for told in narration(reply):
        found += BODY.findall(told)
        for match in USER.finditer(told):
            following = match["next"]
            if BEFORE_OBJECT.search(told, 0, match.start()):
                continue
            if match["short"] or (following and following.lower() not in AFTER_OBJECT):
                found.append(match.group())
    return found


def ends_whole(reply: str) -> bool:
    """Whether a reply ends where a sentence or an action does."""
    return bool(SENTENCE_END.search(reply)) and not HANGING.search(reply)


def broken_rules(name: str) -> dict[int, list[str]]:
    """Which replies of a card speak for the user, repeat a greeting or end in mid-sentence, by their seeds."""
    greetings = "\n".join(CARDS[name].greetings)
    found: dict[int, list[str]] = {}
    for reply in SECTIONS[name].replies:
        faults = [*spoken_for(reply.text), *copied(reply.text, greetings)]
        if not ends_whole(reply.text):
            faults.append(reply.text[-40:])
        if faults:
            found[reply.seed] = faults
    return found


def test_the_file_reads_back_as_it_is_written() -> None:
    assert first_replies.written(SECTIONS) == first_replies.FILE.read_text(encoding="utf-8")


@each_card
def test_the_replies_were_made_with_the_card_and_the_system_text_as_they_are(name: str) -> None:
    made_with = SECTIONS[name].stamp
    assert made_with == first_replies.stamp(CARDS[name], LINES[name]), "run: python -m scripts.first_replies"


def test_replies_made_with_another_system_text_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = first_replies.stamp(CARDS["Wren"], LINES["Wren"])
    monkeypatch.setattr(defaults, "STARTER", "Write well.")
    assert first_replies.stamp(CARDS["Wren"], LINES["Wren"]) != as_it_is


@each_card
def test_there_are_twenty_replies_with_fixed_seeds_to_the_cards_first_lines(name: str) -> None:
    replies = SECTIONS[name].replies
    lines = LINES[name]
    assert [reply.seed for reply in replies] == list(range(1, 21))
    assert [reply.line for reply in replies] == [lines[at % len(lines)] for at in range(20)]
    assert len({reply.text for reply in replies}) == 20


@each_card
def test_no_reply_speaks_for_the_user_repeats_a_greeting_or_ends_in_mid_sentence(name: str) -> None:
    assert broken_rules(name) == {}


# The rules themselves


@pytest.mark.parametrize(
    "reply",
    [
        '*She smiles.*\nAlex: "Hello."',
        "*She smiles.*\nYou: Hello.",
        "*Alex nods.*",
        "*You look at him and sigh.*",
        "*She looks at you and you laugh.*",
        '*A huge smile.* You look up and say in a high voice, "I am glad."',
        "*She looks at you, and for a moment, you both just stare.*",
        "*He handed it over, and you did not touch it.*",
        "*He said that it was a candle, and you all agreed.*",
        "*You see something, and you know what is there.*",
        "*The door closes, but you still see the glass.*",
        "*You've seen nothing for three days.*",
        "*The lamp goes out as you laugh at it.*",
        "*You then go, and you like it.*",
        "*A step creaks, and your heart beats faster.*",
        '*She turns.* "Look." Your hands shake. "There."',
        '*It closes again. You feel cold."',
    ],
)
def test_speaking_for_the_user_is_found(reply: str) -> None:
    assert spoken_for(reply)


@pytest.mark.parametrize(
    "reply",
    [
        '*She waits.* "You say so. You always do, and your hands shake."',
        "*He looks at you.*",
        "*He looks at you and smiles, and hands you a cup.*",
        "*She looks at you like a cat.*",
        "*She turns to face you, takes the book from your hand, and tells you to sit.*",
        '*He nods. "You came," he says.*',
        "*She nods and says, 'You came.'*",
    ],
)
def test_what_is_said_to_the_user_or_done_to_them_is_not_speaking_for_them(reply: str) -> None:
    assert not spoken_for(reply)


@pytest.mark.parametrize(
    ("reply", "repeats"),
    [
        ("*Wren looks up from the book, and smiles.*", True),
        ("*She looks up from a book, and smiles.*", False),
        ("*She looks, up; from the BOOK and*", True),
    ],
)
def test_repeating_six_words_of_a_greeting_is_found(reply: str, repeats: bool) -> None:
    greeting = '*Rain taps at the skylight. She looks up from the book, and smiles.* "You came."'
    assert bool(copied(reply, greeting)) == repeats


@pytest.mark.parametrize("end", ["so.", 'so."', "a step*", "at her.*", '"What for?"', "so!'", "and then…", 'there?"*'])
def test_a_whole_end_is_one(end: str) -> None:
    assert ends_whole(f"*She waits.* {end}")


@pytest.mark.parametrize(
    "end", ["and the", "waiting for *", "a step,*", "with her*", '"and so', "a step -", "the…", "of the..."]
)
def test_an_end_in_mid_sentence_is_found(end: str) -> None:
    assert not ends_whole(f"*She waits.* {end}")
