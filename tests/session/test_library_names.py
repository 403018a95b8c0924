"""What is found by name: characters and chats through a real index, lorebooks, settings; the best first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tavern_tui.domain.events import PropertySet, Speaker, TurnAdded
from tavern_tui.session.library_index import keep_index, open_index
from tavern_tui.session.library_names import ABOUT, BEGINS, INSIDE, MOST, NOWHERE, WHOLE, WORD, Kind, LibraryNames, fit
from tavern_tui.session.privacy import toggle_private
from tavern_tui.session.workspace import Workspace

CARD = {"spec": "chara_card_v2", "spec_version": "2.0"}


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    opened = Workspace.open()
    dirs = opened.directories
    for folder in (dirs.characters, dirs.worlds):
        folder.mkdir(parents=True)
    for name in ("Elmira", "Mira of the Lake", "Tom \x1b[31m"):
        (dirs.characters / f"{name.split()[0]}.json").write_text(json.dumps({**CARD, "data": {"name": name}}))
    (dirs.characters / "broken mira.json").write_text("{")
    (dirs.worlds / "Mirage.json").write_text(json.dumps({"entries": {"0": {"key": ["sea"], "content": "Salt."}}}))
    for title in ("Over the water", "A second night"):
        log = opened.chats.create(title, ("Mira of the Lake",), "Alex")
        log.append(TurnAdded("", Speaker.CHARACTER, "Mira", f"This is {title}."))
    return opened


def names(workspace: Workspace, *, shows_private: bool = False) -> LibraryNames:
    index = open_index(workspace)
    keep_index(workspace, index)
    index.close()
    return LibraryNames(workspace, shows_private=shows_private)


def found(library: LibraryNames, typed: str, kind: Kind) -> list[str]:
    return [one.title for one in library.found(typed) if one.kind is kind]


def test_each_kind_is_found_by_its_name_whatever_its_capitals_and_accents(workspace: Workspace) -> None:
    library = names(workspace)
    assert found(library, "MÍRA", Kind.CHARACTER) == ["Mira of the Lake", "broken mira", "Elmira"]
    assert found(library, "lake mira", Kind.CHARACTER) == ["Mira of the Lake"]
    assert sorted(found(library, "mira", Kind.CHAT)) == [
        "Mira of the Lake · A second night",
        "Mira of the Lake · Over the water",
    ]
    assert found(library, "over", Kind.CHAT) == ["Mira of the Lake · Over the water"]
    assert found(library, "mirage", Kind.LOREBOOK) == ["Mirage"]
    assert found(library, "theme", Kind.SETTING)[0] == "ui.theme"
    assert library.found("  ") == library.found("no-such-name") == []


def test_a_character_opens_the_chat_that_was_written_last_and_a_broken_card_says_why_not(workspace: Workspace) -> None:
    library = names(workspace)
    by_title = {one.title: one for one in library.found("mira")}
    last = next(one for one in library.found("lake") if one.kind is Kind.CHAT)
    mira = by_title["Mira of the Lake"].chat
    assert mira is not None
    assert last.chat is not None
    assert (mira.chat, mira.card) == (last.chat.chat, workspace.directories.characters / "Mira.json")
    new = by_title["Elmira"].chat
    assert new is not None
    assert new.chat == ""
    assert by_title["broken mira"].problem
    assert "broken mira.json" in by_title["broken mira"].about


def test_names_are_safe_to_show_and_kept_as_they_are(workspace: Workspace) -> None:
    (tom,) = (one for one in names(workspace).found("tom") if one.kind is Kind.CHARACTER)
    assert (tom.title, tom.name) == ("Tom ␛[31m", "Tom \x1b[31m")


def test_what_is_private_is_found_only_where_it_is_shown(workspace: Workspace) -> None:
    toggle_private(workspace, character="Mira of the Lake")
    assert found(names(workspace), "lake", Kind.CHARACTER) == found(names(workspace), "lake", Kind.CHAT) == []
    shown = names(workspace, shows_private=True)
    assert found(shown, "lake", Kind.CHARACTER) == ["Mira of the Lake"]
    assert len(found(shown, "lake", Kind.CHAT)) == 2


def test_of_many_the_best_are_found(workspace: Workspace) -> None:
    for number in range(MOST + 20):
        path = workspace.directories.characters / f"{number}.json"
        path.write_text(json.dumps({**CARD, "data": {"name": f"Guard of Mirador {number}"}}))
    assert found(names(workspace), "mira", Kind.CHARACTER)[0] == "Mira of the Lake"
    assert len(found(names(workspace), "mira", Kind.CHARACTER)) == MOST


@pytest.mark.parametrize(
    ("word", "how"),
    [("mira", WHOLE), ("mir", BEGINS), ("ira", INSIDE), ("sea", ABOUT), ("ea", NOWHERE)],
    ids=["whole", "begins", "inside", "about", "nowhere"],
)
def test_a_word_fits_a_name_better_the_nearer_it_is_to_it(word: str, how: int) -> None:
    assert fit(word, "mira", "by the sea") == how
    assert fit(word, f"old {word}") == WORD


def test_a_chat_without_characters_is_called_by_its_mode(workspace: Workspace) -> None:
    for title, mode in (("Salt and rope", "story"), ("Salt below", "adventure"), ("Salt alone", "")):
        log = workspace.chats.create(title, (), "Alex")
        if mode:
            log.append(PropertySet("mode", mode))
    library = names(workspace)
    called = {one.title: one.word or one.kind.value for one in library.found("salt") if one.kind is Kind.CHAT}
    assert called == {"Salt and rope": "story", "Salt below": "adventure", "Salt alone": "chat"}
