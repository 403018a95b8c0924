"""Files of personas, and SillyTavern's backup of all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.persona import Persona, PersonaPosition
from tavern_tui.formats.personas import (
    PersonaBackup,
    changed_persona,
    is_persona,
    is_persona_backup,
    read_backup,
    read_persona,
    write_backup,
    write_persona,
)
from tests.fuzz import CORPUS

LINE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
PERSONAS = st.builds(
    Persona,
    name=LINE.map(lambda text: " ".join(text.split())).filter(bool),
    description=LINE,
    position=st.sampled_from(PersonaPosition),
    depth=st.integers(0, 99),
    role=st.sampled_from(InjectionRole),
    lorebook=LINE,
    title=LINE,
    avatar=LINE,
)


@settings(max_examples=25, deadline=None)
@given(PERSONAS)
def test_a_persona_reads_back_as_it_was_written(persona: Persona) -> None:
    assert read_persona(write_persona(persona)[0], "stem")[0] == persona


def test_a_change_keeps_comments_and_what_is_not_known() -> None:
    data = b"# me\nname: Ash\nmood: calm\ndepth: 1 # deep\n"
    changed = changed_persona(data, {"depth": 3, "position": "at_depth"})
    assert changed == b'# me\nname: Ash\nmood: calm\ndepth: 3\nposition: "at_depth"\n'
    persona, remarks = read_persona(changed, "stem")
    assert (persona.depth, persona.position) == (3, PersonaPosition.AT_DEPTH)
    assert [one.place for one in remarks] == ["mood"]


def test_text_generation_webui_s_user_is_read() -> None:
    data = b"name: Ash\nuser_bio: A courier.\n"
    assert read_persona(data, "stem")[0] == Persona("Ash", "A courier.")
    assert is_persona({"name": "Ash", "user_bio": "A courier."})


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ({"name": "Ash", "description": "x", "position": 4}, True),
        ({"name": "Mira", "description": "x", "first_mes": "Hi"}, False),
        ({"name": "Ash"}, False),
        ([], False),
    ],
    ids=["persona", "card", "name", "list"],
)
def test_a_persona_is_told_by_its_fields(value: Any, known: bool) -> None:
    assert is_persona(value) is known


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"- a\n", "no persona"),
        (b"colour: green\n", "no persona"),
        (b"name: Ash\nposition: above\n", "position should be one of in_prompt"),
        (b"name: Ash\nrole: 7\n", "role should be system, user or assistant"),
        (b"name: {a: 1}\n", "name should be text"),
    ],
    ids=["list", "other", "position", "role", "name"],
)
def test_what_is_wrong_with_a_persona_is_named(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_persona(data, "stem")


def test_sillytavern_s_backup_is_read_and_written_as_it_was() -> None:
    data = (CORPUS / "personas" / "backup.json").read_bytes()
    assert is_persona_backup(json.loads(data))
    backup, _ = read_backup(data, "stem")
    ash, rin = backup.personas
    assert (ash.name, ash.avatar, ash.position, ash.depth) == ("Ash", "ash.png", PersonaPosition.AT_DEPTH, 1)
    assert (ash.role, ash.lorebook, backup.default) == (InjectionRole.USER, "harbour", "ash.png")
    assert rin == Persona("Rin", avatar="rin.png")
    usual = {"description": "", "position": 0, "depth": 2, "role": 0}
    expected = json.loads(data)
    expected["persona_descriptions"]["rin.png"] = usual
    assert json.loads(write_backup(backup)[0]) == expected
    changed = replace(backup, personas=(replace(ash, depth=7), rin))
    written = json.loads(write_backup(changed)[0])["persona_descriptions"]["ash.png"]
    assert (written["depth"], written["connections"]) == (7, [])


def test_a_persona_without_a_picture_gets_one_s_name_and_that_is_told() -> None:
    data, remarks = write_backup(PersonaBackup((Persona("Ash"),)))
    assert json.loads(data)["personas"] == {"persona-1.png": "Ash"}
    assert [one.place for one in remarks] == ["Ash"]


def test_a_description_of_several_lines_keeps_its_last_line_s_end() -> None:
    persona = Persona("Ash", "A courier.\nKnows every quay.\n")
    written, _ = write_persona(persona)
    assert read_persona(written, "stem")[0] == persona
