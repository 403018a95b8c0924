"""A library, a server and chats all of whose texts try to drive the terminal or hold Textual's markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tavern_tui.domain.events import PropertySet, Speaker, TurnAdded
from tavern_tui.session.backups import backup_library
from tavern_tui.session.bookmarks import bookmark_set
from tavern_tui.session.branches import name_set
from tavern_tui.session.chat_files import discard
from tavern_tui.session.groups.creating import new_group
from tavern_tui.session.story.manuscripts import new_story
from tavern_tui.session.story.named import NAMED
from tavern_tui.session.summaries.versions import Version, edited
from tavern_tui.session.titles import TITLE
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog
from tests.cli.conftest import ScriptedServer
from tests.engines.standin import Asked, Reply, said
from tests.hostile import HOSTILE
from tests.terminal.tavern import Home

MARKUP = "[red]x[/] [@click=app.bell]y[/]"
ALL = " ".join((MARKUP, *HOSTILE.values())).replace("\ud800", "").replace("\0", "")
"""All of them but NUL and half a character, which no card is taken with."""

FILE = ALL.replace("/", "")[:90]
"""A name that a file can have."""

CHAPTER = f"{MARKUP} \x1b[2J\x9b2J\x07"
"""A chapter's title."""

GROUP, STORY = "Grouped", "Written"
"""How the titles of the group's chat and of the story begin."""


class Hostile(ScriptedServer):
    """A server all of whose words are hostile; every second time it gives a reason instead of a reply."""

    def __init__(self) -> None:
        super().__init__()
        self.named(f"model {ALL}")
        self.says(f"Reply {ALL} http://evil.example End.")

    def _complete(self, asked: Asked) -> Reply:
        reply = super()._complete(asked)
        return said({"error": {"message": f"Refused {ALL}", "type": ALL, "code": ALL}}, 400) if self.late else reply

    @property
    def late(self) -> bool:
        """Whether this is such a time."""
        return len(self.prompts) % 2 == 0


def write_library(home: Home) -> None:
    """A thing of every kind, whose every text is hostile, and one of each that cannot be read."""
    data = home.directories.data
    for path, thing in _things().items():
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        write = yaml.safe_dump if path.endswith(".yaml") else json.dumps
        (data / path).write_text(write(thing), encoding="utf-8")
    kinds = {"characters": "png", "worlds": "json", "presets": "json", "themes": "yaml", "scenarios": "yaml"}
    kinds |= {"personas": "yaml"}
    for folder, kind in kinds.items():
        (data / folder).mkdir(exist_ok=True)
        (data / folder / f"broken {FILE}.{kind}").write_bytes(b'{"a')


def _things() -> dict[str, dict[str, Any]]:
    """What is in the files of the library."""
    entry = {"uid": 0, "key": [ALL, "lamp"], "keys": [ALL], "comment": ALL, "name": ALL, "content": ALL}
    entry |= {"constant": True, "enabled": True, "insertion_order": 1, "extensions": {}}
    book = {"name": ALL, "entries": {"0": entry}}
    reply = {"id": 1, "label": ALL, "title": ALL, "message": ALL}
    question = {"name": "name", "ask": ALL, "answers": [ALL, ALL]}
    scenario = {"title": ALL, "about": ALL, "questions": [question], "opening": f"{ALL} ${{home?}}", "note": ALL}
    template = {"name": ALL, "input_sequence": ALL, "output_sequence": ALL, "wrap": True}
    return {
        "characters/evil.json": _card(f"Evil {ALL}"),
        f"characters/{FILE}.json": _card(f"Second {ALL}"),
        "worlds/evil.json": book,
        f"worlds/{FILE}.json": book,
        f"presets/{FILE}.json": {"temp": 1.0, "name": ALL},
        f"templates/instruct/{FILE}.json": template,
        f"templates/context/{FILE}.json": {"name": ALL, "story_string": ALL},
        f"templates/sysprompt/{FILE}.json": {"name": ALL, "content": ALL},
        "quick-replies/evil.json": {"version": 2, "name": ALL, "qrList": [reply] * 9},
        "regex/evil.json": {
            "id": "a",
            "scriptName": ALL,
            "findRegex": "/zzz/g",
            "replaceString": ALL,
            "placement": [1, 2],
        },
        f"personas/{FILE}.yaml": {"name": ALL, "description": ALL},
        "connections.yaml": {"connections": {"first": "127.0.0.1:1"}},
        "connections.saved.yaml": {"connections": {MARKUP: {"address": "127.0.0.1:1", "key": ALL[:60]}}},
        "themes/evil.yaml": {"name": "evil", "title": ALL},
        f"scenarios/{FILE}.yaml": scenario | {"memory": ALL},
        "scenarios/table.yaml": {"opening": ALL, "outcomes": [f"1 {ALL[:20]}: {ALL}"]},
    }


