"""The shipped characters and lorebooks are what their sources say, and keep to the rules of sample writing.

Cards are short, carry their style by example and leave the user's side to the user. Token counts are the starter
model's. The demo chat has a file of its own, ``test_demo_chat.py``.
"""

from __future__ import annotations

import base64
import functools
import io
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from scripts import build_samples
from scripts.samples import sources
from tavern_tui.config.paths import Directories
from tavern_tui.domain.character import Character
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.formats.card import read_card
from tavern_tui.formats.lorebook import read_lorebook
from tavern_tui.formats.png import read_png
from tavern_tui.storage.library import Library

ROOT = Path(__file__).resolve().parents[2]
built = functools.cache(build_samples.build)
CARDS = {name: sources.character(name) for name in sources.CARDS}
WORLDS = {name: sources.lorebook(name) for name in sources.WORLDS}
LARGEST_PICTURE = 60 * 1024

Count = Callable[[str], int]

each_card = pytest.mark.parametrize("name", sources.CARDS)
each_world = pytest.mark.parametrize("name", sources.WORLDS)


@pytest.fixture(scope="session")
def count(starter_model: Path) -> Count:
    """Tokens of a text in the starter model's vocabulary."""
    import llama_cpp

    vocabulary = llama_cpp.Llama(str(starter_model), vocab_only=True, verbose=False)
    return lambda text: len(vocabulary.tokenize(text.encode(), add_bos=False, special=False))


def read_by(card: Character, text: str) -> str:
    """``text`` as a model reads it: names in place of macros."""
    return text.replace("{{char}}", card.name).replace("{{user}}", "Alex")


def spoken_pairs(card: Character) -> list[tuple[str, str]]:
    """The card's example exchanges: what the user says, what the character answers."""
    blocks = [block.strip() for block in card.example_dialogue.split("<START>") if block.strip()]
    pairs = []
    for block in blocks:
        told = re.fullmatch(r"\{\{user\}\}: (.+)\n\{\{char\}\}: (.+)", block)
        assert told, block
        pairs.append((told[1], told[2]))
    return pairs


def fires(entry: LoreEntry, text: str) -> bool:
    """Whether one of the entry's keys stands in ``text`` as whole words, and a secondary one where it has any."""

    def found(key: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text, re.IGNORECASE) is not None

    return any(map(found, entry.keys)) and (not entry.secondary_keys or any(map(found, entry.secondary_keys)))


# What is committed


@pytest.mark.parametrize("path", [build_samples.DEMO, *(f"worlds/{book.name}.json" for book in WORLDS.values())])
def test_the_committed_file_is_what_its_source_builds(path: str) -> None:
    assert (ROOT / path).read_bytes() == built()[path], "run: python -m scripts.build_samples"


@pytest.mark.parametrize("path", [f"cards/{card.name}.png" for card in CARDS.values()])
def test_the_committed_card_is_what_its_source_builds(path: str) -> None:
    committed = (ROOT / path).read_bytes()
    for keyword in ("chara", "ccv3"):
        texts = [list(read_png(data).texts(keyword)) for data in (committed, built()[path])]
        assert texts[0] == texts[1], "run: python -m scripts.build_samples"
    # Another version of Pillow may choose other colours of the palette and another compression.
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in (committed, built()[path])]
    assert max(ImageStat.Stat(ImageChops.difference(pictures[0], pictures[1])).mean) < 3


def test_nothing_else_lies_where_the_program_looks_for_samples() -> None:
    found = {f"{folder}/{path.name}" for folder in ("cards", "worlds", "chats") for path in (ROOT / folder).iterdir()}
    assert found == set(built())


def test_the_library_shows_each_sample_once(tmp_path: Path) -> None:
    library = Library(Directories(tmp_path, tmp_path, tmp_path, tmp_path))
    assert [(c.name, c.problem) for c in library.characters()] == [
        (name, "") for name in ("Bess", "Tern", "The Mapmaker", "Wren")
    ]
    assert [(book.name, book.problem) for book in library.lorebooks()] == [
        ("The Crooked Lantern", ""),
        ("The Long Survey", ""),
    ]


