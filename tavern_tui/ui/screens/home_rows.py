"""The rows of Home, and what can be done with what they show. Pure; ``home`` shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from tavern_tui.domain.display import safe_line
from tavern_tui.session.character_list import CharacterRow, ChatChoice, ChatRow
from tavern_tui.session.home import HomeLists, found_in
from tavern_tui.session.opening import NARRATOR
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.rows import ListRow, plain

RECENT = 5
"""Chats that stand above the characters; the others come when they are asked for."""

CHAT, CHARACTER, ACTION, ALL_CHATS = "chat ", "character ", "action ", "all chats"
"""How the ids of rows begin; the chat's file, the character's card or the action's id follows."""

OPEN, NEW, NEW_INCOGNITO, RENAME, FAVOURITE, PRIVATE = "open", "new", "incognito", "rename", "favourite", "private"
EDIT, DELETE, BRING_BACK = "edit", "delete", "bring back"
"""What can be done with something, as ids of rows."""

ENTRIES = ("import", "lorebooks", "personas", "presets", "connect", "settings", "undelete", "restore")
"""The slash commands of what else Home leads to, in this order, as far as there is such an action."""

BEGIN = (("story", "s"), ("adventure", "a"), ("newgroup", "g"))
"""Those of what can be begun beside a chat, and the letter of each."""

_UNITS = ((365 * 86400, "y"), (30 * 86400, "mo"), (86400, "d"), (3600, "h"), (60, "min"))

Thing = ChatRow | CharacterRow
"""What a row of Home is about."""

Actions = Mapping[str, tuple[str, str]]
"""Id and title of actions, by the slash command of each."""


