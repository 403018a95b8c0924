"""Commands of the line mode for what a chat remembers: its summaries, its notebook, what is read later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tavern_tui.cli.output import note

if TYPE_CHECKING:
    from tavern_tui.cli.plain import PlainChat


async def summary(chat: PlainChat, argument: str) -> None:
    """Show the summaries that prompts read; ``now`` lets the model tell all that happened so far."""
    from tavern_tui.session.summaries.jobs import all_of
    from tavern_tui.session.summaries.keeping import told
    from tavern_tui.session.summaries.making import write_summary
    from tavern_tui.session.summaries.versions import in_force

    session = chat.session
    if argument not in ("", "now"):
        note("/summary shows it, /summary now has one written of all turns.")
        return
    if argument:
        job = all_of(session.tree, len(session.tree.path()))
        if job is None:
            note("There is nothing to sum up yet.")
            return
        await write_summary(session, job, told=note)
    for one in in_force(session.tree):
        chat.printer.write(f"{one.text}\n")
    note(told(session.tree))


async def later(chat: PlainChat, argument: str) -> None:
    """Let what was edited be read as it was until turns leave; ``off``: at once."""
    from tavern_tui.session.later import hold, let_go

    if argument not in ("", "off"):
        note("/later lets edits wait until turns leave, /later off reads the new text.")
        return
    note(await (let_go(chat.session) if argument else hold(chat.session)))


async def notebook(chat: PlainChat, argument: str) -> None:
    """Show the notebook, which no model reads; what follows the command is added to it."""
    from tavern_tui.session.notebook import notebook_of, notebook_set, with_line

    tree = chat.session.tree
    if argument and (event := notebook_set(tree, with_line(notebook_of(tree), argument))) is not None:
        await chat.session.changes.write(event)
    text = notebook_of(chat.session.tree)
    if text:
        chat.printer.write(f"{text}\n")
    else:
        note("The notebook is empty. /notebook TEXT writes into it; no model reads it.")


COMMANDS: dict[str, tuple[str, str, Callable[[PlainChat, str], Awaitable[None]]]] = {
    "summary": ("/summary [now]", "what prompts read of turns that left; write it now", summary),
    "later": ("/later [off]", "edits are read once turns leave; at once", later),
    "notebook": ("/notebook [TEXT]", "what you write down, which no model reads; add TEXT", notebook),
}
