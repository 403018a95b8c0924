"""What the macros of a prompt begin with: ``macro_context`` of a ``PromptInput``, and a card's fields expanded in it.

The fields themselves are ``prompt.story``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.macros import MacroContext, NewestTurns, Variables


def macro_context(given: PromptInput, *, user: str, char: str, group: str = "") -> MacroContext:
    """What macros can say before a card's fields are known. ``group`` lists all members, empty for none.

    The turns of ``given`` must be such as can be walked several times.
    """
    card, economy = given.character, given.policy is Policy.ECONOMY
    members = given.group.members if given.group is not None else ()
    others = [member.character.name for member in members if member.character.name != card.name] or list(given.others)
    return MacroContext(
        user=user,
        char=char,
        now=given.now,
        random=given.random,
        group=group,
        model=given.model,
        max_prompt=given.context_tokens - given.response_tokens,
        response_tokens=given.response_tokens,
        chat_id=given.chat_id,
        frozen=economy,
        exact=not economy,
        variables=Variables(given.variables, given.global_variables),
        turns=NewestTurns(given.turns, number=given.turn_number, first_turn=given.first_turn, swipes=given.swipes),
        instruct=given.instruct,
        context=given.context,
        system_text=given.system_text,
        use_system_prompt=given.use_system_prompt,
        use_card_prompt=given.prefer_card_prompts,
        use_card_post_history=given.prefer_card_post_history,
        creator_notes=card.creator_notes,
        char_note=card.note.text,
        greetings=card.greetings,
        note=given.note.text if given.note is not None else "",
        note_of_character=given.note.of_character if given.note is not None else "",
        not_muted=", ".join(member.character.name for member in members if not member.muted),
        not_char=", ".join((*others, user)),
        kind=given.kind.value,
    )


def without_card(macros: MacroContext) -> MacroContext:
    """The same macros before a card's fields are known: those that tell of one stay in a text as they are."""
    return replace(
        macros,
        description=None,
        personality=None,
        scenario=None,
        persona=None,
        mes_examples=None,
        char_version=None,
        char_prompt=None,
        char_post_history=None,
    )


def as_sillytavern_reads(fields: Callable[[], MacroContext], names: MacroContext) -> MacroContext:
    """Card fields as they are shown; under ``economy`` simply ``fields``.

    SillyTavern expands all fields several times before it shows one, so that a variable is there above the place where
    it is set; and it knows nothing of a card's prompts that the user's own stand in for.
    """
    found, variables = fields(), names.variables
    if not names.exact:
        return found
    if variables is not None and variables.changes:
        variables.forget_texts()
        found = fields()
    return replace(
        found,
        char_prompt=found.char_prompt if names.use_card_prompt else "",
        char_post_history=found.char_post_history if names.use_card_post_history else "",
    )