def age(seconds: float) -> str:
    """How long ago something was: ``now``, ``5 min``, ``2 h``, ``3 d``, ``4 mo``, ``1 y``."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now"


@dataclass(frozen=True, slots=True)
class Look:
    """How rows are to look: ``now`` in Unix seconds; by their files the ``ways`` of the chats that go several ways, and
    the ``words`` of stories."""

    now: float
    ways: Mapping[str, int] = field(default_factory=dict)
    glyphs: Glyphs = UNICODE_GLYPHS
    all_chats: bool = False
    words: Mapping[str, int] = field(default_factory=dict)


def home_rows(lists: HomeLists, typed: str, look: Look, actions: Actions) -> Iterator[tuple[ListRow, Thing | None]]:
    """The rows for what was typed, and what each is about, one after the other: whoever needs ten makes ten."""
    chats, characters = found_in(lists, typed) if typed.strip() else (lists.chats, lists.characters)
    shown = chats if look.all_chats else chats[:RECENT]
    head = "Chats" if look.all_chats or typed else "Recent chats"
    yield from _headed(head, ((chat_row(one, lists, look), one) for one in shown))
    if len(shown) < len(chats):
        yield ListRow(ALL_CHATS, plain(f"All {len(chats):,} chats…", look.glyphs)), None
    yield from _headed("Characters", ((_character_row(one, lists, look), one) for one in characters))
    if not typed:
        yield ListRow(NEW, "Begin something new", "ctrl+n", head="More"), None
        entries = (actions[name] for name in ENTRIES if name in actions)
        yield from ((ListRow(f"{ACTION}{action}", title), None) for action, title in entries)


def deeds(thing: Thing, lists: HomeLists, look: Look) -> list[ListRow]:
    """What can be done with ``thing``; of a character its chats come first."""
    if isinstance(thing, ChatRow):
        private = thing.name in lists.private.chats
        rows = [ListRow(OPEN, "Open")]
        if new_with(thing, lists) is not None:
            rows.append(ListRow(NEW, f"New chat with {safe_line(thing.characters[0])}"))
        rows.append(ListRow(RENAME, "Rename", "R"))
    else:
        private = thing.name in lists.private.characters
        rows = [chat_row(chat, lists, look, named=False) for chat in thing.chats]
        if not thing.problem:
            favourite = "No favourite any more" if thing.favourite else "Favourite"
            rows += [ListRow(NEW, "New chat"), ListRow(NEW_INCOGNITO, "New incognito chat")]
            rows += [ListRow(EDIT, "Edit the card", "E"), ListRow(FAVOURITE, favourite, "*")]
    rows.append(ListRow(PRIVATE, "No longer private" if private else "Private: in no list", "P"))
    if isinstance(thing, ChatRow):
        rows += [ListRow(DELETE, "Delete it, to the trash", "D"), ListRow(BRING_BACK, "Bring back a deleted chat", "B")]
    return rows


def beginnings(thing: Thing | None, lists: HomeLists, actions: Actions) -> list[ListRow]:
    """What can be begun, each with its letter; a chat is one with whoever ``thing`` is about."""
    rows = []
    who = new_with(thing, lists)
    if who is not None:
        rows += [
            ListRow(NEW, f"New chat with {safe_line(who.character)}", "c"),
            ListRow(NEW_INCOGNITO, "New incognito chat", "i", "Nothing of it is written to the disk."),
        ]
    for command, letter in BEGIN:
        if command in actions:
            action, title = actions[command]
            rows.append(ListRow(f"{ACTION}{action}", title, letter))
    return rows


def name_of(thing: Thing | None) -> str:
    """The character that ``thing`` is about; empty for none."""
    if isinstance(thing, ChatRow):
        return thing.characters[0] if thing.characters else ""
    return thing.name if thing is not None else ""


def new_with(thing: Thing | None, lists: HomeLists) -> ChatChoice | None:
    """A new chat with whoever ``thing`` is about; ``None`` where nobody is, or the card cannot be used."""
    name = name_of(thing)
    known = next((one for one in lists.characters if one.name == name and not one.problem), None)
    return ChatChoice(known.name, known.card) if known is not None else None


def chat_row(chat: ChatRow, lists: HomeLists, look: Look, *, named: bool = True) -> ListRow:
    """A chat; ``named``: with its character before its title."""
    words = look.words.get(chat.name)
    many, unit = (chat.turns, "turn") if words is None else (words, "word")
    length = f"{many:,} {unit}" if many == 1 else f"{many:,} {unit}s"
    branches = f"{look.glyphs.branch} {look.ways[chat.name]}" if chat.name in look.ways else ""
    private = "private" if lists.private.hides(chat.name, chat.characters) else ""
    right = " · ".join(filter(None, (private, branches, length, age(look.now - chat.last))))
    who = safe_line(", ".join(chat.characters)) if named else ""
    title = chat.title if not who or chat.title.startswith(who) else f"{who} · {chat.title}"
    line = chat.line if words is None else chat.line.removeprefix(f"{NARRATOR}: ")
    detail = plain(chat.problem or line, look.glyphs)
    problem = bool(chat.problem)
    return ListRow(f"{CHAT}{chat.name}", plain(title, look.glyphs), plain(right, look.glyphs), detail, muted=problem)


def _character_row(one: CharacterRow, lists: HomeLists, look: Look) -> ListRow:
    many = f"{len(one.chats)} chats" if len(one.chats) != 1 else "1 chat"
    private = "private" if one.name in lists.private.characters else ""
    told = f"{many} · {age(look.now - one.last)}" if one.chats else ""
    right = plain(" · ".join(filter(None, (private, told))), look.glyphs)
    title = f"* {one.title}" if one.favourite else one.title
    detail = plain(one.problem or " · ".join(one.tags), look.glyphs)
    return ListRow(f"{CHARACTER}{one.card or one.name}", title, right, detail, muted=bool(one.problem))


def _headed(head: str, rows: Iterable[tuple[ListRow, Thing | None]]) -> Iterator[tuple[ListRow, Thing | None]]:
    """``rows``, the first one below ``head``."""
    rows = iter(rows)
    first = next(rows, None)
    if first is not None:
        yield from chain([(replace(first[0], head=head), first[1])], rows)
