"""What a preset puts where: its order, its markers, its own prompts, a card's texts in place of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.character import CharacterNote
from tavern_tui.domain.chat_completion import ChatCompletionPreset, Marker, OrderEntry, Placement, PromptEntry
from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.request import Role
from tavern_tui.prompt.inputs import (
    AuthorsNote,
    GenerationKind,
    Injection,
    InjectionPosition,
    PersonaPosition,
    Quiet,
)
from tavern_tui.prompt.plan import Part, PartKind, PartState
from tests.prompt.chat_completion.chats import BARE, PRESET, SERA, chat_plan, preset, sent, story, turns

CHAT = turns("g", "u1", "a1", "u2")
SHORT = ["s [NEW]", "a g", "u u1", "a a1", "u u2"]


def bare(*own: PromptEntry, order: tuple[str | OrderEntry, ...] | None = None, **changes: Any) -> list[str]:
    """What is sent for a card of nothing but a name."""
    return sent(
        story(CHAT, character=BARE, persona=replace(story().persona, description=""), **changes),
        preset(*own, order=order),
    )


def left_out(form: ChatCompletionPreset) -> dict[str, Part]:
    return {part.source: part for part in chat_plan(story(CHAT), form).parts if part.state is not PartState.IN}


def test_everything_stands_in_the_order_of_the_preset() -> None:
    assert sent(story(CHAT, lore_before="WIB", lore_after="WIA")) == [
        "s MAIN", "s WIB", "s PERSONA", "s DESC", "s PERS", "s SCEN", "s AUX", "s WIA",
        "s [EX]", "s(example_user) q", "s(example_assistant) r",
        *SHORT, "s PHI",
    ]  # fmt: skip


def test_notes_round_the_scenario_stand_round_the_main_prompt_and_others_at_their_depth() -> None:
    one = story(
        CHAT,
        character=replace(SERA, note=CharacterNote("DP", 1)),
        note=AuthorsNote(text="AN", position=InjectionPosition.AFTER_SCENARIO),
        injections=(
            Injection("SUM", key="1_memory", source="summary", position=InjectionPosition.BEFORE_SCENARIO),
            Injection("WID", 1, key="customDepthWI-1-0", source="lore"),
        ),
    )
    own = (
        PromptEntry("1", "one", "PMSYS", injection_position=Placement.IN_CHAT, injection_depth=1),
        PromptEntry("2", "two", "ASST", Role.ASSISTANT, injection_position=Placement.IN_CHAT, injection_depth=1),
        PromptEntry("3", "three", "USR0", Role.USER, injection_position=Placement.IN_CHAT, injection_depth=0),
        PromptEntry("4", "four", "REL", Role.USER),
    )
    made = sent(one, preset(*own))
    assert made[:4] == ["s SUM", "s MAIN", "s AN", "s PERSONA"]
    assert made[made.index("s [NEW]") :] == [
        "s [NEW]", "a g", "u u1", "a a1", "a ASST", "s PMSYS\nDP\nWID", "u u2", "u USR0", "s PHI", "u REL",
    ]  # fmt: skip


def test_a_note_has_the_role_that_it_was_given() -> None:
    note = AuthorsNote(text="AN", position=InjectionPosition.AFTER_SCENARIO, role=InjectionRole.USER)
    assert sent(story(CHAT, note=note))[:2] == ["s MAIN", "u AN"]


def test_empty_prompts_are_no_messages() -> None:
    assert bare() == ["s MAIN", "s AUX", *SHORT, "s PHI"]


def test_an_order_of_ones_own_is_kept() -> None:
    order = (Marker.POST_HISTORY, Marker.HISTORY, Marker.MAIN, Marker.PERSONA, *list(Marker)[4:-1])
    assert bare(order=order)[:6] == ["s PHI", *SHORT]


def test_a_prompt_that_is_switched_off_is_not_sent_and_told() -> None:
    form = preset(order=[Marker.MAIN, OrderEntry(Marker.AUXILIARY, enabled=False), Marker.HISTORY])
    assert "s AUX" not in sent(story(CHAT), form)
    assert left_out(form)["the preset's prompt nsfw"].reason == "switched off in the preset"
    assert left_out(form)["the preset's prompt nsfw"].body == "AUX"


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        (Marker.PERSONA, "s PERSONA"),
        (Marker.DESCRIPTION, "s DESC"),
        (Marker.EXAMPLES, "s [EX]"),
        (Marker.HISTORY, "a g"),
    ],
)
def test_a_marker_that_is_switched_off_is_not_filled(marker: Marker, text: str) -> None:
    order = [OrderEntry(one, enabled=one is not marker) for one in Marker]
    assert text in sent(story(CHAT), preset(order=list(Marker)))
    assert text not in sent(story(CHAT), preset(order=order))


def test_a_prompt_of_the_preset_that_its_order_does_not_name_is_not_sent() -> None:
    form = replace(preset(), prompts=(*PRESET.prompts, PromptEntry("x", "mine", "MINE")))
    assert all("MINE" not in text for text in sent(story(CHAT), form))


@pytest.mark.parametrize("classic", [True, False])
def test_a_marker_that_an_old_order_does_not_know_is_filled_all_the_same(classic: bool) -> None:
    order = [one for one in Marker if one is not Marker.PERSONA]
    made = sent(story(CHAT, classic=classic), preset(order=order))
    assert made.count("s PERSONA") == 1
    assert (made.index("s PERSONA") > made.index("a g")) is classic


def test_the_role_of_a_marker_is_the_presets() -> None:
    own = PromptEntry(Marker.DESCRIPTION, role=Role.USER, system_prompt=True, marker=True)
    form = replace(preset(), prompts=(*PRESET.prompts, own))
    assert "u DESC" in sent(story(CHAT), form)


def test_a_marker_may_stand_in_the_chat() -> None:
    own = PromptEntry(
        Marker.SCENARIO, system_prompt=True, marker=True, injection_position=Placement.IN_CHAT, injection_depth=1
    )
    made = sent(story(CHAT), replace(preset(), prompts=(*PRESET.prompts, own)))
    assert made[made.index("a a1") :][:3] == ["a a1", "s SCEN", "u u2"]


def test_lore_stands_in_its_format() -> None:
    made = sent(story(CHAT, lore_before="WIB"), preset(wi_format="<{0} for {{char}}>"))
    assert "s <WIB for Sera>" in made


@pytest.mark.parametrize(
    ("form", "text"), [("", "s WIB"), ("  ", "s WIB"), ("{0}{0}", "s WIBWIB"), ("no place", "s no place")]
)
def test_odd_formats_of_lore_are_taken_as_they_are(form: str, text: str) -> None:
    assert text in sent(story(CHAT, lore_before="WIB"), preset(wi_format=form))


def test_no_lore_has_no_format() -> None:
    assert all("FORM" not in text for text in sent(story(CHAT), preset(wi_format="FORM {0}")))


def test_personality_and_scenario_stand_in_their_formats_where_the_card_has_them() -> None:
    form = preset(personality_format="[is {{personality}}]", scenario_format="[at {{scenario}}]")
    made = sent(story(CHAT), form)
    assert "s [is PERS]" in made
    assert "s [at SCEN]" in made
    assert all("[is" not in text for text in sent(story(CHAT, character=BARE), form))


def test_an_empty_format_leaves_the_field_out_and_is_no_format_under_economy() -> None:
    form = preset(personality_format="")
    assert "s PERS" not in sent(story(CHAT), form)
    assert "s PERS" in sent(story(CHAT, classic=False), form)


def test_a_persona_that_has_its_place_elsewhere_is_not_in_the_slot() -> None:
    one = story(CHAT, persona_position=PersonaPosition.AT_DEPTH, persona_depth=1)
    made = sent(one)
    assert made.count("s PERSONA") == 1
    assert made.index("s PERSONA") == made.index("u u2") - 1
    assert all("PERSONA" not in text for text in sent(story(CHAT, persona_position=PersonaPosition.NONE)))


def test_the_macros_of_a_note_take_effect_once() -> None:
    for position in (InjectionPosition.BEFORE_SCENARIO, InjectionPosition.IN_CHAT):
        note = AuthorsNote(text="Note {{incvar::told}}.", position=position)
        plan = chat_plan(story(CHAT, note=note))
        assert "Note 1." in [message.content for message in plan.messages()]
        assert plan.variables == {"told": "1"}


class TestCardTexts:
    """A card's system prompt and post-history instructions in place of the preset's."""

    CARD = replace(
        SERA, system_prompt="SYS [{{original}}] [{{original}}]", post_history_instructions="CARD PHI [{{original}}]"
    )

    def made(self, form: ChatCompletionPreset = PRESET, **changes: Any) -> list[str]:
        return sent(story(CHAT, character=self.CARD, **changes), form)

    def test_they_take_the_place_with_the_presets_text_where_they_say_original(self) -> None:
        assert self.made()[0] == "s SYS [MAIN] []"
        assert self.made()[-1] == "s CARD PHI [PHI]"

    def test_they_do_not_where_the_prompt_forbids_it(self) -> None:
        prompts = tuple(replace(one, forbid_overrides=True) for one in PRESET.prompts)
        made = self.made(replace(PRESET, prompts=prompts))
        assert (made[0], made[-1]) == ("s MAIN", "s PHI")

    def test_they_do_not_where_they_are_not_wanted(self) -> None:
        assert self.made(prefer_card_prompts=False)[0] == "s MAIN"
        assert self.made(prefer_card_post_history=False)[-1] == "s PHI"

    def test_the_main_prompts_place_is_there_even_where_it_is_switched_off(self) -> None:
        order = [OrderEntry(one, enabled=one not in (Marker.MAIN, Marker.POST_HISTORY)) for one in Marker]
        made = self.made(preset(order=order))
        assert "s SYS [] []" in made
        assert all("CARD PHI" not in text for text in made)


class TestTheEnd:
    """What is asked for after everything else."""

    def test_an_impersonation_ends_with_its_prompt(self) -> None:
        assert sent(story(CHAT, kind=GenerationKind.IMPERSONATE))[-2:] == ["s PHI", "s [AS User]"]

    def test_a_quiet_question_is_last_of_all(self) -> None:
        one = story(CHAT, kind=GenerationKind.QUIET, quiet=Quiet(text="Q of {{char}}"), prefill="BIAS")
        assert sent(one)[-3:] == ["s PHI", "s BIAS", "s Q of Sera"]

    def test_the_replys_given_beginning_is_a_message_under_classic(self) -> None:
        plan = chat_plan(story(CHAT, prefill="Slowly,"))
        assert plan.messages()[-1].content == "Slowly,"
        assert plan.prefill == "Slowly,"
        assert plan.chat is not None
        assert plan.chat.prefill == ""

    def test_it_is_told_to_the_engine_beside_the_messages_under_economy(self) -> None:
        plan = chat_plan(story(CHAT, classic=False, prefill="Slowly,"))
        assert plan.messages()[-1].content == "PHI"
        assert plan.chat is not None
        assert plan.chat.prefill == plan.prefill == "Slowly,"

    @pytest.mark.parametrize("kind", [GenerationKind.IMPERSONATE, GenerationKind.CONTINUE])
    def test_neither_an_impersonation_nor_a_continuation_has_one(self, kind: GenerationKind) -> None:
        assert all("Slowly," not in text for text in sent(story(CHAT, kind=kind, prefill="Slowly,")))

    @pytest.mark.parametrize(
        ("kind", "text"), [(GenerationKind.NORMAL, "Dear User"), (GenerationKind.IMPERSONATE, "Dear Sera")]
    )
    def test_a_presets_own_prefill_goes_beside_the_messages_without_blanks_at_its_end(
        self, kind: GenerationKind, text: str
    ) -> None:
        form = preset(assistant_prefill="Dear {{user}}  ", assistant_impersonation="Dear {{char}}\n")
        plan = chat_plan(story(CHAT, kind=kind), form)
        assert plan.chat is not None
        assert plan.chat.prefill == text
        assert all(text not in message.content for message in plan.messages())


class TestBadPresets:
    """Presets that do not hold together."""

    def test_an_order_that_names_what_there_is_not_leaves_it_out_and_says_so(self) -> None:
        form = preset(order=["gone", *list(Marker)])
        assert sent(story(CHAT), form) == sent(story(CHAT), preset(order=list(Marker)))
        assert left_out(form)["the preset's prompt gone"].reason == "the preset has no prompt of that name"

    def test_a_prompt_that_is_named_twice_is_sent_once(self) -> None:
        form = preset(order=[*list(Marker), Marker.MAIN])
        assert sent(story(CHAT), form).count("s MAIN") == 1
        assert left_out(form)["the preset's prompt main"].reason == "the preset's order names it twice"

    def test_of_two_prompts_of_one_name_the_first_counts(self) -> None:
        form = replace(preset(), prompts=(PromptEntry(Marker.MAIN, content="FIRST"), *PRESET.prompts))
        assert sent(story(CHAT), form)[0] == "s FIRST"

    def test_an_empty_order_is_the_usual_one(self) -> None:
        assert sent(story(CHAT), preset(order=[])) == sent(story(CHAT), PRESET)

    def test_a_preset_of_nothing_still_sends_the_card_and_the_chat(self) -> None:
        made = sent(story(CHAT), ChatCompletionPreset(name="nothing"))
        assert made == ["s PERSONA", "s DESC", "s PERS", "s SCEN", "s(example_user) q", "s(example_assistant) r",
                        "a g", "u u1", "a a1", "u u2"]  # fmt: skip

    def test_a_prompt_longer_than_any_prompt_is_left_out_uncounted(self) -> None:
        form = preset(PromptEntry("x", "mine", "long " * 2_000_000))
        assert sent(story(CHAT), form) == sent(story(CHAT))
        part = left_out(form)["the preset's prompt x"]
        assert (part.state, part.reason, part.body) == (PartState.CUT, "longer than the whole prompt may be", "")

    def test_a_main_prompt_longer_than_any_prompt_leaves_its_place_to_the_card(self) -> None:
        main = PromptEntry(Marker.MAIN, "Main", "long " * 2_000_000, system_prompt=True)
        form = replace(PRESET, prompts=(main, *PRESET.prompts[1:]))
        assert sent(story(CHAT, character=replace(SERA, system_prompt="SYS")), form)[0] == "s SYS"

    def test_prompts_that_do_not_fit_together_are_refused_with_the_longest_named(self) -> None:
        form = preset(PromptEntry("x", "mine", "long " * 5_000))
        with pytest.raises(PromptError) as refused:
            chat_plan(story(CHAT), form)
        assert "mine" in str(refused.value)

    def test_a_system_prompt_of_an_unknown_name_is_left_out_as_in_sillytavern(self) -> None:
        own = PromptEntry("extension", "theirs", "THEIRS", system_prompt=True)
        assert "s THEIRS" not in sent(story(CHAT), preset(own))
        assert "s THEIRS" in sent(story(CHAT, classic=False), preset(own))
        in_chat = replace(own, injection_position=Placement.IN_CHAT, injection_depth=1)
        assert "s THEIRS" in sent(story(CHAT), preset(in_chat))


def test_a_prompt_for_other_kinds_of_reply_is_left_out_under_economy() -> None:
    own = PromptEntry("x", "mine", "MINE", injection_trigger=("continue",))
    assert "s MINE" in sent(story(CHAT), preset(own))
    assert "s MINE" not in sent(story(CHAT, classic=False), preset(own))
    assert "s MINE" in sent(story(CHAT, classic=False, kind=GenerationKind.CONTINUE), preset(own))


def test_a_plan_says_of_every_part_what_it_is_and_where_it_comes_from() -> None:
    parts = {part.body: part for part in chat_plan(story(CHAT, character=replace(SERA, system_prompt="SYS"))).included}
    assert (parts["SYS"].kind, parts["SYS"].source) == (PartKind.SYSTEM_PROMPT, "the card's system prompt")
    assert (parts["DESC"].kind, parts["DESC"].source) == (PartKind.DESCRIPTION, "the card's description")
    assert (parts["AUX"].kind, parts["AUX"].source) == (PartKind.INSTRUCTION, "the preset's prompt Auxiliary")
    assert (parts["a1"].kind, parts["a1"].turn_id, parts["a1"].role) == (PartKind.TURN, "t2", Role.ASSISTANT)


def test_the_json_of_a_plan_has_the_messages_that_are_sent() -> None:
    plan = chat_plan(story(CHAT))
    found = plan.as_dict()
    assert found["template"] == "chat completion"
    assert found["context_template"] == PRESET.name
    assert found["messages"][0] == {"role": "system", "content": "MAIN"}
    assert {"role": "system", "name": "example_user", "content": "q"} in found["messages"]
    assert len(found["messages"]) == len(plan.messages())
