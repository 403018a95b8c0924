"""The one family of errors that a user may see.

A ``TavernError`` says what happened, to what, what is safe and what to do next; the front ends print it and never a
traceback. Wording follows the rules kept in ``domain/messages.py``.
"""

from __future__ import annotations

import shlex
from enum import Enum


class TavernError(Exception):
    """Something the user can act on.

    ``title`` is one sentence (what happened, to what); ``hint`` is the next step; ``where`` names the place: a path,
    ``path:line``, a field, or a host and port. All three are plain text that may hold untrusted names: show them
    through ``display.safe``.
    """

    def __init__(self, title: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        """The message on one line: where, title, hint."""
        place = f"{self.where}: " if self.where and self.where not in self.title else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{self.title}{hint}"


class FormatError(TavernError):
    """A file's bytes do not say what they should."""


class UnsoundError(FormatError):
    """A file that could only be read by giving something of it up. ``file`` is where it lies, as far as that is known.

    ``tavern-tui import FILE --repair`` reads what can be read and leaves the file as it is.
    """

    def __init__(self, title: str, *, where: str = "", file: str = "") -> None:
        named = shlex.quote(file) if file else "FILE"
        super().__init__(
            title, hint=f"Mend that place, or take what can be read: tavern-tui import {named} --repair", where=where
        )

    def lying_at(self, file: str) -> UnsoundError:
        """This, naming the path that the command needs."""
        return UnsoundError(self.title, where=self.where, file=file)


class StorageError(TavernError):
    """The disk refused: missing, read-only, full (``full``), or held by another program."""

    def __init__(self, title: str, *, hint: str = "", where: str = "", full: bool = False) -> None:
        super().__init__(title, hint=hint, where=where)
        self.full = full

    def __str__(self) -> str:
        """The message on one line; of a full disk without the file, because the title names its folder."""
        return f"{self.title} {self.hint}".rstrip() if self.full else super().__str__()


class NotFoundError(TavernError):
    """What was named is not in the library."""


class PromptError(TavernError):
    """No sensible prompt can be built from what there is."""


class CardTooLongError(PromptError):
    """The card and the reply alone are longer than the context."""


class SettingsError(TavernError):
    """A setting or an argument has no meaning here."""


class ContradictionError(SettingsError):
    """Two things that were asked for at once do not go together."""


class EngineFault(Enum):
    """Why an engine could not do what was asked; decides what the front ends offer next."""

    UNREACHABLE = "unreachable"
    LOADING = "loading"
    BUSY = "busy"
    NOT_AN_API = "not_an_api"
    KEY_REFUSED = "key_refused"
    NO_MODEL = "no_model"
    OVERFLOW = "overflow"
    REJECTED = "rejected"
    RATE_LIMITED = "rate_limited"
    BROKEN_STREAM = "broken_stream"
    CRASHED = "crashed"
    UNAVAILABLE = "unavailable"
    KEY_IN_CLEAR = "key_in_clear"
    ONLY_THOUGHT = "only_thought"
    IN_USE = "in_use"
    NOTHING_WRITTEN = "nothing_written"
    NOTHING_ADDED = "nothing_added"


class EngineError(TavernError):
    """An engine refused, broke or vanished.

    ``retry_after`` is in seconds where the server named a time. ``prompt_tokens`` and ``context_tokens`` come with
    ``EngineFault.OVERFLOW`` where the engine told them.
    """

    def __init__(
        self,
        title: str,
        *,
        fault: EngineFault,
        hint: str = "",
        where: str = "",
        retry_after: float | None = None,
        prompt_tokens: int | None = None,
        context_tokens: int | None = None,
    ) -> None:
        super().__init__(title, hint=hint, where=where)
        self.fault = fault
        self.retry_after = retry_after
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens
