"""What is done with cards in the library: nothing is lost, samples stay, chats follow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from tavern_tui.domain.errors import NotFoundError, SettingsError, StorageError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.domain.exchange import Outcome
from tavern_tui.formats.card import read_card, read_card_file
from tavern_tui.formats.card_export import portrait
from tavern_tui.session import cards
from tavern_tui.session.card_view import card_details
from tavern_tui.session.lore import books_of
from tavern_tui.session.moving_in import MovingIn, MovingWishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.cards import CardStore
from tavern_tui.storage.marks import Mark

CORPUS = Path(__file__).parents[1] / "formats" / "corpus" / "cards"


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A workspace on an empty home."""
    return Workspace.open()


@pytest.fixture
def folder(tavern_home: Path) -> Path:
    """The folder of the user's own cards."""
    return tavern_home / "characters"


def put(folder: Path, name: str, stem: str = "tamsin") -> Path:
    """A card of the corpus in the library."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{stem}{Path(name).suffix}"
    path.write_bytes((CORPUS / name).read_bytes())
    return path


def test_a_renamed_card_is_known_when_it_is_imported_again(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "tamsin.png"
    source.write_bytes((CORPUS / "v3.png").read_bytes())
    MovingIn(workspace, MovingWishes()).take([source])
    cards.rename_card(workspace, "Tamsin", "Tess")
    report = MovingIn(workspace, MovingWishes()).take([source])
    assert [thing.outcome for thing in report.things] == [Outcome.SAME]
    assert "Tamsin" not in [one.name for one in workspace.characters()]


WITHOUT_LORE = {"v1.json", "v1.png", "exif-numbers.webp", "exif-utf16.jpg", "utf16.json"} | {
    *("textgen.yaml", "textgen.json", "textgen-bot.yaml", "pygmalion.json", "pygmalion.yaml"),
}


@pytest.mark.parametrize("name", sorted({path.name for path in CORPUS.iterdir()} - WITHOUT_LORE))
def test_the_lorebook_inside_acts_at_once_whatever_the_file(name: str, workspace: Workspace, folder: Path) -> None:
    put(folder, name)
    character, _ = workspace.character("Tamsin")
    (book,) = books_of(character, workspace.library)
    assert book.entries
    assert book == character.lorebook


def test_a_new_card_is_a_json_file_or_lies_in_its_picture(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    made = cards.new_card(workspace, " Mira: Vale ", {"greeting": "Hi", "tags": "a"})
    assert made.path == folder / "Mira- Vale.json"
    assert read_card(made.path.read_bytes()).greeting == "Hi"
    picture = put(tmp_path, "v1.png")
    with_picture = cards.new_card(workspace, "Bela", {}, picture=picture)
    assert with_picture.path == folder / "Bela.png"
    assert read_card(with_picture.path.read_bytes()).name == "Bela"
    with pytest.raises(SettingsError, match="already"):
        cards.new_card(workspace, "Bela", {})


def test_a_changed_sample_is_a_copy_that_stands_before_it(workspace: Workspace, folder: Path) -> None:
    before = workspace.character("Bess")[1]
    data = before.read_bytes()
    changed = cards.change_fields(workspace, "Bess", {"nickname": "B."})
    assert (changed.path, before.read_bytes()) == (folder / "Bess.png", data)
    assert "copy" in changed.notes[0]
    assert workspace.character("Bess")[0].nickname == "B."


def test_a_card_in_a_file_that_is_only_read_gets_json_beside_it(workspace: Workspace, folder: Path) -> None:
    path = put(folder, "exif.webp")
    changed = cards.change_fields(workspace, "Tamsin", {"greeting": "New"})
    assert changed.path == path.with_suffix(".json")
    assert "WebP" in changed.notes[0]
    assert path.read_bytes() == (CORPUS / "exif.webp").read_bytes()
    assert workspace.character("Tamsin")[0].greeting == "New"


def test_a_file_that_something_else_changed_is_left_alone(workspace: Workspace, folder: Path) -> None:
    put(folder, "v2.json")
    card = cards.open_card(workspace, "Tamsin")
    theirs = json.dumps({"name": "Tamsin", "description": "Theirs."}).encode()
    card.path.write_bytes(theirs)
    with pytest.raises(StorageError, match="in the meantime"):
        cards.save_card(workspace, card, replace(card.file.character, description="Mine."))
    assert card.path.read_bytes() == theirs


def test_a_card_that_says_when_it_was_changed_says_so_again(workspace: Workspace, folder: Path) -> None:
    put(folder, "v3.json")
    card = cards.open_card(workspace, "Tamsin")
    cards.save_card(workspace, card, replace(card.file.character, description="New."), now=1_800_000_000.5)
    data = json.loads(card.path.read_bytes())["data"]
    assert (data["creation_date"], data["modification_date"]) == (1_700_000_000, 1_800_000_000)


def test_saving_what_was_not_changed_writes_nothing(workspace: Workspace, folder: Path) -> None:
    path = put(folder, "v3.json")
    stamp = path.stat().st_mtime_ns
    card = cards.open_card(workspace, "Tamsin")
    assert cards.save_card(workspace, card, card.file.character).path == path
    assert path.stat().st_mtime_ns == stamp


def test_a_renamed_character_keeps_its_chats_its_portrait_and_its_turns(workspace: Workspace, folder: Path) -> None:
    put(folder, "textgen.yaml")
    put(folder, "exif.jpg")
    log = workspace.chats.create("Night", ("Tamsin",), "Alex")
    log.append(TurnAdded("", Speaker.CHARACTER, "Tamsin", "Come in."))
    other = workspace.chats.create("Day", ("Bess",), "Alex")
    changed = cards.rename_card(workspace, "Tamsin", "Tess")
    assert changed.path == folder / "Tess.json"
    assert sorted(path.name for path in folder.iterdir()) == ["Tess.jpg", "Tess.json", "Tess.yaml"]
    assert changed.notes[-1] == "Its chat has the new name."
    assert [chat.title for chat in workspace.chats_with("Tess")] == ["Night"]
    tree = workspace.chats.open(log.path.name).tree
    assert [turn.name for turn in tree.path()] == ["Tess"]
    assert workspace.chats.open(other.path.name).tree.characters == ("Bess",)


def test_a_renaming_that_ended_in_the_middle_is_finished_at_the_next_start(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "v2.json")
    log = workspace.chats.create("Night", ("Tamsin",), "Alex")
    workspace.marks.set(Mark.PRIVATE_CHARACTER, "Tamsin", True)
    with monkeypatch.context() as patched:
        patched.setattr(CardStore, "rename", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            cards.rename_card(workspace, "Tamsin", "Tess")
    assert cards.finish_renaming(workspace) == [
        "The renaming of Tamsin to Tess was finished.",
        "Its chat has the new name.",
    ]
    assert [path.name for path in folder.iterdir()] == ["Tess.json"]
    assert workspace.chats.open(log.path.name).tree.characters == ("Tess",)
    assert workspace.marks.all()[Mark.PRIVATE_CHARACTER] == {"Tess": True}
    assert cards.finish_renaming(workspace) == []


def test_a_renaming_that_never_reached_the_card_leaves_the_old_name(workspace: Workspace, folder: Path) -> None:
    path = put(folder, "v2.json")
    for left in (b'{"from": "Tamsin", "to": "Tess"}', b'{"from": "Ta'):
        write_atomic(workspace.directories.state / "renaming.json", left)
        assert cards.finish_renaming(workspace) == []
        assert not (workspace.directories.state / "renaming.json").exists()
    assert path.exists()


def test_a_favourite_by_command_counts_more_than_an_earlier_mark_on_home(workspace: Workspace, folder: Path) -> None:
    put(folder, "v2.json")
    workspace.marks.set(Mark.FAVOURITE, "Tamsin", False)
    cards.mark_favourite(workspace, "Tamsin")
    assert workspace.marks.all()[Mark.FAVOURITE] == {}


def test_a_name_that_is_taken_is_refused_and_nothing_is_changed(workspace: Workspace, folder: Path) -> None:
    path = put(folder, "v2.json")
    data = path.read_bytes()
    with pytest.raises(SettingsError, match="Bess"):
        cards.rename_card(workspace, "Tamsin", "Bess")
    assert path.read_bytes() == data


def test_chats_stay_with_another_card_of_the_old_name(workspace: Workspace, folder: Path) -> None:
    put(folder, "v2.json", "one")
    put(folder, "v2.json", "two")
    workspace.chats.create("Night", ("Tamsin",), "Alex")
    changed = cards.rename_card(workspace, "one", "Tess")
    assert "stay" in changed.notes[-1]
    assert len(workspace.chats_with("Tamsin")) == 1


def test_a_duplicate_has_a_name_of_its_own_and_everything_else(workspace: Workspace, folder: Path) -> None:
    put(folder, "plain.charx")
    second = cards.duplicate_card(workspace, "Tamsin")
    assert second.path == folder / "Tamsin 2.charx"
    first, other = (cards.open_card(workspace, name).file.character for name in ("tamsin", "Tamsin 2"))
    assert replace(other, name="Tamsin", source={}) == replace(first, source={})
    assert cards.duplicate_card(workspace, "Tamsin 2", "Tess").character.name == "Tess"


def test_a_deleted_card_comes_back_with_its_portrait(workspace: Workspace, folder: Path) -> None:
    put(folder, "textgen.yaml")
    put(folder, "exif.jpg")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    cards.delete_card(workspace, "Tamsin")
    assert list(folder.iterdir()) == []
    with pytest.raises(NotFoundError):
        workspace.character("Tamsin")
    (deleted,) = cards.deleted_cards(workspace)
    assert (deleted.name, len(deleted.item.files)) == ("Tamsin", 2)
    cards.restore_card(workspace, "tamsin")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert cards.deleted_cards(workspace) == []


def test_the_last_deleted_comes_back_first_and_never_over_another(workspace: Workspace, folder: Path) -> None:
    for greeting in ("one", "two"):
        cards.new_card(workspace, "Mira", {"greeting": greeting})
        cards.delete_card(workspace, "Mira")
    cards.new_card(workspace, "Mira", {"greeting": "three"})
    with pytest.raises(StorageError, match=r"another Mira\.json"):
        cards.restore_card(workspace)
    assert len(cards.deleted_cards(workspace)) == 2
    assert workspace.character("Mira")[0].greeting == "three"


def test_what_is_not_there_cannot_be_restored_and_a_sample_not_deleted(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="in the trash"):
        cards.restore_card(workspace, "Nobody")
    with pytest.raises(NotFoundError, match="samples"):
        cards.delete_card(workspace, "Bess")


def test_a_card_that_cannot_be_read_can_be_deleted(workspace: Workspace, folder: Path) -> None:
    folder.mkdir()
    (folder / "broken.json").write_bytes(b"{")
    cards.delete_card(workspace, "broken")
    assert list(folder.iterdir()) == []


def test_favourites_and_tags_are_kept_where_other_programs_keep_them(workspace: Workspace, folder: Path) -> None:
    path = put(folder, "v2.json")
    cards.mark_favourite(workspace, "Tamsin")
    cards.change_tags(workspace, "Tamsin", ["Night", "CALM", " "], ["lighthouse"])
    card = json.loads(path.read_bytes())
    assert (card["fav"], card["data"]["extensions"]["fav"]) == (True, True)
    assert card["tags"] == card["data"]["tags"] == ["calm", "Night"]
    assert [entry.favourite for entry in workspace.characters() if entry.name == "Tamsin"] == [True]
    cards.mark_favourite(workspace, "Tamsin", False)
    assert not workspace.character("Tamsin")[0].favourite


def test_an_unchanged_card_is_exported_as_it_is_and_nothing_is_written_over(
    workspace: Workspace, folder: Path, tmp_path: Path
) -> None:
    path = put(folder, "risuai.png")
    target, remarks = cards.export_card(workspace, "Tamsin", tmp_path)
    assert (target, remarks) == (tmp_path / "tamsin.png", ())
    assert target.read_bytes() == path.read_bytes()
    with pytest.raises(StorageError, match="there already"):
        cards.export_card(workspace, "Tamsin", tmp_path)
    with pytest.raises(SettingsError, match="webp"):
        cards.export_card(workspace, "Tamsin", tmp_path / "x.webp")


def test_a_card_is_exported_into_the_portrait_beside_it(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    put(folder, "textgen.yaml", "tess")
    (folder / "tess.png").write_bytes(portrait(read_card_file((CORPUS / "v1.png").read_bytes())) or b"")
    target, remarks = cards.export_card(workspace, "Tamsin", tmp_path / "out.png")
    assert remarks == ()
    assert read_card(target.read_bytes()).greeting.startswith("*She lifts")


def test_a_card_that_is_taken_in_stays_as_it_is(workspace: Workspace, folder: Path) -> None:
    card = cards.open_card(workspace, str(CORPUS / "exif.jpg"))
    kept = [cards.keep_card(workspace, card.file) for _ in range(2)]
    assert [path.name for path in kept] == ["Tamsin.jpg", "Tamsin 2.jpg"]
    assert {path.read_bytes() for path in kept} == {card.file.data}


def test_the_details_tell_everything_that_is_kept(workspace: Workspace, folder: Path) -> None:
    put(folder, "v3.json")
    details = card_details(workspace, cards.open_card(workspace, "Tamsin"))
    assert details.lore[2].decorators == ("depth 2", "role user", "position after_desc", "activate_only_after 1")
    assert [(row.name, row.place) for row in details.assets] == [
        ("main", "the picture"),
        ("smile", "missing"),
        ("main", "elsewhere, not fetched: https://example.org/sea.webp"),
        ("hi", "in the card"),
    ]
    assert details.other == ("data.extensions.own_tool",)
    silly = card_details(workspace, cards.open_card(workspace, str(CORPUS / "sillytavern.png")))
    assert [(row.name, row.find, row.enabled) for row in silly.scripts] == [("No stars", "/\\*/g", True)]
    assert (silly.world, silly.character.favourite) == ("The coast", True)
    risu = card_details(workspace, cards.open_card(workspace, str(CORPUS / "risuai.png")))
    assert (risu.risu["customScripts"], risu.risu["license"]) == (1, len("CC BY 4.0"))
    assert [(row.name, row.place, row.size > 0) for row in risu.assets][1:] == [
        ("smile", "in the file", True),
        ("note", "in the file", True),
    ]


def test_a_card_of_another_folder_is_changed_there_and_never_deleted(workspace: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path / "elsewhere", "v2.json")
    assert cards.change_fields(workspace, str(path), {"greeting": "New"}).path == path
    assert cards.rename_card(workspace, str(path), "Tess").path == path
    assert read_card(path.read_bytes()).name == "Tess"
    with pytest.raises(NotFoundError, match="not in the library"):
        cards.delete_card(workspace, str(path))
