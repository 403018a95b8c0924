"""A recorded case being run: the chat as it stands, who speaks next, and what each prompt is made of.

What a user's program does between two prompts is done here: the user's turn is stored, the reply is cleaned and stored,
swipes are kept, and what a plan leaves behind (variables, lore that lasts) goes into the next prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.prompt.bias import without_bias
from tavern_tui.prompt.cleanup import clean_reply, reply_rules
from tavern_tui.prompt.group import SpeakingOrder, any_member, last_speaker, next_speakers
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput, Quiet
from tavern_tui.prompt.macros import expand
from tavern_tui.prompt.plan import NO_LORE_STATE, PromptPlan
from tavern_tui.prompt.story import tell
from tavern_tui.prompt.variables import Scope, Variables
from tests.conformance import recorded as reading
from tests.conformance.recorded import Message

_KINDS = {
    "normal": GenerationKind.NORMAL,
    "regenerate": GenerationKind.SWIPE,
    "swipe": GenerationKind.SWIPE,
    "continue": GenerationKind.CONTINUE,
    "impersonate": GenerationKind.IMPERSONATE,
    "quiet": GenerationKind.QUIET,
}


class Played:
    """One case. For each step ``prompts`` gives the inputs, each plan goes into ``answer``, then ``after`` tells."""

    def __init__(self, case: Mapping[str, Any], start: Sequence[Mapping[str, Any]] = ()) -> None:
        """``start`` is the recorded beginning of a new chat, where it was recorded: who greets may be chance."""
        self.case = case
        self.characters = [reading.character(one) for one in case["characters"]]
        wrap = bool(case["instruct"].get("wrap", True))
        self.group = reading.group(case["group"], self.characters, wrap=wrap)
        self.messages = [reading.message(one) for one in case["chat"]]
        self.textarea = ""
        self._lore_state = NO_LORE_STATE
        self._variables: Mapping[str, str] = dict(case["chat_metadata"].get("variables") or {})
        self._global_variables: Mapping[str, str] = {}
        self._swiped: Message | None = None
        self._step: Mapping[str, Any] = {}
        self._given: PromptInput | None = None
        if case["new_chat"] and start:
            self.messages = [reading.message(one) for one in start]
        elif case["new_chat"]:
            told = self.characters if self.group is not None else self.characters[:1]
            self.messages = [Message(one.name, False, one.greeting) for one in told if one.greeting]

    def prompts(self, step: Mapping[str, Any]) -> Iterator[PromptInput]:
        """The inputs of a step's prompts, one for each speaker; each must be answered before the next is asked for."""
        self._step, self._swiped = step, None
        kind = step["type"]
        if kind in ("swipe", "regenerate"):
            self._take_back(kind)
        speakers = self._speakers()
        if kind == "normal" and step["message"]:
            self._say(step["message"], speakers[0])
        for speaker in speakers:
            self._given = self.given(speaker)
            yield self._given

    def answer(self, plan: PromptPlan) -> str:
        """Store what the recorded server answered, cleaned; the cleaned text."""
        given = self._given
        assert given is not None
        self._variables, self._global_variables = plan.variables, plan.global_variables
        self._lore_state = plan.lore_state
        self._expand_the_first(given)
        continues = given.kind is GenerationKind.CONTINUE
        shown = (one.text for one in reversed(self.messages) if not one.hidden)
        begun = next(shown, "") if continues else plan.prefill
        reply = self._step["reply"]
        text = clean_reply(begun + reply, reply_rules(given, plan)) if reply else ""
        if given.kind is GenerationKind.IMPERSONATE:
            self.textarea = text
        elif continues:
            self.messages[-1] = self.messages[-1].saying(text)
        elif given.kind is not GenerationKind.QUIET:
            before = self._swiped
            swipes = (*((before.swipes or (before.text,)) if before else ()), text)
            name = before.name if before else given.character.name
            self.messages.append(Message(name, False, text, swipes=swipes, swipe=len(swipes) - 1))
        self._offer_swipes()
        return text

    def after(self) -> dict[str, Any]:
        """The chat as the recording tells it after a step."""
        last = self.messages[-1] if self.messages else None
        return {
            "chat_length": len(self.messages),
            "last_message": last and {"name": last.name, "is_user": last.is_user, "mes": without_bias(last.text)},
            "textarea": self.textarea,
            "swipes": list(last.swipes) if last else [],
            "swipe_id": last.swipe if last else 0,
        }

    def given(self, speaker: Character) -> PromptInput:
        """What the prompt of the step is made of."""
        case, step, settings = self.case, self._step, self.case["settings"]
        kind = _KINDS[step["type"]]
        rolled = step["math_random"]
        first = speaker is self.characters[0]
        note = reading.note(case["authors_note"])
        return PromptInput(
            character=speaker,
            turns=[one.turn(at) for at, one in enumerate(self.messages)][::-1],
            context=reading.context(case["context"]),
            instruct=reading.instruct(case["instruct"]),
            context_tokens=settings["max_context"],
            response_tokens=settings["response_length"],
            now=reading.MOMENT,
            random=lambda: 0.5 if rolled is None else rolled,
            kind=kind,
            policy=Policy.CLASSIC,
            system_text=case["sysprompt"]["content"],
            use_system_prompt=case["sysprompt"]["enabled"],
            prefill=settings["user_prompt_bias"],
            lore_state=self._lore_state,
            examples=reading.examples(settings),
            stop_strings=reading.custom_stop_strings(settings["custom_stopping_strings"]),
            stop_strings_macro=settings.get("custom_stopping_strings_macro", True),
            model=reading.MODEL,
            prefer_card_prompts=settings["prefer_character_prompt"],
            prefer_card_post_history=settings.get("prefer_character_jailbreak", True),
            use_post_history=case["context"]["allow_jailbreak"],
            always_add_name=settings["always_force_name2"],
            collapse_newlines=settings["collapse_newlines"],
            single_line=settings["single_line"],
            note=note if first else replace(note, of_character=""),
            user_turns=sum(one.is_user for one in self.messages),
            quiet=self._quiet() if kind is GenerationKind.QUIET else None,
            group=self.group,
            scenario=case["chat_metadata"].get("scenario") or "",
            cleaning=reading.cleaning(settings),
            token_padding=settings.get("token_padding", 64),
            variables=self._variables,
            global_variables=self._global_variables,
            swipes=self._swipes(),
            **reading.persona(case["persona"]),
            **reading.lorebooks(case["world_info"], case["characters"][self.characters.index(speaker)], first=first),
        )

    def _quiet(self) -> Quiet:
        step = self._step
        return Quiet(
            text=step["message"],
            loud=bool(step.get("quiet_to_loud")),
            name=step.get("quiet_name") or "",
            skip_lore_and_note=bool(step.get("skip_wian")),
        )

    def _swipes(self) -> tuple[int, int] | None:
        """How many swipes the newest message has, and which of them it is; one more while another is made."""
        if self._swiped is not None:
            swipes = self._swiped.swipes or (self._swiped.text,)
            return len(swipes), len(swipes) + 1
        last = self.messages[-1] if self.messages else None
        return (len(last.swipes), last.swipe + 1) if last is not None and last.swipes else None

    def _offer_swipes(self) -> None:
        """SillyTavern takes down the newest reply as the first of its versions when a generation has ended."""
        last = self.messages[-1] if len(self.messages) > 1 else None
        if last is not None and not (last.is_user or last.hidden or last.swipes):
            self.messages[-1] = replace(last, swipes=(last.text,))

    def _take_back(self, kind: str) -> None:
        """Take the newest reply off the chat: for a swipe it is kept; in a group all since the user are made anew."""
        if kind == "swipe" and self.messages:
            self._swiped = self.messages.pop()
            return
        while self.messages and not (self.messages[-1].is_user or (self.group and self.messages[-1].hidden)):
            self.messages.pop()
            if self.group is None:
                return

    def _speakers(self) -> tuple[Character, ...]:
        """Who answers the step."""
        group, step = self.group, self._step
        if group is None:
            return (self.characters[0],)
        rolled = step["math_random"]
        random = (lambda: 0.5) if rolled is None else (lambda: float(rolled))
        newest = self.messages[-1].turn(len(self.messages) - 1) if self.messages else None
        match step["type"]:
            case "impersonate":
                return (any_member(group, random),)
            case "swipe" | "continue" | "quiet":
                said = [*self.messages, *([self._swiped] if self._swiped else ())]
                of_members = [one for one in said if not (one.is_user or one.hidden or one.narrates)]
                last = of_members[-1].turn(1) if of_members else None
                return (last_speaker(group, last) or self.characters[0],)
            case _:
                strategy = self.case["group"].get("activation_strategy")
                order = SpeakingOrder.LIST if strategy is None else SpeakingOrder(strategy)
                return next_speakers(group, order, step["message"], newest, random)

    def _say(self, text: str, speaker: Character) -> None:
        """Store the user's turn, its macros expanded as they are when it is sent."""
        story = tell(self.given(speaker))
        variables = Variables(self._variables, self._global_variables)
        said = expand(text, replace(story.macros, variables=variables))
        self._variables, self._global_variables = variables.values(Scope.CHAT), variables.values(Scope.EVERYWHERE)
        self.messages.append(Message(self.case["persona"]["name"], True, said))

    def _expand_the_first(self, given: PromptInput) -> None:
        """SillyTavern stores the chat's first message as it stood in the newest prompt."""
        if self.messages and ("{{" in self.messages[0].text or "<" in self.messages[0].text):
            self.messages[0] = replace(self.messages[0], text=tell(given).expand(self.messages[0].text))
