"""``OfferedModel``: one of the models that a server has, as far as it tells of it; and who can be asked for them.

A server with several loads the one that a request names; which one that is follows here (``chosen``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model by the id that requests name it with. ``None`` where the server does not tell.

    ``context_tokens`` is the loaded context, ``trained_tokens`` what it was trained for, ``reply_tokens`` the most
    that a reply may have. ``loaded`` says whether it is in memory. ``accepts`` are the parameters that it takes.
    """

    id: str
    context_tokens: int | None = None
    trained_tokens: int | None = None
    reply_tokens: int | None = None
    loaded: bool | None = None
    chat_template: str = ""
    accepts: frozenset[str] | None = None


@runtime_checkable
class OffersModels(Protocol):
    """An engine with a list of models."""

    async def models(self) -> list[OfferedModel]:
        """The models that can be asked for, in the server's order. Raises ``EngineError``."""
        ...


@runtime_checkable
class LoadsWanted(Protocol):
    """An engine whose ``connect`` has the server load the wanted model in the place of the one that is there."""

    def only_look(self) -> None:
        """Let ``connect`` tell what is there, and load nothing: somebody only looks."""
        ...


def chosen(
    offered: Sequence[OfferedModel], wanted: str, server: str, *, before: str = "", hosted: bool = False
) -> OfferedModel:
    """The model to ask for: the one that was named, else the one asked ``before``, the one in memory, the first.

    ``before`` is for servers that load whatever is asked for, and let go of it when nobody does for a while: the chat
    goes on with its model, not with whatever is in memory or stands first by then.

    A name may be the end of an id, after a slash, in any case of letters. A model that is not in the list is asked for
    all the same: some lists are not complete. Raises ``EngineError`` (``NO_MODEL``) where there is none, and for a
    ``hosted`` service with several when none was named.
    """
    if wanted:
        return _named(offered, wanted) or OfferedModel(wanted)
    if not offered:
        wording = messages.no_such_model(server)
        raise EngineError(wording.title, hint=wording.advice, where=server, fault=EngineFault.NO_MODEL)
    if hosted and len(offered) > 1:
        wording = messages.choose_model(server, len(offered))
        raise EngineError(wording.title, hint=wording.advice, where=server, fault=EngineFault.NO_MODEL)
    same = next((model for model in offered if model.id == before), None)
    return same or next((model for model in offered if model.loaded), offered[0])


def _named(offered: Sequence[OfferedModel], wanted: str) -> OfferedModel | None:
    exact = next((model for model in offered if model.id == wanted), None)
    name = wanted.casefold()
    alike = [model for model in offered if name in (model.id.casefold(), model.id.casefold().rpartition("/")[2])]
    return exact or (alike[0] if len(alike) == 1 else None)
