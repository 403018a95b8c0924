"""``OpenCard``: a character card that is being edited: every change is saved at once, and can be taken back.

A change is a function of the card, so that it is made again where something else wrote the file in between. What the
fields are: ``session.card_fields``; what a version holds: ``session.card_versions``; how files are written:
``session.cards``.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, StorageError
from tavern_tui.formats.card import CardFile, Container
from tavern_tui.formats.card_export import portrait, to_png
from tavern_tui.formats.picture import check_size, is_jpeg, is_webp
from tavern_tui.formats.png import SIGNATURE
from tavern_tui.session.beside_cards import BesideEdit, beside_of, keep_beside, missing_books
from tavern_tui.session.card_fields import Edit
from tavern_tui.session.card_versions import (
    beside_taken_back,
    changes_between,
    is_packed,
    is_packed_beside,
    packed,
    packed_beside,
    taken_back,
    unpacked,
)
from tavern_tui.session.card_view import card_details
from tavern_tui.session.cards import card_store, save_card
from tavern_tui.session.lore import books_of
from tavern_tui.session.moving_places import typed_path
from tavern_tui.session.prompting import PromptQuestion, look_at_prompt
from tavern_tui.session.regex_scripts import chat_scripts
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.library import MAX_FILE
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.versions import Versions

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

_PICTURE = "its picture"
_SHOWN_CHATS = 2


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A part of a prompt that comes of the card: what it is, where from, its tokens, and its text."""

    kind: str
    source: str
    tokens: int
    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CardPreview:
    """What a card becomes in a prompt of ``context`` tokens; ``exact``: the model's own engine counted."""

    parts: tuple[PromptPart, ...]
    tokens: int
    context: int
    exact: bool


class OpenCard:
    """A card that is edited. Its methods block, and raise ``StorageError``, ``SettingsError``, ``FormatError``.

    ``notes`` are sentences to be told once about what a change did beside itself; ``changed`` and ``renamed`` say what
    has become of the card since it was opened, ``others`` which of its fields do nothing here. ``beside`` is what is
    kept of the character beside the card.
    """

    def __init__(self, workspace: Workspace, path: Path) -> None:
        self._workspace = workspace
        self._card = card_store(workspace).read(path)
        self._versions = Versions(self._folder(path))
        self.changed = False
        self.renamed = False
        self.notes: list[str] = []
        details = card_details(workspace, self._card)
        self.others = details.other
        self.chats = tuple(chat.title for chat in workspace.chats_with(self.character.name))
        self.beside = beside_of(workspace, self.character.name)

    @property
    def character(self) -> Character:
        """The card as it is now."""
        return self._card.file.character

    @property
    def path(self) -> Path:
        """The file that holds it."""
        return self._card.path

    @property
    def shipped(self) -> bool:
        """Whether it is one of the samples, so that a change makes a copy."""
        return self._card.shipped

    @property
    def used(self) -> str:
        """Which chats use it, in words; empty where none does."""
        first = ", ".join(f"“{title}”" for title in self.chats[:_SHOWN_CHATS])
        more = len(self.chats) - _SHOWN_CHATS
        return f"used in {first}{f' and {more:,} more' if more > 0 else ''}" if self.chats else ""

    def reload(self) -> None:
        """Read the file anew, because something else may have changed it."""
        self._card = card_store(self._workspace).read(self.path)

    def change(self, what: str, edit: Edit) -> bool:
        """Make a change, called ``what``, and save it; whether anything is different now."""
        before = self.character
        after = edit(before)
        if after == before:
            return False
        try:
            self._save(after)
        except StorageError:
            self.reload()
            if self.character == before:
                raise
            before = self.character
            after = edit(before)
            self._save(after)
            self.notes.append(f"{before.name} was changed by something else as well: that is kept.")
        self._versions.keep(packed(changes_between(before, after)), what, "")
        return True

    def change_beside(self, what: str, edit: BesideEdit) -> bool:
        """Change what is kept beside the card; whether anything is different now."""
        before, self.beside = keep_beside(self._workspace, self.character.name, edit)
        if self.beside == before:
            return False
        self.changed = True
        self._versions.keep(packed_beside(before, self.beside), what, "")
        if self.beside.books != before.books and (missing := missing_books(self._workspace, self.beside)):
            self.notes.append(f"Not in the library yet: {', '.join(missing)}.")
        return True

    def undo(self) -> str:
        """Take the last change back, also one of an earlier evening; what it was, "" where there is none.

        Raises ``StorageError`` where something else has changed the same fields since.
        """
        version = self._versions.last()
        if version is None:
            return ""
        if is_packed_beside(version.data):
            back = beside_taken_back(version.data)
            _, self.beside = keep_beside(self._workspace, self.character.name, back)
            self.changed = True
        elif is_packed(version.data):
            changes = unpacked(version.data)
            self.reload()
            self._save(taken_back(self.character, changes))
        else:
            self._put_picture(version.data)
        last = self._versions.last()
        if last is not None:
            self._versions.drop(last, "")
        return version.change

    def set_picture(self, typed: str) -> None:
        """Have the picture at a path that was typed: a PNG; with Pillow a JPEG or a WebP, too."""
        path = typed_path(typed)
        data = _as_png(read_bytes(path, MAX_FILE), path.name)
        before = self._picture()
        self._put_picture(data)
        self._versions.keep(before, _PICTURE, "")

    def _picture(self) -> bytes:
        """The picture as it is now, without the card; empty where there is none."""
        if self._card.file.container is Container.PNG:
            return portrait(self._card.file) or b""
        beside = self._beside
        return read_bytes(beside, MAX_FILE) if beside.is_file() else b""

    def _put_picture(self, data: bytes) -> None:
        """Have a picture, a PNG: a card that is one is put into it, beside another kind of card it is its portrait."""
        store, file = card_store(self._workspace), self._card.file
        if file.container is Container.PNG:
            written, _ = to_png(file, data, where=self.path.name)
            self._take(store.save(self._card, written, Container.PNG))
            return
        if self.shipped:
            self._take(store.save(self._card, file.data, file.container))
        bare = portrait(CardFile(file.character, Container.PNG, data)) if data else None
        if bare is not None:
            write_atomic(self._beside, bare)
        else:
            self._beside.unlink(missing_ok=True)
        self.changed = True

    @property
    def _beside(self) -> Path:
        return self.path.with_suffix(".png")

    def _save(self, after: Character) -> None:
        name = self.character.name
        saved = save_card(self._workspace, self._card, after)
        self.notes += saved.notes
        self.renamed = self.renamed or after.name != name
        self._take(saved.path)

    def _take(self, path: Path) -> None:
        """Go on with the card at ``path``."""
        if path.stem != self.path.stem:
            self._versions.move(self._folder(path))
        self._card = card_store(self._workspace).read(path)
        self.changed = True

    def _folder(self, path: Path) -> Path:
        """Where a card's versions lie: a sample and the copy that was made of it are one card."""
        return self._workspace.directories.state / "versions" / "cards" / next(stems(path.stem, "card"))


