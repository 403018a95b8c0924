"""Which pastes read as the path of a file."""

from __future__ import annotations

import pytest

from tavern_tui.ui.composer.pasting import LONGEST_PATH, pasted_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/home/alex/mira.png", "/home/alex/mira.png"),
        ("~/cards/Mira.PNG\n", "~/cards/Mira.PNG"),
        ("'/media/My Cards/mira.json' ", "/media/My Cards/mira.json"),
        ('"/media/My Cards/mira.json"', "/media/My Cards/mira.json"),
        (r"/media/My\ Cards/mira.json", "/media/My Cards/mira.json"),
        (r"'/media/Mira'\''s card.png'", "/media/Mira's card.png"),
        (r"/media/Mira\'s\ card\ \(1\).png", "/media/Mira's card (1).png"),
        ("/media/Mira's card.png", "/media/Mira's card.png"),
        (r"/a/b\ c.png '/d/e.json'", r"/a/b\ c.png '/d/e.json'"),
        ("'/a/b.png' /c/d.charx", "'/a/b.png' /c/d.charx"),
        ("~/novelai/the river.scenario", "~/novelai/the river.scenario"),
        ("'/backups/default-user 2026.tar.gz'", "/backups/default-user 2026.tar.gz"),
        ("file:///media/My%20Cards/w%C3%B6rter.yaml", "/media/My Cards/wörter.yaml"),
        ("file://localhost/chats/old.jsonl", "/chats/old.jsonl"),
        ("../worlds/lake.charx", "../worlds/lake.charx"),
    ],
)
def test_a_path_is_known_as_file_managers_and_terminals_write_it(text: str, path: str) -> None:
    assert pasted_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/retry",
        "/etc/passwd",
        "mira.png",
        "look at /home/alex/mira.png",
        "/a.png\n/b.png",
        "'/a.png' /etc/passwd",
        "/a/b c.png '/d/e.json'",
        "/a\x1b[2J.png",
        "https://example.org/mira.png",
        "/" + "a" * LONGEST_PATH + ".png",
    ],
)
def test_other_text_is_no_path(text: str) -> None:
    assert pasted_path(text) is None
