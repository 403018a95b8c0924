"""Templates chosen for single models: by their names, whatever the case, and forgotten one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.template_choices import TemplateChoices


def choices(folder: Path) -> TemplateChoices:
    return TemplateChoices(folder / "data" / "templates.json", folder / "state" / "templates.lock")


def test_without_a_file_nothing_is_chosen_and_none_is_made(tmp_path: Path) -> None:
    assert choices(tmp_path).of("Tale-7B") == ""
    assert not choices(tmp_path).forget("Tale-7B")
    assert list(tmp_path.iterdir()) == []


def test_a_choice_holds_for_the_models_name_in_any_case(tmp_path: Path) -> None:
    choices(tmp_path).choose("Tale-7B", "Alpaca")
    choices(tmp_path).choose("other", "ChatML")
    assert choices(tmp_path).of(" tale-7b ") == "Alpaca"
    assert choices(tmp_path).all() == {"tale-7b": "Alpaca", "other": "ChatML"}


def test_forgetting_one_leaves_the_others(tmp_path: Path) -> None:
    choices(tmp_path).choose("one", "Alpaca")
    choices(tmp_path).choose("two", "Gemma")
    assert choices(tmp_path).forget("ONE")
    assert choices(tmp_path).all() == {"two": "Gemma"}


def test_a_model_without_a_name_has_no_choice(tmp_path: Path) -> None:
    choices(tmp_path).choose("one", "Alpaca")
    assert choices(tmp_path).of("") == ""


def test_a_damaged_file_counts_as_empty_and_is_kept_when_a_choice_is_made(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "templates.json").write_bytes(b"{torn")
    assert choices(tmp_path).of("one") == ""
    choices(tmp_path).choose("one", "Alpaca")
    assert choices(tmp_path).of("one") == "Alpaca"
    assert (tmp_path / "data" / "templates.json.unread").read_bytes() == b"{torn"


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "data" / "templates.json").mkdir(parents=True)
    with pytest.raises(StorageError):
        choices(tmp_path).of("one")
