"""SillyTavern's definition of a group as facts of a chat, and back: what it says beyond ours is kept and said again.

A definition is the JSON of ``groups/<id>.json``; members are named by their cards' files there. Source:
``docs/spec/sillytavern-prompts.md`` §8. The chat itself: ``chat_import`` and ``chat_export``; the notes and variables
of its chats stand in the chat's own file, as SillyTavern's later versions have them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from tavern_tui.domain import groups
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import ChatEvent, PropertySet
from tavern_tui.formats.chatlog import FORMAT
from tavern_tui.session.chat_merge import WRITER
from tavern_tui.session.groups.facts import GroupFacts, facts_of
from tavern_tui.storage.chats import ChatLog

_ORDERS: Final = {0: "natural", 1: "list", 2: "manual", 3: "pooled"}
_CARDS: Final = {0: "swap", 1: "join", 2: "join_muted"}
_OF_CHATS: Final = ("chat_metadata", "past_metadata")
"""What a definition says of chats, which their own files say again."""


def take_definition(log: ChatLog, definition: Mapping[str, Any], name_of: Callable[[str], str]) -> bool:
    """Let ``log`` know of the group whose chat it is; whether anything was new. Blocks.

    ``name_of`` gives the character's name for the file of its card, empty where it is not known. What was changed here
    since the last import stays unless it was changed there, too. Raises ``StorageError``.
    """
    names = {str(avatar): name_of(str(avatar)) or _stem(str(avatar)) for avatar in _listed(definition, "members")}
    kept = {key: value for key, value in definition.items() if key not in _OF_CHATS}
    told = {**_properties(definition, names), groups.SOURCE: {"definition": kept, "names": names}}
    before = _source(log.tree)
    known = _properties(before.get("definition", {}), before.get("names", {})) if before else {}
    fresh = {key: value for key, value in told.items() if known.get(key) != value}
    if before.get("definition") == kept and before.get("names") == names:
        return False
    lamport = max((event.lamport for event in log.events), default=0)
    log.take_in(
        ChatEvent(_id(log.key, key, value), WRITER, lamport + step, PropertySet(key, value), (), _at(log), FORMAT)
        for step, (key, value) in enumerate(fresh.items(), 1)
    )
    return True


def definition_of(tree: ChatTree, chat_id: str, avatar_of: Callable[[str], str]) -> dict[str, Any]:
    """The definition of a chat's group, for a chat file called ``chat_id``.

    ``avatar_of`` gives the file of a member's card; what came from a definition keeps the files that it named.
    """
    facts = facts_of(tree) or GroupFacts(tree.characters)
    before = _source(tree)
    avatars = {name: avatar for avatar, name in before.get("names", {}).items()}

    def file_of(name: str) -> str:
        return avatars.get(name) or avatar_of(name)

    number = str(1_600_000_000_000 + zlib.crc32(chat_id.encode()))
    known = before.get("definition", {})
    said: dict[str, Any] = {
        "id": known.get("id", number),
        "name": known.get("name", tree.title or chat_id),
        "members": [file_of(name) for name in facts.members],
        "disabled_members": [file_of(name) for name in facts.members if name in facts.muted],
        "allow_self_responses": facts.self_responses,
        "activation_strategy": next(number for number, order in _ORDERS.items() if order == facts.order),
        "generation_mode": next(number for number, cards in _CARDS.items() if cards == facts.cards),
        "generation_mode_join_prefix": facts.join_prefix,
        "generation_mode_join_suffix": facts.join_suffix,
        "chat_id": chat_id,
        "chats": [chat_id],
    }
    kept = {key: value for key, value in known.items() if key not in _OF_CHATS}
    return {**kept, **said}


def _properties(definition: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The chat's properties that a definition means; what it does not say is left out."""
    members = [names[avatar] for avatar in map(str, _listed(definition, "members")) if avatar in names]
    found: dict[str, Any] = {groups.MEMBERS: list(dict.fromkeys(members))} if members else {}
    muted = [names[avatar] for avatar in map(str, _listed(definition, "disabled_members")) if avatar in names]
    if "disabled_members" in definition:
        found[groups.MUTED] = sorted(set(muted))
    if (order := _ORDERS.get(_number(definition, "activation_strategy"))) is not None:
        found[groups.ORDER] = order
    if (cards := _CARDS.get(_number(definition, "generation_mode"))) is not None:
        found[groups.CARDS] = cards
    if isinstance(definition.get("allow_self_responses"), bool):
        found[groups.SELF_RESPONSES] = definition["allow_self_responses"]
    for key, theirs in (
        (groups.JOIN_PREFIX, "generation_mode_join_prefix"),
        (groups.JOIN_SUFFIX, "generation_mode_join_suffix"),
    ):
        if isinstance(definition.get(theirs), str):
            found[key] = definition[theirs]
    metadata = definition.get("chat_metadata")
    scenario = metadata.get("scenario") if isinstance(metadata, dict) else None
    if isinstance(scenario, str) and scenario.strip():
        found[groups.SCENARIO] = scenario.strip()
    return found


def _source(tree: ChatTree) -> dict[str, Any]:
    """What was imported before: the ``definition`` and the ``names`` of its members' files."""
    found = tree.properties.get(groups.SOURCE)
    if not isinstance(found, dict) or not all(isinstance(found.get(key), dict) for key in ("definition", "names")):
        return {}
    return found


def _listed(definition: Mapping[str, Any], key: str) -> list[Any]:
    found = definition.get(key)
    return found if isinstance(found, list) else []


def _number(definition: Mapping[str, Any], key: str) -> int:
    found = definition.get(key)
    if isinstance(found, str) and found.isdecimal() and len(found) < 4:
        return int(found)
    return found if type(found) is int else -1


def _stem(avatar: str) -> str:
    return PurePosixPath(avatar).stem or avatar


def _id(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _at(log: ChatLog) -> float:
    return log.events[-1].at if log.events else 0.0