def picture_kinds() -> str:
    """Which pictures can be taken on this machine, as a sentence."""
    if importlib.util.find_spec("PIL") is not None:
        return "A PNG, JPEG or WebP."
    return "A PNG. JPEG and WebP need Pillow: pip install pillow."


def _as_png(data: bytes, where: str) -> bytes:
    """A picture as PNG. Raises ``FormatError`` for what is none, or cannot be one here."""
    if data.startswith(SIGNATURE):
        return data
    if not (is_jpeg(data) or is_webp(data)):
        raise FormatError("That is no picture that can be taken.", hint=picture_kinds(), where=where)
    check_size(data, where=where)
    try:
        from PIL import Image
    except ImportError:
        raise FormatError("Only PNG can be taken here.", hint=picture_kinds(), where=where) from None
    made = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "WEBP")) as opened:
            opened.convert("RGBA" if is_webp(data) else "RGB").save(made, "PNG")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FormatError("The picture is damaged.", hint="Save it again as PNG.", where=where) from error
    return made.getvalue()


def books_there(workspace: Workspace) -> list[str]:
    """The lorebooks of the library that a card can be linked to. Blocks; raises ``StorageError``."""
    return [one.name for one in workspace.library.lorebooks() if not one.problem]


async def preview(workspace: Workspace, path: Path) -> CardPreview:
    """What the card at ``path`` becomes in the next prompt with it; nothing is started for that.

    Raises as ``look_at_prompt`` does.
    """
    found = await look_at_prompt(workspace, PromptQuestion(str(path)))
    parts = [part for part in found.plan.parts if not part.turn_id and part.body.strip()]
    shown = tuple(
        PromptPart(part.kind.value, part.source, part.tokens, part.body.strip("\n"), part.reason) for part in parts
    )
    return CardPreview(shown, sum(one.tokens for one in shown), found.plan.context_tokens, found.exact)


def take_card(session: ChatSession, workspace: Workspace) -> None:
    """Let an open chat read its character's card as it is on disk now, from its next prompt on. Blocks.

    Raises ``NotFoundError``, ``FormatError``, ``StorageError`` where its card cannot be read.
    """
    if session.no_card is None:
        session.character, _ = workspace.card_of(session.character.name)
        session.lorebooks = books_of(session.character, workspace.library)
        session.scripts = chat_scripts(workspace, session.character)
    if workspace.library.has_beside_cards:
        session.options = replace(session.options, beside_cards=workspace.library.beside_cards.all())
    if session.group is not None:
        session.group.read_cards()


def is_in(session: ChatSession | None, names: Sequence[str]) -> bool:
    """Whether one of these characters is in an open chat."""
    return session is not None and any(name in session.tree.characters for name in names)
