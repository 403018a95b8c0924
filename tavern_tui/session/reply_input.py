"""``prompt_input``: what the prompt of a chat's next reply is made of, from the session, the engine and the options.

Clock, dice and what earlier prompts of the chat left behind come in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.summary import KEY as SUMMARY
from tavern_tui.domain.summary import NONE as NO_SUMMARIES
from tavern_tui.domain.summary import Summaries
from tavern_tui.prompt import defaults
from tavern_tui.prompt.inputs import STEP, GenerationKind, Policy, PromptInput
from tavern_tui.prompt.lore_index import LoreCache
from tavern_tui.prompt.reasoning import at_level
from tavern_tui.session.author_note import for_prompt, note_of
from tavern_tui.session.chat_variables import swipes_of
from tavern_tui.session.economy_choices import policy_of
from tavern_tui.session.kept_prompts import kept_prompts, notes_stay, step_for
from tavern_tui.session.lore import read_state
from tavern_tui.session.modes.choosing import mode_of
from tavern_tui.session.reply_text import ReplyText

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.session.connection import Ready
    from tavern_tui.session.options import ReplyOptions
    from tavern_tui.session.session import ChatSession


def prompt_input(
    session: ChatSession,
    ready: Ready,
    options: ReplyOptions,
    kind: GenerationKind,
    parent: str,
    *,
    thoughts: str,
    thinks: bool,
    now: datetime,
    random: Callable[[], float],
    first_turn: str,
    lore_cache: LoreCache,
) -> PromptInput:
    """The input for a reply under ``parent``. ``thinks``: the model thinks before it answers, ``thoughts`` so far."""
    template = ready.template.instruct
    given = PromptInput(
        character=session.character,
        persona=session.persona,
        turns=session.tree.walk_back(parent),
        context=ready.template.context,
        instruct=template and at_level(template, options.think),
        context_tokens=ready.context_tokens,
        response_tokens=ReplyText.room_for(options, thinks=thinks),
        now=now,
        random=random,
        kind=kind,
        policy=Policy(policy_of(session.tree, options)),
        system_text=defaults.CHAT if options.system_text is None else options.system_text,
        post_history_text=options.post_history_text,
        prefill=options.prefill if kind is not GenerationKind.CONTINUE and not thoughts else "",
        chat_id=session.log.key,
        model=ready.info.model,
        fingerprint=ready.info.fingerprint,
        lorebooks=session.lorebooks,
        lore_state=read_state(session.tree.properties),
        lore_cache=lore_cache,
        first_turn=first_turn,
        think=options.think.wanted,
        thoughts=thoughts,
        kept_thoughts=options.kept_thoughts,
        variables=session.variables.of_chat,
        global_variables=session.variables.everywhere,
        swipes=swipes_of(session.tree, parent, another=kind is GenerationKind.SWIPE),
        turn_number=session.turn_number,
        regex_scripts=session.scripts.scripts,
        **_of_persona(session),
        **_of_lore(options),
        note=for_prompt(note_of(session.tree), options.beside_cards.get(session.character.name)),
        stop_strings=options.stop_strings,
        stop_strings_macro=options.stop_strings_macro,
        user_turns=session.turn_number.users(parent),
        step=step_for(ready.info, STEP),
        **_of_chat(session.tree, parent),
    )
    return mode_of(session.tree.properties).shaped(given, session.tree)


def _of_chat(tree: ChatTree, parent: str) -> dict[str, Any]:
    """What earlier prompts left for this one, how long notes stay, and what is told of turns that have left."""
    kept = kept_prompts(tree)
    return {
        "cuts": kept.cuts,
        "heads": kept.heads,
        "placed": kept.placed,
        "notes": notes_stay(tree),
        "summaries": _summaries(tree, parent),
    }


def _of_persona(session: ChatSession) -> dict[str, Any]:
    """Where the persona stands, and its books."""
    persona = session.persona
    return {
        "persona_position": persona.position,
        "persona_depth": persona.depth,
        "persona_role": persona.role,
        "persona_lorebooks": persona.books,
    }


def _summaries(tree: ChatTree, parent: str) -> Summaries:
    """The chat's summaries; what keeps them is imported where there are some."""
    if not any(key.startswith(SUMMARY) for key in tree.properties):
        return NO_SUMMARIES
    from tavern_tui.session.summaries.versions import summaries_for

    return summaries_for(tree, parent)


def _of_lore(options: ReplyOptions) -> dict[str, Any]:
    """The lorebooks beside the character's, and how all of them are searched, where somebody chose that."""
    if options.lore is None:
        return {}
    chosen = options.lore
    return {"lore": chosen.settings, "global_lorebooks": chosen.everywhere, "chat_lorebooks": chosen.of_chat}
