"""The history as messages: headings, nudges, names, continuations, what is injected between the turns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.chat_completion import NamesIn, Placement, PromptEntry
from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.regex_script import Placement as Use
from tavern_tui.domain.regex_script import RegexScript
from tavern_tui.domain.request import Role
from tavern_tui.prompt.inputs import AuthorsNote, GenerationKind, Group, GroupCards, Injection, Member
from tests.prompt.chat_completion.chats import BARE, chat_plan, preset, sent, story, turns

CHAT = turns("g", "u1", "a1", "u2")
ANSWERED = CHAT[:3]
WREN = replace(BARE, name="Wren")
GROUP = Group(members=(Member(BARE), Member(WREN, muted=True)), cards=GroupCards.SWAP)


def ending(count: int, history: list[Turn], **changes: Any) -> list[str]:
    """The last messages that are sent for the chat."""
    return sent(story(history, **changes))[-count:]


def narration(text: str) -> Turn:
    return Turn("n", "t2", Speaker.NARRATOR, "Narrator", text)


def test_narration_is_the_systems() -> None:
    assert sent(story([*ANSWERED, narration("Rain.")]))[-2:] == ["s Rain.", "s PHI"]


def test_hidden_turns_are_not_sent() -> None:
    assert "u u2" not in sent(story([*ANSWERED, replace(CHAT[3], hidden=True)]))


def test_macros_in_every_turn_are_expanded_under_classic_and_in_the_greeting_alone_under_economy() -> None:
    chat = turns("I am {{char}}.", "I am {{user}}.")
    assert sent(story(chat))[-3:-1] == ["a I am Sera.", "u I am User."]
    made = sent(story(chat, classic=False))
    assert "a I am Sera." in made
    assert "u I am {{user}}." in made


@pytest.mark.parametrize("classic", [True, False])
def test_the_macros_of_a_greeting_take_effect_once(classic: bool) -> None:
    plan = chat_plan(story(turns("Greeted {{incvar::greeted}} times."), classic=classic))
    assert plan.variables == {"greeted": "1"}
    assert "Greeted 1 times." in [message.content for message in plan.messages()]


def test_regex_scripts_change_turns_before_their_names_are_said() -> None:
    script = RegexScript("s", "/u(\\d)/g", "user $1", placement=frozenset({Use.USER_INPUT}), prompt_only=True)
    made = sent(story(CHAT, regex_scripts=(script,)), preset(names_behavior=NamesIn.CONTENT))
    assert made[-4:-1] == ["u User: user 1", "a Sera: a1", "u User: user 2"]


class TestNames:
    """``names_behavior``."""

    def made(self, names: NamesIn, **changes: Any) -> list[str]:
        chat = [*turns("g", "u1"), Turn("x", "t1", Speaker.USER, "Élan Vital", "other"), narration("Rain.")]
        made = sent(story(chat, **changes), preset(names_behavior=names))
        return made[made.index(next(text for text in made if text.endswith(" g"))) : -1]

    def test_by_default_only_turns_under_another_name_say_it(self) -> None:
        assert self.made(NamesIn.DEFAULT) == ["a g", "u u1", "u Élan Vital: other", "s Rain."]

    def test_none_says_no_name(self) -> None:
        assert self.made(NamesIn.NONE) == ["a g", "u u1", "u other", "s Rain."]

    def test_content_says_every_name_but_the_narrators(self) -> None:
        assert self.made(NamesIn.CONTENT) == ["a Sera: g", "u User: u1", "u Élan Vital: other", "s Rain."]

    def test_completion_sends_names_of_letters_digits_and_underscores(self) -> None:
        assert self.made(NamesIn.COMPLETION) == [
            "a(Sera) g", "u(User) u1", "u(_lan_Vital) other", "s(Narrator) Rain.",
        ]  # fmt: skip

    def test_a_long_name_is_cut_to_what_the_api_takes(self) -> None:
        one = story(turns("g")[:1], character=replace(BARE, name="N" * 99))
        one = replace(one, turns=[replace(next(iter(one.turns)), name="N" * 99)])
        message = chat_plan(one, preset(names_behavior=NamesIn.COMPLETION)).messages()[-2]
        assert message.name == "N" * 64

    def test_injected_texts_have_no_names(self) -> None:
        note = AuthorsNote(text="AN", depth=1, role=InjectionRole.ASSISTANT)
        for names in NamesIn:
            assert "a AN" in sent(story(CHAT, note=note), preset(names_behavior=names))

    def test_quotes_stand_round_what_the_user_says_where_that_is_set(self) -> None:
        assert sent(story(CHAT), preset(wrap_in_quotes=True))[-4:-1] == ['u "u1"', "a a1", 'u "u2"']


class TestGroups:
    """A chat with several characters."""

    def made(self, **changes: Any) -> list[str]:
        chat = [*turns("g", "u1"), Turn("w", "t1", Speaker.CHARACTER, "Wren", "w1")]
        one = story(chat, character=BARE, group=GROUP, **changes)
        made = sent(one)
        return made[next(at for at, text in enumerate(made) if text.startswith("s [NEW")) :]

    def test_it_has_its_own_heading_says_the_names_of_characters_and_ends_with_a_nudge(self) -> None:
        assert self.made() == [
            "s [NEW GROUP: Sera, Wren]", "a Sera: g", "u u1", "a Wren: w1", "s [ONLY Sera]", "s PHI",
        ]  # fmt: skip

    def test_an_impersonation_has_no_nudge(self) -> None:
        assert self.made(kind=GenerationKind.IMPERSONATE)[-3:] == ["a Wren: w1", "s PHI", "s [AS User]"]

    def test_a_continuation_is_asked_for_after_the_nudge(self) -> None:
        assert self.made(kind=GenerationKind.CONTINUE)[-3:] == ["s [ONLY Sera]", "s [ON: w1]", "s PHI"]

    def test_examples_say_their_speakers(self) -> None:
        one = story(CHAT, group=GROUP)
        assert "s(example_user) User: q" in sent(one)

    def test_a_narrator_is_named_in_sillytavern_alone(self) -> None:
        chat = [*ANSWERED, narration("Rain.")]
        assert "s Narrator: Rain." in sent(story(chat, group=GROUP))
        assert "s Rain." in sent(story(chat, group=GROUP, classic=False))

    def test_the_other_members_do_not_speak_in_the_reply(self) -> None:
        assert chat_plan(story(CHAT, group=GROUP, classic=False)).stop == ("\nUser:", "\nWren:")


class TestContinuing:
    """Going on with the newest turn."""

    def test_a_nudge_follows_the_turn_before_the_post_history_instructions(self) -> None:
        assert ending(4, ANSWERED, kind=GenerationKind.CONTINUE) == ["u u1", "a a1", "s [ON: a1]", "s PHI"]

    def test_with_a_prefill_the_turn_is_the_last_message(self) -> None:
        made = sent(story(ANSWERED, kind=GenerationKind.CONTINUE), preset(continue_prefill=True))
        assert made[-3:] == ["u u1", "s PHI", "a a1"]

    @pytest.mark.parametrize("prefill", [True, False])
    def test_what_stands_between_the_turn_and_what_is_added_is_told(self, prefill: bool) -> None:
        for text, joint in (("a1", "\n\n"), ("a1 ", ""), ("a1\n", "\n\n")):
            form = preset(continue_prefill=prefill, continue_postfix="\n\n")
            plan = chat_plan(story(turns("g", "u1", text), kind=GenerationKind.CONTINUE), form)
            assert plan.chat is not None
            assert plan.chat.joint == joint
            assert plan.prefill == text

    def test_the_nudge_has_the_turn_without_blanks_round_it(self) -> None:
        assert "s [ON: a1]" in sent(story(turns("g", "u1", "  a1\n"), kind=GenerationKind.CONTINUE))

    def test_an_injected_text_of_depth_0_stands_below_the_turn_in_sillytavern_and_above_it_under_economy(self) -> None:
        note = AuthorsNote(text="AN", depth=0)
        one = story(ANSWERED, kind=GenerationKind.CONTINUE, note=note)
        assert sent(one)[-4:-1] == ["a a1", "s AN", "s [ON: a1]"]
        other = story(ANSWERED, classic=False, kind=GenerationKind.CONTINUE, note=note)
        assert sent(other)[-4:-1] == ["s AN", "a a1", "s [ON: a1]"]

    def test_the_turn_is_moved_from_above_what_is_injected_below_it(self) -> None:
        note = AuthorsNote(text="AN", depth=0, role=InjectionRole.USER)
        one = story(ANSWERED, kind=GenerationKind.CONTINUE, note=note)
        assert sent(one, preset(continue_prefill=True))[-4:] == ["u u1", "u AN", "s PHI", "a a1"]

    def test_under_economy_an_engine_is_told_the_turn_as_the_model_left_it_beside_the_messages(self) -> None:
        chat = [*turns("g", "u1"), Turn("r", "t1", Speaker.CHARACTER, "Sera", "a1", raw="a1 and")]
        plan = chat_plan(story(chat, classic=False, kind=GenerationKind.CONTINUE), preset(continue_prefill=True))
        assert plan.chat is not None
        assert plan.chat.prefill == "a1 and"
        assert plan.chat.joint == ""
        assert [message.content for message in plan.messages()[-2:]] == ["u1", "PHI"]

    @pytest.mark.parametrize("classic", [True, False])
    @pytest.mark.parametrize("prefill", [True, False])
    def test_an_empty_chat_has_nothing_to_go_on_with(self, classic: bool, prefill: bool) -> None:
        one = story([], classic=classic, kind=GenerationKind.CONTINUE)
        with pytest.raises(PromptError, match="no turn to continue"):
            chat_plan(one, preset(continue_prefill=prefill))


class TestAnEmptyMessage:
    """``send_if_empty``."""

    FORM = preset(send_if_empty="EMPTY")

    def test_it_follows_what_the_character_said_last(self) -> None:
        assert sent(story(ANSWERED), self.FORM)[-3:] == ["a a1", "u EMPTY", "s PHI"]
        assert all("EMPTY" not in text for text in sent(story(CHAT), self.FORM))

    def test_it_follows_what_is_injected_as_the_characters_too(self) -> None:
        note = AuthorsNote(text="AN", depth=0, role=InjectionRole.ASSISTANT)
        assert sent(story(CHAT, note=note), self.FORM)[-3:] == ["a AN", "u EMPTY", "s PHI"]

    def test_it_stands_before_the_nudges(self) -> None:
        one = story(ANSWERED, kind=GenerationKind.CONTINUE)
        assert sent(one, self.FORM)[-3:] == ["u EMPTY", "s [ON: a1]", "s PHI"]

    def test_under_economy_only_a_new_reply_has_it(self) -> None:
        one = story(ANSWERED, classic=False, kind=GenerationKind.CONTINUE)
        assert all("EMPTY" not in text for text in sent(one, self.FORM))


class TestBetweenTheTurns:
    """In-chat prompts and injected texts."""

    def in_chat(self, name: str, depth: int, **changes: Any) -> PromptEntry:
        one = PromptEntry(name, name, name, injection_position=Placement.IN_CHAT, injection_depth=depth)
        return replace(one, **changes)

    def test_a_depth_beyond_the_chat_is_its_top_deeper_texts_higher(self) -> None:
        made = sent(story(CHAT), preset(self.in_chat("P9", 9), self.in_chat("P40", 40)))
        assert made[made.index("s [NEW]") :][:4] == ["s [NEW]", "s P40", "s P9", "a g"]

    def test_several_prompts_of_one_role_are_one_message_in_the_presets_order(self) -> None:
        made = sent(story(CHAT), preset(self.in_chat("P1", 1), self.in_chat("P2", 1)))
        assert "s P1\nP2" in made

    def test_what_is_injected_is_no_turn_that_a_depth_counts(self) -> None:
        made = sent(story(CHAT), preset(self.in_chat("P1", 1), self.in_chat("P2", 2)))
        assert made[made.index("u u1") :][:5] == ["u u1", "s P2", "a a1", "s P1", "u u2"]

    def test_a_depth_below_the_end_is_nowhere(self) -> None:
        assert sent(story(CHAT), preset(self.in_chat("P", -1))) == sent(story(CHAT))

    def test_the_order_of_prompts_counts_under_economy_the_lowest_first(self) -> None:
        own = (self.in_chat("HIGH", 1, injection_order=200), self.in_chat("LOW", 1, injection_order=5))
        extra = Injection("USUAL", 1, key="x")
        assert "s HIGH\nLOW\nUSUAL" in sent(story(CHAT, injections=(extra,)), preset(*own))
        made = sent(story(CHAT, classic=False, injections=(extra,)), preset(*own))
        assert made[made.index("a a1") :][:5] == ["a a1", "s LOW", "s USUAL", "s HIGH", "u u2"]

    def test_a_prompt_with_a_role_is_a_message_of_that_role(self) -> None:
        made = sent(story(CHAT), preset(self.in_chat("P", 1, role=Role.USER)))
        assert made[-4:-1] == ["a a1", "u P", "u u2"]


def test_an_empty_heading_is_left_out() -> None:
    form = preset(new_chat_prompt="", new_example_chat_prompt="")
    assert all("[" not in text for text in sent(story(CHAT), form))


@pytest.mark.parametrize("classic", [True, False])
def test_an_empty_chat_ends_with_its_heading(classic: bool) -> None:
    assert sent(story([], classic=classic))[-2:] == ["s [NEW]", "s PHI"]


def test_stop_strings_are_a_persons_own_four_at_most_and_names_under_economy() -> None:
    own = tuple("abcdef")
    assert chat_plan(story(CHAT, stop_strings=own)).stop == ("a", "b", "c", "d")
    assert chat_plan(story(CHAT)).stop == ()
    assert chat_plan(story(CHAT, classic=False, stop_strings=("{{char}}!",))).stop == ("\nUser:", "Sera!")
    impersonated = story(CHAT, classic=False, kind=GenerationKind.IMPERSONATE)
    assert chat_plan(impersonated).stop == ("\nSera:",)
