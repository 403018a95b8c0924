"""Stop strings: what ends a reply before its length does.

Source: SillyTavern 1.12.6, ``public/script.js`` (``getStoppingStrings``), ``public/scripts/instruct-mode.js``
(``getInstructStoppingSequences``).
"""

from __future__ import annotations

from collections.abc import Iterator

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt import group
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput
from tavern_tui.prompt.instruct import with_name
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.story import Story, named


def stop_strings(given: PromptInput, story: Story, continued: Item | None) -> tuple[str, ...]:
    """The stop strings in SillyTavern's order, each once: names, the template's sequences, separators, own ones."""
    return tuple(dict.fromkeys(text for text in _all(given, story, continued) if text))


def users_turn_goes_on(given: PromptInput, speaker: Speaker) -> bool:
    """Whether a continuation of ``speaker``'s turn is one of the user's; SillyTavern asks the newest, hidden or not."""
    if given.policy is Policy.ECONOMY:
        return speaker is Speaker.USER
    newest = next(iter(given.turns), None)
    return newest is not None and newest.speaker is Speaker.USER


def _all(given: PromptInput, story: Story, continued: Item | None) -> Iterator[str]:
    impersonate = given.kind is GenerationKind.IMPERSONATE
    if given.single_line:
        yield "\n"
    if given.context.names_as_stop_strings and given.prose is None:
        yield f"\n{story.char}:" if impersonate else f"\n{story.user}:"
        yield f"\n{story.user}:"
        if continued is not None and users_turn_goes_on(given, continued.speaker):
            yield f"\n{story.char}:"
        for name in group.other_names(given):
            yield f"\n{named(name, given)}:"
    if given.instruct is not None:
        yield from _sequences(given.instruct, story)
        yield from given.instruct.stop_strings
    if given.context.use_stop_strings and given.prose is None:
        for separator in (given.context.chat_start, given.context.example_separator):
            if separator:
                yield "\n" + story.expand(separator)
    yield from (story.expand(text) if given.stop_strings_macro else text for text in given.stop_strings)


def _sequences(template: InstructTemplate, story: Story) -> Iterator[str]:
    """The template's sequences line by line; a line of blanks alone stops nothing."""
    speakers: tuple[tuple[str, str | None], ...] = (
        (template.stop_sequence, None),
        (template.input_sequence, story.user),
        (template.output_sequence, story.char),
        (template.first_output_sequence, story.char),
        (template.last_output_sequence, story.char),
        (template.system_sequence, "System"),
        (template.last_system_sequence, "System"),
    )
    for sequence, name in speakers if template.sequences_as_stop_strings else speakers[:1]:
        for line in (sequence if name is None else with_name(sequence, name)).split("\n"):
            if line.strip():
                yield ("\n" if template.wrap else "") + (story.expand(line) if template.macro else line)
