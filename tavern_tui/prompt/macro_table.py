"""``MACROS``: the table of macros, in SillyTavern's order, which can be observed.

A new macro is a new row at its place; ``docs/macros.md`` is made from this table. What SillyTavern 1.12.6 does not know
is marked ``later`` and stays as it is under ``classic``.
Source: SillyTavern 1.12.6, ``public/scripts/macros.js``, ``instruct-mode.js``; Character Card V3 for its macros.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta, timezone

from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.prompt import macro_dice as dice
from tavern_tui.prompt import moment
from tavern_tui.prompt.macro_context import MacroContext
from tavern_tui.prompt.macro_passes import Call, Macro, Source, called, legacy, named, replaced
from tavern_tui.prompt.macro_turns import NewestTurns
from tavern_tui.prompt.macro_variables import KINDS, by_kind

_ASCII = re.IGNORECASE | re.ASCII
_ORIGINAL = re.compile(r"\{\{original\}\}", _ASCII)
_TRIM = re.compile(r"\{\{trim\}\}", _ASCII)
_BANNED = re.compile(r'\{\{banned "', _ASCII)
_DIE = re.compile(r"\{\{dice\}\}", _ASCII)
_OFFSET = re.compile(r"[+-][0-9]{1,4}")
_COUNT = re.compile(r"[0-9]{1,3}")


def _original(text: str, context: MacroContext, _source: Source) -> str:
    if context.original is None:
        return text
    values = iter((context.original,))
    return replaced(text, ((m.start(), m.end(), next(values, "")) for m in _ORIGINAL.finditer(text)))


def _trim(text: str, _context: MacroContext, _source: Source) -> str:
    first, *others = _TRIM.split(text)
    if not others:
        return text
    last = others.pop().lstrip("\r\n")
    return "".join((first.rstrip("\r\n"), *(piece.strip("\r\n") for piece in others), last))


def _comments(text: str, _context: MacroContext, _source: Source) -> str:
    pieces: list[str] = []
    done = 0
    while (start := text.find("{{//", done)) >= 0 and (end := text.find("}}", start + 4)) >= 0:
        pieces.append(text[done:start])
        done = end + 2
    return "".join((*pieces, text[done:]))


def _banned(text: str, context: MacroContext, _source: Source) -> str:
    """Take the banned strings out. SillyTavern's end at the last closing mark of their line."""
    find = str.rfind if context.exact else str.find

    def found() -> Iterator[tuple[int, int, str]]:
        done = line = 0
        for match in _BANNED.finditer(text):
            start, begin = match.span()
            if start < done:
                continue
            if line < begin:
                line = text.find("\n", begin)
                line = len(text) if line < 0 else line
            end = find(text, '"}}', begin, line)
            if end < 0:
                done = line
                continue
            if context.variables is not None:
                context.variables.ban(text[begin:end])
            done = end + 3
            yield start, done, ""

    return replaced(text, found())


def _left_by_the_walk(text: str, _context: MacroContext, _source: Source) -> str:
    """Blocks that were closed are gone by the time the passes run (``prompt.macro_walk``); the others stay."""
    return text


def _die(text: str, context: MacroContext, source: Source) -> str:
    matches = _DIE.finditer(text)
    places = ((m, Source(source.raw, source.start + m.start())) for m in matches)
    return replaced(text, ((m.start(), m.end(), dice.die(Call("", at), context)) for m, at in places))


def _template(name: str, becomes: str, value: Callable[[InstructTemplate], str]) -> Macro:
    """A sequence of the instruct template; nothing where there is no template."""

    def told(context: MacroContext) -> str | None:
        if context.context is None:
            return None
        return value(context.instruct) if context.instruct is not None else ""

    return named(name, becomes, told)


def _separator(name: str, becomes: str, value: Callable[[ContextTemplate], str]) -> Macro:
    """Something of the context template."""
    return named(name, becomes, lambda c: value(c.context) if c.context is not None else None)


def _turn(name: str, becomes: str, value: Callable[[NewestTurns, MacroContext], str], *, later: bool = False) -> Macro:
    """Something about the chat's turns."""

    def told(context: MacroContext) -> str | None:
        return value(context.turns, context) if context.turns is not None else None

    return named(name, becomes, told, later=later)


def _system(context: MacroContext) -> str | None:
    card = context.char_prompt if context.use_card_prompt else ""
    return _if_known(context, card or context.system_text)


def _if_known(context: MacroContext, text: str) -> str | None:
    if context.context is None:
        return None
    return text if context.use_system_prompt else ""


def _reverse(call: Call, _context: MacroContext) -> str:
    return call.argument[::-1]


def _nothing(_call: Call, _context: MacroContext) -> str:
    return ""


def _format(call: Call, context: MacroContext) -> str:
    return moment.format_time(context.now, call.argument.lstrip(" "))


def _zone(call: Call, context: MacroContext) -> str | None:
    if not _OFFSET.fullmatch(call.argument):
        return None
    offset = int(call.argument)
    minutes = offset * 60 if abs(offset) < 16 else offset
    if abs(minutes) >= 24 * 60:
        return None
    return moment.format_time(context.now.astimezone(timezone(timedelta(minutes=minutes))), "LT")


def _difference(call: Call, _context: MacroContext) -> str | None:
    one, colons, other = call.argument.partition("::")
    return moment.between(one, other) if colons else None


def _repeated(character: str) -> Callable[[Call, MacroContext], str | None]:
    def value(call: Call, _context: MacroContext) -> str | None:
        return character * int(call.argument) if _COUNT.fullmatch(call.argument) else None

    return value


def _greeting(call: Call, context: MacroContext) -> str | None:
    if context.greetings is None or not _COUNT.fullmatch(call.argument):
        return None
    return context.greetings[int(call.argument)] if int(call.argument) < len(context.greetings) else ""


def _outlet(call: Call, context: MacroContext) -> str | None:
    return None if context.outlets is None else context.outlets.get(call.argument.strip(), "")


def _members(context: MacroContext) -> str:
    return context.group or context.char


def _first_greeting(context: MacroContext) -> str | None:
    return None if context.greetings is None else next(iter(context.greetings), "")


_LEGACY = (
    legacy("USER", "the persona's name", lambda c: c.user),
    legacy("BOT", "the character's name", lambda c: c.char),
    legacy("CHAR", "the character's name", lambda c: c.char),
    legacy("CHARIFNOTGROUP", "the group's members, or the character's name", _members),
    legacy("GROUP", "the group's members, or the character's name", _members),
)

_TEMPLATES = (
    named("systemPrompt", "the system prompt: the card's, where it takes the place of yours", _system),
    *(
        named(name, "your system prompt, whatever the card has", lambda c: _if_known(c, c.system_text))
        for name in ("defaultSystemPrompt", "instructSystem", "instructSystemPrompt")
    ),
    _template("instructSystemPromptPrefix", "what stands before the system prompt", lambda t: t.system_sequence_prefix),
    _template("instructSystemPromptSuffix", "what stands after the system prompt", lambda t: t.system_sequence_suffix),
    _template("instructInput", "what stands before a user's turn", lambda t: t.input_sequence),
    _template("instructUserPrefix", "what stands before a user's turn", lambda t: t.input_sequence),
    _template("instructUserSuffix", "what stands after a user's turn", lambda t: t.input_suffix),
    _template("instructOutput", "what stands before a reply", lambda t: t.output_sequence),
    _template("instructAssistantPrefix", "what stands before a reply", lambda t: t.output_sequence),
    _template("instructSeparator", "what stands after a reply", lambda t: t.output_suffix),
    _template("instructAssistantSuffix", "what stands after a reply", lambda t: t.output_suffix),
    _template("instructSystemPrefix", "what stands before a system turn", lambda t: t.system_sequence),
    _template("instructSystemSuffix", "what stands after a system turn", lambda t: t.system_suffix),
    *(
        _template(name, "what stands before the first reply", lambda t: t.first_output_sequence or t.output_sequence)
        for name in ("instructFirstOutput", "instructFirstAssistantPrefix")
    ),
    *(
        _template(name, "what stands before the last reply", lambda t: t.last_output_sequence or t.output_sequence)
        for name in ("instructLastOutput", "instructLastAssistantPrefix")
    ),
    _template("instructStop", "the stop sequence", lambda t: t.stop_sequence),
    _template("instructUserFiller", "the user's turn that is put before a reply", lambda t: t.user_alignment_message),
    _template("instructSystemInstructionPrefix", "the last system sequence", lambda t: t.last_system_sequence),
    *(
        _template(
            name, "what stands before the first user's turn", lambda t: t.first_input_sequence or t.input_sequence
        )
        for name in ("instructFirstInput", "instructFirstUserPrefix")
    ),
    *(
        _template(name, "what stands before the last user's turn", lambda t: t.last_input_sequence or t.input_sequence)
        for name in ("instructLastInput", "instructLastUserPrefix")
    ),
    _separator("exampleSeparator", "what stands before example dialogue", lambda t: t.example_separator),
    _separator("chatStart", "what stands before the chat", lambda t: t.chat_start),
)

_VARIABLES = tuple(
    Macro(f"{{{{{kind.name}::name{'::value' if kind.valued else ''}}}}}", kind.becomes, by_kind) for kind in KINDS
)

_FIELDS = (
    Macro("{{original}}", "in a card's override: the text that it replaces", _original),
    named("charPrompt", "the card's system prompt", lambda c: c.char_prompt),
    named("charJailbreak", "the card's post-history instructions", lambda c: c.char_post_history),
    named("charInstruction", "the card's post-history instructions", lambda c: c.char_post_history, later=True),
    named("description", "the card's description", lambda c: c.description),
    named("charDescription", "the card's description", lambda c: c.description, later=True),
    named("personality", "the card's personality", lambda c: c.personality),
    named("charPersonality", "the card's personality", lambda c: c.personality, later=True),
    named("scenario", "the card's scenario", lambda c: c.scenario),
    named("charScenario", "the card's scenario", lambda c: c.scenario, later=True),
    named("persona", "the persona's description", lambda c: c.persona),
    named("mesExamples", "the card's example dialogue", lambda c: c.mes_examples),
    named("mesExamplesRaw", "the card's example dialogue as the card has it", lambda c: c.mes_examples, later=True),
    named("charDepthPrompt", "the card's character note", lambda c: c.char_note, later=True),
    named("charCreatorNotes", "what the card's creator says of it", lambda c: c.creator_notes, later=True),
    named("creatorNotes", "what the card's creator says of it", lambda c: c.creator_notes, later=True),
    named("charFirstMessage", "the card's first greeting", _first_greeting, later=True),
    named("greeting", "the card's first greeting", _first_greeting, later=True),
    called("{{charFirstMessage::1}}", "the card's greetings by number", "charFirstMessage::", _greeting, later=True),
    called("{{greeting::1}}", "the card's greetings by number, from 0", "greeting::", _greeting, later=True),
    named("charVersion", "the card's version", lambda c: c.char_version),
    named("char_version", "the card's version", lambda c: c.char_version),
)

_NAMES = (
    named("user", "the persona's name", lambda c: c.user),
    named("char", "the character's name", lambda c: c.char),
    named("group", "the group's members, or the character's name", _members),
    named("charIfNotGroup", "the group's members, or the character's name", _members),
    named("groupNotMuted", "the group's members that may speak", lambda c: c.not_muted or _members(c), later=True),
    named("notChar", "everybody but the character who speaks", lambda c: c.not_char or c.user, later=True),
    named("model", "the model's name", lambda c: c.model),
    named("summary", "the summary of the chat", lambda c: c.summary),
    named("authorsNote", "the author's note", lambda c: c.note, later=True),
    named("charAuthorsNote", "the author's note of this character", lambda c: c.note_of_character, later=True),
    called("{{outlet::name}}", "the lore entries that go to that outlet", "outlet::", _outlet, later=True),
    called("{{position::name}}", "the same, as RisuAI calls it", "position::", _outlet, later=True),
)

