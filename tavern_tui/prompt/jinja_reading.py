"""An instruct template read off what a model's own chat template writes.

``PROBES`` are the orders of roles to render; ``read`` makes the template of the answers, where the markup between two
turns depends on nothing but who speaks. Where it depends on more, ``Reading.problem`` says on what, and a family's
template or ``Structure.filled`` has to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.domain.template import InstructTemplate, NamesBehavior
from tavern_tui.prompt.hygiene import harmless
from tavern_tui.prompt.instruct import MERGED, InstructFormat, write_all
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.jinja_template import Manners, Refusal, RoleOrder, Structure
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.templates import OWN

_S, _U, _A = Role.SYSTEM, Role.USER, Role.ASSISTANT
QUIET = (("enable_thinking", False), ("thinking", False))
"""The switches of a template against thinking."""
_LOUD = (("enable_thinking", True), ("thinking", True))

PROBES: dict[str, RoleOrder] = {
    "chat": RoleOrder((_U, _A, _U, _A, _U)),
    "said": RoleOrder((_U, _A, _U), reply=False),
    "answered": RoleOrder((_U, _A), reply=False),
    "led": RoleOrder((_S, _U, _A, _U, _A, _U)),
    "noted": RoleOrder((_S, _U, _A, _S, _U, _A, _U)),
    "twice": RoleOrder((_U, _A, _A, _U, _U)),
    "greeted": RoleOrder((_A, _U, _A, _U)),
    "quiet": RoleOrder((_U, _A, _U, _A, _U), variables=QUIET),
    "loud": RoleOrder((_U, _A, _U, _A, _U), variables=_LOUD),
}

Answers = Mapping[str, Structure | Refusal]

_TAG = re.compile(r"<[^<>\s]{1,60}>|\[[^\[\]\s]{1,60}\]")
_OPENING = re.compile(r"<\|channel>thought|<[^<>\s/]{0,16}think[^<>\s]{0,10}>|\[THINK\]", re.IGNORECASE)
_CLOSINGS = {"<|channel>thought": "<channel|>", "[THINK]": "[/THINK]", "<|START_THINKING|>": "<|END_THINKING|>"}
_SPEAKERS = {_S: Speaker.NARRATOR, _U: Speaker.USER, _A: Speaker.CHARACTER}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a chat template was found to do. ``template`` is ``None`` where ``problem`` says why it has no such form.

    ``renders``: it writes every text of a chat once, so that prompts can be rendered with it all the same.
    ``begins``: it writes the BOS token at the beginning, which is left out of ``template``.
    """

    template: InstructTemplate | None
    manners: Manners
    problem: str = ""
    renders: bool = False
    begins: bool = False


@dataclass(frozen=True, slots=True)
class _Turns:
    """The markup of a chat without system texts.

    ``said`` stands after a text of the user's, ``reply`` behind that at the end of a prompt, ``thinking`` and ``quiet``
    instead of it where the model is to think or not to. ``joined``: what ends a turn of the user's opens the reply.
    """

    first: str
    user: str
    said: str
    assistant: str
    answered: str
    reply: str
    thinking: str
    quiet: str
    joined: bool


class _IrregularError(Exception):
    """The markup depends on more than on who speaks; the text says on what."""


def read(answers: Answers, *, bos: str = "", eos: str = "") -> Reading:
    """The template and the manners that the answers to ``PROBES`` show.

    ``bos`` is left out at the beginning of a prompt: the engine adds it.
    """
    manners, renders = _manners(answers), _renders(answers)
    try:
        turns = _turns(answers, bos, eos)
        template = _template(turns, answers, manners, bos=bos, eos=eos)
    except _IrregularError as why:
        return Reading(None, manners, str(why), renders)
    wrong = next((name for name in ("chat", "led", "noted") if not _equal(template, answers[name], name, bos)), "")
    if wrong:
        return Reading(None, manners, "It writes a turn in other ways at other places.", renders)
    chat = answers["chat"]
    begins = bool(bos) and isinstance(chat, Structure) and chat.gaps[0].startswith(bos)
    return Reading(template, manners, renders=renders, begins=begins)


def same_head(template: InstructTemplate, own: InstructTemplate) -> bool:
    """Whether two templates write the system text at the beginning the same way."""

    def written(one: InstructTemplate) -> tuple[bool, str, str]:
        between = one.story_string_suffix or (MERGED if one.system_in_user else "")
        return one.system_in_user, one.story_string_prefix, between

    return written(template) == written(own)


def agrees(template: InstructTemplate, own: InstructTemplate) -> bool:
    """Whether two templates write the turns of a chat the same way; their heads and stop strings do not matter."""

    def written(one: InstructTemplate) -> tuple[str, ...]:
        reply = (one.last_output_sequence or one.output_sequence) + one.reasoning_prefill
        return one.input_suffix + one.output_sequence, one.output_suffix + one.input_sequence, one.input_suffix + reply

    return written(template) == written(own)


def _manners(answers: Answers) -> Manners:
    def takes(name: str) -> bool:
        found = answers[name]
        return isinstance(found, Structure) and found.whole(len(PROBES[name].roles))

    return Manners(takes("led"), takes("noted"), not takes("twice"), takes("greeted"))


