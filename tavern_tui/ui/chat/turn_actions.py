"""Actions on one turn: select, move, edit, swipe, regenerate, continue, branch, delete, hide, copy; undo and redo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.messages import number
from tavern_tui.session.modes.choosing import name_of
from tavern_tui.session.quick_replies import quick_replies
from tavern_tui.ui import popups
from tavern_tui.ui.chat.app_actions import copied
from tavern_tui.ui.chat.editing import save_edit
from tavern_tui.ui.chat.outside import edit_outside
from tavern_tui.ui.chat.refusing import ask_otherwise, refused_while_busy
from tavern_tui.ui.chat.reply_actions import another, swipe_turn

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


def chosen(screen: ChatScreen) -> Turn:
    """The turn that is meant: the selected one, else the last. Raises ``NotFoundError``."""
    if not screen.selection.turn:
        return screen.open_session.changes.newest()
    turn = screen.open_session.tree.turns.get(screen.selection.turn)
    if turn is None:
        raise NotFoundError("This turn is still being written.", hint="Esc stops it.")
    return turn


async def select(screen: ChatScreen, _argument: str = "") -> None:
    """Select the last turn."""
    last = screen.mirror.last_turn()
    if not last:
        raise NotFoundError("There is no turn yet.")
    screen.selection.select(last)


async def leave(screen: ChatScreen, _argument: str = "") -> None:
    """Go back to typing."""
    screen.selection.leave()


async def previous(screen: ChatScreen, _argument: str = "") -> None:
    """Select the turn before."""
    screen.selection.move(-1)


async def following(screen: ChatScreen, _argument: str = "") -> None:
    """Select the turn after."""
    screen.selection.move(1)


async def first(screen: ChatScreen, _argument: str = "") -> None:
    """Select the first turn."""
    screen.selection.move(-len(screen.mirror.log.entries))


async def last(screen: ChatScreen, _argument: str = "") -> None:
    """Select the last turn, and follow the end of the log again."""
    screen.selection.move(len(screen.mirror.log.entries))
    screen.mirror.log.follow_end()


async def oldest_read(screen: ChatScreen, _argument: str = "") -> None:
    """Select the oldest turn that the last prompt had room for."""
    oldest = await screen.open_session.oldest_read()
    if not any(turn.id == oldest for turn in screen.open_session.tree.walk_back()):
        raise NotFoundError("Nothing is known of a prompt of this chat yet.", hint="It is once a reply has been made.")
    screen.selection.select(oldest)
    screen.hint("The model reads from here on")


async def quick_reply(screen: ChatScreen, number: str = "") -> None:
    """Send the quick reply of the key that was pressed; where there are none at all, the key types."""
    if number and not (await quick_replies(screen.tavern.workspace)).replies:
        screen.selection.leave()
        screen.composer.insert(number)
    else:
        await quick_reply_named(screen, number)


async def quick_reply_named(screen: ChatScreen, argument: str = "") -> None:
    """Send the quick reply of that number; without one show them all."""
    if not argument:
        screen.tavern.show(popups.quick_replies)
        return
    found = await quick_replies(screen.tavern.workspace)
    for problem in found.problems:
        screen.mirror.note(problem)
    if not argument.isdecimal() or not 0 < int(argument[:9]) <= len(found.replies):
        ask_otherwise(screen, argument, f"There is no quick reply {argument[:9]} · /quick shows what there is")
        return
    screen.selection.leave()
    await screen.outbox.say(found.replies[int(argument) - 1].message)


async def swipe_back(screen: ChatScreen, _argument: str = "") -> None:
    """The swipe before this one."""
    await swipe_turn(screen, chosen(screen), -1)


async def swipe(screen: ChatScreen, _argument: str = "") -> None:
    """The next swipe."""
    await swipe_turn(screen, chosen(screen), 1)


async def edit(screen: ChatScreen, argument: str = "") -> None:
    """Change the turn's text in the composer, or give it the text that follows the command."""
    turn = chosen(screen)
    if argument:
        await save_edit(screen, turn.id, argument)
        return
    _begin_edit(screen, turn)


