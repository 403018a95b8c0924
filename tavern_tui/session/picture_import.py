"""A plain picture that somebody brings: no character is inside, so it is offered as the portrait of the one at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.messages import no_character_inside
from tavern_tui.formats.picture import is_jpeg, is_webp
from tavern_tui.formats.png import SIGNATURE

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

_BEGINNING = 64  # bytes that tell a picture
_NAME = 40  # characters of a name in what is said


class PortraitImport:
    """Pictures for the card of the character in ``session``, which has one. Blocks."""

    def __init__(self, workspace: Workspace, session: ChatSession) -> None:
        self._workspace = workspace
        self._session = session
        self.taken = False
        """Whether the card has another picture now."""

    @property
    def whose(self) -> str:
        """Whose portrait it would be."""
        return safe_line(self._session.character.name, _NAME)

    def question(self, path: Path) -> str:
        """What is asked of the file at ``path``, "" where that is no picture."""
        try:
            with path.open("rb") as file:
                begins = file.read(_BEGINNING)
        except OSError:
            return ""
        picture = begins.startswith(SIGNATURE) or is_jpeg(begins) or is_webp(begins)
        return str(no_character_inside(safe_line(path.name, _NAME))) if picture else ""

    def take(self, path: Path) -> str:
        """Put the picture into the card, which can be undone there; what to say about it.

        Raises ``FormatError`` for a picture that cannot be one here, ``NotFoundError`` and ``StorageError``.
        """
        from tavern_tui.session.character_editing import OpenCard, take_card

        card = OpenCard(self._workspace, self._workspace.card_of(self._session.character.name)[1])
        card.set_picture(str(path))
        take_card(self._session, self._workspace)
        self.taken = True
        return f"{self.whose} has this portrait now. /character and u there takes it back."
