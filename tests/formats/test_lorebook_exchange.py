"""Lorebooks between programs: each is told by its content, nothing is lost, and what does nothing is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import KeyMatching, Lorebook, LoreEntry, LorePosition, SelectiveLogic
from tavern_tui.formats.lorebook import read_lorebook, write_lorebook
from tavern_tui.formats.lorebook_exchange import (
    TARGETS,
    is_lorebook,
    lorebook_format,
    read_any_lorebook,
    with_original,
    write_lorebook_as,
)
from tests.formats.lorebook_reading import read_write_read
from tests.fuzz import CORPUS

BOOKS = CORPUS / "lorebooks"
FILES = {
    "sillytavern-1.12.6.json": "SillyTavern",
    "sillytavern-later.json": "SillyTavern",
    "v2-book.json": "character book",
    "v3-lorebook.json": "V3 lorebook",
    "novelai.lorebook": "NovelAI",
    "risuai.json": "RisuAI",
    "agnai.json": "Agnai",
    "aidungeon.json": "AI Dungeon",
    "kobold-list.json": "Kobold",
    "kobold-united.json": "Kobold",
}
GREEN = "The lantern burns with a green flame."


def book(name: str) -> Lorebook:
    """A book of the corpus."""
    return read_any_lorebook((BOOKS / name).read_bytes(), Path(name).stem)[0]


def places(name: str) -> list[str]:
    """Where reading a file of the corpus tells of something."""
    return [remark.place for remark in read_any_lorebook((BOOKS / name).read_bytes(), name)[1]]


def leaves(value: Any) -> list[str]:
    """Every text of a value that is worth finding again."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(("name", "program"), FILES.items(), ids=list(FILES))
def test_a_lorebook_is_told_by_its_content(name: str, program: str) -> None:
    value = json.loads((BOOKS / name).read_bytes())
    assert (is_lorebook(value), lorebook_format(value)) == (True, program)


@pytest.mark.parametrize(
    "value",
    [
        {"spec": "chara_card_v2", "data": {"name": "Mira"}},
        {"name": "Mira", "description": "", "first_mes": ""},
        {"prompt": "Once", "actions": [], "worldinfo": [{"key": "a", "content": "b"}]},
        [{"scriptName": "x", "findRegex": "y"}],
        {"entries": 7},
        [],
        "entries",
    ],
    ids=["card", "v1", "save", "scripts", "number", "nothing", "text"],
)
def test_what_is_something_else_is_no_lorebook(value: Any) -> None:
    assert not is_lorebook(value)


@pytest.mark.parametrize("name", FILES)
def test_every_entry_and_text_of_a_file_survives_as_a_world_file(name: str) -> None:
    raw = (BOOKS / name).read_bytes()
    read = read_write_read(raw)
    assert all(entry.content for entry in read.entries)
    written = write_lorebook(read).decode()
    lost = [
        leaf
        for leaf in leaves(json.loads(raw))
        if leaf not in ("memory", "risu", "lorebook_v3", "after_char")
        and not all(json.dumps(part.strip(), ensure_ascii=False)[1:-1] in written for part in leaf.split(","))
    ]
    assert lost == []


@pytest.mark.parametrize("name", ["sillytavern-1.12.6.json", "sillytavern-later.json"])
def test_a_world_file_is_written_as_it_was_read(name: str) -> None:
    raw = json.loads((BOOKS / name).read_bytes())
    written = json.loads(write_lorebook(read_lorebook((BOOKS / name).read_bytes())))
    assert raw == {key: written[key] for key in raw}
    for uid, entry in raw["entries"].items():
        assert written["entries"][uid] == entry


def test_a_v2_book_keeps_every_field_and_adds_only_what_v3_asks_for() -> None:
    raw = json.loads((BOOKS / "v2-book.json").read_bytes())
    data, remarks = write_lorebook_as(book("v2-book.json"), "v2")
    written = json.loads(data)
    assert {key: written[key] for key in raw if key != "entries"} == {k: v for k, v in raw.items() if k != "entries"}
    for before, after in zip(raw["entries"], written["entries"], strict=True):
        assert {key: after[key] for key in before if key != "extensions"} == {
            key: value for key, value in before.items() if key != "extensions"
        }
        assert before["extensions"].items() <= after["extensions"].items()
    assert [remark.place for remark in remarks] == [
        "entries.3.position",
        "entries.3.probability",
        "entries.3.selectiveLogic",
    ]


def test_a_v3_book_keeps_its_patterns_and_decorators() -> None:
    written, _ = write_lorebook_as(book("v3-lorebook.json"), "v3")
    lamps, ferry = json.loads(written)["data"]["entries"]
    assert (lamps["id"], lamps["use_regex"], lamps["content"][:9]) == ("lamps-1", True, "@@depth 1")
    assert (ferry["priority"], ferry["extensions"]["theirs"], ferry["use_regex"]) == (1, [True], False)
    _, remarks = write_lorebook_as(book("v3-lorebook.json"), "v2")
    assert [remark.place for remark in remarks][:2] == ["entries.0.use_regex", "entries.0.content"]


def test_novelai_s_lorebook_is_read() -> None:
    lantern, ferry = book("novelai.lorebook").entries
    assert (lantern.keys, lantern.comment, lantern.content) == (("lantern", "/lamps?/i"), "Lantern", GREEN)
    assert (lantern.order, lantern.constant, lantern.selective, lantern.enabled) == (400, False, False, False)
    assert (ferry.constant, ferry.enabled, ferry.order) == (True, True, 800)
    assert ferry.extra["novelai"]["searchRange"] == 4000
    assert book("novelai.lorebook").extra["novelai"]["categories"][0]["name"] == "Lights"


