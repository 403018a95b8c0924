"""The author's note of a chat: kept with it, read by its prompts, taken back by undo."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.beside_card import BesideCard, NoteUse
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.note import MOST_DEPTH, NO_NOTE, ChatNote, NotePlace, NoteRole, read_note
from tavern_tui.prompt.plan import PartKind, PartState
from tavern_tui.session.author_note import NOTE, note_of, told, write_note
from tests.session.conftest import Opener, collect

RAIN = ChatNote("It rains.")


@given(
    st.builds(
        ChatNote,
        text=st.text(),
        place=st.sampled_from(NotePlace),
        depth=st.integers(0, MOST_DEPTH),
        role=st.sampled_from(NoteRole),
        interval=st.integers(0, 100),
        scan=st.booleans(),
    )
)
def test_a_note_reads_back_as_it_was_kept(note: ChatNote) -> None:
    assert read_note(note.as_dict()) == note


@pytest.mark.parametrize(
    "values",
    [None, [], "It rains.", {"text": 4}, {"place": "under the rug"}, {"depth": True}, {"depth": "4"}, {"role": None}],
    ids=str,
)
def test_what_makes_no_sense_has_its_default(values: object) -> None:
    assert read_note(values) == NO_NOTE


def test_numbers_stay_within_their_bounds() -> None:
    note = read_note({"depth": 10**30, "interval": -5})
    assert (note.depth, note.interval) == (MOST_DEPTH, 0)


async def test_the_prompt_has_it_at_its_depth(begin: Opener) -> None:
    session = begin("One.", "Two.", "Three.")
    await session.open()
    for said in "abc":
        await collect(session.reply(said))
    await write_note(session, ChatNote("It rains on {{char}}.", depth=2))
    parts = (await session.plan()).included
    kinds = [part.kind for part in parts if part.kind in (PartKind.TURN, PartKind.NOTE)]
    assert kinds[-3:] == [PartKind.NOTE, PartKind.TURN, PartKind.TURN]
    (note,) = [part for part in parts if part.kind is PartKind.NOTE]
    assert note.body == "It rains on Mira."


@pytest.mark.parametrize(
    ("use", "text", "body"),
    [
        (NoteUse.REPLACE, "It rains.", "She is tired."),
        (NoteUse.BEFORE, "It rains.", "She is tired.\nIt rains."),
        (NoteUse.AFTER, "It rains.", "It rains.\nShe is tired."),
        (NoteUse.REPLACE, "", "She is tired."),
    ],
)
async def test_the_character_s_own_note_stands_with_the_chat_s(
    begin: Opener, use: NoteUse, text: str, body: str
) -> None:
    session = begin()
    await session.open()
    session.options = replace(
        session.options,
        beside_cards={"Mira": BesideCard("She is tired.", use), "Wren": BesideCard("No.")},
        stop_strings=("\n{{char}} sighs",),
    )
    await write_note(session, ChatNote(text))
    plan = await session.plan()
    assert [part.body for part in plan.included if part.kind is PartKind.NOTE] == [body]
    assert "\nMira sighs" in plan.stop


async def test_it_is_due_once_in_so_many_turns_of_the_user(begin: Opener) -> None:
    session = begin("One.", "Two.")
    await session.open()
    await write_note(session, ChatNote("It rains.", interval=2))
    read = []
    for said in "ab":
        await collect(session.reply(said))
        (note,) = [part for part in (await session.plan()).parts if part.kind is PartKind.NOTE]
        read.append((note.state, note.reason))
    assert read == [(PartState.OUT, "due once in 2 of your turns: in 1"), (PartState.IN, "")]


async def test_undo_takes_it_back_and_says_what_it_was(begin: Opener) -> None:
    session = begin()
    await session.open()
    assert "{undo} takes it back" in await write_note(session, RAIN)
    assert note_of(session.tree) == RAIN
    assert await session.changes.undo() == "the author's note"
    assert note_of(session.tree) == NO_NOTE


async def test_without_text_it_is_gone_and_writing_the_same_writes_nothing(begin: Opener) -> None:
    session = begin()
    await session.open()
    await write_note(session, RAIN)
    assert await write_note(session, ChatNote("  It rains.\n")) == ""
    await write_note(session, ChatNote(" "))
    assert NOTE not in session.tree.properties
    assert await write_note(session, NO_NOTE) == ""


async def test_fields_of_another_version_stay(begin: Opener) -> None:
    session = begin()
    await session.open()
    await session.changes.write(PropertySet(NOTE, {"text": "Old.", "drift": 3}))
    await write_note(session, RAIN)
    assert session.tree.properties[NOTE]["drift"] == 3


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (NO_NOTE, "none"),
        (RAIN, "with 4 turns below it, as system · always read"),
        (ChatNote("x", NotePlace.BEFORE, interval=0), "before the scenario · never read"),
        (ChatNote("x", depth=0, role=NoteRole.USER, interval=3), "below the newest turn, as user · read with every 3"),
    ],
    ids=["none", "usual", "before", "third"],
)
def test_it_is_told_in_a_line(note: ChatNote, words: str) -> None:
    assert told(note).startswith(words)
