"""A group as plain values, for the command line: who is in it, what is special about each, and how it speaks."""

from __future__ import annotations

from typing import Any

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.groups.changing import group_in
from tavern_tui.session.groups.presence import Presence
from tavern_tui.session.workspace import Workspace


def described(workspace: Workspace, tree: ChatTree) -> dict[str, Any]:
    """The group of a chat. Raises ``NotFoundError`` where it is none."""
    facts = group_in(tree)
    away = Presence(tree).away()
    return {
        "title": tree.title,
        "members": [
            {
                "number": number,
                "name": name,
                "state": [
                    word
                    for word, holds in (
                        ("muted", name in facts.muted),
                        ("away", name in away),
                        ("no card", not _has_card(workspace, name)),
                    )
                    if holds
                ],
            }
            for number, name in enumerate(facts.members, 1)
        ],
        "order": facts.order,
        "cards": facts.cards,
        "self_responses": facts.self_responses,
        "scenario": facts.scenario,
    }


def _has_card(workspace: Workspace, name: str) -> bool:
    try:
        workspace.card_of(name)
    except TavernError:
        return False
    return True
