"""Saved connections on disk: what a person wrote is only read, what the program wrote keeps what it does not know."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.formats.json_text import clean_text
from tavern_tui.storage.connections import EMBEDDED, Connections, SavedConnection

RIG = SavedConnection("rig", address="rig:5001", model="Mistral-Nemo", template="ChatML", context_tokens=16384, key="k")


def at(folder: Path) -> Connections:
    return Connections(folder / "connections.yaml", folder / "connections.saved.yaml", folder / "state" / "lock")


def plain(connection: SavedConnection | None) -> SavedConnection | None:
    """Without the place where it stands."""
    return replace(connection, where="", extra=dict(connection.extra)) if connection else None


def test_without_files_there_are_none(tmp_path: Path) -> None:
    listed = at(tmp_path).listed()
    assert (listed.connections, listed.problems) == ((), ())
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_listed_under_its_name_in_any_case(tmp_path: Path) -> None:
    at(tmp_path).keep(RIG)
    listed = at(tmp_path).listed()
    assert plain(listed.named("RIG ")) == RIG
    assert listed.named("other") is None
    assert listed.connections[0].where.endswith("connections.saved.yaml:4")


def test_an_address_alone_is_a_connection_and_so_is_a_model_of_the_embedded_engine(tmp_path: Path) -> None:
    (tmp_path / "connections.yaml").write_text("connections:\n  rig: rig:5001\n  own:\n    model: Mira-7B.gguf\n")
    own, rig = at(tmp_path).listed().connections
    assert (own.address, own.model, own.embedded) == (EMBEDDED, "Mira-7B.gguf", True)
    assert (rig.address, rig.by_hand) == ("rig:5001", True)


def test_the_file_written_by_hand_stands_above_and_is_never_touched(tmp_path: Path) -> None:
    by_hand = tmp_path / "connections.yaml"
    by_hand.write_text("# mine\nconnections:\n  Rig: {address: 'mine:1'}\n")
    before = by_hand.read_bytes()
    (tmp_path / "connections.saved.yaml").write_text("connections:\n  rig: theirs:2\n")
    (one,) = at(tmp_path).listed().connections
    assert (one.name, one.address) == ("Rig", "mine:1")
    with pytest.raises(SettingsError, match="by hand") as refused:
        at(tmp_path).keep(RIG)
    assert refused.value.hint.endswith("connections.yaml:3")
    with pytest.raises(SettingsError, match="by hand"):
        at(tmp_path).forget("rig")
    assert by_hand.read_bytes() == before


def test_keys_that_are_not_known_are_kept_at_every_level(tmp_path: Path) -> None:
    saved = tmp_path / "connections.saved.yaml"
    saved.write_text("colour: {of: [rust, 0x10]}\nconnections:\n  rig:\n    address: a:1\n    note: {deep: [1, two]}\n")
    (one,) = at(tmp_path).listed().connections
    assert one.extra == {"note": {"deep": [1, "two"]}}
    at(tmp_path).keep(SavedConnection("other", address="b:2"))
    assert at(tmp_path).listed().connections[1].extra == one.extra
    assert 'colour: {"of": ["rust", 16]}' in saved.read_text()


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("{}", "It needs an address, or a model"),
        ("[1]", "It needs “address: rig:5001” below it."),
        ("{address: [1]}", "“address”: It has to be text"),
        ("{address: a, context_tokens: 3}", "“context_tokens”: It has to be 256 or more."),
        ("http://me:hush@rig:5001", "The address holds a password"),
        ("me@rig", "The address holds a password"),
        ("{address: a, key: sk-or-v1-0123456789abcdef0123}", "It looks like the key itself"),
        ("{address: a, key: 0123456789abcdef0123456789abcdef}", "It looks like the key itself"),
    ],
    ids=["empty", "list", "address", "context", "password", "user", "key", "hex key"],
)
def test_an_entry_that_means_nothing_is_left_out_with_its_line_and_the_others_stay(
    tmp_path: Path, entry: str, why: str
) -> None:
    (tmp_path / "connections.yaml").write_text(f"connections:\n  good: a:1\n  bad: {entry}\n")
    listed = at(tmp_path).listed()
    assert [one.name for one in listed.connections] == ["good"]
    (problem,) = listed.problems
    assert problem.line == 3
    assert why in problem.what
    assert not [secret for secret in ("hush", "0123456789abcdef") if secret in str(problem)]


@pytest.mark.parametrize(
    "content", ["connections: [1]", "- a", "connections: {", "\xff"], ids=["list", "top", "yaml", "text"]
)
def test_a_damaged_file_is_reported_left_as_it_is_and_not_added_to(tmp_path: Path, content: str) -> None:
    saved = tmp_path / "connections.saved.yaml"
    saved.write_bytes(content.encode("latin-1"))
    assert at(tmp_path).listed().problems != ()
    with pytest.raises(SettingsError):
        at(tmp_path).keep(RIG)
    assert saved.read_bytes() == content.encode("latin-1")


def test_a_file_of_a_later_version_is_not_rewritten(tmp_path: Path) -> None:
    saved = tmp_path / "connections.saved.yaml"
    saved.write_text("format: 2\nconnections: {}\n")
    with pytest.raises(SettingsError, match="later tavern-tui"):
        at(tmp_path).keep(RIG)


def test_a_new_name_must_be_free_and_a_forgotten_one_there(tmp_path: Path) -> None:
    at(tmp_path).keep(RIG, new=True)
    with pytest.raises(SettingsError, match="already"):
        at(tmp_path).keep(SavedConnection("Rig", address="b:2"), new=True)
    at(tmp_path).forget("RIG")
    assert at(tmp_path).listed().connections == ()
    with pytest.raises(NotFoundError):
        at(tmp_path).forget("rig")


@pytest.mark.parametrize("name", ["", "-x", "a\nb", " a", "n" * 61], ids=["none", "dash", "lines", "blank", "long"])
def test_a_name_that_cannot_be_typed_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="name"):
        at(tmp_path).keep(SavedConnection(name, address="a:1"))


_words = st.text(st.characters(codec="utf-8"), max_size=30)


@settings(max_examples=25)
@given(model=_words, template=_words, extra=st.dictionaries(_words, st.one_of(st.integers(), _words), max_size=3))
def test_whatever_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, model: str, template: str, extra: dict[str, object]
) -> None:
    extra = {clean_text(key): clean_text(value) if isinstance(value, str) else value for key, value in extra.items()}
    extra = {key: value for key, value in extra.items() if value != "" and key not in SavedConnection.__slots__}
    folder = tmp_path_factory.mktemp("c")
    before = SavedConnection("a", address="a:1", model=model, template=template, extra=extra)
    at(folder).keep(before)
    (after,) = at(folder).listed().connections
    assert plain(after) == replace(before, model=clean_text(model), template=clean_text(template))


_ADDS = """
import sys
from pathlib import Path
from tavern_tui.storage.connections import Connections, SavedConnection
folder = Path(sys.argv[1])
for number in range(12):
    at = Connections(folder / "connections.yaml", folder / "connections.saved.yaml", folder / "state" / "lock")
    at.keep(SavedConnection(f"{sys.argv[2]}{number}", address="rig:5001"), new=True)
"""


def test_two_processes_that_save_at_once_lose_nothing(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", _ADDS, str(tmp_path), name]) for name in "ab"]
    assert [process.wait(60) for process in both] == [0, 0]
    assert {one.name for one in at(tmp_path).listed().connections} == {f"{n}{i}" for n in "ab" for i in range(12)}


@pytest.mark.parametrize("name", ["or", "openrouter.ai", "127.0.0.1:5001", "work key", "my-second-key", "sk"])
def test_a_name_of_a_key_is_a_name(tmp_path: Path, name: str) -> None:
    at(tmp_path).keep(replace(RIG, key=name))
    assert at(tmp_path).listed().connections[0].key == name
