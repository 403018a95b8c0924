"""From "I draw my sword" or "draw sword" to "You draw your sword": what a player types, as an adventure tells it.

Only unquoted English is touched. "You" is set before a text that begins with a verb in lower case, or where "I" was;
whatever is not known to be English stays as it was typed. Source: ``docs/ux.md`` §12.
"""

from __future__ import annotations

import re
from collections.abc import Callable


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VERBS = _words(
    """
    accept accuse activate admire aim alert anchor answer apologise apologize approach argue arrange ask attack
    avoid await back bake balance bandage bargain bark bash beat beckon beg begin believe bend bite blame bless
    block blow board boil bolt borrow bow break breathe brew bribe bring brush bury buy call calm camp carry carve
    cast catch challenge charge charm chase chat check cheer chew choose chop circle clap clean clear climb close
    collect comb come comfort compare confess consider continue convince cook copy count cover crawl creep cross
    crouch cry curse cut dance dart decide decipher decline decode deliver demand deny descend describe destroy dig
    dip disarm discover dismount distract dive dock dodge douse drag draw dream dress drink drive drop duck eat
    empty enchant enjoy enter escape examine exchange exit explain explore extinguish face fall fasten feed feel
    fetch fight figure fill find finish fire fish fix flee fling flip flirt float fly fold follow force forge forget
    forgive free frown gallop gather gaze gesture get giggle give glance glare gnaw go grab grasp greet grin grip
    groan growl guard guess guide hack halt hammer hand hang harvest have head heal hear help hesitate hide hike hit
    hoist hold holster hop howl hug hum hunt hurl hurry ignore imagine imitate inform insist inspect interrogate
    introduce invite invoke join jump keep kick kill kiss kneel knit knock know land laugh launch lead lean leap
    learn leave lend let lick lie lift light lighten limp listen load lock look loosen loot lower lunge make march
    mark measure meditate meet mend mention meow milk mix mount move mumble munch murmur mutter nap navigate need
    nibble nod nudge obey observe offer open order pace pack paddle paint parry pass pat patch pause pay peek peel
    peer pet pick pilot pinch place plan plant play plead pluck plug point poke polish ponder pour practice practise
    praise pray prepare present press pretend prise produce program promise protect prove pry pull punch purr push
    put question quit raise ram rattle reach read ready recall refuse relax reload remain remember remove repair
    reply rescue rest retreat retrieve return reveal ride ring rip rise roar roll row rub rummage run rush sail
    salute save say scan scatter scold scout scowl scramble scrape scratch scream scrub seal search seat see seek
    sell send set settle sew shake share sharpen shave sheathe shoot shout shove show shrug shut sigh sign signal
    silence sing sink sit sketch skip slam slap slash sleep slice slide slip smash smell smile smirk snap snatch
    sneak sniff snort soak solve soothe speak spit splash split spot spread sprinkle sprint spy squash squat squeeze
    squint stab stack stagger stand stare start startle stash stay steady steal steer step stick stir stoop stop
    straighten strap stretch stride strike stroke stroll study stumble stun suggest summon surrender survey swallow
    swap swat swear sweep swim swing tackle take talk tame tap taste teach tear tease tell test thank think thread
    threaten throw thrust tickle tie tighten tilt tiptoe toss touch tow trace track trade trail translate trap
    travel tread trick trip trust try tug tumble tune turn twist type uncover undo unfold unhook unlock unpack
    unravel unroll unscrew unseal unsheathe untie unwrap use vault wade wait wake walk wander want warm warn wash
    watch water wave wear weave weigh whisper whistle whittle wield wink wipe wish wonder work wrap wrestle write
    yank yawn yell yield
    """
)
"""What a player does, in the form in which it stands behind "You"."""

_ALSO_FOREIGN = frozenset(
    ["die", "lie", "fall", "rate", "hole", "sage", "bring", "hang", "warm", "find", "halt", "hit"]
)
"""Verbs that begin a text of another language as well: alone, or with an English word behind them, they are English."""

