"""What a file is, told by its content: every file of the corpus, and what is none of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.preset_kinds import PresetKind
from tavern_tui.formats.recognise import FileKind, recognise

CORPUS = Path(__file__).parent / "corpus"
WHOLE = {"cards": {FileKind.CHARACTER}, "chats": {FileKind.CHAT}, "lorebooks": {FileKind.LOREBOOK}}


def files(folder: str) -> list[Path]:
    return sorted(path for path in (CORPUS / folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("folder", WHOLE)
def test_every_file_of_the_corpus_is_taken_for_what_it_is(folder: str) -> None:
    found = {path.name: recognise(path.read_bytes(), "a file") for path in files(folder)}
    assert {name: kind for name, kind in found.items() if kind not in WHOLE[folder]} == {}


def test_presets_and_personas_are_told_apart() -> None:
    kinds = {recognise(path.read_bytes(), "a file") for path in files("presets")}
    assert None not in kinds
    assert set(PresetKind) <= kinds
    assert {recognise(path.read_bytes(), "a file") for path in files("personas")} <= {
        FileKind.PERSONA,
        FileKind.PERSONAS,
    }


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"username": "Robin", "power_user": {}}', FileKind.SETTINGS),
        (b'{"id": "1", "name": "Inn", "members": ["a.png"], "chat_id": "1"}', FileKind.GROUP),
        (b"just a note to myself", None),
        (b"\x7fELF and so on", None),
        (b'{"nothing": "known"}', None),
        (b"- a\n- list\n", None),
    ],
    ids=["settings", "group", "note", "program", "object", "list"],
)
def test_other_files_are_known_or_left_alone(content: bytes, kind: FileKind | None) -> None:
    assert recognise(content, "a file") == kind


def test_broken_json_says_so() -> None:
    with pytest.raises(FormatError):
        recognise(b'{"name": ', "torn.json")
