"""Texts injected into the history at a depth: author's note, character note, persona, lore.

At one depth, from top to bottom: the assistant's, the user's, the system's; one message per role, its texts in the
order of their keys. Depths count turns from the end and never injected texts; a negative depth is nowhere.
Source: SillyTavern 1.12.6, ``public/script.js`` (``doChatInject``, ``getExtensionPrompt``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.prompt.inputs import GenerationKind, Injection, InjectionPosition, Policy, PromptInput
from tavern_tui.prompt.items import SPEAKER_OF, Item
from tavern_tui.prompt.story import Story, untrusted

DEEPEST = 1_000
"""Under ``classic`` a text that would stand higher is nowhere, as in SillyTavern."""

_LOWEST_FIRST = (InjectionRole.SYSTEM, InjectionRole.USER, InjectionRole.ASSISTANT)


@dataclass(frozen=True, slots=True)
class Injected:
    """One message to be injected, ``depth`` turns above the end."""

    depth: int
    item: Item


def injected(given: PromptInput, story: Story) -> list[Injected]:
    """The messages to inject, the lowest first. On a continuation depth 0 is above the turn that is continued.

    ``given`` has its notes among its injections (``notes.with_notes``).
    """
    floor = 1 if given.kind is GenerationKind.CONTINUE else 0
    in_chat = [one for one in given.injections if one.position is InjectionPosition.IN_CHAT]
    deepest = DEEPEST if given.policy is Policy.CLASSIC else max((one.depth for one in in_chat), default=0)
    texts = [one for one in in_chat if one.text.strip() and one.depth <= deepest]
    found: list[Injected] = []
    for depth in sorted({one.depth for one in texts if one.depth >= 0}):
        for role in _LOWEST_FIRST:
            here = sorted((one for one in texts if one.depth == depth and one.role is role), key=lambda one: one.key)
            text = untrusted(story.expand("\n".join(one.text.strip() for one in here)), given).lstrip()
            if text:
                found.append(Injected(max(depth, floor), _item(here, text, story)))
    return found


def spliced(turns: Sequence[Item], texts: Sequence[Injected], below: int) -> list[Item]:
    """Newest-first ``turns`` with the injected texts in their places; ``below`` turns lie under the newest of them.

    A depth beyond the oldest turn is the top. Texts that stand among the turns for good do not count.
    """
    waiting = list(texts)
    result: list[Item] = []
    above = below
    for turn in turns:
        while waiting and waiting[0].depth <= above:
            result.append(waiting.pop(0).item)
        result.append(turn)
        above += 0 if turn.key else 1
    return [*result, *(one.item for one in waiting)]


def _item(texts: Sequence[Injection], text: str, story: Story) -> Item:
    speaker = SPEAKER_OF[texts[0].role]
    names = {Speaker.USER: story.user, Speaker.CHARACTER: story.char, Speaker.NARRATOR: ""}
    source = " and ".join(one.source for one in texts)
    reason = "; ".join(one.reason for one in texts if one.reason)
    return Item(speaker, names[speaker], text, texts[0].kind, source, reason=reason)
