"""Moving in from SillyTavern: a user's folder comes over whole, again as an update, and what stays behind is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.config.settings import load_settings
from tavern_tui.domain.beside_card import BesideCard, NoteUse
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.domain.exchange import Outcome
from tavern_tui.session.author_note import note_of
from tavern_tui.session.cards import rename_card
from tavern_tui.session.lore import books_of
from tavern_tui.session.moving_in import MovingIn, MovingWishes
from tavern_tui.session.moving_report import MovingReport, as_plain, keep_report, last_report
from tavern_tui.session.workspace import Workspace

CORPUS = Path(__file__).parent.parent / "formats" / "corpus"
SCRIPT = {"id": "a1", "scriptName": "No dashes", "findRegex": "/—/g", "replaceString": "-", "placement": [2]}
SETTINGS: dict[str, Any] = {
    "username": "Robin",
    "amount_gen": 220,
    "max_context": 8192,
    "world_info_settings": {
        "world_info_depth": 6,
        "world_info": {
            "globalSelect": ["Inn"],
            "charLore": [{"name": "Mira", "extraBooks": ["Inn"]}],
        },
    },
    "power_user": {
        "personas": {"me.png": "Robin", "knight.png": "Sir Bram"},
        "persona_descriptions": {"me.png": {"description": "A traveller."}, "knight.png": {"description": "A knight."}},
        "default_persona": "knight.png",
        "font_scale": 1.2,
        "custom_stopping_strings": '["\\n{{user}} thinks", 7, ""]',
        "custom_stopping_strings_macro": True,
    },
    "tags": [{"id": "1", "name": "ferry"}],
    "tag_map": {"Mira.json": ["1"]},
    "extension_settings": {
        "regex": [SCRIPT],
        "connectionManager": {"profiles": [{"name": "rig", "api-url": "http://192.168.1.5:5001", "model": "m"}]},
        "note": {
            "chara": [
                {"name": "Mira", "prompt": "Mira is tired.", "useChara": True, "position": 2},
                {"name": "Wren", "prompt": "Off.", "useChara": False, "position": 0},
            ]
        },
        "tts": {"on": True},
    },
    "textgenerationwebui_settings": {"server_urls": {"koboldcpp": "http://192.168.1.5:5001/"}},
}
CARD = {"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Mira", "description": "Keeps the ferry."}}


def message(name: str, text: str, **more: object) -> dict[str, object]:
    return {"name": name, "is_user": name == "Robin", "mes": text, "send_date": "September 4, 2024 2:30pm", **more}


CHAT: list[dict[str, object]] = [
    {"user_name": "Robin", "character_name": "Mira", "chat_metadata": {"note_prompt": "It rains.", "note_depth": 4}},
    message("Mira", "Across?"),
    message("Robin", "Please."),
    message("Mira", "Then sit.", swipes=["Then pay.", "Then sit."], swipe_id=1),
]
GROUP = {
    "id": "7",
    "name": "The crew",
    "members": ["Mira.json", "Wren.png"],
    "chat_id": "7",
    "chats": ["7"],
    "chat_metadata": {"note_prompt": "A storm comes."},
}
GROUP_CHAT: list[dict[str, object]] = [message("Mira", "Ahoy.", original_avatar="Mira.json"), message("Wren", "Hush.")]


def lines(values: Sequence[Mapping[str, object]]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


class Place:
    """A SillyTavern user's folder, and an empty library."""

    def __init__(self, root: Path) -> None:
        self.user = root / "SillyTavern" / "data" / "default-user"
        self.dirs = Directories(root / "lib", root / "lib/config", root / "lib/state", root / "lib/cache")
        self.put("settings.json", json.dumps(SETTINGS))
        self.put("secrets.json", json.dumps({"api_key_openrouter": "sk-or-1", "api_key_elsewhere": "x"}))
        self.put("characters/Mira.json", json.dumps(CARD))
        self.put("characters/Mira/joy.png", "a sprite")
        self.put("chats/Mira/Mira - one.jsonl", lines(CHAT))
        self.put("groups/7.json", json.dumps(GROUP))
        self.put("group chats/7.jsonl", lines(GROUP_CHAT))
        self.put("backgrounds/sea.jpg", "a picture")
        self.put("backups/chat_mira.jsonl", lines(CHAT))
        self.copy("lorebooks/sillytavern-1.12.6.json", "worlds/Inn.json")
        self.copy("presets/textgen.json", "TextGen Settings/Mine.json")
        self.copy("presets/instruct-1.12.6.json", "instruct/Mine.json")
        self.copy("presets/quick-replies.json", "QuickReplies/Mine.json")

    def put(self, name: str, text: str) -> Path:
        path = self.user / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def copy(self, source: str, name: str) -> None:
        (self.user / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CORPUS / source, self.user / name)

    @property
    def library(self) -> Workspace:
        return Workspace.open(dirs=self.dirs)

    def take(self, *paths: Path, **wishes: Any) -> MovingReport:
        return MovingIn(self.library, MovingWishes(**wishes)).take(paths or [self.user.parent.parent])

    def files(self) -> list[str]:
        return sorted(
            path.relative_to(self.dirs.data).as_posix() for path in self.dirs.data.rglob("*") if path.is_file()
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def outcomes(report: MovingReport) -> set[Outcome]:
    return {thing.outcome for thing in report.things}


def test_a_users_folder_comes_over_whole(place: Place) -> None:
    report = place.take()
    assert report.failed == []
    assert {kind: sum(count.values()) for kind, count in report.counts().items()} == {
        "character": 1,
        "lorebook": 1,
        "sampler preset": 1,
        "instruct template": 1,
        "set of quick replies": 1,
        "persona": 2,
        "regex script": 1,
        "connection": 2,
        "beside a card": 1,
        "setting": 6,
        "chat": 2,
    }
    assert outcomes(report) == {Outcome.NEW, Outcome.SAME}
    assert [one.name for one in place.library.characters() if not one.shipped] == ["Mira"]
    assert place.library.character("Mira")[0].tags == ("ferry",)
    assert [one.address for one in place.library.connections.listed().connections] == ["http://192.168.1.5:5001"]


def test_chats_come_with_their_notes_and_swipes(place: Place) -> None:
    place.take()
    log = place.library.chats.find("Mira - one")
    path = log.tree.path()
    assert [turn.text for turn in path] == ["Across?", "Please.", "Then sit."]
    assert len(log.tree.siblings(path[-1].id)) == 2
    assert note_of(log.tree).text == "It rains."


def test_a_groups_chat_has_its_name_and_its_note(place: Place) -> None:
    place.take()
    log = place.library.chats.find("The crew 7")
    assert log.tree.characters == ("Mira", "Wren")
    assert note_of(log.tree).text == "A storm comes."


def test_settings_are_taken_where_nobody_chose_here(place: Place) -> None:
    place.dirs.config.mkdir(parents=True)
    (place.dirs.config / "config.yaml").write_text("reply:\n  response_tokens: 99\n")
    place.take()
    settings = load_settings(place.dirs).settings
    assert (settings.persona.name, settings.persona.use) == ("Robin", "Sir Bram")
    assert settings.reply.response_tokens == 99
    assert (settings.reply.stop_strings, settings.reply.stop_strings_macro) == (("\n{{user}} thinks",), True)
    assert settings.connection.server == ""


def test_a_characters_own_note_and_further_books_come_once_and_are_never_overwritten(place: Place) -> None:
    place.take()
    library = place.library
    kept = BesideCard("Mira is tired.", NoteUse.AFTER, ("Inn",))
    assert library.library.beside_cards.all() == {"Mira": kept}
    assert [book.name for book in books_of(library.character("Mira")[0], library.library)] == ["Inn"]
    library.library.beside_cards.keep("Mira", BesideCard("Mine."))
    place.take()
    assert library.library.beside_cards.of("Mira") == BesideCard("Mine.")
    rename_card(library, "Mira", "Mira the Old")
    assert library.library.beside_cards.all() == {"Mira the Old": BesideCard("Mine.")}


def test_regex_scripts_arrive_switched_off_and_are_told(place: Place) -> None:
    report = place.take()
    (path,) = place.dirs.regex_scripts.iterdir()
    assert json.loads(path.read_bytes()) == {**SCRIPT, "disabled": True}
    assert any("switched off" in note for note in report.notes)


def test_what_stays_behind_is_told(place: Place) -> None:
    report = place.take()
    told = " ".join(report.unsupported)
    assert "backgrounds (1 file)" in told
    assert "power_user.font_scale" in told
    assert "extensions: tts" in told
    assert "author's note of Wren, switched off there" in told


def test_keys_are_not_even_read_unless_asked_for(place: Place) -> None:
    (place.user / "secrets.json").chmod(0)
    report = place.take()
    assert place.library.secrets.all() == []
    assert any("--with-secrets" in note for note in report.notes)
    (place.user / "secrets.json").chmod(0o600)
    report = place.take(with_secrets=True)
    (kept,) = place.library.secrets.all()
    assert kept.origin == "https://openrouter.ai:443"
    assert any("api_key_elsewhere" in one for one in report.unsupported)
    assert "sk-or-1" not in json.dumps(as_plain(report))


def test_again_nothing_is_new(place: Place) -> None:
    place.take()
    before = place.files()
    report = place.take()
    assert outcomes(report) == {Outcome.SAME}
    assert place.files() == before


def test_a_chat_that_grew_on_both_sides_keeps_both(place: Place) -> None:
    place.take()
    log = place.library.chats.find("Mira - one")
    chat = place.user / "chats/Mira/Mira - one.jsonl"
    for number in range(5):
        log.append(_turn(log.tree.tip, f"ours {number}"))
    chat.write_text(chat.read_text() + lines([message("Robin", f"theirs {number}") for number in range(5)]))
    place.take()
    place.take()
    texts = [turn.text for turn in place.library.chats.find("Mira - one").tree.turns.values()]
    assert sorted(text for text in texts if "ours" in text) == [f"ours {number}" for number in range(5)]
    assert sorted(text for text in texts if "theirs" in text) == [f"theirs {number}" for number in range(5)]


def test_a_rehearsal_changes_nothing(place: Place) -> None:
    rehearsed = place.take(rehearsal=True)
    assert place.files() == []
    counted = {kind: sum(count.values()) for kind, count in rehearsed.counts().items()}
    assert counted == {kind: sum(count.values()) for kind, count in place.take().counts().items()}


def test_backups_of_chats_come_on_request(place: Place) -> None:
    place.put("backups/chat_other.jsonl", lines([{**CHAT[0], "character_name": "Ada"}, message("Ada", "Old.")]))
    assert "chat_other" not in " ".join(one.source for one in place.take().things)
    assert "chat_other" in " ".join(one.source for one in place.take(with_backups=True).things)


def test_a_backup_archive_is_as_good_as_the_folder(place: Place, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "backup"), "zip", place.user)
    report = place.take(Path(archive))
    assert "character" in report.counts()
    assert outcomes(place.take(Path(archive))) == {Outcome.SAME}


