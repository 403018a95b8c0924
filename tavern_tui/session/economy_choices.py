"""What a person chooses of how a chat's prompts are put together: the policy, how long notes stay, a head made anew.

All of it is kept with the chat. The sentences are those that app and line mode say, without a full stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tavern_tui.domain.events import PropertySet
from tavern_tui.session.kept_prompts import MOST_TURNS, build_head_anew, notes_stay, set_notes_stay

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.session.options import ReplyOptions
    from tavern_tui.session.session import ChatSession

POLICY: Final = "policy"
"""The chat's property that names its own policy."""

POLICIES: Final = {
    "economy": "the beginning of a prompt stays as it was read, history leaves in steps",
    "classic": "as SillyTavern puts prompts together, much is read again with every turn",
}
"""Every policy, and what it means."""


def policy_of(tree: ChatTree, options: ReplyOptions) -> str:
    """The policy of a chat: that of this start, else its own, else the settings'."""
    own = tree.properties.get(POLICY)
    return own if isinstance(own, str) and own in POLICIES and POLICY not in options.asked else options.policy


async def choose_policy(session: ChatSession, argument: str) -> str:
    """Set or tell the policy of a chat; what to say about it. Raises ``StorageError``."""
    chosen, before = argument.strip().lower(), policy_of(session.tree, session.options)
    if chosen not in POLICIES:
        return f"This chat is {before}: {POLICIES[before]} · /policy {' or '.join(POLICIES)} changes it"
    if POLICY in session.options.asked and chosen != before:
        return f"This start was given --policy {before}, which counts until it ends"
    if chosen == before:
        return f"This chat is {chosen} already: {POLICIES[chosen]}"
    await session.changes.write(PropertySet(POLICY, chosen))
    return f"This chat is {chosen} from now on: {POLICIES[chosen]}. The next reply reads the whole prompt once"


async def choose_notes(session: ChatSession, argument: str) -> str:
    """Set or tell how long notes stay in a chat; what to say about it. Raises ``StorageError``."""
    match argument.lower().split():
        case ["move"]:
            await set_notes_stay(session, 0, restated=False)
        case ["stay" | "restate" as way, number] if number.isdecimal() and 0 < int(number[:5]) <= MOST_TURNS:
            await set_notes_stay(session, int(number), restated=way == "restate")
        case _:
            usage = "/notes move · /notes stay 8 · /notes restate 8 changes it"
            return f"{_told(session.tree)} · {usage}"
    return _told(session.tree)


async def rebuild_head(session: ChatSession) -> str:
    """Let the next prompt make its head anew; what to say about it. Raises ``StorageError``."""
    await build_head_anew(session)
    return "The next prompt begins anew, with the lore that is active then, and is read whole once"


def _told(tree: ChatTree) -> str:
    stay = notes_stay(tree)
    if not stay.turns:
        return "Notes stand at their depth in every prompt; what is below them is read again each time"
    turns = f"{stay.turns} more turn{'' if stay.turns == 1 else 's'}"
    if stay.restated:
        return f"Notes stay where they are, and are stated again once {turns} stand below them"
    return f"Notes stay where they are, and move to their depth once {turns} stand below them"
