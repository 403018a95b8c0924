"""Moving in: taking files, folders and archives of other programs into the library, told by their content.

``MovingIn`` goes over the files; one file is ``moving_files``' business, SillyTavern's settings are
``moving_settings``'. Importing the same again is an update (``storage.import_record``, ``chat_merge``). Everything here
blocks: call it from a thread.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.chat_import import ImportedChat
from tavern_tui.session.economy_choices import POLICIES, POLICY
from tavern_tui.session.groups.exchange import take_definition
from tavern_tui.session.moving_beside import BESIDE, move_beside
from tavern_tui.session.moving_files import FileMover
from tavern_tui.session.moving_groups import GroupChat, group_chats
from tavern_tui.session.moving_report import MovingReport
from tavern_tui.session.moving_settings import move_secrets, move_settings
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.import_sources import UNUSED, checked, files_below, is_packed, unpacked, user_folders

Told = Callable[[int, int, str], None]
"""Hears how many of how many files are done, and which is next. What it raises ends the import between two files."""

_SETTINGS, _SECRETS, _BACKUPS, _GROUPS, _GROUP_CHATS = (
    "settings.json",
    "secrets.json",
    "backups",
    "groups",
    "group chats",
)


@dataclass(frozen=True, slots=True)
class MovingWishes:
    """What is wanted: ``rehearsal`` changes nothing; keys and backups of chats come only when asked for.

    ``policy`` is that of chats that are new here, empty for what is set for them. ``repair`` takes a sound copy of what
    cannot be kept as it is.
    """

    rehearsal: bool = False
    with_secrets: bool = False
    with_backups: bool = False
    policy: str = ""
    repair: bool = False


class MovingIn:
    """One import into ``workspace``."""

    def __init__(self, workspace: Workspace, wishes: MovingWishes, told: Told = lambda done, of, name: None) -> None:
        self._workspace = workspace
        self._wishes = wishes
        self._told = told
        self.report = MovingReport(rehearsal=wishes.rehearsal)
        self._files = FileMover(workspace, self.report, writes=not wishes.rehearsal, repairs=wishes.repair)

    def take(self, paths: Sequence[Path]) -> MovingReport:
        """Take in everything at ``paths``. A file that cannot be read is told in the report and costs itself alone.

        Raises ``NotFoundError`` where one of ``paths`` is nothing, and ``StorageError`` where ours cannot be written.
        """
        for path in paths:
            checked(path)
        try:
            for path in paths:
                self._take(path)
        finally:
            self._files.finish()
        self._set_policy()
        return self.report

    def _set_policy(self) -> None:
        """Have the chats that are new here keep the policy that is wanted for them, where that is not the usual one."""
        reply = self._workspace.settings.reply
        wanted = self._wishes.policy or reply.imported_policy
        if wanted in POLICIES and wanted != reply.policy:
            for name in self.report.new_chats:
                self._workspace.chats.open(name).append(PropertySet(POLICY, wanted))

    def _take(self, path: Path) -> None:
        if path.is_dir():
            self._folder(path)
        elif is_packed(path):
            self._archive(path)
        else:
            self._each([path], path.parent)

    def _archive(self, path: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="tavern-import-") as place:
            try:
                skipped = unpacked(path, Path(place))
            except TavernError as error:
                self.report.failed.append((path.name, error.title))
                return
            self.report.failed += [(one.path, one.why) for one in skipped]
            self._folder(Path(place))

    def _folder(self, folder: Path) -> None:
        users = user_folders(folder)
        if not users:
            self._each([path for path in files_below(folder) if path.name != _SECRETS], folder)
        for user in users:
            self._user(user)

    def _user(self, user: Path) -> None:
        """A user's folder of SillyTavern: the characters first, then what belongs to them, then the chats."""
        leave_out = (*UNUSED, _GROUPS, _GROUP_CHATS, *(() if self._wishes.with_backups else (_BACKUPS,)))
        files = [path for path in files_below(user, leave_out=leave_out) if not _is_sprite(path, user)]
        self._each([path for path in files if path.name not in (_SETTINGS, _SECRETS, BESIDE)], user, chats=False)
        if (settings := user / _SETTINGS).is_file():
            move_settings(self._workspace, settings, self._files, self.report)
        if (secrets := user / _SECRETS).is_file():
            move_secrets(self._workspace, secrets, self.report, asked=self._wishes.with_secrets)
        if (beside := user / BESIDE).is_file():
            move_beside(self._workspace, beside, self._files, self.report)
        self._files.take_chats(self._told)
        with tempfile.TemporaryDirectory(prefix="tavern-import-") as place:
            for chat in group_chats(user / _GROUPS, user / _GROUP_CHATS, Path(place), self.report):
                for one in self._files.take_chat(chat.path, chat.source, title=chat.title):
                    self._define(one, chat)
        for name in UNUSED:
            if (user / name).is_dir() and (count := sum(1 for _ in files_below(user / name))):
                self.report.unsupported.append(f"{name} ({count:,} file{'s' * (count != 1)})")

    def _define(self, taken: ImportedChat, chat: GroupChat) -> None:
        """Let a group's chat know how the group speaks."""
        if chat.definition and not self._wishes.rehearsal:
            cards = self._files.cards
            log = self._workspace.chats.open(taken.name)
            take_definition(log, chat.definition, lambda avatar: cards.get(avatar, ("", ""))[1])

    def _each(self, files: list[Path], root: Path, *, chats: bool = True) -> None:
        for done, path in enumerate(files):
            self._told(done, len(files), path.name)
            self._files.take(path, root)
        if chats:
            self._files.take_chats(self._told)


def _is_sprite(path: Path, user: Path) -> bool:
    """Whether a file is a picture that belongs to a character: they lie in folders beside the cards."""
    parts = path.relative_to(user).parts
    return parts[0] == "characters" and len(parts) > 2
