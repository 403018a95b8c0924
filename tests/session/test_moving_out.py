"""Moving out: the library as SillyTavern's folder, which comes back whole; nothing is written over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.beside_card import BesideCard, NoteUse
from tavern_tui.domain.errors import StorageError
from tavern_tui.session.moving_in import MovingIn, MovingWishes
from tavern_tui.session.moving_out import MovingOut
from tavern_tui.session.workspace import Workspace

CORPUS = Path(__file__).parent.parent / "formats" / "corpus"


BESIDE_TAMSIN = BesideCard("Tired.", NoteUse.BEFORE, ("Docks",))


def library(root: Path, *sources: Path) -> Workspace:
    """A library with what is in ``sources``."""
    workspace = Workspace.open(dirs=Directories(root, root / "config", root / "state", root / "cache"))
    MovingIn(workspace, MovingWishes()).take(sources)
    return Workspace.open(dirs=workspace.directories)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    """A library with something of every kind, and the folder that it was written to."""
    root = tmp_path_factory.mktemp("moved")
    chats = [CORPUS / "chats" / f"sillytavern-{one}.jsonl" for one in ("1.12.6", "newer", "group")]
    others = [CORPUS / "cards/v3.png", CORPUS / "cards/textgen.yaml", CORPUS / "lorebooks", CORPUS / "presets"]
    workspace = library(root / "lib", *others, CORPUS / "personas", *chats)
    workspace.library.beside_cards.keep("Tamsin", BESIDE_TAMSIN)
    report = MovingOut(workspace, root / "out").write()
    assert report.failed == []
    return workspace, root / "out"


def test_chats_come_out_with_the_lines_that_went_in(moved: tuple[Workspace, Path]) -> None:
    source = (CORPUS / "chats/sillytavern-1.12.6.jsonl").read_text().splitlines()
    (written,) = moved[1].glob("chats/*/sillytavern-1.12.6.jsonl")
    assert [json.loads(line) for line in written.read_text().splitlines()] == [json.loads(line) for line in source]


def test_every_card_is_a_picture_that_sillytavern_lists(moved: tuple[Workspace, Path]) -> None:
    cards = list((moved[1] / "characters").iterdir())
    assert sorted(card.stem for card in cards) == ["Wren", "textgen", "v3"], (
        "those of one's own, and a sample talked to"
    )
    assert all(card.read_bytes().startswith(b"\x89PNG") for card in cards)


def test_a_group_s_chat_has_a_group_that_names_it(moved: tuple[Workspace, Path]) -> None:
    (group,) = (moved[1] / "groups").iterdir()
    said = json.loads(group.read_bytes())
    assert (moved[1] / "group chats" / f"{said['chat_id']}.jsonl").is_file()
    assert said["chats"] == [said["chat_id"]]
    assert len(said["members"]) > 1


def test_what_went_out_comes_in_again(moved: tuple[Workspace, Path], tmp_path: Path) -> None:
    workspace, folder = moved
    again = library(tmp_path / "lib", folder)
    assert [one.name for one in again.characters()] == [one.name for one in workspace.characters()]
    assert [one.name for one in again.library.lorebooks()] == [one.name for one in workspace.library.lorebooks()]
    assert sorted((one.characters, one.turns) for one in again.chats.list()) == sorted(
        (one.characters, one.turns) for one in workspace.chats.list()
    )
    assert again.library.beside_cards.all() == {"Tamsin": BESIDE_TAMSIN}
    for kind in ("personas", "quick-replies", "presets"):
        before, after = ({path.stem for path in (one.directories.data / kind).iterdir()} for one in (workspace, again))
        assert before <= after
        assert after - before <= {"Alex"}, "who the user is by the settings goes along as a persona"


def test_what_is_wrong_beside_the_cards_costs_itself_alone(moved: tuple[Workspace, Path], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(moved[1], folder)
    told = {"Tamsin": {"note": "Tired."}, "Gone": BESIDE_TAMSIN.as_dict(), "Odd": 4}
    (folder / "beside-cards.json").write_text(json.dumps(told))
    workspace = library(tmp_path / "lib")
    report = MovingIn(workspace, MovingWishes()).take([folder])
    assert [name for name, _ in report.failed] == ["beside-cards.json: Tamsin", "beside-cards.json: Odd"]
    assert "author's note or further lorebooks of Gone, whose card did not come" in report.unsupported
    (folder / "beside-cards.json").write_text("[")
    report = MovingIn(workspace, MovingWishes()).take([folder])
    assert [name for name, _ in report.failed] == ["beside-cards.json"]
    assert workspace.library.beside_cards.all() == {}


def test_nothing_is_written_over(moved: tuple[Workspace, Path]) -> None:
    with pytest.raises(StorageError, match="something in out already"):
        MovingOut(*moved).write()


def test_what_cannot_go_along_is_told_and_what_goes_in_by_hand_lies_there(tmp_path: Path) -> None:
    workspace = library(tmp_path / "lib", CORPUS / "cards/v3.png")
    own = workspace.directories
    for path in (own.characters / "torn.png", own.worlds / "torn.json", own.regex_scripts / "mine.yaml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("- Go on.")
    own.quick_replies.mkdir()
    (own.quick_replies / "said often.yaml").write_text("- Go on.")
    workspace.library.beside_cards.keep("Tamsin", BesideCard("Tired.", books=("Docks",)))
    report = MovingOut(workspace, tmp_path / "out").write()
    assert [name for name, _ in report.failed] == ["torn.png", "torn.json", "mine.yaml"]
    assert json.loads((tmp_path / "out" / "beside-cards.json").read_bytes())["Tamsin"]["note"] == "Tired."
    (replies,) = json.loads((tmp_path / "out" / "QuickReplies" / "said often.json").read_bytes())["qrList"]
    assert (replies["label"], replies["message"]) == ("Go on.", "Go on.")
    assert any("beside-cards.json" in note for note in report.notes)
