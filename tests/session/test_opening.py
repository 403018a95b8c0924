"""Which chat opens, with whom, where cards come and go and what was asked for does not fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import ContradictionError, NotFoundError, SettingsError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session import events as out
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.workspace import Workspace
from tests.session.conftest import collect


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A home with the card of Mira, who has a chat, and an older chat with Bess."""
    folder = tavern_home / "characters"
    folder.mkdir()
    (folder / "mira.yaml").write_text("name: Mira\ncontext: Mira keeps the night ferry.\n")
    found = Workspace.open()
    for name in ("Bess", "Mira"):
        log = found.new_chat(found.character(name)[0], found.persona)
        log.append(TurnAdded("", Speaker.USER, "Alex", f"Hello {name}"))
    return found


@pytest.fixture
def card(tavern_home: Path) -> Path:
    """Mira's card."""
    return tavern_home / "characters" / "mira.yaml"


def test_a_bare_start_goes_on_with_the_character_last_talked_to(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes())
    assert (session.character.name, session.no_card) == ("Mira", None)


def test_a_bare_start_passes_over_a_chat_whose_card_is_gone_and_says_so(workspace: Workspace, card: Path) -> None:
    card.unlink()
    heard: list[out.SessionEvent] = []
    session = open_session(workspace, Wishes(), watch=heard.append)
    assert [turn.text for turn in session.tree.path()] == ["Hello Bess"]
    [notice] = heard
    assert isinstance(notice, out.Notice)
    assert "Mira" in notice.text


def test_a_card_that_is_torn_is_passed_over_too(workspace: Workspace, card: Path) -> None:
    card.write_text("{")
    assert open_session(workspace, Wishes()).character.name == "Bess"


def test_a_character_of_a_longer_name_is_not_taken_for_the_one_that_is_gone(workspace: Workspace, card: Path) -> None:
    card.with_name("miranda.yaml").write_text("name: Miranda\ncontext: Another.\n")
    card.unlink()
    assert open_session(workspace, Wishes()).character.name == "Bess"
    assert open_session(workspace, Wishes(chat="Mira")).no_card is not None


async def test_a_chat_without_its_card_opens_for_reading_only(workspace: Workspace, card: Path) -> None:
    card.unlink()
    session = open_session(workspace, Wishes(chat="Mira"))
    await session.open()
    assert [turn.text for turn in session.tree.path()] == ["Hello Mira"]
    with pytest.raises(NotFoundError, match="“Mira”") as refused:
        await collect(session.reply("Are you there?"))
    assert "put the card back" in refused.value.hint
    assert [turn.text for turn in session.tree.path()] == ["Hello Mira"]


def test_a_chat_without_its_card_goes_on_with_a_character_that_is_named(workspace: Workspace, card: Path) -> None:
    card.unlink()
    session = open_session(workspace, Wishes(character="Wren", chat="Mira"))
    assert (session.character.name, session.no_card) == ("Wren", None)


def test_a_character_without_a_card_is_refused_and_their_chat_named(workspace: Workspace, card: Path) -> None:
    card.unlink()
    with pytest.raises(NotFoundError) as refused:
        open_session(workspace, Wishes(character="Mira"))
    assert "tavern-tui log Mira" in refused.value.hint


def test_a_chat_is_not_given_to_another_character(workspace: Workspace) -> None:
    with pytest.raises(ContradictionError, match=r"That chat is with Mira, not with Bess\."):
        open_session(workspace, Wishes(character="Bess", chat="Mira"))
    assert open_session(workspace, Wishes(character="mira", chat="Mira")).character.name == "Mira"


def test_the_case_of_letters_in_a_typed_name_does_not_matter(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes(preset="Creative", template="chatml"))
    assert (session.options.preset.name, session.options.template) == ("creative", "chatml")


@pytest.mark.parametrize("wishes", [Wishes(preset="balancd"), Wishes(template="chat-ml")])
def test_a_name_that_was_typed_is_refused_before_anything_is_said(workspace: Workspace, wishes: Wishes) -> None:
    with pytest.raises(SettingsError, match="There is no"):
        open_session(workspace, wishes)