def _renders(answers: Answers) -> bool:
    for name in ("chat", "said", "answered"):
        found = answers[name]
        if isinstance(found, Refusal) or sorted(found.texts) != list(range(len(PROBES[name].roles))):
            return False
    return True


def _gaps(answers: Answers, name: str) -> tuple[str, ...]:
    found = answers[name]
    if isinstance(found, Refusal):
        raise _IrregularError(found.why)
    if not found.whole(len(PROBES[name].roles)):
        raise _IrregularError("It leaves texts out, or writes them in another order.")
    return found.gaps


def _turns(answers: Answers, bos: str, eos: str) -> _Turns:
    before, to_assistant, to_user, again, back, reply = _gaps(answers, "chat")
    if (to_assistant, to_user) != (again, back):
        raise _IrregularError("It writes a turn in other ways at other places.")
    first = before.removeprefix(bos)
    said, answered = _tail(answers, "said", to_assistant, eos), _tail(answers, "answered", to_user, eos)
    if reply == said and to_assistant.startswith(said) and to_assistant[len(said) :].strip():
        reply = to_assistant  # it does not know of openings for replies
    joined = not (to_assistant.startswith(said) and reply.startswith(said) and (reply != said or to_assistant == said))
    if joined:
        said = ""
    rest = to_user.removeprefix(answered) if to_user.startswith(answered) else ""
    led = answers["led"]
    if first and (rest == first or (rest == bos + first and isinstance(led, Structure) and rest in led.gaps[1])):
        user = rest
    elif first and to_user.endswith(first):
        user = first
    elif rest:
        user = rest
    elif not first:
        user = ""
    else:
        raise _IrregularError("It begins a first turn as no other.")
    ending = to_user[: len(to_user) - len(user)]
    usual, thinking, quiet = (_reply_in(answers, name, said, reply) for name in ("chat", "loud", "quiet"))
    return _Turns(first, user, said, to_assistant[len(said) :], ending, usual, thinking, quiet, joined)


def _tail(answers: Answers, name: str, between: str, eos: str) -> str:
    """What ends a chat that ends there. Some templates put an end of text behind it, which no turn has."""
    tail = _gaps(answers, name)[-1]
    return tail if between.startswith(tail) or not eos else tail.removesuffix(eos)


def _reply_in(answers: Answers, name: str, said: str, usual: str) -> str:
    """What opens the reply in one of the orders that differ in switches alone."""
    found = answers[name]
    whole = isinstance(found, Structure) and found.whole(len(PROBES[name].roles))
    tail = found.gaps[-1] if whole and isinstance(found, Structure) else usual
    return (tail.removeprefix(said) if tail.startswith(said) else "") or usual[len(said) :]


def _template(turns: _Turns, answers: Answers, manners: Manners, *, bos: str, eos: str) -> InstructTemplate:
    reply, opened, closed = _openings(turns)
    if not reply and turns.assistant:
        reply = turns.assistant.rstrip(" ")
    template = InstructTemplate(
        name=OWN,
        input_sequence=turns.user,
        input_suffix=turns.said,
        output_sequence=turns.assistant,
        output_suffix=turns.answered,
        last_output_sequence="" if reply == turns.assistant else reply,
        first_input_sequence="" if turns.first.endswith(turns.user) else turns.first,
        system_same_as_user=True,
        alternates=manners.alternates or turns.joined,
        wrap=False,
        macro=False,
        names_behavior=NamesBehavior.FORCE,
        trim_content=_trims(answers),
    )
    template = _with_notes(_with_head(template, turns, answers, manners, bos), answers, manners)
    return _with_ends(_with_thinking(template, opened, closed), eos)


def _trims(answers: Answers) -> bool:
    return any(isinstance(found, Structure) and found.trims for found in answers.values())


def _openings(turns: _Turns) -> tuple[str, str, str]:
    """The reply's opening, and what opens and what closes the thinking behind it."""
    if turns.thinking != turns.quiet:
        quiet = turns.quiet[max(0, turns.quiet.find(turns.thinking)) :]  # some say it behind the user's text, too
        base = _common(turns.thinking, quiet).removesuffix("<")
        return base, turns.thinking[len(base) :], quiet[len(base) :]
    found = list(_OPENING.finditer(turns.reply))
    if not found or turns.reply[found[-1].end() :].strip():
        return turns.reply, "", ""
    base = turns.reply[: found[-1].start()]
    return base, turns.reply[len(base) :], ""


def _common(one: str, other: str) -> str:
    """What both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(letter for letter, _ in same)


def _with_head(
    template: InstructTemplate, turns: _Turns, answers: Answers, manners: Manners, bos: str
) -> InstructTemplate:
    """With the markup of the system text at the beginning; the user's where the template has none."""
    if not manners.system:
        return replace(template, system_in_user=True, alternates=True)
    before, after = _gaps(answers, "led")[:2]
    before = before.removeprefix(bos)
    if after.endswith(turns.user) and not (turns.user and before.startswith(turns.user)):
        closing = after[: len(after) - len(turns.user)]
        return replace(template, story_string_prefix=before, story_string_suffix=closing, first_input_sequence="")
    if before.startswith(turns.user):
        inside = before[len(turns.user) :]
        between = "" if not inside and after == MERGED else after
        led = replace(template, system_in_user=True, alternates=True)
        return replace(led, story_string_prefix=inside, story_string_suffix=between)
    raise _IrregularError("It begins a first turn as no other.")


