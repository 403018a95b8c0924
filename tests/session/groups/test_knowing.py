"""Who knows what: turns that were said while a member was away, turns that are limited, and each member's lore."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.chat import fold
from tavern_tui.domain.events import Body, ChatEvent, ChatStarted, Speaker, TurnAdded
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.presence import Presence, away_set, limit_set
from tests.session.groups.conftest import BOOK, Begin, part, prompts, spoken


async def test_what_was_said_while_a_member_was_away_is_not_in_its_prompt(begin: Begin) -> None:
    session = begin("Here.")
    await session.open()
    await session.changes.write(*changing.away(session.tree, "Tom"))
    await spoken(session.reply("The key is under the mat.", by="Wren"))
    await session.changes.write(*changing.away(session.tree, "Tom", False))
    await spoken(session.reply("Welcome back.", by="Tom"))
    await spoken(session.reply(by="Wren"))
    of_tom, of_wren = prompts(session)[-2:]
    assert "under the mat" not in of_tom
    assert "Welcome back." in of_tom
    assert "under the mat" in of_wren


async def test_one_who_is_away_is_not_chosen(begin: Begin) -> None:
    session = begin(said={"group.order": "list"})
    await session.open()
    await session.changes.write(*changing.away(session.tree, "Mira"))
    assert await spoken(session.reply("Anybody?")) == ["Tom", "Wren"]


async def test_a_turn_can_be_limited_to_some(begin: Begin) -> None:
    session = begin("Hm.", said={"group.order": "manual"})
    await session.open()
    await spoken(session.reply("A whisper."))
    await session.changes.write(*changing.limited(session.tree, session.tree.tip, ["Tom"]))
    await spoken(session.reply(by="Tom"))
    await spoken(session.reply(by="Mira"))
    of_tom, of_mira = prompts(session)[-2:]
    assert "A whisper." in of_tom
    assert "A whisper." not in of_mira
    await session.changes.write(*changing.limited(session.tree, session.tree.path()[-3].id, []))
    await spoken(session.swipe())
    assert "A whisper." in prompts(session)[-1]


async def test_a_mark_belongs_to_its_branch(begin: Begin) -> None:
    session = begin("One.", "Two.")
    await session.open()
    await spoken(session.reply("First.", by="Mira"))
    above = session.tree.path()[-2].id
    await session.changes.write(*changing.away(session.tree, "Tom"))
    assert part(session).away() == {"Tom"}
    await session.changes.go_to(above)
    assert part(session).away() == frozenset()


async def test_only_the_speaker_reads_its_own_lorebook(begin: Begin) -> None:
    session = begin("Hm.", books={"Tom": (BOOK,)})
    await session.open()
    await spoken(session.reply("A storm comes.", by="Tom"))
    await spoken(session.reply(by="Mira"))
    await spoken(session.reply(by="Tom"))
    assert [prompt.count("Tom once lost a boat.") for prompt in prompts(session)] == [1, 0, 1]


async def test_an_entry_that_is_limited_to_names_is_read_by_them_alone(begin: Begin) -> None:
    secret = LoreEntry(uid=1, constant=True, content="The cargo is stolen.", comment="cargo", characters=("Mira",))
    book = Lorebook("Ship", (secret,))
    session = begin("Hm.", books={"Mira": (book,), "Tom": (book,)})
    await session.open()
    await spoken(session.reply("What do we carry?", by="Mira"))
    await spoken(session.reply(by="Tom"))
    assert [prompt.count("The cargo is stolen.") for prompt in prompts(session)] == [1, 0]


async def test_the_head_stays_as_it_is_whoever_speaks(begin: Begin) -> None:
    always = Lorebook("Tom's", (LoreEntry(uid=1, constant=True, content="Tom limps.", comment="leg"),))
    session = begin("Hm.", books={"Tom": (always,)})
    await session.open()
    for name in ("Mira", "Tom", "Wren", "Tom"):
        await spoken(session.reply(by=name))
    heads = {prompt.partition("<|im_end|>")[0] for prompt in prompts(session)}
    assert len(heads) == 1


def _tree(body: list[Body]) -> object:
    started: list[Body] = [ChatStarted("Crew", ("Mira", "Tom"), "Alex"), *body]
    return fold(ChatEvent(f"e{number}", "d", number, one) for number, one in enumerate(started))


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["say", "leave", "return", "whisper"]), max_size=14))
def test_a_member_knows_exactly_what_was_said_while_it_was_there(done: list[str]) -> None:
    body: list[Body] = []
    parent, away, known = "", False, []
    for step in done:
        tree = _tree(body)
        if step in ("leave", "return"):
            event = away_set(tree, "Tom", step == "leave")  # type: ignore[arg-type]
            assert (event is not None) == (away is not (step == "leave"))
            body += [event] if event else []
            away = step == "leave"
            continue
        turn = f"e{len(body) + 1}"
        body.append(TurnAdded(parent, Speaker.USER, "Alex", step))
        if step == "whisper":
            body.append(limit_set(turn, ["Tom"]))
        if step == "whisper" or not away:
            known.append(turn)
        parent = turn
    tree = _tree(body)
    read = [turn.id for turn in Presence(tree).known_to("Tom", tree.walk_back())]  # type: ignore[arg-type, attr-defined]
    assert read == known[::-1]


async def test_what_only_one_knows_stands_below_what_all_have_read(begin: Begin) -> None:
    session = begin("Hm.", said={"group.order": "manual"}, books={"Tom": (BOOK,)})
    await session.open()
    await spoken(session.reply("A storm comes."))
    asked = session.tree.tip
    await spoken(session.reply(by="Tom"))
    await session.changes.go_to(asked)
    await spoken(session.reply(by="Wren"))
    of_tom, of_wren = prompts(session)
    newest = of_wren.rindex("<|im_start|>user")
    assert of_wren.index("Tom nods.") < newest < of_wren.index("A storm comes.")
    assert of_tom.startswith(of_wren[:newest])
    assert of_tom.index("Tom once lost a boat.") > newest