def test_what_novelai_says_in_its_own_way_is_told_where_it_stands() -> None:
    assert places("novelai.lorebook") == [
        "entries.1.searchRange",
        "entries.1.contextConfig.prefix",
        "entries.1.contextConfig.suffix",
        "entries.0.category",
    ]


def test_agnai_s_memory_book_is_read() -> None:
    read = book("agnai.json")
    (entry,) = read.entries
    assert (read.name, read.description) == ("Harbour", "What the harbour knows.")
    assert (entry.keys, entry.order, entry.priority, entry.enabled) == (("lantern", "lamp*"), 3, 10, True)
    assert entry.extra["agnai"] == {"id": "e-1"}


def test_risuai_s_lorebook_is_read_and_its_folders_are_kept() -> None:
    read = book("risuai.json")
    lantern, ferry = read.entries
    assert (lantern.keys, lantern.secondary_keys, lantern.probability) == (("lantern", "lamp"), ("harbour",), 40.0)
    assert (ferry.use_regex, ferry.constant, ferry.order) == (True, True, 50)
    assert read.extra["risuai"]["folders"][0]["comment"] == "Lights"
    assert places("risuai.json") == ["data.1.folder"]


def test_ai_dungeon_s_story_cards_are_read() -> None:
    lantern, ferry = book("aidungeon.json").entries
    assert (lantern.keys, lantern.content, lantern.comment) == (("lantern", "lamp"), GREEN, "Lantern")
    assert (lantern.match_whole_words, lantern.case_sensitive, lantern.order < ferry.order) == (False, False, True)
    assert places("aidungeon.json") == ["0.type", "0.description", "1.useForCharacterCreation"]


def test_kobold_s_world_info_is_read_and_written_as_it_was() -> None:
    read = book("kobold-list.json")
    lantern, ferry = read.entries
    assert read.matching is KeyMatching.KOBOLD
    assert (lantern.keys, lantern.secondary_keys, lantern.exclude_keys) == (
        ("lantern", "lamp"),
        ("harbour",),
        ("museum",),
    )
    assert (lantern.probability, ferry.enabled, ferry.constant) == (75.0, False, True)
    written = json.loads(write_lorebook_as(read, "kobold")[0])
    raw = json.loads((BOOKS / "kobold-list.json").read_bytes())
    assert [{**one, "probability": str(one["probability"])} for one in written] == raw


def test_kobold_united_s_entries_keep_what_only_it_says() -> None:
    (lantern,) = book("kobold-united.json").entries
    assert (lantern.keys, lantern.extra["kobold"]["wpp"]["format"]) == (("lantern",), "W++")
    (again,) = json.loads(write_lorebook_as(book("kobold-united.json"), "kobold")[0])
    assert (again["key"], again["wpp"]["format"]) == ("lantern", "W++")


def test_a_save_s_world_info_is_looked_for_as_far_back_as_it_says() -> None:
    save = {"prompt": "Once", "worldinfo": [{"key": "a, b", "content": "c"}], "wisearchdepth": 512}
    read = read_lorebook(json.dumps(save).encode())
    assert (read.search_characters, read.entries[0].keys) == (512, ("a", "b"))


def test_what_kobold_cannot_say_is_told_once_for_each_kind() -> None:
    entries = tuple(
        LoreEntry(uid=uid, keys=("a, b", "/c/i"), position=LorePosition.AT_DEPTH, sticky=2, extra={"automationId": "x"})
        for uid in range(3)
    )
    _, remarks = write_lorebook_as(Lorebook("Inn", entries, token_budget=9), "kobold")
    assert [remark.place for remark in remarks] == [
        "name",
        "token_budget",
        "entries.0.key",
        "entries.0.key",
        "entries.0.position",
        "entries.0.sticky",
        "entries.0",
    ]
    assert all("3 entries" in remark.text for remark in remarks[2:])


def test_keys_that_may_not_be_there_are_kobold_s_anti_keys() -> None:
    entry = LoreEntry(keys=("a",), secondary_keys=("b",), selective_logic=SelectiveLogic.NOT_ANY)
    (written,) = json.loads(write_lorebook_as(Lorebook("", (entry,)), "kobold")[0])
    assert (written["keyanti"], written["keysecondary"]) == ("b", "")


def test_a_plain_book_is_written_everywhere_without_a_remark() -> None:
    plain = Lorebook("", (LoreEntry(keys=("a",), content="b"),))
    assert {name: write_lorebook_as(plain, name)[1] for name in TARGETS} == dict.fromkeys(TARGETS, ())


def test_what_sillytavern_passes_over_is_told() -> None:
    _, remarks = write_lorebook_as(book("kobold-list.json"), "sillytavern")
    assert [remark.place for remark in remarks] == ["key_matching", "entries.0.keyanti"]


def test_a_target_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(FormatError) as caught:
        write_lorebook_as(Lorebook(""), "novelai")
    assert "sillytavern, v3, v2, kobold" in caught.value.hint


def test_sillytavern_s_copy_of_a_card_s_book_follows_the_entries() -> None:
    read = book("sillytavern-1.12.6.json")
    copied = {"name": "Harbour", "theirs": 1, "entries": [{"id": 0, "name": "Lantern", "content": "Old."}, {"id": 3}]}
    synced = with_original(replace(read, extra={"originalData": copied})).extra["originalData"]
    assert (synced["name"], synced["theirs"], [one["id"] for one in synced["entries"]]) == ("Harbour", 1, [0, 7])
    assert (synced["entries"][0]["name"], synced["entries"][0]["content"]) == ("Lantern", GREEN)
    assert with_original(Lorebook("x")) == Lorebook("x")