# Characters


@each_card
def test_the_picture_is_small_and_holds_the_card_for_v2_and_v3_readers(name: str) -> None:
    data = built()[f"cards/{CARDS[name].name}.png"]
    assert len(data) <= LARGEST_PICTURE
    assert Image.open(io.BytesIO(data)).size == (400, 600)
    for keyword, spec, version in (("chara", "chara_card_v2", "2.0"), ("ccv3", "chara_card_v3", "3.0")):
        card = json.loads(base64.b64decode(next(read_png(data).texts(keyword))))
        assert (card["spec"], card["spec_version"]) == (spec, version)
        assert card["data"]["name"] == CARDS[name].name
        assert len(card["data"]["character_book"]["entries"]) == len(sources.load(f"cards/{name}")["lorebook"])


@each_card
def test_the_card_reads_back_as_it_was_written(name: str) -> None:
    wanted, found = CARDS[name], read_card(built()[f"cards/{CARDS[name].name}.png"])
    for field in ("description", "greeting", "alternate_greetings", "example_dialogue", "tags", "version", "creator"):
        assert getattr(found, field) == getattr(wanted, field)
    assert found.lorebook is not None
    assert wanted.lorebook is not None
    assert [(e.keys, e.content) for e in found.lorebook.entries] == [
        (e.keys, e.content) for e in wanted.lorebook.entries
    ]


@pytest.mark.model
@each_card
def test_the_description_is_at_most_150_tokens_of_plain_prose(name: str, count: Count) -> None:
    card = CARDS[name]
    assert count(read_by(card, card.description)) <= 150
    assert not re.search(r"[\n\[\]{}|+=#]", read_by(card, card.description))
    assert len(re.findall(r"[a-z]\.( |$)", card.description)) >= 4


@pytest.mark.model
@each_card
def test_every_greeting_is_60_to_120_tokens(name: str, count: Count) -> None:
    card = CARDS[name]
    lengths = [count(read_by(card, greeting)) for greeting in card.greetings]
    assert all(60 <= length <= 120 for length in lengths), lengths


@each_card
def test_greetings_and_examples_are_actions_in_asterisks_and_speech_in_quotes(name: str) -> None:
    card = CARDS[name]
    for text in (*card.greetings, *(answer for _, answer in spoken_pairs(card))):
        assert re.sub(r'\*[^*"]+\*|"[^*"]+"', "", text).strip() == "", text


@each_card
def test_the_examples_open_with_an_action_as_the_starters_replies_do(name: str) -> None:
    assert [answer for _, answer in spoken_pairs(CARDS[name]) if not answer.startswith("*")] == []


@each_card
def test_every_greeting_ends_on_something_to_answer(name: str) -> None:
    assert [text for text in CARDS[name].greetings if not text.endswith(('?"', "?*"))] == []


@each_card
def test_at_least_three_alternate_greetings_are_scenes_of_their_own(name: str) -> None:
    greetings = CARDS[name].greetings
    assert len(greetings) >= 4
    for one, other in itertools.combinations(greetings, 2):
        words = [set(re.findall(r"\w{4,}", text.lower())) for text in (one, other)]
        assert len(words[0] & words[1]) / len(words[0] | words[1]) < 0.2, (one, other)


@each_card
def test_there_are_three_example_exchanges(name: str) -> None:
    assert len(spoken_pairs(CARDS[name])) == 3


@each_card
def test_no_line_is_written_for_the_user(name: str) -> None:
    card = CARDS[name]
    for text in (*card.greetings, *(answer for _, answer in spoken_pairs(card)), card.description):
        assert not re.search(r"(\{\{user\}\}|\bAlex|\bUser):", text), text
        unspoken = re.sub(r'"[^"]*"', "", text)
        acted = re.search(r"\byou (say|ask|answer|reply|think|feel|decide|nod|smile|take|sit|follow|walk)\b", unspoken)
        assert acted is None, text


