"""An adventure in the app: begun from its page, played with keys, looked at in four sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from tavern_tui.domain.events import Roll
from tavern_tui.session.modes.kinds import KIND
from tavern_tui.session.modes.scenarios import Question, Scenario
from tavern_tui.session.options import ReplyOptions
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chat.actions import run
from tavern_tui.ui.chat.adventure import Suggested
from tavern_tui.ui.screens.new_adventure import AdventureChoice, NewAdventurePage
from tests.ui.app.evening import Evening, hint, settled, tree_texts
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press

PICTURES = Path(__file__).parent / "snapshots"
TELLS = "You put your shoulder to the door. It gives way, slowly, and warm air smelling of bread comes out."
SUGGESTED = "1. Step inside.\n2. Call out.\n3. Look for another way in."
ROAD = Scenario(
    "The Road",
    questions=(Question("name", "Who are you?", ("Ada", "Bo")), Question("home", "Where from?")),
    opening="You are ${name} from ${home}.",
)


async def say(pilot: Pilot[int], text: str) -> None:
    """Send ``text``, and wait for what comes of it."""
    assert isinstance(pilot.app, TavernApp)
    pilot.app.chat.composer.put(text)
    await pilot.pause()
    await pilot.press("enter")
    await settled(pilot)


async def suggested(pilot: Pilot[int]) -> None:
    """Ask for suggestions and wait for them."""
    await pilot.press("ctrl+j")
    await answered(pilot)


async def answered(pilot: Pilot[int]) -> None:
    """Wait for what was asked of the model beside the chat."""
    for worker in [worker for worker in pilot.app.workers if worker.group == "suggestions"]:
        await worker.wait()
    await pilot.pause()


def told(app: TavernApp) -> str:
    """What was said last, above or below the chat."""
    return f"{hint(app)}\n{app.chat.mirror.log.entries[-1].text}"


def shown(app: TavernApp) -> int:
    """How many suggestions are shown."""
    return len(app.chat.adventuring.suggested)


def asking_after_replies(options: ReplyOptions, *, on: bool) -> ReplyOptions:
    """The options with suggestions after every reply, or without."""
    return replace(options, adventure=replace(options.adventure, suggest=on))


async def looks(pilot: Pilot[int], name: str) -> None:
    """Look at the screen in every size."""
    for size in SIZES:
        await pilot.resize_terminal(*size)
        await pilot.pause()
        await pilot.pause()
        picture = pilot.app.export_screenshot(title=name)
        assert_looks_as_kept(picture, PICTURES / f"{name}-{size[0]}x{size[1]}.svg")
    await pilot.resize_terminal(80, 24)
    await pilot.pause()


async def test_an_adventure_is_begun_and_played(tmp_path: Path) -> None:
    evening = Evening(
        tmp_path, "Yes.", "...", TELLS, SUGGESTED, SUGGESTED, "A cat looks up.", SUGGESTED, "You fall in."
    )
    async with evening.begun() as (app, pilot):
        await _a_chat_that_becomes_one(app, pilot)
        await say(pilot, "/adventure bell")
        assert isinstance(app.screen, NewAdventurePage)
        await looks(pilot, "adventure-question")
        await pilot.press("2", "left", "1", "3", "2")
        await settled(pilot)
        chat = app.chat
        opening = chat.mirror.log.entries[0].text
        assert opening.startswith("You are Brenna")
        assert "your grandmother's tin whistle and with your cousin Ada" in opening

        await pilot.press("tab", "tab", "tab")
        await say(pilot, "9 push the door")
        tree = chat.open_session.tree
        action = tree.path()[1]
        assert action.text == "> You push the door."
        assert action.roll == Roll("1d20", 9, "fair")
        assert tree.properties[KIND] == "roll"
        assert tree_texts(app)[-1] == TELLS

        await suggested(pilot)
        await looks(pilot, "adventure")
        await pilot.click(Suggested, offset=(8, 2))
        assert chat.composer.full_text == "look for another way in"
        assert shown(app) == 0
        await pilot.press("ctrl+z")
        assert chat.composer.is_empty
        await suggested(pilot)
        await pilot.press("1")
        assert chat.composer.full_text == "step inside"

        await say(pilot, "/do")
        chat.open_session.options = asking_after_replies(chat.open_session.options, on=True)
        await say(pilot, "/say hello?")
        await answered(pilot)
        assert shown(app) == 3
        chat.open_session.options = asking_after_replies(chat.open_session.options, on=False)
        assert tree_texts(app)[-2:] == ['> You say "hello?"', "A cat looks up."]
        assert KIND not in chat.open_session.tree.properties

        chat.selection.select(action.id)
        await run(chat, "turn.roll_again")
        await settled(pilot)
        again = chat.open_session.tree.path()[1]
        assert (again.text, again.parent) == (action.text, action.parent)
        assert isinstance(again.roll, Roll)
        assert again.roll.outcome.endswith("· rolled again")
        assert tree_texts(app)[-1] == "You fall in."

        await pilot.press("escape")
        await run(chat, "turn.delete")
        assert "and the one after" in hint(app)
        await run(chat, "turn.delete")
        assert again.id not in chat.open_session.tree.turns
        assert chat.composer.full_text == "/roll You push the door."
        await run(chat, "chat.undo")
        assert tree_texts(app)[-1] == "You fall in."


async def _a_chat_that_becomes_one(app: TavernApp, pilot: Pilot[int]) -> None:
    """What is refused where there is no adventure, and in one."""
    await say(pilot, "/roll climb")
    assert "This chat is no adventure." in hint(app)
    await say(pilot, "/mode adventure")
    await say(pilot, "/dice 999999d999999")
    assert "Nobody can throw that." in told(app)
    await say(pilot, "/roll 17")
    assert "There is nothing to do yet." in told(app)
    assert len(app.chat.open_session.tree.turns) == len(app.chat.open_session.character.greetings)
    await say(pilot, "look")
    assert tree_texts(app) == ["> You look.", "Yes."]
    app.chat.composer.put("")
    await suggested(pilot)
    assert "The model named nothing to do." in told(app)
    assert app.chat.mirror.log.entries[0].name == ""
    await say(pilot, "/mode chat")
    assert not app.chat.adventuring.on
    assert app.chat.mirror.log.entries[0].name == "Wren"
    assert str(app.chat.composer.placeholder) == "Message Wren"
    await run(app.chat, "chat.undo")
    assert (app.chat.mirror.log.entries[0].name, app.chat.adventuring.on) == ("", True)
    await run(app.chat, "chat.redo")
    assert (app.chat.mirror.log.entries[0].name, app.chat.adventuring.on) == ("Wren", False)


async def test_the_page_asks_what_the_texts_ask_and_takes_an_answer_of_ones_own() -> None:
    app = ScreenApp[AdventureChoice | None](NewAdventurePage([ROAD], ["broken.yaml is passed over: no."]))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter", "3", *"Cy", "enter")
        await press(pilot, "enter")  # a question left open that has no answers
        assert app.result is None
        await press(pilot, *"Ys", "enter")
    assert app.result == AdventureChoice(ROAD, {"name": "Cy", "home": "Ys"})
