"""Settings: two files over the defaults, and no file that can stop the start."""

from __future__ import annotations

import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.keymap import load_keymap
from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.settings import GROUPS, Settings, load_settings, remember
from tavern_tui.domain.errors import SettingsError, StorageError


@pytest.fixture
def dirs(tmp_path: Path) -> Directories:
    found = directories({"TAVERN_HOME": str(tmp_path)})
    found.config.mkdir(parents=True)
    return found


def write(dirs: Directories, name: str, text: str) -> None:
    (dirs.config / name).write_text(text, encoding="utf-8")


def test_without_files_the_defaults_hold(dirs: Directories) -> None:
    loaded = load_settings(dirs)
    assert loaded.settings == Settings()
    assert loaded.problems == ()


def test_the_hand_written_file_stands_above_the_programs_own(dirs: Directories) -> None:
    write(dirs, "settings.yaml", "reply:\n  response_tokens: 100\n  finish_sentence: false\n")
    write(dirs, "config.yaml", "reply:\n  response_tokens: 200\n")
    reply = load_settings(dirs).settings.reply
    assert (reply.response_tokens, reply.finish_sentence) == (200, False)


def test_an_unknown_name_is_reported_with_line_and_nearest_name(dirs: Directories) -> None:
    write(dirs, "config.yaml", "engine:\n  threads: 2\n  contxt_tokens: 4096\n")
    loaded = load_settings(dirs)
    assert loaded.settings.engine.threads == 2
    [problem] = loaded.problems
    assert problem.where.endswith("config.yaml:3")
    assert "engine.context_tokens" in problem.what


def test_an_outcome_table_is_a_list_or_a_line_and_a_bad_one_is_named_with_its_place(dirs: Directories) -> None:
    write(dirs, "config.yaml", "adventure:\n  outcomes:\n    - 1 low: It breaks.\n    - 11 high\n")
    assert load_settings(dirs).settings.adventure.outcomes == "1 low: It breaks.; 11 high"
    write(dirs, "config.yaml", "adventure:\n  outcomes: 1 low; high\n  dice: 2d6\n")
    loaded = load_settings(dirs)
    [problem] = loaded.problems
    assert problem.where.endswith("config.yaml:2")
    assert "outcome 2 is none. Write the least total" in problem.what
    assert (loaded.settings.adventure.outcomes, loaded.settings.adventure.dice) == ("", "2d6")


def test_a_value_out_of_bounds_falls_back_alone(dirs: Directories) -> None:
    write(dirs, "config.yaml", "reply:\n  response_tokens: -5\n  preset: creative\npersona:\n  name: Mira\n")
    loaded = load_settings(dirs)
    assert loaded.settings.reply.response_tokens == 300
    assert loaded.settings.reply.preset == "creative"
    assert loaded.settings.persona.name == "Mira"
    assert [p.where.rpartition(":")[2] for p in loaded.problems] == ["2"]


@pytest.mark.parametrize(
    "text", ["reply: [1, 2", "- a\n- b\n", "reply: 7\n", "\x00\x01", "a: &a [*a]\n", "reply:\n\tx: 1\n", "!!python/x 1"]
)
def test_a_broken_file_is_reported_and_left_as_it_is(dirs: Directories, text: str) -> None:
    write(dirs, "config.yaml", text)
    loaded = load_settings(dirs)
    assert loaded.settings == Settings()
    assert loaded.problems
    assert (dirs.config / "config.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("name", "typed", "taken"),
    [("template", "chatml", "ChatML"), ("template", "none", "Plain text"), ("template", " my own", "my own")],
)
def test_a_name_is_taken_in_any_case_of_letters(dirs: Directories, name: str, typed: str, taken: str) -> None:
    write(dirs, "config.yaml", f"reply: {{{name}: {typed}}}\n")
    loaded = load_settings(dirs)
    assert loaded.problems == ()
    assert getattr(loaded.settings.reply, name) == taken


def test_where_a_setting_stands_is_known(dirs: Directories) -> None:
    write(dirs, "settings.yaml", "engine:\n  model: one\n  threads: 2\n")
    write(dirs, "config.yaml", "# mine\nengine:\n  model: two\n")
    own, written = dirs.config / "config.yaml", dirs.config / "settings.yaml"
    assert load_settings(dirs).places == {"engine.model": f"{own}:3", "engine.threads": f"{written}:3"}


def test_a_folder_or_a_pipe_in_place_of_the_file_is_called_what_it_is(dirs: Directories) -> None:
    (dirs.config / "config.yaml").mkdir()
    os.mkfifo(dirs.config / "settings.yaml")
    told = {Path(problem.where).name: problem.what for problem in load_settings(dirs).problems}
    assert "is a folder" in told["config.yaml"]
    assert "no ordinary file" in told["settings.yaml"]
    (dirs.config / "config.yaml").rmdir()
    with pytest.raises(StorageError, match="no ordinary file"):
        remember(dirs, "engine.threads", 3)


