"""Macros: what each becomes, in which order, and that no text makes them raise or grow without bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.prompt.macro_passes import keys_in
from tavern_tui.prompt.macros import LARGEST, MACROS, MacroContext, NewestTurns, Scope, Variables, expand
from tavern_tui.prompt.seeded import seeded_fraction, string_hash
from tavern_tui.prompt.variables import LONGEST

NAMES = MacroContext(
    user="User", char="Sera", now=datetime(2024, 9, 4, 14, 5, tzinfo=UTC), random=lambda: 0.5, chat_id="Test Chat"
)

# Recorded from SillyTavern's own functions (docs/spec/sillytavern-prompts.md, Appendix A), or read there (§3.2).
RECORDED = [
    ("<USER> and <bot>", "User and Sera"),
    ("{{user}} {{CHAR}} {{charIfNotGroup}}", "User Sera Sera"),
    ("{{ user }}", "{{ user }}"),
    ("{{unknown}} {{user", "{{unknown}} {{user"),
    ("a\n\n{{trim}}\n\nb", "ab"),
    ("a {{trim}} b", "a  b"),
    ("a{{newline}}b{{noop}}", "a\nb"),
    ("{{random:a\\,b}}", "a,b"),
    ("{{random::a::b::c}}", "b"),
    ("{{random:a, b}}", "b"),
    ("{{random::{{user}}::x}}{{random::{{user}}::{{user}}}}", "xUser"),
    ("You see {{pick::red::green::blue}}.", "You see green."),
    ("x{{// note\nmore }}y", "xy"),
    ("{{reverse:{{user}}}}", "resU"),
    ("{{time}} {{date}} {{weekday}}", "2:05 PM September 4, 2024 Wednesday"),
    ("{{isotime}} {{isodate}} {{time_UTC-3}}", "14:05 2024-09-04 11:05 AM"),
    ("{{datetimeformat [day] Do MMM YY, HH:mm}}", "day 4th Sep 24, 14:05"),
    ("{{roll:2d6+1}}", "9"),
    ("{{roll 20}} {{roll:d4}}", "11 3"),
    ("{{roll:lots}}{{roll:0d6}}", ""),
]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("text", "becomes"), RECORDED)
def test_a_macro_becomes_what_sillytavern_makes_of_it(text: str, becomes: str, exact: bool) -> None:
    assert expand(text, replace(NAMES, exact=exact)) == becomes


LATER = [
    ("a{{newline::2}}b{{space::3}}c", "a\n\nb   c"),
    ("{{dice:2d6+1}} {{dice}} {{roll::d6}}", "9 4 4"),
    ("a{{comment: not this}}b{{hidden_key:eels}}c", "abc"),
    ("{{groupNotMuted}}, {{notChar}}", "Sera, User"),
    ("{{maxContext}} {{maxResponse}}", "0 0"),
    ("{{random::{{pick::a}}::{{reverse:cb}}}}", "bc"),
    ("{{// {{who}} says }}.", "."),
]


@pytest.mark.parametrize(("text", "becomes"), LATER)
def test_what_later_versions_know_is_left_alone_by_the_exact_macros(text: str, becomes: str) -> None:
    assert expand(text, NAMES) == becomes
    assert expand(text, replace(NAMES, exact=True)) != becomes


KNOWN = replace(
    NAMES,
    description="tall",
    scenario="rain",
    mes_examples="<START>",
    char_prompt="Be {{char}}.",
    char_post_history="Stay.",
    creator_notes="mine",
    char_note="She limps.",
    greetings=("Hello.", "Go."),
    note="Dark.",
    note_of_character="Hers.",
    outlets={"map": "the reef"},
    kind="swipe",
    summary="So far.",
    input="typed",
)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{{charDescription}} {{charScenario}} {{charInstruction}} {{charDepthPrompt}}", "tall rain Stay. She limps."),
        ("{{creatorNotes}} {{charCreatorNotes}} {{authorsNote}} {{charAuthorsNote}}", "mine mine Dark. Hers."),
        ("{{greeting}} {{charFirstMessage}} {{greeting::1}} {{charFirstMessage::7}}|", "Hello. Hello. Go. |"),
        ("{{greeting::x}} {{greeting::1000}}", "{{greeting::x}} {{greeting::1000}}"),
        ("{{outlet::map}} {{outlet::sea}}| {{lastGenerationType}}", "the reef | swipe"),
        ("{{summary}} {{input}}", "So far. typed"),
    ],
)
def test_what_is_known_of_card_and_chat_can_be_named(text: str, becomes: str) -> None:
    assert expand(text, KNOWN) == becomes


def test_what_is_not_known_is_left_as_it_stands() -> None:
    text = "{{charDepthPrompt}} {{greeting}} {{outlet::map}} {{lastMessage}} {{getvar::x}}"
    assert expand(text, NAMES) == text


CHATML = InstructTemplate(
    name="ChatML",
    input_sequence="<u>",
    input_suffix="</u>",
    output_sequence="<a>",
    output_suffix="</a>",
    system_sequence="<s>",
    system_suffix="</s>",
    first_output_sequence="<first>",
    last_input_sequence="<last>",
    last_system_sequence="<lasts>",
    system_sequence_prefix="<sp>",
    system_sequence_suffix="</sp>",
    stop_sequence="<stop>",
    user_alignment_message="Go on.",
)
MARKED = replace(
    NAMES,
    context=ContextTemplate("plain", "", example_separator="###", chat_start="***"),
    system_text="Speak as {{char}}.",
)
SEQUENCES = [
    ("{{instructInput}} {{instructUserPrefix}} {{instructUserSuffix}}", "<u> <u> </u>"),
    ("{{instructOutput}} {{instructAssistantPrefix}}", "<a> <a>"),
    ("{{instructSeparator}} {{instructAssistantSuffix}}", "</a> </a>"),
    ("{{instructSystemPrefix}} {{instructSystemSuffix}}", "<s> </s>"),
    ("{{instructSystemPromptPrefix}} {{instructSystemPromptSuffix}}", "<sp> </sp>"),
    ("{{instructFirstOutput}} {{instructFirstAssistantPrefix}}", "<first> <first>"),
    ("{{instructLastOutput}} {{instructLastAssistantPrefix}}", "<a> <a>"),
    ("{{instructFirstInput}} {{instructFirstUserPrefix}}", "<u> <u>"),
    ("{{instructLastInput}} {{instructLastUserPrefix}}", "<last> <last>"),
    ("{{instructStop}} {{instructUserFiller}} {{instructSystemInstructionPrefix}}", "<stop> Go on. <lasts>"),
]


@pytest.mark.parametrize(("text", "becomes"), SEQUENCES)
def test_the_sequences_of_a_template_can_be_named_and_are_nothing_without_one(text: str, becomes: str) -> None:
    assert expand(text, replace(MARKED, instruct=CHATML)) == becomes
    assert expand(text, MARKED).strip() == ""


def test_the_system_prompt_can_be_named_the_cards_where_it_takes_its_place() -> None:
    text = "{{systemPrompt}} {{defaultSystemPrompt}} {{instructSystem}} {{instructSystemPrompt}}"
    own = "Speak as Sera."
    assert expand(text, MARKED) == " ".join([own] * 4)
    assert expand(text, replace(MARKED, char_prompt="Be her.")) == " ".join(["Be her.", own, own, own])
    assert expand(text, replace(MARKED, char_prompt="Be her.", use_card_prompt=False)) == " ".join([own] * 4)
    assert expand(text, replace(MARKED, use_system_prompt=False)).strip() == ""
    assert expand("{{exampleSeparator}} {{chatStart}} {{chatSeparator}}", MARKED) == "### *** {{chatSeparator}}"


@pytest.mark.parametrize(
    ("text", "becomes", "banned"),
    [
        ('Calm.{{banned "storm"}} Clear.', "Calm. Clear.", ["storm"]),
        ('{{BANNED "a b"}}{{banned "c"}}', "", ["a b", "c"]),
        ('{{banned ""}}{{banned "x"', '{{banned "x"', [""]),
        ('{{banned "x\n"}}', '{{banned "x\n"}}', []),
    ],
)
def test_banned_strings_are_taken_out_and_remembered(text: str, becomes: str, banned: list[str]) -> None:
    variables = Variables()
    assert expand(text, replace(NAMES, variables=variables)) == becomes
    assert list(variables.banned) == banned


def test_sillytavern_bans_up_to_the_last_closing_mark_of_a_line() -> None:
    variables = Variables()
    text = 'a{{banned "b"}} c {{banned "d"}}e\n{{banned "f"}}g'
    assert expand(text, replace(NAMES, variables=variables, exact=True)) == "ae\ng"
    assert variables.banned == ('b"}} c {{banned "d', "f")


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{{timeDiff::2024-09-04 14:10::2024-09-04 14:05}}", "in 5 minutes"),
        ("{{timeDiff::{{isodate}}::2024-09-01}}", "in 3 days"),
        ("{{timeDiff::{{date}} {{time}}::September 4, 2024 4:05 PM}}", "2 hours ago"),
        ("{{timeDiff::Wed, 04 Sep 2024 14:05:00 +0000::2024-09-04T15:05:00+00:00}}", "an hour ago"),
        ("{{timeDiff::2024-09-04::2024-09-04}}", "a few seconds ago"),
        ("{{timeDiff::yesterday::2024-09-04}}", "Invalid date"),
        ("{{timeDiff::2024-09-04}}", "{{timeDiff::2024-09-04}}"),
        ("{{time_UTC+90}} {{time_UTC-15}} {{time_UTC+1500}}", "3:35 PM 11:05 PM {{time_UTC+1500}}"),
    ],
)
def test_moments_are_compared_and_moved_between_zones(text: str, becomes: str) -> None:
    assert expand(text, NAMES) == becomes


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 3338908027751811),
        ("a", 7929297801672961),
        ("hello", 4625896200565286),
        ("Seraphina - 2024-9-1@12h30m45s", 2129216221563676),
    ],
)
def test_the_string_hash_is_sillytaverns(text: str, number: int) -> None:
    assert string_hash(text) == number


def test_the_seeded_numbers_are_seedrandoms() -> None:
    assert seeded_fraction(12345) == 0.9166586073672581
    assert seeded_fraction(4061948522024917) == 0.547647186821537


def test_original_is_filled_in_once_and_only_where_something_is_replaced() -> None:
    assert expand("{{original}}+{{original}}", replace(NAMES, original="ORIG")) == "ORIG+"
    assert expand("{{original}}", NAMES) == "{{original}}"


def test_names_inside_a_card_field_are_expanded_too() -> None:
    assert expand("{{description}}", replace(NAMES, description="{{char}}, a healer")) == "Sera, a healer"


def test_a_field_that_is_not_there_leaves_its_macro() -> None:
    assert expand("{{scenario}}", NAMES) == "{{scenario}}"


def test_random_is_drawn_anew_each_time_unless_frozen() -> None:
    draws = iter((0.1, 0.9))
    free = replace(NAMES, random=lambda: next(draws))
    assert [expand("{{random::a::b}}", free) for _ in range(2)] == ["a", "b"]
    frozen = replace(NAMES, frozen=True, random=lambda: pytest.fail("drew"))
    assert len({expand("{{random::a::b::c}} {{roll:3d20}}", frozen) for _ in range(5)}) == 1


def test_a_frozen_choice_depends_on_the_chat() -> None:
    text = "{{random::1::2::3::4::5::6::7::8::9}}"
    results = {expand(text, replace(NAMES, frozen=True, chat_id=f"chat {at}")) for at in range(40)}
    assert len(results) > 3


def test_every_row_is_described() -> None:
    assert all(macro.written and macro.becomes for macro in MACROS)
    assert len({macro.written for macro in MACROS}) == len(MACROS)


def test_a_text_never_grows_beyond_its_bound() -> None:
    bomb = "{{description}}" * 5_000
    grown = expand(bomb, replace(NAMES, description="x" * 10_000))
    assert len(grown) <= LARGEST
    assert grown.endswith("{{description}}")


UNCLOSED = [
    "{{//",
    "{{random:",
    "{{pick::a",
    "{{reverse:",
    "{{roll:}",
    "\n{{trim",
    "{{{{",
    "<",
    '{{banned "',
    "{{setvar::a",
]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("part", UNCLOSED)
def test_unclosed_macros_are_left_in_linear_time(part: str, exact: bool) -> None:
    text = part * 30_000 + "}"  # with quadratic work this would take half an hour
    assert expand(text, replace(NAMES, exact=exact, variables=Variables())) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{if a}}x" * 10_000 + "{{/if}}" * 10_000,
        "{{a" * 20_000 + "}}" * 20_000,
        "{{getvar::x}}" * 20_000,
        "{{setvar::a::{{getvar::a}}{{getvar::a}}b}}" * 200,
    ],
)
def test_nests_and_doublings_end_within_bounds(text: str) -> None:
    variables = Variables({"x": "y" * 9_000})
    assert len(expand(text, replace(NAMES, variables=variables))) <= LARGEST
    assert all(len(value) <= LONGEST for value in variables.values(Scope.CHAT).values())


PIECES = (
    *("{{", "}}", "}", "\n", " ", "::", ":", ",", "\\,", "//", "user", "random", "pick", "roll", "1d6", "trim", "x"),
    *("<USER>", "datetimeformat ", "YYYY[", "time_UTC", "+99", "reverse", "original", "é😀", "description", "5", "["),
    *("{{setvar::x::", "{{getvar::x}}", "{{addvar::x::", "{{incvar::x}}", "{{decglobalvar::x}}", '{{banned "', '"}}'),
    *("{{if x}}", "{{if !.x}}", "{{#if user}}", "{{else}}", "{{/if}}"),
    *("{{lastMessage}}", "{{lastMessageId}}", "{{timeDiff::", "{{comment:", "{{greeting::", "{{systemPrompt}}", "dice"),
)
ANYTHING = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(max_examples=100, deadline=None)
@given(text=ANYTHING, exact=st.booleans(), frozen=st.booleans())
def test_no_text_makes_a_macro_raise_or_grow_beyond_its_bound(text: str, exact: bool, frozen: bool) -> None:
    context = replace(
        KNOWN,
        exact=exact,
        frozen=frozen,
        original="o",
        variables=Variables({"x": "1"}),
        turns=NewestTurns([]),
        context=MARKED.context,
        instruct=CHATML,
    )
    assert len(expand(text, context)) <= LARGEST


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_characters="{<"), max_size=60))
def test_a_text_without_macros_is_the_very_same(text: str) -> None:
    assert expand(text, NAMES) is text


@settings(max_examples=60, deadline=None)
@given(
    name=st.from_regex(r"[a-z_ ]{0,12}", fullmatch=True), argument=st.sampled_from(["", "::a", ":b", " c", "::a::b"])
)
def test_an_unknown_macro_stays_as_it_is(name: str, argument: str) -> None:
    text = f"{{{{{name}{argument}}}}}"
    if f"{{{{{name}" not in {macro.written.partition(":")[0].partition("}")[0] for macro in MACROS}:
        assert expand(f"a{text}b", NAMES) == f"a{text}b"


def test_plain_text_costs_one_look_for_braces() -> None:
    long, marked = "word " * 2_000, "word " * 2_000 + "{{user}}"
    assert expand(long, NAMES) is long
    assert [macro.written for macro in MACROS if macro.key in keys_in(marked)] == ["{{user}}"]
