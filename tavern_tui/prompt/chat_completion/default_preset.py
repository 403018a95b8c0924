"""Our own chat-completion preset: SillyTavern's order with our words, for servers that take messages."""

from __future__ import annotations

from tavern_tui.domain.chat_completion import (
    ChatCompletionPreset,
    Marker,
    PostProcessing,
    PromptEntry,
)

NAME = "Tavern"
"""The preset's name."""

IMPERSONATION = (
    "[Now write {{user}}'s next turn, as {{user}} has written so far, and nothing that {{char}} says or does.]"
)
CHAT_BEGINS = "[The chat begins.]"
GROUP_CHAT_BEGINS = "[The chat begins. In it beside {{user}}: {{group}}.]"
EXAMPLE = "[An example of how it is written:]"
GO_ON = "[Go on with the last turn directly where it ends. Repeat nothing of it, and do not comment.]"
WHOSE_TURN = "[The next turn is {{char}}'s alone.]"
PERSONALITY = "{{char}}'s personality: {{personality}}"
SCENARIO = "The scene: {{scenario}}"


def default_preset(
    system_text: str,
    post_history_text: str = "",
    *,
    continue_prefill: bool = False,
    post_processing: PostProcessing = PostProcessing.MERGE,
) -> ChatCompletionPreset:
    """The preset with a person's own texts, or ours, as its main prompt and its post-history instructions.

    ``continue_prefill`` suits engines that go on from a text which they are given.
    """
    return ChatCompletionPreset(
        name=NAME,
        prompts=(
            PromptEntry(Marker.MAIN, "Main prompt", system_text, system_prompt=True),
            PromptEntry(Marker.POST_HISTORY, "Post-history instructions", post_history_text, system_prompt=True),
        ),
        impersonation_prompt=IMPERSONATION,
        new_chat_prompt=CHAT_BEGINS,
        new_group_chat_prompt=GROUP_CHAT_BEGINS,
        new_example_chat_prompt=EXAMPLE,
        continue_nudge_prompt=GO_ON,
        group_nudge_prompt=WHOSE_TURN,
        scenario_format=SCENARIO,
        personality_format=PERSONALITY,
        continue_prefill=continue_prefill,
        squash_system_messages=True,
        custom_prompt_post_processing=post_processing,
    )