def _with_notes(template: InstructTemplate, answers: Answers, manners: Manners) -> InstructTemplate:
    """With the markup of a system text in mid-chat."""
    if not manners.notes or template.system_in_user or template.alternates:
        return template
    gaps = _gaps(answers, "noted")
    before, after = gaps[3], gaps[4]
    if not (before.startswith(template.output_suffix) and after.endswith(template.input_sequence)):
        return template
    opening = before[len(template.output_suffix) :]
    closing = after[: len(after) - len(template.input_sequence)]
    return replace(template, system_same_as_user=False, system_sequence=opening, system_suffix=closing)


def _with_thinking(template: InstructTemplate, opened: str, closed: str) -> InstructTemplate:
    """With the tags of the thinking that the template opens or closes itself."""
    opening = _OPENING.search(opened or closed)
    if opening is None:
        return template
    tag = opening.group()
    closing = _CLOSINGS.get(tag, tag.replace("<", "</", 1))
    return replace(
        template, reasoning_open=tag, reasoning_close=closing, reasoning_prefill=opened, reasoning_closed=closed
    )


def _with_ends(template: InstructTemplate, eos: str) -> InstructTemplate:
    """With what ends a reply: what follows one, and what a turn of the user's begins with."""
    ends = [_first_tag(template.output_suffix, eos), _first_tag(template.input_sequence, "")]
    if not template.input_suffix:
        ends.append(_first_tag(template.output_sequence, ""))
    found = [end for end in dict.fromkeys([*ends, eos]) if end.strip()]
    markup = "".join(
        (template.input_sequence, template.input_suffix, template.output_sequence, template.output_suffix)
    ) + "".join((template.story_string_prefix, template.story_string_suffix, template.system_sequence))
    tokens = {tag for tag in _TAG.findall(markup) if harmless(tag) != tag} | ({eos} if eos and eos in markup else set())
    return replace(
        template,
        stop_sequence=found[0] if found and ends[0] else "",
        stop_strings=tuple(found[1:] if ends[0] else found),
        control_tokens=tuple(sorted(tokens)),
    )


def _first_tag(markup: str, eos: str) -> str:
    """The tag that stretch begins with, else its first words up to a colon or the line's end."""
    if eos and eos in markup:
        return eos
    tag = _TAG.search(markup)
    if tag is not None:
        return tag.group()
    line = markup.strip().split("\n", 1)[0]
    return line[: line.index(":") + 1] if ":" in line else line


def _equal(template: InstructTemplate, answer: Structure | Refusal, name: str, bos: str) -> bool:
    """Whether the template writes an order of roles as the chat template does; what that refuses is not compared."""
    roles = PROBES[name].roles
    if isinstance(answer, Refusal) or not answer.whole(len(roles)):
        return True
    if name == "noted" and template.system_same_as_user:
        return True
    form = InstructFormat(template, "", "", str)
    texts = [f"\0{at}\0" for at in range(len(roles))]
    items = [Item(_SPEAKERS[role], "", text, PartKind.TURN, "") for role, text in zip(roles, texts, strict=True)]
    head, items = ([texts[0]], items[1:]) if roles[0] is _S else ([], items)
    before = None if not head else _U if template.system_in_user else _S
    written = "".join(one.text for one in write_all(items, form, before, _A, opens=True))
    if answer.gaps[-1] != template.input_suffix:  # else it does not know of openings for replies, or has an empty one
        written += form.reply_line(Item(Speaker.CHARACTER, "", "", PartKind.REPLY_LINE, ""), form.role(items[-1])).text
        written += _usual_opening(template, answer)
    if head:
        opening = (template.input_sequence if template.system_in_user else "") + template.story_string_prefix
        between = template.story_string_suffix or (MERGED if template.system_in_user else "")
        written = opening + texts[0] + between + written
    elif template.first_input_sequence == "" and _turns_begin(answer, bos) != template.input_sequence:
        written = _turns_begin(answer, bos) + written[len(template.input_sequence) :]  # the maker's own system text
    wanted = "".join(texts[piece] if isinstance(piece, int) else piece for piece in answer.pieces)
    return written == wanted.removeprefix(bos)


def _usual_opening(template: InstructTemplate, answer: Structure) -> str:
    """What the template writes behind the reply's opening unasked: the beginning of the thinking, or its end."""
    end = answer.gaps[-1]
    openings = (template.reasoning_prefill, template.reasoning_closed)
    return next((one for one in openings if one and end.endswith(one)), "")


def _turns_begin(answer: Structure, bos: str) -> str:
    return answer.gaps[0].removeprefix(bos)
