"""``tavern-tui story``: a manuscript comes in, is looked at, written on, versioned, and goes out as it came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ScriptedServer, Tavern

NOVEL = "# One\r\n\r\n“The fog” came in – so.\r\n\r\n***\r\n\r\nA bell. [[which?]]\r\n\r\n# Two\r\n\r\nThey crossed."


@pytest.fixture
def tavern(tavern_here: Tavern) -> Tavern:
    """Commands are run in this process."""
    return tavern_here


def test_a_manuscript_is_looked_at_imported_and_exported_byte_for_byte(tavern: Tavern, tmp_path: Path) -> None:
    source = tmp_path / "novel.md"
    source.write_bytes(NOVEL.encode())
    looked = tavern("story", "import", str(source), "--dry-run")
    assert looked.text.splitlines() == [
        "   chapter  words",
        "1  One         10",
        "   · ***        3",
        "2  Two          2",
        "Markdown, 2 chapters, 16 words. Nothing was imported.",
    ]
    assert "No stories yet" in tavern("story", "list").text
    assert tavern("story", "import", str(source)).text == "Imported: novel (Markdown, 2 chapters, 16 words).\n"
    assert [one["title"] for one in json.loads(tavern("story", "list", "--json").text)] == ["novel"]
    target = tmp_path / "out.md"
    assert tavern("story", "export", "novel", str(target)).text == f"Written: {target}\n"
    assert target.read_bytes() == source.read_bytes()
    assert tavern("story", "show", "novel", "--chapter", "two").text == "# Two\n\nThey crossed.\n"
    refused = tavern("story", "export", "novel", str(target))
    assert (refused.code, "is there already" in refused.notes) == (1, True)


def test_a_story_is_written_as_a_page_and_as_chapters(tavern: Tavern, tmp_path: Path) -> None:
    tavern("story", "new", "Fog", "-", stdin=NOVEL.replace("\r\n", "\n"))
    page = tavern("story", "export", "fog", "-", "--format", "html").text
    assert "<h1>One</h1>\n<p>“The fog” came in – so.</p>\n<hr>\n<p>A bell.</p>" in page
    folder = tmp_path / "chapters"
    told = tavern("story", "export", "fog", str(folder), "--chapters", "--no-comments").text
    assert told == f"Written: 2 chapters into {folder}\n"
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == {
        "1 One.md": "# One\n\n“The fog” came in – so.\n\n***\n\nA bell. \n\n",
        "2 Two.md": "# Two\n\nThey crossed.",
    }
    again = tavern("story", "import", str(folder), "--title", "Fog again", "--json")
    assert [one["title"] for one in json.loads(again.text)["outline"]] == ["One", "", "Two"]


def test_the_whole_text_is_edited_outside_and_only_what_changed_is_changed(tavern: Tavern, tavern_home: Path) -> None:
    tavern("story", "new", "Fog", NOVEL.replace("\r\n", "\n"))
    text = NOVEL.replace("\r\n", "\n").replace("A bell", "A small bell").replace("crossed", "waited")
    assert tavern("story", "edit", "fog", "--from", "-", stdin=text).text.startswith("Changed in 2 places.")
    assert tavern("story", "show", "fog").text == text + "\n"
    assert (tavern_home / "stories" / "Fog.md").read_text("utf-8") == text
    assert tavern("story", "edit", "fog", "--from", "-", stdin=text).text == "Nothing was changed.\n"


def test_words_are_replaced_and_looked_at_before(tavern: Tavern) -> None:
    tavern("story", "new", "Fog", "The fog came.\n\nFog and bells.")
    looked = tavern("story", "replace", "fog", "/[Ff]og (\\w+)/", "mist $1", "--dry-run")
    assert looked.text == (
        "The fog came. → The mist came.\nFog and bells. → mist and bells.\n2 places. Nothing was changed.\n"
    )
    assert tavern("story", "replace", "fog", "fog", "mist").text == "Changed in 2 places.\n"
    assert tavern("story", "show", "fog").text == "The mist came.\n\nmist and bells.\n"
    assert tavern("story", "replace", "fog", "fog", "mist").text == "0 places. Nothing was changed.\n"


def test_the_model_writes_on_and_versions_are_named_compared_and_brought_back(
    tavern: Tavern, server: ScriptedServer
) -> None:
    server.says(" Nobody saw it. Then")
    tavern("story", "new", "Fog", "The fog came in.")
    assert tavern("story", "versions", "fog", "--as", "before").text == "Named: before (4 words).\n"
    said = tavern(
        "story", "write", "fog", "--server", server.address, "--until", "sentence", "--direction", "stay quiet"
    )
    assert (said.code, said.text) == (0, " Nobody saw it.\n")
    assert "[What comes next: stay quiet]" in server.prompts[0]
    assert tavern("story", "show", "fog").text == "The fog came in. Nobody saw it.\n"
    assert tavern("story", "versions", "fog", "--compare", "before").text == "+  Nobody saw it.\n"
    assert "reads as before again" in tavern("story", "versions", "fog", "--restore", "BEFORE").text
    assert tavern("story", "show", "fog").text == "The fog came in.\n"


def test_what_cannot_be_done_with_a_story_is_told(tavern: Tavern, tmp_path: Path) -> None:
    tavern("story", "new", "Fog", "The fog came in.")
    tavern("story", "new", "Storm")
    bomb = tmp_path / "bomb.docx"
    bomb.write_bytes(b"PK\3\4word/document.xml")
    for arguments, code, told in (
        (("story", "show", "nowhere"), 3, "No story is called nowhere"),
        (("story", "show", "o"), 3, "could be 2 stories"),
        (("story", "show", "fog", "--chapter", "7"), 3, "There is no chapter 7"),
        (("story", "import", str(tmp_path / "none.md")), 3, "none.md"),
        (("story", "import", str(bomb)), 1, "bomb.docx"),
        (("story", "import", str(tmp_path / "cards")), 3, "cards"),
        (("story", "export", "fog", "--format", "pdf"), 3, "Stories are not written as pdf"),
        (("story", "versions", "fog", "--restore", "x"), 3, "None has been named yet"),
        (("story", "versions", "fog", "--restore", "x", "--compare", "y"), 2, "Say one of"),
        (("story", "write", "fog", "--until", "dawn"), 1, "A passage cannot end at “dawn”"),
        (("story", "write", "fog", "--chat", "x"), 2, "STORY says which story"),
    ):
        ran = tavern(*arguments)
        assert (ran.code, told in ran.notes) == (code, True), (arguments, ran.code, ran.notes)
