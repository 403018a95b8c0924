"""The folder of regex scripts, and the file that says which cards' scripts are allowed."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.regex_scripts import ALLOWED, ScriptStore, fingerprint

SCRIPT = {"scriptName": "one", "findRegex": "/a/g", "placement": [1]}


@pytest.fixture
def directories(tmp_path: Path) -> Directories:
    """An empty home."""
    return Directories(*(tmp_path / name for name in ("data", "config", "state", "cache")))


def card(name: str, *scripts: object) -> Character:
    """A card that brings scripts."""
    return Character(name, source={"data": {"extensions": {"regex_scripts": list(scripts)}}})


def test_without_a_folder_there_are_no_scripts(directories: Directories) -> None:
    assert ScriptStore(directories).files() == []


def test_what_is_no_ordinary_file_is_named_and_nothing_waits_for_it(directories: Directories) -> None:
    directories.regex_scripts.mkdir(parents=True)
    os.mkfifo(directories.regex_scripts / "a.json")
    (directories.regex_scripts / "b.json").mkdir()
    (directories.regex_scripts / "c.JSON").write_text(json.dumps(SCRIPT))
    files = ScriptStore(directories).files()
    assert [len(file.scripts) for file in files] == [0, 0, 1]
    assert ["no ordinary file" in files[0].problems[0], "a folder" in files[1].problems[0]] == [True, True]


def test_a_folder_that_may_not_be_read_is_told(directories: Directories) -> None:
    directories.regex_scripts.parent.mkdir(parents=True)
    directories.regex_scripts.symlink_to(directories.regex_scripts)
    with pytest.raises(StorageError, match="cannot be read"):
        ScriptStore(directories).files()


def test_what_several_allow_at_once_is_all_kept(directories: Directories) -> None:
    cards = [card(str(number), {**SCRIPT, "scriptName": str(number)}) for number in range(8)]
    threads = [threading.Thread(target=ScriptStore(directories).allow, args=(one, ["x"])) for one in cards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ScriptStore(directories).is_allowed(one) for one in cards)
    kept = json.loads((directories.config / ALLOWED).read_text())
    assert sorted(entry["character"] for entry in kept["allowed"].values()) == [str(number) for number in range(8)]


def test_forbidding_what_was_never_allowed_changes_nothing(directories: Directories) -> None:
    store, one, other = ScriptStore(directories), card("a", SCRIPT), card("b", {**SCRIPT, "disabled": True})
    store.allow(one, ["x"])
    store.forbid(other)
    assert store.is_allowed(one)
    assert not store.is_allowed(other)


def test_scripts_are_known_by_all_that_stands_in_them_whatever_its_order() -> None:
    assert fingerprint(card("a", SCRIPT)) == fingerprint(card("b", dict(reversed(SCRIPT.items()))))
    assert fingerprint(card("a", SCRIPT)) != fingerprint(card("a", SCRIPT, SCRIPT))
    assert fingerprint(card("a", SCRIPT)) != fingerprint(card("a", {**SCRIPT, "unknown": 1}))


def test_a_later_format_of_permissions_allows_nothing_and_is_kept_beside_the_new_one(directories: Directories) -> None:
    store, one = ScriptStore(directories), card("a", SCRIPT)
    store.allow(one, ["x"])
    file = directories.config / ALLOWED
    later = file.read_text().replace('"f": 1', '"f": 2')
    file.write_text(later)
    assert not store.is_allowed(one)
    store.allow(one, ["x"])
    assert store.is_allowed(one)
    assert file.with_name(f"{ALLOWED}.unread").read_text() == later