def _begin_edit(screen: ChatScreen, turn: Turn, written: str | None = None) -> None:
    screen.selection.leave()
    goes_on = screen.editor.begin(turn.id, turn.text, number(screen.mirror.number(turn.id)), written=written)
    screen.hint("Your text goes on · ctrl+z: as it was" if goes_on and written is None else "")


async def edit_in_editor(screen: ChatScreen, _argument: str = "") -> None:
    """Change the turn's text in $EDITOR; where the disk refuses what was written, it stands in the composer."""
    turn = chosen(screen)

    async def save(text: str) -> None:
        try:
            await save_edit(screen, turn.id, text)
        except TavernError:
            _begin_edit(screen, turn, text)
            raise

    work = edit_outside(screen, turn.text, save)
    screen.run_worker(work, group="editor", exclusive=True)


async def regenerate(screen: ChatScreen, _argument: str = "") -> None:
    """Write another reply in place of the turn."""
    turn = chosen(screen)
    if confirmed(screen, "turn.regenerate", turn, "r again writes turn {number} anew"):
        screen.selection.leave()
        another(screen, turn)


async def go_on(screen: ChatScreen, _argument: str = "") -> None:
    """Let the turn go on where its text ends."""
    turn = chosen(screen)
    if turn.speaker is Speaker.USER:
        raise NotFoundError("This turn is yours: e changes it.")
    screen.selection.leave()
    screen.start(screen.open_session.continue_reply(turn.id), beside=turn.id)


async def branch(screen: ChatScreen, _argument: str = "") -> None:
    """Go on from this turn; at the end of a branch that was made so, go back to what followed."""
    if refused_while_busy(screen):
        return
    turn, tree = chosen(screen), screen.open_session.tree
    if turn.id != tree.tip:
        hidden = len(tree.path()) - screen.mirror.number(turn.id)
        await screen.open_session.changes.go_to(turn.id)
        screen.hint(f"A branch begins here; {turns(hidden)} stay · b goes back to them")
    elif tree.children.get(turn.id):
        await screen.open_session.changes.go_to(tree.leaf_below(turn.id))
        screen.hint("Back on the branch that goes on from here")
    else:
        raise NotFoundError("Nothing follows this turn: it is where the chat goes on.")
    screen.mirror.keep_up(screen.open_session.tree)


async def delete(screen: ChatScreen, _argument: str = "") -> None:
    """Delete the turn and all after it."""
    if refused_while_busy(screen):
        return
    session, turn = screen.open_session, screen.adventuring.erased(chosen(screen))
    gone = len(session.tree.path()) - screen.mirror.number(turn.id) + 1
    after = {1: "", 2: " and the one after"}.get(gone, f" and {number(gone - 1)} after it")
    if screen.selection.turn and not confirmed(screen, "turn.delete", turn, "d again deletes turn {number}" + after):
        return
    lost = [later for later in session.tree.path()[-gone:] if later.speaker is Speaker.USER]
    await session.changes.delete(turn.id)
    screen.mirror.keep_up(session.tree)
    if lost == [turn] and screen.composer.is_empty:
        screen.selection.leave()
        screen.composer.put(screen.adventuring.typed(turn))
    screen.selection.renew()
    screen.hint(f"Deleted {turns(gone)} · {{undo}} brings back")


async def hide(screen: ChatScreen, _argument: str = "") -> None:
    """Keep the turn out of prompts, or take it in again."""
    turn = chosen(screen)
    await screen.open_session.changes.hide(turn.id, not turn.hidden)
    screen.mirror.refresh(screen.open_session.tree, turn.id)
    screen.hint(
        "The model reads it again · {undo} undoes" if turn.hidden else "The model no longer reads it · {undo} undoes"
    )