_CHAT = (
    named("maxPrompt", "the context size less the response length", lambda c: str(c.max_prompt)),
    named("maxContext", "the context size", lambda c: str(c.max_prompt + c.response_tokens), later=True),
    named("maxResponse", "the response length", lambda c: str(c.response_tokens), later=True),
    named("lastGenerationType", "what is asked of the model: normal, swipe, continue", lambda c: c.kind, later=True),
    _turn("lastMessage", "the newest turn's text", lambda turns, _: turns.last()),
    _turn("lastMessageId", "the newest turn's number, from 0", lambda turns, _: turns.last_id()),
    _turn("lastUserMessage", "the text of the user's newest turn", lambda turns, _: turns.last_of_user()),
    _turn("lastCharMessage", "the text of the newest turn that is not the user's", lambda t, _: t.last_of_others()),
    _turn(
        "firstIncludedMessageId",
        "the number of the oldest turn in the last prompt",
        lambda turns, _: turns.first_included_id(),
    ),
    _turn("lastSwipeId", "how many swipes the newest turn has", lambda turns, _: turns.swipe_count()),
    _turn("currentSwipeId", "which swipe it is, from 1", lambda turns, c: turns.swipe(exact=c.exact)),
    called("{{reverse:text}}", "the text backwards", "reverse:", _reverse),
)

_TIMES = (
    named("time", "the time: 2:30 PM", lambda c: moment.format_time(c.now, "LT")),
    named("date", "the date: September 4, 2024", lambda c: moment.format_time(c.now, "LL")),
    named("weekday", "the day of the week", lambda c: moment.format_time(c.now, "dddd")),
    named("isotime", "the time: 14:30", lambda c: moment.format_time(c.now, "HH:mm")),
    named("isodate", "the date: 2024-09-04", lambda c: moment.format_time(c.now, "YYYY-MM-DD")),
    called("{{datetimeformat DD.MM.YYYY}}", "the moment in a format of one's own", "datetimeformat ", _format),
    _turn("idle_duration", "how long ago the user last said something", lambda turns, c: turns.idle(c.now)),
    called("{{time_UTC+2}}", "the time at an offset from UTC", "time_UTC", _zone),
    called("{{timeDiff::A::B}}", "how long after B the moment A is: in 5 minutes", "timeDiff::", _difference),
)

MACROS: tuple[Macro, ...] = (
    *_LEGACY,
    called("{{roll:2d6+1}}", "the total of a dice roll", "roll[ :]", dice.roll),
    called("{{dice:2d6+1}}", "the total of a dice roll", "dice[ :]", dice.die, later=True),
    Macro("{{dice}}", "a roll of one die with six sides", _die, later=True),
    *_TEMPLATES,
    Macro("{{if condition}}…{{else}}…{{/if}}", "the one or the other", _left_by_the_walk, later=True),
    *_VARIABLES,
    named("newline", "a line break", lambda _c: "\n"),
    called("{{newline::2}}", "so many line breaks", "newline::", _repeated("\n"), later=True),
    called("{{space::2}}", "so many blanks", "space::", _repeated(" "), later=True),
    Macro("{{trim}}", "nothing, together with the line breaks round it", _trim),
    named("noop", "nothing", lambda _c: ""),
    named("input", "what stands in the composer; nothing while a reply is made", lambda c: c.input),
    *_FIELDS,
    *_NAMES,
    *_CHAT,
    Macro("{{// note}}", "nothing: a comment", _comments),
    called("{{comment: note}}", "nothing: a comment", "comment:", _nothing, later=True),
    called(
        "{{hidden_key:word}}", "nothing; in lore a word that other entries fire on", "hidden_key:", _nothing, later=True
    ),
    *_TIMES,
    Macro(
        '{{banned "word"}}',
        "nothing; names a text that the reply must not contain, for KoboldCpp, TabbyAPI and vLLM",
        _banned,
    ),
    called("{{random::a::b}}", "one of the choices, anew each time", r"random\s?::?", dice.random),
    called("{{pick::a::b}}", "one of the choices, the same in this chat", r"pick\s?::?", dice.pick),
)
"""Every macro in the order in which they run under ``classic``."""
