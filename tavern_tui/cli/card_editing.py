"""A card's form in ``$EDITOR``, for ``tavern-tui characters edit``: what was written there is never lost to a slip."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.output import note
from tavern_tui.cli.telling import told
from tavern_tui.domain.errors import FormatError

if TYPE_CHECKING:
    from tavern_tui.domain.character import Character
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.cards import StoredCard

_MOST_BYTES = 64 * 1024 * 1024


def read_text(path: str) -> str:
    """The text of a file that was named. Raises ``FormatError`` where it is none."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} cannot be read.", hint="It has to be a text file.") from error


def edited_form(workspace: Workspace, card: StoredCard, *, as_json: bool = False) -> Character | None:
    """The character as it is after a person edited its form; ``None`` where they emptied it, or gave up.

    A form that cannot be read is opened again on wish, with what is wrong on the screen; else it is kept in a file.
    """
    from tavern_tui.session.card_form import form_of, read_form

    character = card.file.character
    text = form_of(character, as_json=as_json)
    ending = ".json" if text.startswith("{") else ".yaml"
    while True:
        edited = click.edit(text, extension=ending, require_save=False)
        if edited is None or not edited.strip():
            return None
        try:
            return read_form(edited, character, where="the form")
        except FormatError as error:
            note(told(error))
            text = edited
        if not (sys.stdin.isatty() and click.confirm("Open it again?", default=True, err=True)):
            note(f"What you wrote is in {_kept(workspace, card, text, ending)}; --from takes it.")
            return None


def _kept(workspace: Workspace, card: StoredCard, text: str, ending: str) -> Path:
    from tavern_tui.session.cards import keep_form

    return keep_form(workspace, card, text, ending)
