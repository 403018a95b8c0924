"""Example dialogue as messages: a heading for each block, then what is said.

``classic`` makes a message of each turn, named ``example_user`` or ``example_assistant`` and the system's;
``economy`` makes one message of a block, with the names in its text, because most servers drop names.
Source: SillyTavern 1.12.6, ``public/scripts/openai.js`` (``parseExampleIntoIndividual``,
``populateDialogueExamples``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tavern_tui.domain.chat_completion import ChatCompletionPreset
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.chat_completion.entries import Entry, entry
from tavern_tui.prompt.chat_completion.post_process import EXAMPLE_ASSISTANT, EXAMPLE_USER
from tavern_tui.prompt.chat_completion.squash import NEW_EXAMPLE
from tavern_tui.prompt.examples import parse_blocks, parse_turns
from tavern_tui.prompt.group import all_names
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.story import Story, untrusted

_SOURCE = "the card's example dialogue"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its heading and its turns. The heading may be empty."""

    heading: Entry
    turns: tuple[Entry, ...]

    def entries(self) -> Iterator[Entry]:
        """Everything, the heading first."""
        yield self.heading
        yield from self.turns

    def cost(self, counts: Mapping[str, int]) -> int:
        """Tokens of the whole block."""
        return sum(one.cost(counts) for one in self.entries())


def example_blocks(given: PromptInput, story: Story, preset: ChatCompletionPreset) -> list[Block]:
    """The blocks of a prompt's examples, those from lore among them."""
    exact = given.policy is Policy.CLASSIC
    own = "the preset's example heading"
    title = story.expand(preset.new_example_chat_prompt)
    heading = entry(NEW_EXAMPLE, title if exact else untrusted(title, given), PartKind.EXAMPLE, own)
    texts = (*story.examples_above, story.macros.mes_examples or "", *story.examples_below)
    blocks = [block for text in texts for block in parse_blocks(text)]
    if exact:
        grouped = bool(all_names(given))
        return [Block(heading, tuple(_turns(at, block, story, grouped=grouped))) for at, block in enumerate(blocks)]
    return [
        Block(heading, (entry(f"dialogueExamples {at}", block, PartKind.EXAMPLE, _SOURCE),))
        for at, block in enumerate(blocks)
        if block
    ]


def _turns(at: int, block: str, story: Story, *, grouped: bool) -> Iterator[Entry]:
    for number, turn in enumerate(parse_turns(block, story.user, story.char, exact=True)):
        users = turn.speaker is Speaker.USER
        text = f"{story.user if users else story.char}: {turn.text}" if grouped else turn.text
        name = EXAMPLE_USER if users else EXAMPLE_ASSISTANT
        yield entry(f"dialogueExamples {at}-{number}", text, PartKind.EXAMPLE, _SOURCE, name=name)


def that_fit(blocks: Sequence[Block], room: int, counts: Mapping[str, int]) -> tuple[list[Entry], int]:
    """The messages of examples for ``room`` tokens, as SillyTavern chooses them, and the room that is left.

    A block ends at the first turn that does not fit. Of a block of which no turn fits the heading is taken back;
    where that was not there, the message before it goes.
    """
    placed: list[Entry] = []
    for block in blocks:
        spoken = False
        for one in block.entries():
            cost = one.cost(counts)
            if cost > room and one is not block.heading:
                break
            spoken = spoken or one is not block.heading
            if one.content and cost <= room:
                placed.append(one)
                room -= cost
        if not spoken and placed:
            room += placed.pop().cost(counts)
    return placed, room
