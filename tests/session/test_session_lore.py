"""Lore in a chat: what fires is read by the model, stored with the reply, and lasts as long as it should."""

from __future__ import annotations

import pytest

from scripts.samples import sources
from tavern_tui.config.paths import Directories
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.events import PromptBuilt
from tavern_tui.session.lore import PROPERTY, books_of, read_state
from tavern_tui.storage.library import Library
from tests.session.conftest import Opener, collect

EELS = LoreEntry(uid=1, keys=("eels",), content="The eels eat lamp oil.", comment="The eels", sticky=3)


async def test_what_fires_is_in_the_prompt_and_stored_with_the_reply(begin: Opener) -> None:
    session = begin("Yes.", lorebooks=(Lorebook("River", (EELS,)),))
    await session.open()
    await collect(session.reply("What of the eels?"))
    reply = session.tree.turns[session.tree.tip]
    assert reply.lore == ("The eels",)
    part = next(part for part in (await session.plan()).included if part.kind is PartKind.LORE)
    assert part.body.startswith("The eels eat lamp oil.")


async def test_a_sticky_entry_stays_while_the_chat_grows_by_its_turns(begin: Opener) -> None:
    session = begin("Yes.", "No.", "Maybe.", "Well.", lorebooks=(Lorebook("River", (EELS,)),))
    session.lorebooks = (Lorebook("River", (EELS,), scan_depth=1),)
    await session.open()
    stored = []
    for text in ("What of the eels?", "And then?", "Who else?"):
        await collect(session.reply(text))
        stored.append(session.tree.turns[session.tree.tip].lore)
    assert stored == [("The eels",), ("The eels",), ()]
    assert PROPERTY not in session.tree.properties


@pytest.mark.parametrize("value", [None, "eels", [1], [{"book": "River"}], {"sticky": True}, [{"sticky": 1}]])
def test_what_lasts_and_was_written_in_another_way_is_nothing(value: object) -> None:
    assert read_state({PROPERTY: value}).effects == ()


@pytest.mark.parametrize("name", sources.CARDS)
async def test_natural_first_lines_to_a_sample_fire_its_lore(begin: Opener, name: str) -> None:
    card = sources.character(name)
    assert card.lorebook is not None
    contents = {entry.comment: entry.content for entry in card.lorebook.entries}
    stored: set[str] = set()
    for line in sources.first_lines(name):
        session = begin("Yes.", character=card, lorebooks=(card.lorebook,))
        await session.open()
        events = await collect(session.reply(line))
        (plan,) = [event.plan for event in events if isinstance(event, PromptBuilt)]
        titles = session.tree.turns[session.tree.tip].lore
        stored.update(titles)
        assert all(contents[title].split("{{")[0] in plan.text for title in titles)
    assert len(stored) >= 2


@pytest.mark.parametrize("name", ["Wren", "Bess", "Tern", "The Mapmaker"])
def test_a_sample_reads_its_own_book_and_its_linked_one(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("library")
    library = Library(Directories(folder, folder, folder, folder))
    character, _ = library.character(name)
    books = books_of(character, library)
    assert character.lorebook in books
    extensions = character.source["data"].get("extensions", {})
    assert len(books) == 2 if extensions.get("world") else len(books) == 1