@each_card
def test_names_are_written_as_macros_where_a_card_may_be_renamed(name: str) -> None:
    card = CARDS[name]
    assert "{{char}}" in card.description
    assert "{{user}}" in card.description
    texts = [card.description, card.example_dialogue, *card.greetings]
    texts += [entry.content for entry in (card.lorebook or Lorebook("")).entries]
    assert {macro for text in texts for macro in re.findall(r"\{\{(.*?)\}\}", text)} <= {"char", "user"}


@each_card
def test_the_card_leaves_the_system_prompt_to_the_program_and_says_who_made_it(name: str) -> None:
    card = CARDS[name]
    assert (card.system_prompt, card.post_history_instructions) == ("", "")
    assert card.creator == "tavern-tui"
    assert re.fullmatch(r"\d+\.\d+", card.version)
    assert "sample" in card.tags
    assert card.creator_notes


@each_card
def test_natural_first_lines_trigger_entries_of_the_embedded_lorebook(name: str) -> None:
    book = CARDS[name].lorebook
    assert book is not None
    fired = {
        line: [entry.comment for entry in book.entries if fires(entry, line)] for line in sources.first_lines(name)
    }
    assert sum(map(bool, fired.values())) >= 2, fired
    assert len({title for titles in fired.values() for title in titles}) >= 2, fired


@each_card
def test_embedded_entries_are_found_by_name_and_switched_on(name: str) -> None:
    book = CARDS[name].lorebook
    assert book is not None
    assert len(book.entries) >= 5
    for entry in book.entries:
        assert entry.comment
        assert entry.keys
        assert entry.enabled
        assert not entry.constant


# Lorebooks


@each_world
def test_a_lorebook_has_12_to_20_entries_of_several_kinds(name: str) -> None:
    entries = WORLDS[name].entries
    assert 12 <= len(entries) <= 20
    assert sum(entry.constant for entry in entries) == 1
    assert len({entry.position for entry in entries}) >= 4
    assert len({entry.order for entry in entries}) >= 6
    assert any(entry.secondary_keys for entry in entries)


@each_world
def test_every_entry_can_fire_and_none_says_the_same_as_another(name: str) -> None:
    entries = WORLDS[name].entries
    assert all(entry.keys or entry.constant for entry in entries)
    assert len({entry.comment for entry in entries}) == len(entries)
    assert len({entry.content for entry in entries}) == len(entries)


@pytest.mark.model
@pytest.mark.parametrize(
    "book", [*WORLDS.values(), *(c.lorebook for c in CARDS.values() if c.lorebook)], ids=lambda book: book.name
)
def test_an_entry_is_at_most_75_tokens(book: Lorebook, count: Count) -> None:
    assert {e.comment: n for e in book.entries if (n := count(e.content)) > 75} == {}


@each_world
def test_a_lorebook_reads_back_as_it_was_written(name: str) -> None:
    book = WORLDS[name]
    found = read_lorebook(built()[f"worlds/{book.name}.json"])
    assert found.name == book.name
    assert [(e.uid, e.keys, e.content, e.position, e.order, e.depth, e.probability) for e in found.entries] == [
        (e.uid, e.keys, e.content, e.position, e.order, e.depth, e.probability) for e in book.entries
    ]


@each_world
def test_a_lorebook_is_a_sillytavern_world_file(name: str) -> None:
    written = json.loads(built()[f"worlds/{WORLDS[name].name}.json"])
    assert isinstance(written["entries"], dict)
    for uid, entry in written["entries"].items():
        assert str(entry["uid"]) == uid
        assert entry["key"] == list(entry["key"])
        assert entry.keys() >= {"keysecondary", "comment", "content", "order", "position", "disable", "probability"}
        assert entry.keys() >= {"selectiveLogic", "excludeRecursion", "group", "sticky", "cooldown", "delay"}
