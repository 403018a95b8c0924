"""A chat's lore: which books it reads, and what of fired lore lasts from one reply to the next.

What lasts is the chat's property ``lore``: a list with an object for each sticky entry and each cooldown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.storage.library import Library

if TYPE_CHECKING:
    from tavern_tui.prompt.plan import LoreState

PROPERTY = "lore"

_FIELDS: Mapping[str, type] = {
    "sticky": bool,
    "book": str,
    "uid": int,
    "mark": str,
    "start": int,
    "end": int,
    "protected": bool,
}


def books_of(character: Character, library: Library) -> tuple[Lorebook, ...]:
    """The character's books: the one its card is linked to, further ones that are kept beside it, the one in the card.

    Those of the library come first: of two books with one name it is the one that a person may have edited.
    """
    embedded = (character.lorebook,) if character.lorebook is not None else ()
    data = character.source.get("data")
    extensions = data.get("extensions") if isinstance(data, dict) else None
    name = extensions.get("world") if isinstance(extensions, dict) else None
    named = [name] if isinstance(name, str) and name.strip() else []
    found = []
    further = library.beside_cards.of(character.name).books if library.has_beside_cards else ()
    for one in dict.fromkeys([*named, *further]):
        try:
            found.append(library.lorebook(one, typed=False)[0])
        except (NotFoundError, FormatError):  # the card is from elsewhere; ``doctor`` names books that cannot be read
            continue
    return (*found, *embedded)


def read_state(properties: Mapping[str, Any]) -> LoreState:
    """What lasts, by a chat's properties; entries that another program or a person wrote in another way are dropped."""
    from tavern_tui.prompt.plan import LoreEffect, LoreState

    listed = properties.get(PROPERTY)
    effects = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return LoreState(
        tuple(
            LoreEffect(**{name: one[name] for name in _FIELDS})
            for one in effects
            if all(type(one.get(name)) is kind for name, kind in _FIELDS.items())
        )
    )


def as_property(state: LoreState) -> list[dict[str, Any]] | None:
    """The property's value; ``None`` where nothing lasts."""
    return [{name: getattr(one, name) for name in _FIELDS} for one in state.effects] or None