_AUXILIARIES = _words(
    """
    am was will would can could shall should must may might do did had have need want try never always don't didn't
    won't can't couldn't wouldn't shouldn't just also still already then only quickly
    """
)
_MARKERS = _words(
    """
    the my his her its their our your with and of it to that this these those them him from out up down off away
    around into onto over under behind toward towards through back for myself me mine some every another there here
    who what which where when while until again at by on in an is are be not
    """
)
"""Words that show that a text is English, where a verb before them could be of another language."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_QUOTED = re.compile(
    r'"[^"]*"?|“[^”]*”?|„[^“”]*[“”]?|«[^»]*»?|(?<!\w)\'(?:[^\']|\'(?=\w))*\'(?!\w)|(?<!\w)‘[^’]*’(?!\w)'
)
_LOOK_BACK = 16  # characters in which the end of a sentence before a word is looked for
_ENDS_A_SENTENCE = re.compile(r"[.!?…]['\"”’)]*\s+$")
_PAIRS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bI['’]m\b"), "you're"),
    (re.compile(r"\bI am\b"), "you are"),
    (re.compile(r"\bI was\b"), "you were"),
    (re.compile(r"\b([Aa])m I\b"), r"\1re you"),
    (re.compile(r"\b([Ww])as I\b"), r"\1ere you"),
    (re.compile(r"\bI\b"), "you"),
    (re.compile(r"\bmyself\b"), "yourself"),
    (re.compile(r"\bmine\b"), "yours"),
    (re.compile(r"\bmy\b"), "your"),
    (re.compile(r"\bMy\b"), "Your"),
    (re.compile(r"\bme\b"), "you"),
)


def in_second_person(text: str) -> str:
    """``text`` as a line of an adventure, without blanks round it; quoted words and other languages stay."""
    text = text.strip()
    spoken = _QUOTED.sub(lambda found: " " * len(found[0]), text)
    if not spoken.strip(" .,!?;:-–—"):
        return text
    if _begins_with_a_verb(text, spoken):
        text, spoken = f"You {text}", f"You {spoken}"
    elif spoken.startswith(("you ", "you'", "you’")):
        text = "Y" + text[1:]
    return _converted(text) if _speaks_of_itself(spoken) else text


def _begins_with_a_verb(text: str, spoken: str) -> bool:
    """Whether the first word is a verb in lower case, or one behind an adverb."""
    words = _WORD.findall(spoken)
    if not words or not text.startswith(words[0]) or not words[0].islower():
        return False
    first, rest = words[0], words[1:]
    if first.endswith("ly") and rest:
        first, rest = rest[0], rest[1:]
    if first not in _VERBS or not first.isascii():
        return False
    english = not rest or any(word.lower() in _MARKERS for word in rest)
    return english or (first not in _ALSO_FOREIGN and spoken.isascii())


def _speaks_of_itself(spoken: str) -> bool:
    """Whether an English "I" or "my" is in it; "I" is an article in Italian, "me" and "mine" are words of many."""
    words = _WORD.findall(spoken)
    english = any(word.lower() in _MARKERS for word in words)
    for at, word in enumerate(words):
        following = words[at + 1].lower() if at + 1 < len(words) else ""
        if word in ("I'm", "I’m", "I'll", "I’ll", "I've", "I’ve", "I'd", "I’d"):
            return True
        known = following in _VERBS or following in _AUXILIARIES or following.endswith("ly") or not following
        if word == "I" and (known or english):
            return True
        if word == "You" and at == 0:
            return True
    return any(word in ("my", "My", "myself") for word in words) and any(word in _MARKERS - {"my"} for word in words)


def _converted(text: str) -> str:
    """``text`` with the first person outside of quotes made the second, with capitals where sentences begin."""
    made, at = "", 0
    for quoted in _QUOTED.finditer(text):
        made += _turned(text[at : quoted.start()], made) + quoted[0]
        at = quoted.end()
    return made + _turned(text[at:], made)


def _turned(part: str, before: str) -> str:
    for pattern, second in _PAIRS:
        part = pattern.sub(_in_place(part, before, second), part)
    return part


def _in_place(part: str, before: str, second: str) -> Callable[[re.Match[str]], str]:
    def made(found: re.Match[str]) -> str:
        said = found.expand(second)
        start = found.start()
        ahead = (before[-_LOOK_BACK:] + part[max(0, start - _LOOK_BACK) : start])[-_LOOK_BACK:]
        begins = not ahead.strip() or _ENDS_A_SENTENCE.search(ahead) is not None
        return said[0].upper() + said[1:] if begins and found[0][0] == "I" else said

    return made