def _card(name: str) -> dict[str, Any]:
    texts = (
        "description personality scenario mes_example creator creator_notes character_version system_prompt"
        " post_history_instructions nickname"
    )
    entry = {"name": ALL, "keys": [ALL], "content": ALL, "enabled": True, "insertion_order": 1, "extensions": {}}
    data = dict.fromkeys(texts.split(), ALL) | {"name": name, "first_mes": f"Hello {ALL}", "extensions": {}}
    data |= {"alternate_greetings": [ALL], "group_only_greetings": [ALL], "tags": [ALL]}
    data |= {"character_book": {"name": ALL, "entries": [entry], "extensions": {}}}
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}


def begin_chats(home: Home) -> None:
    """A chat in which everything hostile is said, with branches and bookmarks; a group's; a deleted one; a story; a
    backup."""
    workspace = Workspace.open(dirs=home.directories)
    character, _ = workspace.character("evil")
    log = workspace.new_chat(character, workspace.persona)
    _say(log, character.greeting, *HOSTILE.values())
    first, fork, *_, last = (turn.id for turn in log.tree.path())
    [beside] = log.append(TurnAdded(first, Speaker.USER, "Alex", ALL))
    [reply] = log.append(
        TurnAdded(beside.id, Speaker.CHARACTER, character.name, f"{ALL} http://evil.example/"), name_set(beside.id, ALL)
    )[:1]
    summary = Version("evil", ALL, until=beside.id, by=ALL)
    log.append(summary.as_property(), edited(summary, f"More {ALL}", 1.0).as_property(), name_set(fork, ALL))
    log.append(PropertySet(TITLE, ALL), *(bookmark_set(one, True) for one in (first, last, reply.id)))
    members = [f"Evil {ALL}", f"Second {ALL}"]
    new_group(workspace, members, title=f"{GROUP} {ALL}")
    discard(workspace, new_group(workspace, members, title=f"Deleted {ALL}"))
    new_story(workspace, f"{STORY} {ALL}", f"# {CHAPTER}\n\n{ALL} [[{ALL}]]\n\n# {CHAPTER}\n\n{ALL}\n").append(
        PropertySet(NAMED + ALL, {"at": 1, "words": 3, "tip": "", "seen": {}})
    )
    backup_library(workspace)


def _say(log: ChatLog, *texts: str) -> None:
    parent = ""
    for number, text in enumerate(texts):
        speaker, name = ((Speaker.CHARACTER, f"Evil {ALL}"), (Speaker.USER, "Alex"))[number % 2]
        [event] = log.append(TurnAdded(parent, speaker, name, text))
        parent = event.id


def lay_files(folder: Path) -> None:
    """Files to be brought in."""
    (folder / f"{FILE}.json").write_text("{}", encoding="utf-8")
    (folder / "evil.md").write_text(f"# {CHAPTER}\n\n{ALL}\n\n# {CHAPTER}\n\n{ALL}\n", encoding="utf-8")
