"""The user's presets on disk: one file each, found by name, made, changed and deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tavern_tui.config.paths import directories
from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError, StorageError
from tavern_tui.storage.presets import PresetStore, usable_name


@pytest.fixture
def store(tmp_path: Path) -> PresetStore:
    """The presets of an empty library."""
    return PresetStore(directories({"TAVERN_HOME": str(tmp_path)}))


def put(store: PresetStore, name: str, text: str) -> Path:
    """A file that somebody wrote."""
    store.folder.mkdir(parents=True, exist_ok=True)
    path = store.folder / name
    path.write_text(text, "utf-8")
    return path


def test_without_a_folder_there_are_none_and_none_is_made(store: PresetStore) -> None:
    assert store.files() == []
    assert store.named("mine") is None
    assert not store.folder.exists()


def test_a_preset_is_found_by_its_files_name_in_any_case(store: PresetStore) -> None:
    put(store, "Mira.yml", "min_p: 0.1\n")
    put(store, ".hidden.yaml", "min_p: 0.1\n")
    put(store, "notes.txt", "no preset")
    assert [file.name for file in store.files()] == ["Mira"]
    found = store.named(" mira ")
    assert found is not None
    assert (found.name, found.read.preset.sampling.min_p) == ("Mira", 0.1)


def test_of_names_that_differ_in_capitals_alone_the_first_counts(store: PresetStore) -> None:
    put(store, "Mira.yaml", "top_k: 1\n")
    put(store, "mira.yaml", "top_k: 2\n")
    [file] = store.files()
    found = store.named("mira")
    assert found is not None
    assert file.path == found.path


@pytest.mark.parametrize("text", ["- a", "x: [", "min_p: 0.1\n" * 30_000], ids=["list", "broken", "large"])
def test_a_file_that_cannot_be_used_says_why_and_stands_in_nobodys_way(store: PresetStore, text: str) -> None:
    put(store, "bad.yaml", text)
    put(store, "good.yaml", "min_p: 0.1")
    bad, good = store.files()
    assert bad.unreadable
    assert not good.unreadable


def test_a_new_preset_does_not_replace_one(store: PresetStore) -> None:
    path = store.add(" Mira ", "min_p: 0.1\n")
    assert path == store.folder / "Mira.yaml"
    with pytest.raises(SettingsError, match="already"):
        store.add("mira", "min_p: 0.2\n")
    assert path.read_text() == "min_p: 0.1\n"


@pytest.mark.parametrize("name", ["", " ", "a/b", "../x", ".x", "x.", "a\nb", 'a"b', "x" * 61], ids=map(str, range(9)))
def test_a_name_that_no_file_can_have_everywhere_is_refused(name: str) -> None:
    with pytest.raises(SettingsError):
        usable_name(name)


def test_a_change_keeps_the_rest_of_the_file(store: PresetStore) -> None:
    put(store, "mine.yaml", "# mine\nmin_p: 0.1 # low\nskew: 1\n")
    changed = store.change("MINE", {"top_k": 40})
    assert changed.path.read_text() == "# mine\nmin_p: 0.1 # low\nskew: 1\ntop_k: 40\n"
    assert changed.read.preset.sampling.top_k == 40


def test_a_broken_file_is_left_as_it_is(store: PresetStore) -> None:
    path = put(store, "mine.yaml", "x: [")
    with pytest.raises(FormatError):
        store.change("mine", {"top_k": 40})
    assert path.read_text() == "x: ["


def test_only_presets_that_are_there_are_changed_and_deleted(store: PresetStore) -> None:
    path = store.add("mine", "min_p: 0.1\n")
    with pytest.raises(NotFoundError):
        store.change("other", {})
    with pytest.raises(NotFoundError):
        store.delete("balanced")
    assert store.delete("Mine") == path
    assert store.files() == []


def test_a_folder_that_is_none_is_told(store: PresetStore) -> None:
    store.folder.parent.mkdir(parents=True, exist_ok=True)
    store.folder.write_text("a file")
    with pytest.raises((StorageError, NotFoundError)):
        store.files()


def test_a_file_of_sillytavern_s_lies_there_as_it_is_and_keeps_the_rest_when_changed(store: PresetStore) -> None:
    store.folder.mkdir(parents=True)
    path = store.folder / "Theirs.json"
    path.write_text('{"temp": 0.5, "rep_pen": 1, "typical_p": 1, "streaming": true, "genamt": 300}')
    found = store.named("theirs")
    assert found is not None
    assert (found.read.preset.sampling.temperature, found.unreadable) == (0.5, "")
    assert [remark.partition(":")[0] for remark in found.read.remarks] == ["genamt"]
    store.change("Theirs", {"temperature": 0.9})
    assert json.loads(path.read_text()) == {
        "temp": 0.9,
        "rep_pen": 1,
        "typical_p": 1,
        "streaming": True,
        "genamt": 300,
    }
    with pytest.raises(FormatError, match="no field “stop”"):
        store.change("Theirs", {"stop": ["x"]})


def test_a_file_of_text_generation_webui_s_keeps_its_comments_when_changed(store: PresetStore) -> None:
    store.folder.mkdir(parents=True)
    path = store.folder / "webui.yaml"
    path.write_text("# Mine.\ntemperature: 0.5\ndo_sample: true\nrepetition_penalty_range: 64\n")
    store.change("webui", {"repetition_range": 128})
    assert path.read_text() == "# Mine.\ntemperature: 0.5\ndo_sample: true\nrepetition_penalty_range: 128\n"


def test_a_template_among_the_presets_is_told_where_it_belongs(store: PresetStore) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "odd.json").write_text('{"story_string": "x", "name": "odd"}')
    found = store.named("odd")
    assert found is not None
    assert "context template" in found.unreadable
