"""Actions that make replies or choose among them: send, speak, swipe, regenerate, continue, stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import ROOT, Turn
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.messages import number
from tavern_tui.domain.request import MOST_REPLIES
from tavern_tui.domain.thinking import Thinking
from tavern_tui.session import presets
from tavern_tui.ui import popups
from tavern_tui.ui.chat.refusing import BUSY, ask_otherwise, refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

LEAST_LENGTH, MOST_LENGTH = 16, 8192
LEVELS = [level.value for level in Thinking]


async def send(screen: ChatScreen, _argument: str = "") -> None:
    """Send what is written, save the turn that is being edited, or run the command that was typed."""
    await screen.outbox.enter()


async def speak(screen: ChatScreen, _argument: str = "") -> None:
    """Let the character speak, or answer what was said last."""
    if not screen.busy:
        screen.start(screen.open_session.reply())
    elif screen.outbox.give_back():
        screen.hint(BUSY)


async def stop(screen: ChatScreen, _argument: str = "") -> None:
    """Stop the reply and keep its text."""
    await screen.stop_reply()


async def regenerate(screen: ChatScreen, _argument: str = "") -> None:
    """Another reply beside the last one; where the last turn is the user's, an answer to it."""
    newest = screen.open_session.changes.newest()
    if newest.speaker is Speaker.USER:
        await speak(screen)
    else:
        another(screen, newest)


async def go_on(screen: ChatScreen, _argument: str = "") -> None:
    """Let the last reply go on, or the thinking that came to no reply."""
    session = screen.open_session
    newest = session.changes.newest()
    beside = session.unsaid.beside(session.tree) if session.unsaid else newest.id
    screen.start(session.continue_reply(newest.id), beside=beside)


async def keep(screen: ChatScreen, _argument: str = "") -> None:
    """Have no more said about a reply that broke off."""
    if screen.problems.shown is None:
        raise NotFoundError("Nothing waits to be decided.")
    screen.problems.clear()
    screen.hint("It stays as it is")


async def answer(screen: ChatScreen, _argument: str = "") -> None:
    """A reply without thinking, this once."""
    session = screen.open_session
    beside = session.unsaid.beside(session.tree) if session.unsaid else session.changes.newest().id
    screen.start(session.answer(), beside=beside)


async def set_thinking(screen: ChatScreen, argument: str) -> None:
    """Set or tell how much is thought in this chat."""
    session = screen.open_session
    if argument.strip().lower() in LEVELS:
        await session.set_thinking(Thinking(argument.strip().lower()))
        screen.hint(f"Thinking is {session.options.think.value} in this chat from now on")
    else:
        how = f"Thinking is {session.options.think.value} in this chat · /think {', '.join(LEVELS)} sets it"
        ask_otherwise(screen, argument, how)


async def swipe(screen: ChatScreen, argument: str = "") -> None:
    """The next swipe of the last turn; after the last one, another reply; with a number, the swipe of that number."""
    newest, tree = screen.open_session.changes.newest(), screen.open_session.tree
    siblings = tree.siblings(newest.id)
    if not argument:
        await swipe_turn(screen, newest, 1)
    elif not argument.isdecimal() or not 1 <= int(argument[:9]) <= len(siblings):
        shown = siblings.index(newest.id) + 1
        how = f"This is swipe {shown} of {len(siblings)} · /swipe 1 shows the first · /swipes 3 writes three"
        ask_otherwise(screen, argument, how)
    else:
        await swipe_turn(screen, newest, int(argument) - 1 - siblings.index(newest.id))


async def swipes(screen: ChatScreen, argument: str = "") -> None:
    """Write several replies at once beside the last one."""
    newest = screen.open_session.changes.newest()
    if not argument.isdecimal() or not 1 <= int(argument[:4]) <= MOST_REPLIES:
        ask_otherwise(screen, argument, f"Up to {MOST_REPLIES} replies at once · /swipes 3 writes three")
    elif not refused_while_busy(screen):
        from tavern_tui.session.parallel import first_alone

        several = screen.open_session.swipe(newest.id, replies=int(argument))
        screen.start(first_alone(several), beside=newest.id)


async def choose_token(screen: ChatScreen, argument: str = "") -> None:
    """Show what else was likely in the last reply; with two numbers, go on from another token there."""
    from tavern_tui.session.token_choice import chosen_otherwise

    newest = screen.open_session.changes.newest()
    if not argument:
        screen.tavern.show(partial(popups.token_choices, newest))
    elif not refused_while_busy(screen):
        screen.start(chosen_otherwise(screen.open_session, newest, argument), beside=newest.id)


async def swipe_back(screen: ChatScreen, _argument: str = "") -> None:
    """The swipe before this one of the last turn."""
    await swipe_turn(screen, screen.open_session.changes.newest(), -1)


