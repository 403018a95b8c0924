"""``tavern-tui characters``: list, show, make, change, copy, rename, delete, bring back, mark and export."""

from __future__ import annotations

import json
from pathlib import Path

from tavern_tui.formats.json_text import write_json
from tests.cli.conftest import Tavern
from tests.hostile import HOSTILE, driving_characters

CORPUS = Path(__file__).parents[1] / "formats" / "corpus" / "cards"


def words(text: str) -> list[str]:
    """The lines of a table, with one blank between cells."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_card_is_made_changed_and_shown(tavern: Tavern, tavern_home: Path) -> None:
    (tavern_home / "about.txt").write_text("Keeps the\nlighthouse.")
    path = tavern_home / "characters" / "Tess.json"
    made = tavern("characters", "new", "Tess", "greeting=Come in.", f"description=@{tavern_home / 'about.txt'}")
    assert made.text == f"Made: Tess ({path})\n"
    assert tavern("characters", "edit", "Tess", "note=Tired.", "note.depth=2", "tags=a, b").code == 0
    own = tavern("characters", "edit", "Tess", "own.note=She hums.", "own.use=before", "own.books=Docks")
    assert (own.text, own.notes) == (
        "Kept beside the card of Tess: own.note, own.use, own.books\n",
        "Not in the library yet: Docks.\n",
    )
    page = tavern("characters", "show", "tess", "--full").text
    shown = words(page)
    assert shown[0] == "Tess"
    assert {"tags a, b", "card JSON V2.0, " + f"{path.stat().st_size:,} bytes"} <= set(shown)
    assert shown[shown.index("character note (depth 2, system) (6 characters):") + 1] == "Tired."
    assert shown[shown.index("your note (before the chat's) (9 characters):") + 1] == "She hums."
    assert "\ndescription (21 characters):\nKeeps the\nlighthouse.\n" in page


def test_a_form_goes_out_and_comes_back_through_a_pipe(tavern: Tavern) -> None:
    form = tavern("characters", "edit", "mira", "--form").text
    assert "\nname: Mira\n" in form
    changed = tavern("characters", "edit", "mira", "--from", "-", stdin=form.replace("ferry", "boat"))
    assert changed.notes == "YAML cards are only read: the changed one is a JSON file beside it.\n"
    assert json.loads(tavern("characters", "show", "mira", "--json").text)["card"]["description"].count("boat") == 1


def test_what_is_wrong_with_a_change_is_told_and_nothing_changes(tavern: Tavern, tavern_home: Path) -> None:
    for arguments, code, told in (
        (("edit", "mira", "greting=x"), 1, "Did you mean greeting?"),
        (("edit", "mira", "greeting"), 2, "FIELD=VALUE"),
        (("edit", "mira"), 2, "--from FILE"),  # no terminal: no editor is opened
        (("edit", "mira", "description=@/nowhere"), 1, "/nowhere cannot be read"),
        (("edit", "mira", "own.use=sideways"), 1, "There are: replace, before, after"),
        (("new", "Bess"), 1, "already"),
        (("delete", "Bess"), 3, "samples"),
    ):
        ran = tavern("characters", *arguments)
        assert (ran.code, told in ran.notes, ran.text) == (code, True, ""), (arguments, ran.notes)
    assert [path.name for path in (tavern_home / "characters").iterdir()] == ["mira.yaml"]


def test_copies_names_trash_marks_and_tags(tavern: Tavern, tavern_home: Path) -> None:
    folder = tavern_home / "characters"
    assert tavern("characters", "duplicate", "mira", "Tess").text == f"Made: Tess ({folder / 'Tess.json'})\n"
    assert tavern("characters", "rename", "Tess", "Tessa").text == f"Renamed: Tessa ({folder / 'Tessa.json'})\n"
    assert sorted(path.name for path in folder.iterdir()) == ["Tessa.json", "mira.yaml"]
    tavern("characters", "favourite", "tessa")
    assert tavern("characters", "tag", "tessa", "sea", "night", "-r", "none").text.startswith("Tags: sea, night: Tessa")
    listed = words(tavern("characters", "list", "--favourites", "--tag", "SEA").text)
    assert listed == ["name tags file", f"Tessa * sea, night {folder / 'Tessa.json'}"]
    assert tavern("characters", "delete", "tessa").text == "Deleted: Tessa.json\n"
    assert [one["name"] for one in json.loads(tavern("characters", "restore", "--list", "--json").text)] == ["Tessa"]
    assert tavern("characters", "restore").text == f"Restored: Tessa ({folder / 'Tessa.json'})\n"


def test_an_export_tells_what_stays_behind(tavern: Tavern, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    ran = tavern("characters", "export", str(CORPUS / "risuai.png"), str(target))
    assert ran.text == f"{target}\n"
    assert [line.partition(":")[0] for line in ran.notes.splitlines()] == ["picture", "0", "1"]
    assert json.loads(target.read_bytes())["data"]["name"] == "Tamsin"


def test_nothing_that_a_card_holds_drives_the_terminal(tavern: Tavern, tavern_home: Path) -> None:
    nasty = "".join(HOSTILE.values())
    texts = ("name", "description", "nickname", "creator", "creator_notes", "first_mes", "system_prompt")
    data = {
        **dict.fromkeys(texts, nasty),
        "tags": [nasty],
        "alternate_greetings": [nasty],
        "group_only_greetings": [nasty],
        "source": [nasty],
        "creator_notes_multilingual": {nasty: nasty},
        "assets": [{"type": nasty, "uri": nasty, "name": nasty, "ext": nasty}],
        "extensions": {
            nasty: 1,
            "world": nasty,
            "risuai": {nasty: 1},
            "depth_prompt": {"prompt": nasty, "depth": 4},
            "regex_scripts": [{"scriptName": nasty, "findRegex": nasty}, {nasty: nasty}],
        },
        "character_book": {"entries": [{"keys": [nasty], "content": f"@@{nasty}", "comment": nasty}]},
        nasty: nasty,
    }
    card = write_json({"spec": "chara_card_v3", "data": data})
    (tavern_home / "characters" / "nasty.json").write_bytes(card)
    for arguments in (("show", "nasty", "--full"), ("edit", "nasty", "--form")):
        ran = tavern("characters", *arguments)
        assert ran.code == 0, ran.notes
        assert driving_characters(ran.out + ran.err) == []
