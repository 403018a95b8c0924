"""What the actions of the registry do in a story: one table from id to function, and the one way to run them.

An action that meets a fault says so on the screen. What is no matter of the text (``app.connect`` …) is the chat's.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from tavern_tui.config.action import Where
from tavern_tui.config.actions import BY_ID
from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.ui.story.exporting import export
from tavern_tui.ui.story.finding_actions import find

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.story import StoryScreen

Act = Callable[["StoryScreen"], Awaitable[None]]

NOT_OF_A_STORY: Final = frozenset(
    {
        *("chat.scroll_up", "chat.scroll_down", "chat.find", "chat.bookmarks", "chat.branches", "chat.new"),
        *("chat.comment", "chat.impersonate", "chat.narrate", "chat.put", "chat.send_as", "reply.swipes"),
        *("reply.token", "reply.answer", "reply.keep", "app.palette"),
    }
)
"""Actions that hold anywhere in a chat, and have nothing to be done on in a story."""

_OF_OTHER_MODES: Final = ("adventure.", "group.")
_SHARED: Final = frozenset({"adventure.memory", "group.new"})


async def write(screen: StoryScreen) -> None:
    """Write on from the cursor, or stop."""
    if screen.writing.running:
        screen.writing.stop()
        return
    editor = screen.view.editor
    at = editor.text.offset(editor.selection[1])
    screen.writing.start(screen.story.passages.write_on(at), at)


async def stop(screen: StoryScreen) -> None:
    """Stop, and keep what has come."""
    screen.writing.stop()


async def again(screen: StoryScreen) -> None:
    """Another version of the last passage; of what is selected, a rewriting."""
    from tavern_tui.ui.story.rewriting import choose_rewriting

    if screen.view.editor.selected_text:
        screen.tavern.show(partial(choose_rewriting, screen=screen))
        return
    turn = _passage(screen) or screen.story.passages.last
    place = screen.story.document.place_of(turn) if turn else None
    if place is None:
        screen.say("Nothing was generated here yet · ctrl+g writes on")
        return
    screen.writing.start(screen.story.passages.again(turn), place[0], instead_of=turn)


async def versions(screen: StoryScreen) -> None:
    """Show the versions of a passage."""
    from tavern_tui.ui.story.versions import VersionChoice

    turn = _passage(screen) or screen.story.passages.last
    found = screen.story.passages.versions(turn)
    if not found:
        screen.say("Nothing was generated here yet · ctrl+g writes on")
        return
    place = next((place for place, version in enumerate(found) if version.shown), 0)

    async def take(number: int, text: str) -> None:
        await screen.writing.take(turn, found[number].turn, len(text) if text else None)

    choice = VersionChoice([version.text for version in found], place, take, glyphs=screen.glyphs)
    screen.panel.show(choice)
    if where := screen.story.document.place_of(turn):
        screen.call_after_refresh(screen.view.show_place, screen.view.editor.text.place(where[0]))


def _passage(screen: StoryScreen) -> str:
    """The generated passage at the cursor, "" for none."""
    editor = screen.view.editor
    return screen.story.passages.passage_at(editor.text.offset(editor.cursor))


async def direction(screen: StoryScreen) -> None:
    """Ask what the next passage is to bring."""

    async def direct(line: str) -> None:
        await screen.story.passages.direct(line)
        screen.say("The next passage will hear it · ctrl+g writes on" if line.strip() else "No direction")

    screen.ask.ask("Direction", direct, text=screen.story.passages.direction, hint="she refuses, but wants to stay")


async def mark(screen: StoryScreen) -> None:
    """Begin to select, or let go."""
    screen.say("Selecting · ctrl+j or Esc lets go" if screen.view.editor.mark() else "")
    screen.view.after()


async def undo(screen: StoryScreen) -> None:
    """Take back the last step."""
    await _walk(screen, back=True)


async def redo(screen: StoryScreen) -> None:
    """Bring it back."""
    await _walk(screen, back=False)


async def _walk(screen: StoryScreen, *, back: bool) -> None:
    if screen.view.read_only:
        screen.say_why_not()
        return
    editor, story = screen.view.editor, screen.story
    if editor.history.blank:
        told = await (story.undo() if back else story.redo())
        screen.say("" if told else "Nothing to take back" if back else "Nothing to bring back")
        return
    step = editor.undo() if back else editor.redo()
    if step is None:
        screen.say("Nothing to take back" if back else "Nothing to bring back")
    elif step.exchange is not None:
        await screen.writing.exchange(step, back=back)
        if back:
            editor.go(editor.text.place(step.cursor))
    screen.view.after(changed=True)


async def chapter_outside(screen: StoryScreen) -> None:
    """Open the chapter at the cursor in $EDITOR."""
    from tavern_tui.session.story.difference import edits
    from tavern_tui.ui.editor import edit_text, editor_command

    if screen.view.read_only:
        screen.say_why_not()
        return
    start, end = screen.shelf.chapter_at(screen.view.editor.text.offset(screen.view.editor.cursor))
    before = screen.story.document.text(start, end)
    edited = await edit_text(screen.app, before, editor_command(os.environ), name="chapter")
    screen.view.editor.apply(start, edits(before, edited.text))
    screen.view.after(changed=True)
    if edited.notice:
        screen.say(edited.notice)


async def until(screen: StoryScreen) -> None:
    """Ask where passages end."""
    from tavern_tui.session.story.until import until_typed

    async def end_at(typed: str) -> None:
        chosen = until_typed(typed)
        await screen.story.passages.end_at(chosen)
        screen.say(f"A passage ends: {chosen}")

    now = str(screen.story.passages.until)
    screen.ask.ask("A passage ends at", end_at, text=now, hint="sentence, paragraph, length, 200 words")


async def paragraph_up(screen: StoryScreen) -> None:
    """Move the paragraph up."""
    _move_paragraph(screen, up=True)


async def paragraph_down(screen: StoryScreen) -> None:
    """Move the paragraph down."""
    _move_paragraph(screen, up=False)


def _move_paragraph(screen: StoryScreen, *, up: bool) -> None:
    """Exchange the line at the cursor with the next that is not blank; the blank ones between stay where they are."""
    editor = screen.view.editor
    text, here = editor.text, editor.cursor[0]
    others = range(here - 1, -1, -1) if up else range(here + 1, text.count)
    other = next((number for number in others if text.line(number).strip()), None)
    if other is None or screen.view.read_only:
        return
    first, last = min(here, other), max(here, other)
    ends = [(number, len(text.line(number))) for number in (first, last)]
    above = text.slice((first, 0), ends[0])
    below = text.slice((last, 0), ends[1])
    between = text.slice(ends[0], (last, 0))
    column = editor.cursor[1]
    editor.replace((first, 0), ends[1], (*below, *between, *above))
    editor.go((other, column))
    screen.view.after(changed=True)


async def comment(screen: StoryScreen) -> None:
    """Put what is selected between the signs of a comment, or begin one."""
    editor = screen.view.editor
    if screen.view.read_only:
        screen.say_why_not()
        return
    selected = editor.selected_text
    editor.insert(f"[[{selected}]]")
    if not selected:
        editor.move("left")
        editor.move("left")
    screen.view.after(changed=True)


async def focus_view(screen: StoryScreen) -> None:
    """Show the text alone, or everything."""
    if screen.toggle_class("-focus").has_class("-focus"):
        screen.tell("Only the text is shown · Esc shows everything again")


async def typewriter(screen: StoryScreen) -> None:
    """Keep the cursor in the middle, or no longer."""
    screen.view.set_typewriter(not screen.view.typewriter)
    screen.say("The cursor stays in the middle" if screen.view.typewriter else "The cursor goes down the screen")


async def goal(screen: StoryScreen) -> None:
    """Ask how many words are wanted today."""

    async def wanted(typed: str) -> None:
        digits = typed.replace(",", "").replace(".", "").strip()
        if digits and not (digits.isdecimal() and len(digits) < 7):
            raise SettingsError(f"“{typed}” is not a number of words.", hint="500, or nothing for no goal.")
        screen.counts.goal = int(digits or 0)
        await screen.shelf.keep_counts()

    screen.ask.ask("Words today", wanted, text=str(screen.counts.goal or ""), hint="500")


async def name_this(screen: StoryScreen) -> None:
    """Say that everything is saved, and offer to name this version."""
    from tavern_tui.session.story.named import name_version

    async def named(name: str) -> None:
        if name.strip():
            version = await name_version(screen.story, name)
            screen.say(f"Named {version.name} · ctrl+p Named versions lists it")

    screen.ask.ask("Everything is already saved. Name this version?", named, hint="a name")


async def command(screen: StoryScreen) -> None:
    """Ask for a command, and do it."""
    from tavern_tui.ui.slash import Command, Unknown, parse

    async def run(typed: str) -> None:
        if not typed.strip("/ "):
            return
        match parse(f"/{typed.strip().lstrip('/')}", of_the_chat() | set(STORY_ACTIONS)):
            case Command(action=action, argument=argument):
                screen.ask.close()
                await (act(screen, action) if action in STORY_ACTIONS else screen.chat.run_typed(action, argument))
            case Unknown(message=message):
                screen.say(message)

    screen.ask.ask("/", run, hint="length 300")


async def outline(screen: StoryScreen) -> None:
    """Show the chapters."""
    from tavern_tui.ui.screens.outline import show_outline

    screen.tavern.show(partial(show_outline, screen=screen))


async def named_versions(screen: StoryScreen) -> None:
    """Show the versions that were named."""
    from tavern_tui.ui.screens.outline import show_named

    screen.tavern.show(partial(show_named, screen=screen))


async def leave(screen: StoryScreen) -> None:
    """Copy what is selected, else stop what is written, else quit on the second press."""
    from tavern_tui.ui.clipboard import copy

    if marked := screen.view.editor.selected_text:
        screen.say(await copy(screen.tavern, marked, "what is selected"))
    elif screen.writing.running:
        screen.writing.stop()
    else:
        await screen.tavern.quit_on_second_press()


async def repaint(screen: StoryScreen) -> None:
    """Draw the screen from nothing."""
    screen.tavern.repaint()


async def palette(screen: StoryScreen) -> None:
    """Show everything that can be done."""
    screen.tavern.show(partial(show_palette, screen=screen))


async def show_help(screen: StoryScreen) -> None:
    """Show the keys."""
    screen.tavern.show(partial(show_keys, screen=screen))


STORY_ACTIONS: dict[str, Act] = {
    "story.write": write,
    "story.again": again,
    "story.versions": versions,
    "story.direction": direction,
    "story.editor": chapter_outside,
    "story.find": find,
    "story.mark": mark,
    "story.undo": undo,
    "story.redo": redo,
    "story.until": until,
    "story.outline": outline,
    "story.goal": goal,
    "story.export": export,
    "story.named": named_versions,
    "story.command": command,
    "story.raise": paragraph_up,
    "story.lower": paragraph_down,
    "story.comment": comment,
    "story.focus": focus_view,
    "story.typewriter": typewriter,
    "reply.stop": stop,
    "app.palette": palette,
    "app.help": show_help,
    "app.repaint": repaint,
    "app.quit": leave,
}
"""What the keys of a story do."""


async def act(screen: StoryScreen, action: str) -> None:
    """Do what the key of ``action`` does."""
    try:
        await STORY_ACTIONS[action](screen)
    except TavernError as error:
        screen.refuse(error)
    screen.show_state()


def of_the_chat() -> frozenset[str]:
    """The actions of the chat that mean something in a story: those that hold anywhere and need no turn."""
    from tavern_tui.ui.chat.actions import RUNNABLE

    found = {action for action in RUNNABLE if BY_ID[action].where is Where.ANYWHERE}
    others = {action for action in found if action.startswith(_OF_OTHER_MODES)} - _SHARED
    return frozenset(found - others - NOT_OF_A_STORY - set(STORY_ACTIONS))


async def show_palette(app: TavernApp, *, screen: StoryScreen) -> None:
    """Find something that can be done or opened, and do it."""
    from tavern_tui.ui.screens.palette import ask_palette

    chosen = await ask_palette(app, screen.keymap, of_the_chat() | set(STORY_ACTIONS) - {"reply.stop"})
    action, argument = chosen or ("", "")
    if action == "app.quit":
        screen.writing.stop()
        await app.leave()
    elif action in STORY_ACTIONS:
        await act(screen, action)
    elif action:
        await screen.chat.run_typed(action, argument)


async def show_keys(app: TavernApp, *, screen: StoryScreen) -> None:
    """Show the keys that hold, and all others."""
    from tavern_tui.ui.screens.help import HelpScreen

    runnable = of_the_chat() | set(STORY_ACTIONS)
    await app.push_screen_wait(HelpScreen(screen.keymap, screen.holding(), runnable=runnable, glyphs=app.glyphs))
