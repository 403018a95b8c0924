"""What Home shows, from a real index: chats by their age, characters by favourite, private things nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.home import HomeLists, branches_of, home_lists, mark_favourite, story_words
from tavern_tui.session.library_index import keep_index, open_index
from tavern_tui.session.opening import Wishes
from tavern_tui.session.privacy import Private, private_things, toggle_private, without_private
from tavern_tui.session.searching import search
from tavern_tui.session.story.scenarios import StoryScenario, begin_story
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.index import LibraryIndex


class Ticking:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    opened = Workspace.open()
    dirs = opened.directories
    store = ChatStore(dirs.chats, device="here", state=dirs.journals, clock=Ticking())
    return Workspace(dirs, opened.loaded, opened.library, store)


@pytest.fixture
def index(workspace: Workspace) -> LibraryIndex:
    return open_index(workspace)


def card(workspace: Workspace, name: str, *, fav: bool = False, tags: tuple[str, ...] = ()) -> None:
    folder = workspace.directories.characters
    folder.mkdir(parents=True, exist_ok=True)
    data = {"name": name, "tags": tags, "extensions": {"fav": fav}}
    (folder / f"{name}.json").write_text(json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}))


def say(log: ChatLog, text: str, parent: str) -> str:
    return log.append(TurnAdded(parent, Speaker.CHARACTER, "Mira", text))[0].id


def chat(workspace: Workspace, title: str, *characters: str) -> ChatLog:
    log = workspace.chats.create(title, characters, "Alex")
    say(log, f"This is {title}.", "")
    return log


def at_home(workspace: Workspace, index: LibraryIndex, *, shows_private: bool = False) -> HomeLists:
    *_, lists = home_lists(workspace, index, shows_private=shows_private)
    return lists


def test_a_story_is_as_long_as_its_words_and_a_chat_has_none(workspace: Workspace, index: LibraryIndex) -> None:
    story = begin_story(workspace, StoryScenario("The lamp", "", "", "The lamp went out at ten."))
    talk = chat(workspace, "Talk", "Mira").path.stem
    assert next(one for one in at_home(workspace, index).chats if one.name == story).characters == ()
    assert story_words(workspace, [story, talk, "gone"]) == {story: 6}


def test_chats_come_by_age_groups_and_stories_among_them(workspace: Workspace, index: LibraryIndex) -> None:
    card(workspace, "Mira", tags=("sea", "quiet"))
    for title, characters in (("One", ("Mira",)), ("Tale", ()), ("Both", ("Mira", "Tom")), ("Gone", ("Nobody",))):
        chat(workspace, title, *characters)
    lists = at_home(workspace, index)
    assert [one.title for one in lists.chats] == ["Gone", "Both", "Tale", "One"]
    assert [one.characters for one in lists.chats] == [("Nobody",), ("Mira", "Tom"), (), ("Mira",)]
    mira = next(one for one in lists.characters if one.name == "Mira")
    assert mira.tags == ("sea", "quiet")


def test_favourites_are_those_of_the_cards_unless_home_was_told_otherwise(
    workspace: Workspace, index: LibraryIndex
) -> None:
    card(workspace, "Mira", fav=True)
    card(workspace, "Tom")
    before = (workspace.directories.characters / "Mira.json").read_bytes()

    def favourites() -> list[str]:
        return [one.name for one in at_home(workspace, index).characters if one.favourite]

    assert favourites() == ["Mira"]
    mark_favourite(workspace, "Mira", False)
    mark_favourite(workspace, "Tom", True)
    assert favourites() == ["Tom"]
    assert at_home(workspace, index).characters[0].name == "Tom"
    assert (workspace.directories.characters / "Mira.json").read_bytes() == before


def test_what_is_private_is_in_no_list_and_in_no_search(workspace: Workspace, index: LibraryIndex) -> None:
    card(workspace, "Mira")
    card(workspace, "Tom")
    with_mira, with_tom = chat(workspace, "Deep water", "Mira"), chat(workspace, "Still water", "Tom")
    both = chat(workspace, "All water", "Tom", "Mira")
    assert toggle_private(workspace, character="Mira")
    hidden = private_things(workspace)
    lists = at_home(workspace, index)
    assert [one.title for one in lists.chats] == ["Still water"]
    assert "Mira" not in [one.name for one in lists.characters]
    assert [one.chat for one in search(index, "water", hides=hidden).found] == [with_tom.path.stem]
    # a page of hits that are all hidden is no end
    assert [one.chat for one in search(index, "water", hides=hidden, limit=1).found] == [with_tom.path.stem]
    shown = at_home(workspace, index, shows_private=True)
    assert len(shown.chats) == 3
    assert shown.private.hides(both.path.stem, ("Tom", "Mira"))
    assert not toggle_private(workspace, character="Mira")
    assert toggle_private(workspace, chat=with_mira.path.stem)
    assert private_things(workspace) == Private(chats=frozenset({"Deep water"}))


def test_a_start_opens_the_latest_chat_that_is_not_private(workspace: Workspace) -> None:
    chat(workspace, "Open", "Mira")
    chat(workspace, "Secret", "Mira")
    assert without_private(workspace, Wishes(chat="Secret")) == Wishes(chat="Secret")
    toggle_private(workspace, chat="Secret")
    assert without_private(workspace, Wishes(chat="Secret")) == Wishes(chat="Open")
    toggle_private(workspace, chat="Open")
    begun = without_private(workspace, Wishes(chat="Secret"))
    assert (begun.chat, begun.new, Path(begun.character).stem) == ("", True, "Wren")


def test_a_chat_goes_as_many_ways_as_answers_were_gone_on_with(workspace: Workspace, index: LibraryIndex) -> None:
    straight = chat(workspace, "Straight", "Mira")
    first = say(straight, "two", straight.tree.tip)
    say(straight, "two again", straight.tree.turns[first].parent)  # a swipe is no branch
    forked = chat(workspace, "Forked", "Mira")
    root = forked.tree.tip
    ways = [say(forked, text, root) for text in ("left", "right", "up")]
    for way in ways:
        say(forked, "on", way)
    say(forked, "not gone on with", root)
    keep_index(workspace, index)
    assert branches_of(index, ["Straight", "Forked", "no such"]) == {"Forked": 3}


def test_ten_thousand_cards_are_listed_from_the_index_alone(
    workspace: Workspace, index: LibraryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_index(workspace, index)
    row = ("own", b"", "mark", b"c.json", 1, 1, "", "", "[]", 0, 0, "", "")
    rows = [("characters", row[0], f"{n}".encode(), *row[2:6], f"N{n}", *row[6:]) for n in range(10_000)]
    add = f"INSERT INTO objects VALUES({', '.join('?' * 15)})"
    index.write(lambda db: db.executemany(add, rows))
    monkeypatch.setattr(Path, "read_bytes", Mock(side_effect=AssertionError("the library is not looked at")))
    first = next(iter(home_lists(workspace, index, shows_private=False)))
    assert len(first.characters) >= 10_000
