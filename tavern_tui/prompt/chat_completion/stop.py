"""Stop strings of a chat completion: a person's own; under ``economy`` also the names of those who must not speak.

Source: SillyTavern 1.12.6, ``public/scripts/openai.js`` (``sendOpenAIRequest``), ``public/scripts/power-user.js``
(``getCustomStoppingStrings``).
"""

from __future__ import annotations

from tavern_tui.prompt.group import all_names
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput
from tavern_tui.prompt.story import Story, named

MOST = 4
"""Stop strings that OpenAI's API takes; SillyTavern sends no more."""


def chat_stop_strings(given: PromptInput, story: Story) -> tuple[str, ...]:
    """The stop strings of one request, each once."""
    own = [story.expand(text) if given.stop_strings_macro else text for text in given.stop_strings]
    if given.policy is Policy.CLASSIC:
        return tuple(own[:MOST])
    if given.prose is not None:
        return tuple(dict.fromkeys(text for text in own if text))
    impersonates = given.kind is GenerationKind.IMPERSONATE
    silent = [story.char if impersonates else story.user, *(named(name, given) for name in all_names(given))]
    speaker = story.user if impersonates else story.char
    lines = [f"\n{name}:" for name in silent if name and name != speaker]
    return tuple(dict.fromkeys(text for text in (*lines, *own) if text))
