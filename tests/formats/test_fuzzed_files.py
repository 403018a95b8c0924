"""Files with bytes changed, cut out and put in bring a value or a ``TavernError``, and what is read can be written."""

from __future__ import annotations

import base64
import io
import json
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tavern_tui.domain.errors import TavernError
from tavern_tui.formats.card import read_card, write_card
from tavern_tui.formats.lorebook import read_lorebook, write_lorebook
from tavern_tui.formats.png import read_png, write_png
from tavern_tui.formats.yaml_text import read_yaml

BOOK = {
    "name": "Inn",
    "entries": [{"keys": ["a"], "content": "b", "enabled": True, "insertion_order": 1, "extensions": {"depth": 2}}],
}
CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "name": "Mira",
    "data": {
        "name": "Mira",
        "description": "dry",
        "alternate_greetings": ["Hi", "Ho"],
        "tags": ["inn"],
        "extensions": {"depth_prompt": {"prompt": "x", "depth": 3, "role": "system"}},
        "character_book": BOOK,
    },
}
WORLD = {"entries": {"0": {"uid": 0, "key": ["a"], "position": 4, "probability": 50, "order": 7, "role": 1}}}
YAML = b"name: Mira\ncontext: |\n  dry\ngreeting: &g 'Hi'\nlist: [1, 2.5, *g, {a: ~}]\n"


@cache
def picture_card() -> bytes:
    """A PNG card."""
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "png")
    packed = base64.b64encode(json.dumps(CARD).encode())
    return write_png(read_png(out.getvalue()).with_texts({"chara": packed, "ccv3": packed}))


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """``data`` with a few changes; most of them in the interesting alphabet of the formats."""
    broken = bytearray(data)
    piece = st.binary(max_size=4) | st.sampled_from(
        [b'"', b"{", b"}", b"[", b"]", b",", b"null", b"-1", b"1e9", b"\0", b"\n"]
    )
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(broken)))
        end = min(len(broken), start + draw(st.integers(0, 6)))
        broken[start:end] = draw(piece)
    return bytes(broken)


def check_card(data: bytes) -> None:
    """Read, and where that succeeds write and read again."""
    try:
        card = read_card(data, where="card", name="stem")
    except TavernError:
        return
    again = read_card(write_card(card))
    assert (again.name, again.description, again.tags) == (card.name, card.description, card.tags)


@settings(max_examples=100, deadline=None)
@given(mutated(json.dumps(CARD).encode()))
def test_json_cards(data: bytes) -> None:
    check_card(data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_picture_cards(data: st.DataObject) -> None:
    check_card(data.draw(mutated(picture_card())))


@settings(max_examples=60, deadline=None)
@given(mutated(YAML))
def test_yaml_cards(data: bytes) -> None:
    check_card(data)
    try:
        read_yaml(data)
    except TavernError:
        pass


@settings(max_examples=100, deadline=None)
@given(mutated(json.dumps(WORLD).encode()) | mutated(json.dumps(BOOK).encode()))
def test_lorebooks(data: bytes) -> None:
    try:
        book = read_lorebook(data, name="stem", where="world")
    except TavernError:
        return
    assert read_lorebook(write_lorebook(book)) == book


STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "entries", "0", "prompt"]), inner)
    ),
    max_leaves=5,
)
FIELD = st.sampled_from(
    [
        *("spec", "data", "name", "description", "tags", "alternate_greetings", "extensions", "character_book"),
        *("entries", "keys", "key", "uid", "id", "order", "position", "probability", "useProbability", "depth", "role"),
        *("selectiveLogic", "disable", "enabled", "case_sensitive", "char_name", "context", "nickname"),
    ]
)
OBJECTS = st.dictionaries(FIELD, STRANGE | st.dictionaries(FIELD, STRANGE, max_size=3), max_size=4)


@settings(max_examples=150, deadline=None)
@given(OBJECTS, st.sampled_from(["card", "data", "book", "entry"]))
def test_objects_with_every_field_of_every_kind(value: dict[str, object], place: str) -> None:
    wrapped: dict[str, object] = {
        "card": value,
        "data": {"spec": "chara_card_v2", "data": {"name": "x", **value}},
        "book": {"name": "x", "character_book": value},
        "entry": {"name": "x", "character_book": {"entries": [value]}},
    }
    check_card(json.dumps(wrapped[place]).encode())
    try:
        book = read_lorebook(json.dumps({"entries": {"0": value}}).encode(), name="stem")
    except TavernError:
        return
    assert read_lorebook(write_lorebook(book)).entries == book.entries
