"""Which of the two pipelines makes a reply's prompt: text with a template, or the messages of a chat completion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.session.options import ReplyOptions

if TYPE_CHECKING:
    from tavern_tui.domain.chat_completion import ChatCompletionPreset
    from tavern_tui.engines.base import EngineInfo
    from tavern_tui.prompt.counting import Counting
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.prompt.plan import PromptPlan


def sends_messages(info: EngineInfo, options: ReplyOptions) -> bool:
    """Whether replies are asked for with messages: where that is wanted and possible, or where nothing else is."""
    can = info.capabilities
    return can.chat_completion and (options.chat_completion or not can.text_completion)


def assembly(
    given: PromptInput, info: EngineInfo, options: ReplyOptions, *, as_messages: bool = False
) -> Counting[PromptPlan]:
    """The planning of a prompt for an engine; to be driven with its counts. Raises ``PromptError``.

    ``as_messages``: as messages whatever the engine takes, because they will be rendered.
    """
    if given.prose is not None and given.prose.fill_in is not None:
        from tavern_tui.prompt.fill_in import assemble_round

        return assemble_round(given, given.prose.fill_in, given.prose.after)
    if not (as_messages or sends_messages(info, options)):
        from tavern_tui.prompt.assemble import assemble

        return assemble(given)
    from tavern_tui.prompt.chat_completion.assembly import assemble_chat

    return assemble_chat(given, _for_engine(options.chat_preset, given, info) or preset_for(given, info))


def preset_for(given: PromptInput, info: EngineInfo) -> ChatCompletionPreset:
    """Our preset, made for an engine: one that cannot be given a reply's beginning is asked to go on with a turn.

    Families whose templates insist on user and assistant taking turns get their messages that way.
    """
    from tavern_tui.domain.chat_completion import PostProcessing
    from tavern_tui.prompt.chat_completion.default_preset import default_preset

    family = given.instruct
    insists = family is not None and (family.alternates or family.system_in_user)
    return default_preset(
        given.system_text,
        given.post_history_text,
        continue_prefill=info.capabilities.prefill,
        post_processing=PostProcessing.STRICT if insists else PostProcessing.MERGE,
    )


def _for_engine(
    preset: ChatCompletionPreset | None, given: PromptInput, info: EngineInfo
) -> ChatCompletionPreset | None:
    """A person's preset as an engine can follow it: what it cannot is done as ours does it."""
    if preset is None:
        return None
    from tavern_tui.domain.chat_completion import PostProcessing

    ours = preset_for(given, info)
    chosen = preset.custom_prompt_post_processing
    strict = ours.custom_prompt_post_processing is PostProcessing.STRICT
    return replace(
        preset,
        continue_prefill=preset.continue_prefill and ours.continue_prefill,
        custom_prompt_post_processing=PostProcessing.STRICT if strict and chosen is PostProcessing.NONE else chosen,
    )
