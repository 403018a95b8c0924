"""From what a model wrote to a reply: stop tails, other people's lines, names, tags and blanks taken off.

These are ``economy``'s steps; ``classic``'s are ``prompt.classic_cleanup``'s, and ``clean_reply`` chooses.
Pure, so it can be run over a growing text while it streams. Finishing the sentence is ``prompt.sentences``'; thinking
is split off before, by ``prompt.reasoning``.
Source: SillyTavern 1.12.6, ``public/script.js`` (``cleanUpMessage``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt import group
from tavern_tui.prompt.classic_cleanup import ClassicRules, clean_classic
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput
from tavern_tui.prompt.plan import PromptPlan

_TRAILING = re.compile(r"(?<![^\S\r\n])[^\S\r\n]++$", re.MULTILINE)  # begun once for each run: no run is slow
_NEWLINES = re.compile("\n{2,}")
_END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """What a reply is cleaned by. ``own`` is the name of who writes, ``other`` of who must not be written for.

    ``others`` are the other members of a group. ``keep_start`` leaves blanks at the beginning, for a text that is
    joined to one before it. ``edit`` is what regex scripts do to a text that is stored. ``classic``: the rules of
    SillyTavern, which take the place of all of these. ``keep_end`` leaves the blanks at the end, for a text that
    another is joined to; ``of_mode`` is what the chat's mode of play does to a text that is clean otherwise. ``enough``
    says of what was written so far whether the reply is complete. ``messages``: it answers messages, so that it does
    not go on in the middle of a word. ``plays_the_other``: whether a reply begins with what is ``other``'s to write, as
    the mode of play has it.
    """

    own: str
    other: str
    stop: tuple[str, ...] = ()
    template: InstructTemplate | None = None
    others: tuple[str, ...] = ()
    impersonates: bool = False
    collapse_newlines: bool = False
    keep_start: bool = False
    edit: Callable[[str], str] | None = None
    classic: ClassicRules | None = None
    keep_end: bool = False
    of_mode: Callable[[str], str] | None = None
    enough: Callable[[str], bool] | None = None
    plays_the_other: Callable[[str], bool] | None = None
    messages: bool = False


def reply_rules(given: PromptInput, plan: PromptPlan, edit: Callable[[str], str] | None = None) -> ReplyRules:
    """The rules for the reply to a plan. ``edit`` is applied once the stop strings are off."""
    impersonates = given.kind is GenerationKind.IMPERSONATE
    exact = given.policy is Policy.CLASSIC
    nickname = "" if exact else given.character.nickname
    names = (nickname or given.character.name, given.persona.name)
    return ReplyRules(
        own=names[1] if impersonates else names[0],
        other=names[0] if impersonates else names[1],
        stop=plan.stop,
        template=given.instruct,
        others=group.other_names(given),
        impersonates=impersonates,
        collapse_newlines=given.collapse_newlines,
        keep_start=given.kind is GenerationKind.CONTINUE,
        edit=edit,
        classic=_classic_rules(given, plan, edit) if exact else None,
        messages=plan.chat is not None and not plan.chat.open,
    )


def _classic_rules(given: PromptInput, plan: PromptPlan, edit: Callable[[str], str] | None) -> ClassicRules:
    return ClassicRules(
        user=given.persona.name,
        char=given.character.name,
        stop=plan.chat.cut if plan.chat is not None else plan.stop,
        template=None if plan.chat is not None else given.instruct,
        cleaning=given.cleaning,
        others=group.other_names(given),
        impersonates=given.kind is GenerationKind.IMPERSONATE,
        collapse_newlines=given.collapse_newlines,
        whole=given.quiet is not None and not given.quiet.loud,
        edit=edit,
    )


def clean_reply(raw: str, rules: ReplyRules) -> str:
    """The reply in ``raw``, which is all that the model wrote, the prefill before it. Empty when nothing is left."""
    if rules.classic is not None:
        return clean_classic(raw, rules.classic)
    text = raw
    for step in _STEPS:
        text = step(text, rules)
    return text


def _stop_tails(text: str, rules: ReplyRules) -> str:
    for stop in rules.stop:
        for length in range(len(stop), 0, -1):
            tail = stop[:length]
            # A beginning that is a mere word may as well end a reply: "a" of the stop string "and".
            if text.endswith(tail) and (length == len(stop) or not tail.isalnum()):
                text = text[: len(text) - length]
                break
    return text


def _edited(text: str, rules: ReplyRules) -> str:
    return rules.edit(text) if rules.edit is not None else text


def _blank_lines(text: str, rules: ReplyRules) -> str:
    return _NEWLINES.sub("\n", text) if rules.collapse_newlines else text


def _trailing_blanks(text: str, rules: ReplyRules) -> str:
    rest = text.rstrip() if rules.keep_end else text
    return _TRAILING.sub("", rest) + text[len(rest) :]


def _other_party(text: str, rules: ReplyRules) -> str:
    """Up to the first line that is somebody else's; empty where that is the first."""
    for name in (rules.other, *rules.others):
        if name and (line := re.search(rf"^[^\S\n]*{re.escape(name)}:", text, re.MULTILINE)):
            text = text[: line.start()]
    return text


def _tags(text: str, rules: ReplyRules) -> str:
    template = rules.template
    ends = [_END_OF_TEXT]
    if template is not None:
        ends += template.stop_sequence.split("\n")
        ends += [template.input_sequence.strip("\n"), *template.control_tokens, *template.stop_strings]
    for end in ends:
        if end.strip():
            text = text.partition(end)[0]
    if template is None:
        return text
    sequences = (
        (template.input_sequence,)
        if rules.impersonates
        else (
            template.output_sequence,
            template.last_output_sequence,
        )
    )
    for line in "\n".join(sequences).split("\n"):
        text = text.replace(line, "") if line.strip() else text
    return text


def _own_name(text: str, rules: ReplyRules) -> str:
    if not rules.own:
        return text
    return re.sub(rf"^[^\S\n]*(?:{re.escape(rules.own)}:[^\S\n]*)+", "", text, flags=re.MULTILINE)


def _ends(text: str, rules: ReplyRules) -> str:
    text = text if rules.keep_start else text.lstrip()
    return text if rules.keep_end else text.rstrip()


def _of_mode(text: str, rules: ReplyRules) -> str:
    return rules.of_mode(text) if rules.of_mode is not None else text


_STEPS: tuple[Callable[[str, ReplyRules], str], ...] = (
    _stop_tails,
    _edited,
    _blank_lines,
    _tags,
    _own_name,
    _other_party,
    _trailing_blanks,
    _ends,
    _of_mode,
)
