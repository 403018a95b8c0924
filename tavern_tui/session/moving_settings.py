"""What stands in SillyTavern's ``settings.json`` and ``secrets.json``, moved to where it belongs here.

A setting that somebody chose here stays; nothing is switched to another server. What has no place is told by name.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tavern_tui.config.settings import refused, remember, setting_names
from tavern_tui.domain.beside_card import NOTHING_BESIDE, BesideCard
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.exchange import Outcome
from tavern_tui.formats.sillytavern_settings import MAX_BYTES, MovedSettings, Profile, read_secrets, read_settings
from tavern_tui.session.cards import change_tags
from tavern_tui.session.moving_beside import keep_beside
from tavern_tui.session.moving_files import FileMover
from tavern_tui.session.moving_report import MovingReport
from tavern_tui.session.secret_list import keep_secret
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.connections import LONGEST_NAME, SavedConnection
from tavern_tui.storage.reading import read_bytes

_FROM = "settings.json"

SERVERS_OF_KEYS = {
    "api_key_openai": "https://api.openai.com",
    "api_key_openrouter": "https://openrouter.ai",
    "api_key_mistralai": "https://api.mistral.ai",
    "api_key_groq": "https://api.groq.com",
    "api_key_deepseek": "https://api.deepseek.com",
    "api_key_togetherai": "https://api.together.xyz",
    "api_key_featherless": "https://api.featherless.ai",
    "api_key_infermaticai": "https://api.totalgpt.ai",
    "api_key_mancer": "https://neuro.mancer.tech",
    "api_key_01ai": "https://api.01.ai",
    "api_key_perplexity": "https://api.perplexity.ai",
    "api_key_nanogpt": "https://nano-gpt.com",
    "api_key_xai": "https://api.x.ai",
}
"""SillyTavern's names of keys whose server is known; a key is bound to it (``docs/connections.md``)."""


def move_settings(workspace: Workspace, path: Path, files: FileMover, report: MovingReport) -> None:
    """Move what ``settings.json`` says; what is wrong with it is told in ``report``. Raises ``StorageError``."""
    try:
        data = files.sound(read_bytes(path, MAX_BYTES), path.name)
        moved, remarks = read_settings(data, path.name)
    except TavernError as error:
        report.failed.append((path.name, error.title))
        return
    personas = files.put_personas(data, path.name) if moved.personas.personas else []
    for script in moved.regex_scripts:
        files.put_script(dict(script), _FROM)
    if moved.regex_scripts:
        report.notes.append("Regex scripts are switched off until you have looked at them: tavern-tui regex list")
    report.notes += [one.text for one in remarks]
    if files.writes:
        _tag_cards(workspace, moved, files, report)
    _keep_connections(workspace, moved, files, report)
    _remember(workspace, moved, personas, files, report)
    names = {Path(avatar).stem: name for avatar, (_, name) in files.cards.items()}
    keep_beside(workspace, _beside(moved), names, _FROM, files, report)
    report.unsupported += [f"author's note of {avatar}, switched off there" for avatar in moved.notes_off]
    if moved.not_taken:
        report.unsupported.append(f"in {path.name}: {', '.join(moved.not_taken)}")


def move_secrets(workspace: Workspace, path: Path, report: MovingReport, *, asked: bool) -> None:
    """Take over the keys whose server is known, where they were ``asked`` for; else the file is not even opened."""
    if not asked:
        why = "keys of servers come only when that is chosen (--with-secrets)."
        report.notes.append(f"secrets.json was not opened: {why}")
        return
    try:
        found = read_secrets(read_bytes(path, MAX_BYTES), path.name)
    except TavernError as error:
        report.failed.append((path.name, error.title))
        return
    for name, text in found.items():
        server = SERVERS_OF_KEYS.get(name)
        if server is None:
            report.unsupported.append(f"in {path.name}: {name}, whose server is not known")
            continue
        if report.rehearsal:
            report.add("key", server, path.name, Outcome.NEW)
            continue
        try:
            keep_secret(workspace, server, text)
        except TavernError as error:
            report.failed.append((f"{path.name}: {name}", error.title))
        else:
            report.add("key", server, path.name, Outcome.NEW)


def _tag_cards(workspace: Workspace, moved: MovedSettings, files: FileMover, report: MovingReport) -> None:
    """Give cards the tags that they have over there, where they are no cards' own yet."""
    for avatar, tags in moved.tags.items():
        key, name = files.cards.get(avatar, ("", ""))
        if not name:
            continue
        try:
            have = {tag.casefold() for tag in workspace.character(name)[0].tags}
            if any(tag.casefold() not in have for tag in tags):
                change_tags(workspace, name, add=tags)
                files.record.touched(key)
        except TavernError as error:
            report.failed.append((f"tags of {name}", error.title))


def _beside(moved: MovedSettings) -> dict[str, BesideCard]:
    """The notes and further lorebooks of characters, by the names of their cards' files."""
    avatars = {*moved.character_notes, *moved.character_books}
    return {
        avatar: replace(moved.character_notes.get(avatar, NOTHING_BESIDE), books=moved.character_books.get(avatar, ()))
        for avatar in avatars
    }


def _keep_connections(workspace: Workspace, moved: MovedSettings, files: FileMover, report: MovingReport) -> None:
    present = {one.name.casefold(): one for one in workspace.connections.listed().connections}
    addresses = {one.address.rstrip("/") for one in present.values()}
    for profile in moved.profiles:
        if profile.name.casefold() in present or profile.address.rstrip("/") in addresses:
            report.add("connection", profile.name, _FROM, Outcome.SAME)
            continue
        addresses.add(profile.address.rstrip("/"))
        try:
            if files.writes:
                _keep_connection(workspace, profile)
        except TavernError as error:
            report.failed.append((f"{_FROM}: {profile.name}", error.title))
        else:
            report.add("connection", profile.name, _FROM, Outcome.NEW)


def _keep_connection(workspace: Workspace, profile: Profile) -> None:
    name = profile.name[:LONGEST_NAME]
    workspace.connections.keep(SavedConnection(name=name, address=profile.address, model=profile.model), new=True)


def _remember(
    workspace: Workspace,
    moved: MovedSettings,
    personas: list[tuple[str, str]],
    files: FileMover,
    report: MovingReport,
) -> None:
    """Set what nobody has set here yet."""
    usual = dict(personas).get(moved.personas.default, "")
    wanted: dict[str, object] = {f"lore.{name}": value for name, value in moved.lore.items()}
    wanted["lore.books"] = list(moved.global_books) or None
    wanted["persona.name"] = moved.user or None
    wanted["persona.use"] = usual or None
    wanted["reply.stop_strings"] = list(moved.stop_strings) or None
    wanted["reply.stop_strings_macro"] = None if moved.stop_strings_macro else False
    wanted["reply.response_tokens"] = moved.response_tokens
    known = set(setting_names())
    for name, value in wanted.items():
        if value is None or name not in known or name in workspace.settings.chosen:
            continue
        if problem := refused(name, value):
            report.failed.append((f"{_FROM}: {name}", problem))
            continue
        if files.writes:
            remember(workspace.directories, name, value)
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        report.add("setting", f"{name}: {shown}", _FROM, Outcome.NEW)
