"""Example dialogue: from a card's ``mes_example`` to blocks, from blocks to turns, from turns to items.

Source: SillyTavern 1.12.6, ``public/script.js`` (``parseMesExamples``), ``public/scripts/openai.js``
(``parseExampleIntoIndividual``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tavern_tui.domain.events import Speaker
from tavern_tui.prompt import group
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.instruct import TurnFormat, write_all
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.story import Story, named

_SOURCE = "the card's example dialogue"
_START = re.compile(r"<START>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ExampleTurn:
    """One turn of an example: who speaks, the text without the name, and the name."""

    speaker: Speaker
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A card's example dialogue. An element is what goes in or stays out as a whole.

    ``text`` is the dialogue as a template writes it, ``raw`` as the card has it: both for the story string.
    """

    elements: tuple[tuple[Item, ...], ...] = ()
    text: str = ""
    raw: str = ""


def example_dialogue(given: PromptInput, story: Story, form: TurnFormat) -> Dialogue:
    """The dialogue of a prompt.

    ``economy`` takes whole blocks, and puts the separator between them into a turn of its own where there is a
    template. ``classic`` takes single turns where there is a template, with the separator between their markup.
    """
    texts = (*story.examples_above, story.macros.mes_examples or "", *story.examples_below)
    blocks = [block for text in texts for block in parse_blocks(text)]
    separator = story.expand(given.context.example_separator)
    heading = f"{separator}\n" if separator else ""
    exact = given.policy is Policy.CLASSIC
    template = given.instruct
    raw_heading = heading or ("<START>\n" if exact and template is not None else "")
    raw = "".join(f"{raw_heading}{block}\n" for block in blocks)
    elements: tuple[tuple[Item, ...], ...] = ()
    if template is not None and not (template.skip_examples and exact):
        elements = _elements(blocks, separator, story, given)
    if not elements:
        elements = tuple((_bare(f"{heading}{block}"),) for block in blocks)
    items = [item for element in elements for item in element]
    text = "".join(written.text for written in write_all(items, form, None, None, opens=False))
    return Dialogue(elements, text, raw)


def _elements(blocks: Sequence[str], separator: str, story: Story, given: PromptInput) -> tuple[tuple[Item, ...], ...]:
    """The blocks in which somebody speaks, under ``economy`` those of lore, too; none where nobody speaks in any."""
    exact = given.policy is Policy.CLASSIC
    narrated = set() if exact else _of_lore(story)
    others = () if exact else tuple(named(name, given) for name in group.other_names(given))
    elements: list[tuple[Item, ...]] = []
    spoken = False
    for block in blocks:
        # SillyTavern drops one line for the separator, however many it has.
        lines = "\n".join((*separator.split("\n")[1:], block)) if exact else block
        found = parse_turns(lines, story.user, story.char, others, exact=exact)
        turns = [_spoken(turn, given) for turn in found]
        spoken = spoken or bool(turns)
        if not turns and block in narrated:
            turns = [replace(separator_item(block, PartKind.EXAMPLE, bare=False), source="lore")]
        if not turns:
            continue
        heading = [separator_item(separator, PartKind.EXAMPLE, bare=exact)] if separator else []
        elements += [(item,) for item in (*heading, *turns)] if exact else [(*heading, *turns)]
    return tuple(elements) if spoken else ()


def _spoken(turn: ExampleTurn, given: PromptInput) -> Item:
    """A turn as an item. In a group SillyTavern's text says the name itself, whatever the template does with names."""
    in_text = given.policy is Policy.CLASSIC and bool(group.all_names(given))
    text = f"{turn.name}: {turn.text}" if in_text else turn.text
    return Item(turn.speaker, turn.name, text, PartKind.EXAMPLE, _SOURCE, example=True)


def _of_lore(story: Story) -> set[str]:
    return {block for text in (*story.examples_above, *story.examples_below) for block in parse_blocks(text)}


def separator_item(text: str, kind: PartKind, *, bare: bool) -> Item:
    """A line between sections: ``bare``, or as narration inside the template's markup."""
    return Item(Speaker.NARRATOR, "", text, kind, "the context template", bare=bare, example=True)


def _bare(text: str) -> Item:
    return Item(Speaker.NARRATOR, "", text, PartKind.EXAMPLE, _SOURCE, bare=True, example=True)


def parse_blocks(text: str) -> tuple[str, ...]:
    """The example's blocks, trimmed, without their ``<START>`` lines; none for an empty text or a bare ``<START>``."""
    if text in ("", "<START>"):
        return ()
    if not text.startswith("<START>"):
        text = f"<START>{text}"
    return tuple(block.strip() for block in _START.split(text)[1:])


def parse_turns(
    block: str, user: str, char: str, others: Sequence[str] = (), *, exact: bool = False
) -> tuple[ExampleTurn, ...]:
    """The turns of a block, cut at lines that begin with ``user:``, ``char:`` or the name of one of ``others``.

    Other lines go on the turn before; those before the first speaker belong to the first turn. None without a speaker.
    ``exact``: a further line of the same speaker goes on that speaker's turn, its name in the text, as in SillyTavern.
    """
    speakers = {name: Speaker.CHARACTER for name in (*others, char) if name} | {user: Speaker.USER}
    turns: list[tuple[str, list[str]]] = []
    before: list[str] = []
    for line in block.split("\n"):
        name = next((name for name in speakers if line.startswith(f"{name}:")), None)
        goes_on = exact and name is not None and bool(turns) and turns[-1][0] == name
        if name is not None and not goes_on:
            turns.append((name, [*before, line]))
            before = []
        else:
            (turns[-1][1] if turns else before).append(line)
    return tuple(ExampleTurn(speakers[name], _without(f"{name}:", lines), name) for name, lines in turns)


def _without(prefix: str, lines: Sequence[str]) -> str:
    return "\n".join(lines).replace(prefix, "", 1).strip()