def test_a_pipe_in_place_of_the_keys_is_not_waited_for(dirs: Directories) -> None:
    os.mkfifo(dirs.config / "keys.yaml")
    [problem] = load_keymap(dirs).problems
    assert "no ordinary file" in problem.what


def test_a_file_where_the_settings_folder_should_be_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("mine")
    loaded = load_settings(directories({"TAVERN_HOME": str(tmp_path)}))
    assert len(loaded.problems) == 1
    assert str(tmp_path / "config") in loaded.problems[0].where


def test_settings_that_are_remembered_at_once_are_all_kept(dirs: Directories) -> None:
    values: dict[str, Any] = {"model": "mine", "llama_server": "there", "context_tokens": 512, "kv_type": "q8_0"}
    values = {f"engine.{name}": value for name, value in (values | {"threads": 1, "mlock": True}).items()}
    names = list(values)
    with ThreadPoolExecutor(len(names)) as threads:
        for _ in range(10):
            (dirs.config / "settings.yaml").unlink(missing_ok=True)
            list(threads.map(lambda name: remember(dirs, name, values[name]), names))
            engine = load_settings(dirs).settings.engine
            assert {name: getattr(engine, name.partition(".")[2]) for name in names} == values


def test_settings_that_another_program_is_writing_for_long_are_left(
    dirs: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tavern_tui.config.settings.LOCK_SECONDS", 0.1)
    holder = os.open(dirs.config, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(StorageError, match="another tavern-tui"):
            remember(dirs, "engine.threads", 3)
    finally:
        os.close(holder)
    remember(dirs, "engine.threads", 3)


def test_remembering_a_setting_keeps_the_others_and_the_hand_written_file(dirs: Directories) -> None:
    write(dirs, "config.yaml", "# mine\npersona: {name: Mira}\n")
    remember(dirs, "engine.threads", 3)
    remember(dirs, "connection.server", "rig:5001")
    settings = load_settings(dirs).settings
    assert (settings.engine.threads, settings.connection.server, settings.persona.name) == (3, "rig:5001", "Mira")
    assert (dirs.config / "config.yaml").read_text(encoding="utf-8") == "# mine\npersona: {name: Mira}\n"


def test_only_settings_that_exist_are_remembered(dirs: Directories) -> None:
    with pytest.raises(KeyError):
        remember(dirs, "engine.speed", 3)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("persona:\n  name: Mira\nreply: [1, 2\n", 3, ""),
        ("- a\n- b\n", 1, "group:"),
        ("persona:\n  name: Mira\nengine: 7\n", 3, "“engine” needs names below it."),
        ("persona:\n  name: Mira\nformat: two\n", 3, "“format” is a number."),
        ("persona:\n  name: Mira\nformat: 2\n", 3, "settings.yaml was written by a later tavern-tui (format 2"),
    ],
)
def test_a_file_that_would_lose_something_is_not_written_over(
    dirs: Directories, text: str, line: int, said: str
) -> None:
    write(dirs, "settings.yaml", text)
    with pytest.raises(SettingsError) as caught:
        remember(dirs, "engine.threads", 3)
    name, _, number = caught.value.where.rpartition(":")
    assert name.endswith("settings.yaml")
    assert abs(int(number) - line) <= 1
    assert said in caught.value.title
    assert (dirs.config / "settings.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "format: 1\n", "engine:\n", "engine: {threads: 2}\n"])
def test_a_file_that_says_little_is_added_to(dirs: Directories, text: str) -> None:
    write(dirs, "settings.yaml", text)
    remember(dirs, "engine.threads", 3)
    assert load_settings(dirs).settings.engine.threads == 3


def test_a_folder_that_cannot_be_made_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("mine")
    with pytest.raises(StorageError) as caught:
        remember(directories({"TAVERN_HOME": str(tmp_path)}), "engine.threads", 3)
    assert str(tmp_path / "config") in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_a_disk_that_neither_takes_a_file_nor_lets_go_of_one_is_told_in_plain_words(dirs: Directories) -> None:
    (dirs.config / f".settings.yaml.{os.getpid()}").mkdir()
    with pytest.raises(StorageError):
        remember(dirs, "engine.threads", 3)


def test_a_file_that_cannot_be_read_is_not_written_over(dirs: Directories) -> None:
    (dirs.config / "settings.yaml").mkdir()
    with pytest.raises(StorageError):
        remember(dirs, "engine.threads", 3)
    assert [path.name for path in dirs.config.iterdir()] == ["settings.yaml"]


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(
    dirs: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(dirs, "engine.threads", 2)
    before = (dirs.config / "settings.yaml").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="Disk full"):
        remember(dirs, "engine.threads", 3)
    assert (dirs.config / "settings.yaml").read_bytes() == before
    assert [path.name for path in dirs.config.iterdir()] == ["settings.yaml"]


def test_the_text_is_on_disk_before_it_gets_the_name(dirs: Directories, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        done.append("synced")
        real_sync(descriptor)

    def replace(path: Path, target: Path) -> Path:
        done.append("renamed")
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    remember(dirs, "engine.threads", 3)
    assert done == ["synced", "renamed"]


def test_a_settings_file_that_is_a_link_stays_one(dirs: Directories, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.yaml"
    real.write_text("persona: {name: Mira}\n")
    (dirs.config / "settings.yaml").symlink_to(real)
    remember(dirs, "engine.threads", 3)
    assert (dirs.config / "settings.yaml").is_symlink()
    assert "threads: 3" in real.read_text()


def test_every_setting_says_what_it_is() -> None:
    assert {*GROUPS, "chosen"} == {group.name for group in fields(Settings)}
    for group in GROUPS.values():
        assert all(setting.metadata["title"].endswith(".") for setting in fields(group))


def test_every_default_is_a_value_that_a_file_may_have() -> None:
    for group in GROUPS.values():
        for setting in fields(group):
            assert setting.metadata["check"](setting.default) == setting.default


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("persona: {name: 7}", "text"),
        ("persona: {name: ''}", "empty"),
        (f"persona: {{name: {'x' * 101}}}", "100 characters at most"),
        ("reply: {response_tokens: 15}", "16 or more"),
        ("reply: {response_tokens: 8193}", "8192 or less"),
        ("reply: {response_tokens: 20.5}", "whole number"),
        ("reply: {response_tokens: true}", "whole number"),
        ("reply: {response_tokens: [300]}", "whole number"),
        ("reply: {response_tokens: }", "whole number"),
        ("reply: {finish_sentence: perhaps}", "true or false"),
        ("reply: {finish_sentence: 1}", "true or false"),
        ("reply: {preset: 5}", "text"),
        ("engine: {threads: 0}", "1 or more"),
        ("engine: {gpu_layers: most}", "auto, all or a whole number"),
        ("engine: {gpu_layers: -2}", "-1 or more"),
        ("engine: {kv_type: q5_1}", "f16, q8_0, q4_0"),
        ("engine: {rope_scale: 2}", "1 or less"),
        ("engine: {rope_base: high}", "a number"),
        ("engine: {lora_strength: -9}", "-8 or more"),
        ("engine: {idle_minutes: 0}", "above 0"),
        ("engine: {idle_minutes: .nan}", "above 0"),
        ("engine: {idle_minutes: .inf}", "above 0"),
        ("ui: {ascii: perhaps}", "auto, on, off"),
    ],
)
def test_a_value_that_means_nothing_is_told_with_what_it_has_to_be(dirs: Directories, entry: str, said: str) -> None:
    write(dirs, "config.yaml", entry + "\n")
    loaded = load_settings(dirs)
    assert loaded.settings == Settings()
    [problem] = loaded.problems
    assert said in problem.what
    assert "The default is used." in problem.what


@pytest.mark.parametrize(
    ("entry", "name", "taken"),
    [
        ("reply: {response_tokens: '200'}", "reply.response_tokens", 200),
        ("reply: {response_tokens: 200.0}", "reply.response_tokens", 200),
        ("reply: {finish_sentence: no}", "reply.finish_sentence", False),
        ("reply: {finish_sentence: Yes}", "reply.finish_sentence", True),
        ("engine: {context_tokens: }", "engine.context_tokens", None),
        ("engine: {gpu_layers: All}", "engine.gpu_layers", "all"),
        ("engine: {gpu_layers: -1}", "engine.gpu_layers", -1),
        ("engine: {flash_attention: false}", "engine.flash_attention", "off"),
        ("engine: {lora_strength: '0.5'}", "engine.lora_strength", 0.5),
        ("engine: {idle_minutes: 2}", "engine.idle_minutes", 2.0),
        ("ui: {ascii: on}", "ui.ascii", "on"),
        ("ui: {ascii: true}", "ui.ascii", "on"),
    ],
)
def test_a_value_is_taken_as_it_was_meant(dirs: Directories, entry: str, name: str, taken: object) -> None:
    write(dirs, "config.yaml", entry + "\n")
    loaded = load_settings(dirs)
    assert loaded.problems == ()
    group, key = name.split(".")
    assert getattr(getattr(loaded.settings, group), key) == taken
    assert loaded.settings.chosen == {name}


def test_a_pipe_in_place_of_the_file_does_not_hold_the_start_up(dirs: Directories) -> None:
    os.mkfifo(dirs.config / "config.yaml")
    assert load_settings(dirs).problems


def test_a_home_that_nobody_has_is_taken_as_it_is_written() -> None:
    assert directories({"TAVERN_HOME": "~nouser-of-that-name/x"}).data.name == "x"