def test_what_is_broken_costs_itself_alone(place: Place) -> None:
    place.put("worlds/Torn.json", '{"entries": {')
    place.put("worlds/Empty.json", "")
    place.put("worlds/Strange.json", '{"hello": 1}')
    place.put("characters/Broken.png", "no picture")
    report = place.take()
    assert {file for file, _ in report.failed} == {"worlds/Torn.json", "worlds/Empty.json"}
    assert set(report.unknown) == {"worlds/Strange.json", "characters/Broken.png"}
    assert "character" in report.counts()


def test_a_single_file_is_told_by_its_content(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "whatever.bin"
    shutil.copy(CORPUS / "cards/v3.png", path)
    (thing,) = place.take(path).things
    assert thing.kind == "character"
    assert place.files()[0].endswith(".png")


def test_nothing_there_is_said(place: Place, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        place.take(tmp_path / "nowhere")


def test_the_receipt_can_be_read_again(place: Place) -> None:
    with pytest.raises(NotFoundError):
        last_report(place.library)
    report = place.take()
    keep_report(place.library, report)
    assert as_plain(last_report(place.library)) == as_plain(report)
    assert report.latest is not None
    assert (report.latest.character, report.latest.turns) in {("Mira", 3), ("Mira", 2)}


def _turn(parent: str, text: str) -> TurnAdded:
    return TurnAdded(parent, Speaker.USER, "Robin", text)


def test_what_cannot_be_kept_whole_is_taken_as_a_sound_copy_where_that_is_wanted(place: Place) -> None:
    odd = place.put("characters/Wren.json", json.dumps(CARD).replace("{", '{"x": 1, "x": NaN, ', 1))
    before = odd.read_bytes()
    refused = place.take(odd)
    assert refused.failed == [("Wren.json", "“x” is given twice, and only one of the two can be kept.")]
    assert any("--repair" in note for note in refused.notes)
    (thing,) = place.take(odd, repair=True).things
    assert thing.remarks[0].startswith("x: “x” is given twice")
    assert odd.read_bytes() == before
    assert json.loads((place.dirs.characters / "Wren.json").read_bytes())["x"] is None


def test_a_card_in_the_library_that_cannot_be_kept_is_listed_with_the_command_that_repairs_it(place: Place) -> None:
    path = place.dirs.characters / "two words.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(CARD).replace("{", '{"x": NaN, ', 1))
    library = place.library
    (listed,) = [one for one in library.characters() if one.problem]
    assert listed.problem.endswith(f"tavern-tui import '{path}' --repair")
    place.take(path, repair=True)
    assert [one.name for one in library.characters() if not one.shipped] == ["Mira", "two words"]
    assert path.read_text().count("NaN") == 1
