"""``tavern-tui presets``, and ``/preset`` in a chat."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import ScriptedServer, Tavern
from tests.fuzz import CORPUS


def test_presets_are_listed_with_what_they_change_and_the_one_in_use(tavern: Tavern) -> None:
    ran = tavern("presets")
    assert " ".join(ran.text.splitlines()[1].split()) == (
        "balanced * built in temperature 0.8, min_p 0.05, dry_multiplier 0.8"
    )
    listed = json.loads(tavern("presets", "list", "--json").text)
    assert [one["name"] for one in listed if one["in_use"]] == ["balanced"]
    assert {one["name"]: one["values"] for one in listed}["precise"] == {
        "temperature": 0.4,
        "min_p": 0.1,
        "note": "Keeps to what is likeliest: for facts and rules.",
    }


def test_a_preset_is_made_shown_changed_and_deleted(tavern: Tavern, tavern_home: Path) -> None:
    path = tavern_home / "presets" / "mine.yaml"
    (tavern_home / "answer.gbnf").write_text('root ::= "yes"\n')
    grammar = f"grammar=@{tavern_home / 'answer.gbnf'}"
    assert tavern("presets", "new", "mine", "--from", "creative", "temperature=0.9", grammar).text == f"Made: {path}\n"
    shown = json.loads(tavern("presets", "show", "mine", "--on", "ollama", "--json").text)
    assert (shown["values"]["temperature"], shown["values"]["grammar"]) == (0.9, 'root ::= "yes"\n')
    assert shown["effects"]["Ollama"]["grammar"] == "ignored"
    assert tavern("presets", "edit", "mine", "grammar=", "top_k=40").text == "Changed: grammar, top_k.\n"
    assert "top_k" in tavern("presets", "show", "mine").text
    told = f"Deleted: {path}. tavern-tui presets restore mine brings it back.\n"
    assert tavern("presets", "delete", "mine").text == told
    assert not path.exists()
    assert tavern("presets", "restore", "mine").text == f"Back: {path}\n"
    assert path.exists()


def test_what_cannot_be_done_is_told_and_changes_nothing(tavern: Tavern, tavern_home: Path) -> None:
    for arguments, code, told in (
        (("new", "mine", "temperature=99"), 1, "it goes from 0 to 10, not 99"),
        (("new", "a/b"), 1, "cannot have “/”"),
        (("new", "mine", "temperature"), 2, "FIELD=VALUE"),
        (("new", "mine", "grammar=@/nowhere.gbnf"), 1, "/nowhere.gbnf cannot be read"),
        (("edit", "balanced", "top_k=4"), 1, "stays as it is"),
        (("edit", "mine", "top_k=4"), 3, "no preset “mine”"),
        (("show", "mien"), 1, "no sampler preset"),
        (("show", "story", "--on", "kobold"), 2, "KoboldCpp"),
        (("delete", "balanced"), 3, "no preset “balanced” of your own"),
    ):
        ran = tavern("presets", *arguments)
        assert (ran.code, told in ran.notes) == (code, True), (arguments, ran.notes)
    assert not (tavern_home / "presets").exists() or not list((tavern_home / "presets").iterdir())


def test_what_a_file_says_wrong_is_told_beside_the_list(tavern: Tavern, tavern_home: Path) -> None:
    (tavern_home / "presets").mkdir()
    (tavern_home / "presets" / "mine.yaml").write_text("top_k: many\nskew: 1\n")
    assert tavern("presets").notes == 'mine.yaml: line 1: top_k: it is a whole number from 0 to 100,000, not "many".\n'
    assert "skew is no field of ours" in tavern("presets", "show", "mine").notes


def test_a_chat_is_given_a_preset_that_stays_with_it(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    ran = tavern("chat", "mira", "--server", server.address, stdin="/preset\n/preset creative\n/preset zork\n")
    told = ran.notes.splitlines()
    assert "The preset is balanced. /preset NAME chooses another: balanced, neutral" in ran.notes
    assert any(line.startswith("The preset is creative in this chat from now on: temperature 1.1") for line in told)
    assert "There is no sampler preset “zork”." in ran.notes
    assert "The preset is creative." in tavern("chat", "mira", "--server", server.address, stdin="/preset\n").notes


def test_files_of_every_kind_are_put_in_listed_written_and_taken_away(tavern: Tavern, tavern_home: Path) -> None:
    presets = CORPUS / "presets"
    added = tavern(
        "presets", "add", *map(str, (presets / name for name in ("bundle.json", "textgen.json", "quick-replies.json")))
    )
    assert [line.rpartition("(")[2] for line in added.text.splitlines()] == [
        "instruct template)",
        "context template)",
        "system prompt)",
        "reasoning template)",
        "sampler preset)",
        "set of quick replies)",
    ]
    replies = tavern("presets", "export", "quick-replies", "--kind", "quick-replies").text
    assert json.loads(replies) == json.loads((presets / "quick-replies.json").read_bytes())
    listed = json.loads(tavern("presets", "list", "--kind", "instruct", "--json").text)
    assert [one["name"] for one in listed if one["from"] == "yours"] == ["Harbour"]
    shown = json.loads(tavern("presets", "show", "harbour", "--kind", "instruct", "--json").text)
    assert shown["fields"]["output_sequence"] == "<|model|>"
    out = tavern_home / "out.json"
    assert tavern("presets", "export", "Harbour", "--kind", "sysprompt", "--to", str(out)).code == 0
    assert json.loads(out.read_bytes()) == {"name": "Harbour", "content": "Be brief."}
    assert json.loads(tavern("presets", "export", "textgen", "--as", "kobold").text)["temp"] == 0.9
    assert tavern("presets", "delete", "Harbour", "--kind", "context").code == 0
    assert "Harbour.json" in tavern("presets", "restore", "harbour", "--kind", "context").text


def test_what_is_no_template_is_told(tavern: Tavern, tavern_home: Path) -> None:
    (tavern_home / "card.json").write_text('{"name": "Mira"}')
    for arguments, code, told in (
        (("add", str(tavern_home / "card.json")), 1, "no preset or template inside"),
        (("add", str(tavern_home / "nowhere.json")), 3, "nowhere.json"),
        (("list", "--kind", "story"), 1, "There are: sampler, instruct"),
        (("show", "gone", "--kind", "chat"), 3, "no chat completion preset “gone”"),
        (("delete", "ChatML", "--kind", "instruct"), 3, "of your own"),
        (("export", "balanced", "--as", "novelai"), 1, "sillytavern, kobold, webui"),
    ):
        ran = tavern("presets", *arguments)
        assert (ran.code, told in ran.notes) == (code, True), (arguments, ran.notes)
