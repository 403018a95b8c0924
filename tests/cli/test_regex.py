"""``tavern-tui regex``: lists, checks and tries scripts, and lets a card's scripts run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Tavern

SCRIPT: dict[str, Any] = {
    "scriptName": "Stars off",
    "findRegex": "/\\*(.+?)\\*/g",
    "replaceString": "$1",
    "placement": [1, 2],
    "promptOnly": True,
}
BROKEN = {"scriptName": "python", "findRegex": "/(?P<x>a)/", "placement": [2]}


def put(home: Path, *scripts: object) -> Path:
    """A file of scripts among the user's own."""
    (home / "regex").mkdir(exist_ok=True)
    path = home / "regex" / "own.json"
    path.write_text(json.dumps(list(scripts)))
    return path


def put_card(home: Path) -> None:
    """A card that brings a script."""
    data = {"name": "Vex", "first_mes": "Hm.", "extensions": {"regex_scripts": [{**SCRIPT, "scriptName": "theirs"}]}}
    card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    (home / "characters" / "vex.json").write_text(json.dumps(card))


def test_without_scripts_it_says_where_they_go(tavern: Tavern) -> None:
    ran = tavern("regex")
    assert (ran.code, "tavern-tui locate regex" in ran.text) == (0, True)
    assert tavern("locate", "regex").text.strip().endswith("regex")


def test_scripts_are_listed_and_broken_ones_explained(tavern: Tavern, tavern_home: Path) -> None:
    put(tavern_home, SCRIPT, BROKEN)
    ran = tavern("regex", "list")
    assert ran.code == 0
    assert [line.split("  ")[0] for line in ran.text.splitlines()] == ["name", "Stars off", "python"]
    assert "python (own.json): The pattern cannot be used: “(?P” is Python's way" in ran.notes


def test_the_list_as_json_has_what_the_table_has(tavern: Tavern, tavern_home: Path) -> None:
    put(tavern_home, SCRIPT, {})
    found = json.loads(tavern("regex", "list", "--json").text)
    (row,) = found["scripts"]
    assert (row["name"], row["state"], row["changes"], row["from"]) == ("Stars off", "on", "sent", "own.json")
    assert "findRegex is missing" in found["problems"][0]


def test_a_file_is_checked_with_an_exit_code(tavern: Tavern, tavern_home: Path) -> None:
    good = tavern("regex", "check", str(put(tavern_home, SCRIPT)))
    assert (good.code, good.text) == (0, "Stars off: can be used\n")
    bad = tavern("regex", "check", str(put(tavern_home, SCRIPT, BROKEN)))
    assert bad.code == 1
    assert "JavaScript writes (?<name>…)" in bad.text
    missing = tavern("regex", "check", str(tavern_home / "none.json"))
    assert missing.code == 1
    assert "There is no file" in missing.text


def test_a_script_is_tried_on_a_text_or_on_stdin(tavern: Tavern, tavern_home: Path) -> None:
    put(tavern_home, SCRIPT, BROKEN, {**SCRIPT, "scriptName": "who", "findRegex": "x", "replaceString": "{{char}}"})
    assert tavern("regex", "test", "stars off", "*a* b").text == "a b\n"
    assert tavern("regex", "test", "stars off", "-", stdin="*é*\n").text == "é\n"
    assert tavern("regex", "test", "who", "x", "--character", "mira").text == "Mira\n"
    nothing = tavern("regex", "test", "stars off", "plain")
    assert (nothing.code, nothing.text, nothing.notes) == (0, "plain\n", "Nothing was found to replace.\n")
    broken = tavern("regex", "test", "python", "a")
    assert (broken.code, broken.text) == (1, "a\n")
    assert broken.notes.startswith("python left it as it was: The pattern cannot be used")
    assert tavern("regex", "test", "nobody", "a").code == 3


def test_an_exploding_script_gives_the_text_back_and_says_so(tavern: Tavern, tavern_home: Path) -> None:
    put(tavern_home, {**SCRIPT, "scriptName": "boom", "findRegex": "/(a+)+$/"})
    text = "a" * 3_000 + "!"
    ran = tavern("regex", "test", "boom", text)
    assert (ran.code, ran.text) == (1, f"{text}\n")
    assert ran.notes == "boom left it as it was: its pattern takes too long on this text\n"


def test_a_cards_scripts_are_allowed_and_forbidden_by_name(tavern: Tavern, tavern_home: Path) -> None:
    put_card(tavern_home)
    waiting = tavern("regex", "list", "vex")
    assert "not allowed" in waiting.text
    assert "tavern-tui regex allow vex" in waiting.notes
    assert tavern("regex", "allow", "vex").code == 0
    assert "not allowed" not in tavern("regex", "list", "vex").text
    assert tavern("regex", "forbid", "vex").code == 0
    assert "not allowed" in tavern("regex", "list", "vex").text
    assert tavern("regex", "allow", "mira").code == 3