async def unfold(screen: ChatScreen, _argument: str = "") -> None:
    """Show what the model thought, or thinks just now, or fold it again."""
    shown = screen.selection.turn or screen.open_session.changes.newest().id
    standing = screen.mirror.log.standing
    if shown not in standing or not standing.entry(shown).reasoning:
        raise NotFoundError("This turn was written without thinking.")
    screen.mirror.unfold(shown)


async def copy(screen: ChatScreen, _argument: str = "") -> None:
    """Copy the turn's text, or code that stands in it."""
    from tavern_tui.ui.chat.copying import copy_turn

    screen.tavern.show(partial(copy_turn, text=chosen(screen).text))


async def links(screen: ChatScreen, _argument: str = "") -> None:
    """Show the web addresses in the turn; one may be opened there."""
    from tavern_tui.ui.screens.links import show_links

    screen.tavern.show(partial(show_links, text=chosen(screen).text))


async def copy_all(screen: ChatScreen, _argument: str = "") -> None:
    """Copy all turns on screen as Markdown."""
    path = screen.open_session.tree.path()
    text = "\n\n".join(f"**{turn.name}**\n\n{turn.text}" if turn.name else turn.text for turn in path)
    await copied(screen, text, turns(len(path)))


async def undo(screen: ChatScreen, _argument: str = "") -> None:
    """Take back the last thing done to the chat."""
    if refused_while_busy(screen):
        return
    what = await _walked(screen, back=True)
    screen.hint(f"Undone: {what} · {{redo}} brings it back" if what else "There is nothing to undo")


async def redo(screen: ChatScreen, _argument: str = "") -> None:
    """Bring back what was undone."""
    if refused_while_busy(screen):
        return
    what = await _walked(screen, back=False)
    screen.hint(f"Back again: {what}" if what else "There is nothing to redo")


async def _walked(screen: ChatScreen, *, back: bool) -> str:
    """Take a step through what was done, and show what the chat is then, in another mode of play, too."""
    from tavern_tui.session import routes, taking_back
    from tavern_tui.ui.chat.adventure_actions import opened_anew
    from tavern_tui.ui.chat.home_actions import show_names

    session, app = screen.open_session, screen.tavern
    before = name_of(session.tree.properties)
    walk = taking_back.undo if back else taking_back.redo
    done = await walk(session, app.workspace, popups.wishes_here(app), watch=screen.engine_event)
    if opened_anew(screen, before):
        return done.what
    screen.renew()
    if done.title:
        show_names(screen)
    if done.writer:
        screen.own_writer = routes.PROPERTY in session.tree.properties
        await popups.connect_anew(app)
    return done.what


def confirmed(screen: ChatScreen, action: str, turn: Turn, question: str) -> bool:
    """Whether this is the second press; the first one asks ``question`` with the turn's number."""
    if not screen.asks or screen.selection.confirmation.given(action, turn.id, screen.now()):
        return True
    screen.hint(question.format(number=number(screen.mirror.number(turn.id))), seconds=3.0)
    return False


def turns(count: int) -> str:
    """So many turns, in words."""
    return "1 turn" if count == 1 else f"{number(count)} turns"


TURN_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "turn.select": select,
    "turn.leave": leave,
    "turn.previous": previous,
    "turn.next": following,
    "turn.first": first,
    "turn.last": last,
    "turn.oldest_read": oldest_read,
    "turn.quick_reply": quick_reply,
    "turn.swipe_back": swipe_back,
    "turn.swipe": swipe,
    "turn.edit": edit,
    "turn.editor": edit_in_editor,
    "turn.regenerate": regenerate,
    "turn.continue": go_on,
    "turn.branch": branch,
    "turn.delete": delete,
    "turn.hide": hide,
    "turn.unfold": unfold,
    "turn.copy": copy,
    "turn.copy_all": copy_all,
    "turn.links": links,
    "chat.undo": undo,
    "chat.redo": redo,
}

TYPED_TURN_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {"turn.quick_reply": quick_reply_named}
"""What differs where an action was typed or chosen by name: no key is to type."""