async def set_length(screen: ChatScreen, argument: str) -> None:
    """Set or tell the length of this chat's replies."""
    if not argument.isdecimal() or not LEAST_LENGTH <= int(argument[:9]) <= MOST_LENGTH:
        now = screen.open_session.options.response_tokens
        how = f"Replies have up to {now} tokens · /length {LEAST_LENGTH} … {MOST_LENGTH} sets it"
        ask_otherwise(screen, argument, how)
        return
    await screen.open_session.set_response_tokens(int(argument))
    screen.hint(f"Replies have up to {argument} tokens from now on")


async def choose_preset(screen: ChatScreen, argument: str) -> None:
    """Choose, or tell, how this chat's replies are sampled."""
    session, workspace = screen.open_session, screen.tavern.workspace
    if argument:
        chosen = await presets.choose_in_chat(session, workspace, argument)
        screen.hint(f"{chosen.summary} · The preset is {chosen.name} in this chat from now on")
    else:
        names = await presets.names_for(workspace)
        screen.hint(f"The preset is {session.options.preset.name} · /preset {', '.join(names)} chooses another")


async def switch_world(screen: ChatScreen, argument: str) -> None:
    """Let the chat read a lorebook, or no longer; without a name, say which there are."""
    from tavern_tui.session import lore_books

    session, workspace = screen.open_session, screen.tavern.workspace
    switch = lore_books.switch_in_chat(session, workspace, argument) if argument else None
    screen.hint(await (switch or lore_books.told_in_chat(session, workspace)), lasting=not argument)


async def choose_persona(screen: ChatScreen, argument: str) -> None:
    """Choose, or tell, who the user is in this chat."""
    from tavern_tui.session import personas

    session, workspace = screen.open_session, screen.tavern.workspace
    if argument:
        chosen = await personas.choose_in_chat(session, workspace, argument)
        screen.hint(f"You are {chosen.persona.name} in this chat from now on")
    else:
        screen.hint(await personas.told_in_chat(session, workspace))


async def choose_prompts(screen: ChatScreen, argument: str) -> None:
    """Choose, or tell, what makes the messages of this chat for servers that take them."""
    from tavern_tui.session import user_templates

    session, workspace = screen.open_session, screen.tavern.workspace
    tell = user_templates.choose_prompts(session, workspace, argument) if argument else None
    screen.hint(await (tell or user_templates.told_prompts(session, workspace)))


async def choose_policy(screen: ChatScreen, argument: str) -> None:
    """Choose, or tell, how this chat's prompts are put together."""
    from tavern_tui.session import economy_choices

    screen.hint(await economy_choices.choose_policy(screen.open_session, argument))


async def choose_notes(screen: ChatScreen, argument: str) -> None:
    """Choose, or tell, how long notes stay where they are in this chat."""
    from tavern_tui.session import economy_choices

    screen.hint(await economy_choices.choose_notes(screen.open_session, argument))


async def rebuild_head(screen: ChatScreen, _argument: str) -> None:
    """Make the beginning of the next prompt anew."""
    from tavern_tui.session import economy_choices

    screen.hint(await economy_choices.rebuild_head(screen.open_session))


def another(screen: ChatScreen, turn: Turn) -> None:
    """Write another reply beside ``turn``, or another answer to it where it is the user's."""
    screen.start(screen.open_session.swipe(turn.id), beside=turn.id)


async def swipe_turn(screen: ChatScreen, turn: Turn, step: int) -> None:
    """Show the swipe ``step`` places after that of ``turn``. Greetings go round; after the newest of the last turn's
    swipes another one is written."""
    if refused_while_busy(screen):
        return
    session = screen.open_session
    siblings = session.tree.siblings(turn.id)
    place = siblings.index(turn.id) + step
    if turn.parent == ROOT and len(siblings) > 1:
        step = place % len(siblings) - siblings.index(turn.id)
    elif place >= len(siblings):
        if turn.id != session.tree.tip or turn.speaker is Speaker.USER:
            raise NotFoundError("This is the last swipe.", hint="r writes another one.")
        another(screen, turn)
        return
    elif place < 0:
        raise NotFoundError("This is the first swipe.")
    followed = len(session.tree.path()) - screen.mirror.number(turn.id)
    shown = await session.changes.select_swipe(step, turn.id)
    selected = screen.selection.turn
    screen.mirror.keep_up(session.tree, [shown.id])
    if selected:
        screen.selection.select(shown.id)
    alone = followed and shown.id == session.tree.tip
    stays = "1 turn stays" if followed == 1 else f"{number(followed)} turns stay"
    screen.hint(f"{stays} with the other swipe" if alone else "")


REPLY_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "composer.send": send,
    "reply.speak": speak,
    "reply.stop": stop,
    "reply.regenerate": regenerate,
    "reply.continue": go_on,
    "reply.keep": keep,
    "reply.swipe": swipe,
    "reply.swipe_back": swipe_back,
    "reply.swipes": swipes,
    "reply.token": choose_token,
    "reply.length": set_length,
    "reply.preset": choose_preset,
    "chat.persona": choose_persona,
    "chat.world": switch_world,
    "chat.prompts": choose_prompts,
    "chat.policy": choose_policy,
    "chat.notes": choose_notes,
    "chat.rebuild": rebuild_head,
    "reply.think": set_thinking,
    "reply.answer": answer,
}
