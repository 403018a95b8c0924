"""A reply cleaned as SillyTavern 1.12.6 cleans one that does not stream, step by step in its order.

``cleanup`` is what ``economy`` does, which takes more off.
Source: ``public/script.js`` (``cleanUpMessage``), ``public/scripts/group-chats.js`` (``cleanGroupMessage``),
``public/scripts/power-user.js`` (``fixMarkdown``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.inputs import ReplyCleaning
from tavern_tui.prompt.sentences import trim_to_sentence

BLANKS = " \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""What JavaScript takes off the ends of a text."""

_INLINE = "[\\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff]"
_TRAILING = re.compile(r"(?<![^\S\r\n])[^\S\r\n]++(?=[\r\n\u2028\u2029]|\Z)")
_NEWLINES = re.compile("\n+")
_EMPHASIS = re.compile(r"([*_]{1,2})([\s\S]*?)\1")
_INSIDE = re.compile(f"([*_]){_INLINE}++|(?<!{_INLINE}){_INLINE}++([*_])")
_END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class ClassicRules:
    """What a reply is cleaned by: the names of both sides, the stop strings that were sent, the template.

    ``others`` are the other members of a group. ``whole`` keeps an unfinished last sentence, as for quiet answers.
    ``edit`` is what regex scripts do to a text that is stored.
    """

    user: str
    char: str
    stop: Sequence[str]
    template: InstructTemplate | None
    cleaning: ReplyCleaning
    others: Sequence[str] = ()
    impersonates: bool = False
    collapse_newlines: bool = False
    whole: bool = False
    edit: Callable[[str], str] | None = None


def clean_classic(raw: str, rules: ClassicRules) -> str:
    """The reply in ``raw``, which is all that was written, what it was begun with before it."""
    cleaning = rules.cleaning
    text = _without_stop_tails(raw, rules.stop)
    text = rules.edit(text) if rules.edit is not None else text
    if rules.collapse_newlines:
        text = _NEWLINES.sub("\n", text)
    text = _without_other_party(_TRAILING.sub("", text), rules).partition(_END_OF_TEXT)[0]
    if rules.template is not None:
        text = _without_sequences(text, rules.template, impersonates=rules.impersonates)
    if not cleaning.disable_group_trimming:
        text = _without_members(text, rules.others)
    if not cleaning.allow_name2_display:
        text = re.sub(rf"(^|\n){re.escape(rules.char)}:\s*", r"\1", text)
    if rules.impersonates:
        text = text.strip(BLANKS)
    if cleaning.auto_fix_generated_markdown:
        text = fix_markdown(text)
    text = _without_own_name(text, rules)
    if cleaning.trim_sentences and not rules.whole:
        text = trim_to_sentence(text)
    return text.strip(BLANKS) if cleaning.trim_spaces or rules.impersonates else text


def fix_markdown(text: str) -> str:
    """``text`` without the blanks just inside of emphasis: ``* waves *`` becomes ``*waves*``."""
    return _EMPHASIS.sub(lambda found: _INSIDE.sub(r"\1\2", found.group()), text)


def _without_stop_tails(text: str, stop: Sequence[str]) -> str:
    """For each stop string: the text without the longest beginning of it that it ends with."""
    for one in stop:
        length = next((length for length in range(len(one), 0, -1) if text.endswith(one[:length])), 0)
        text = text[: len(text) - length]
    return text


def _without_other_party(text: str, rules: ClassicRules) -> str:
    cleaning = rules.cleaning
    shown = cleaning.allow_name2_display if rules.impersonates else cleaning.allow_name1_display
    name = rules.char if rules.impersonates else rules.user
    if shown or not name:
        return text
    if text.startswith(f"{name}:"):
        return ""
    return text.partition(f"\n{name}:")[0]


def _without_sequences(text: str, template: InstructTemplate, *, impersonates: bool) -> str:
    for end in (template.stop_sequence, template.input_sequence):
        if end:
            text = text.partition(end)[0]
    own = (template.input_sequence,) if impersonates else (template.output_sequence, template.last_output_sequence)
    for sequence in own:
        for line in sequence.split("\n"):
            text = text.replace(line, "") if line.strip(BLANKS) else text
    return text


def _without_members(text: str, members: Sequence[str]) -> str:
    for name in members:
        if (found := re.search(rf"(^|\n){re.escape(name)}:", text)) is not None:
            text = text[: found.start()]
    return text


def _without_own_name(text: str, rules: ClassicRules) -> str:
    cleaning = rules.cleaning
    shown = cleaning.allow_name1_display if rules.impersonates else cleaning.allow_name2_display
    name = rules.user if rules.impersonates else rules.char
    if shown or not name or not text.startswith(f"{name}:"):
        return text
    return text.removeprefix(f"{name}:").lstrip(BLANKS)
