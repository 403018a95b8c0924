"""The guide and the README name commands, keys, settings, pages and pictures that exist, and keep their measure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from scripts.build_guide import PICTURES, SCENES
from tavern_tui.cli.main import cli
from tavern_tui.config import keys
from tavern_tui.config.action import Preset
from tavern_tui.config.actions import ACTIONS
from tavern_tui.config.settings import GROUPS, setting_names

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]
SLASHES = {name for action in ACTIONS for name in (action.slash, *action.aliases)}
KEYS = {key for action in ACTIONS for preset in Preset for key in action.keys_in(preset)}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def spans(page: Path) -> list[str]:
    """What the page shows as typed: code in a line, and the lines of its blocks without their comments."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", text) + [re.split(r"\s+# ", line)[0].strip() for line in blocks]


def commands(page: Path) -> Iterator[list[str]]:
    """The words after ``tavern-tui`` of each command that the page names."""
    for span in spans(page):
        words = shlex.split(re.sub(r"^[A-Z_]+=\S+ |^\S+/bin/(?=tavern-tui)", "", span)) if "tavern-tui" in span else []
        if words[:1] == ["tavern-tui"]:
            yield words[1:]


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that ``words`` begin with, and the words behind its name."""
    context = click.Context(cli, info_name="tavern-tui")
    found: click.Command = cli
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        inner = found.get_command(context, words[0])
        if inner is None:
            break
        found, words = inner, words[1:]
    return found, words


@every_page
def test_commands_of_the_shell_exist_with_their_options(page: Path) -> None:
    for words in commands(page):
        command, rest = resolved(words)
        assert command is not cli or not rest or rest[0].startswith("-"), words
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in rest if word.startswith("--")} <= options | {"--help"}, words


@every_page
def test_commands_of_the_composer_exist(page: Path) -> None:
    named = {found[1] for span in spans(page) if (found := re.match(r"/([a-z]+)(?: |$)", span))}
    assert named - {"commands"} <= SLASHES  # `/commands` is SillyTavern's word for all of them


@every_page
def test_settings_and_actions_exist(page: Path) -> None:
    dotted = {span for span in spans(page) if re.fullmatch(r"[a-z]+\.[a-z_]+", span)}
    named = {span for span in dotted if span.partition(".")[0] in GROUPS and not span.endswith((".yaml", ".md"))}
    assert named <= set(setting_names()) | {action.id for action in ACTIONS}


@every_page
def test_control_keys_do_something(page: Path) -> None:
    named = {span for span in spans(page) if re.fullmatch(r"ctrl\+[a-z]", span)}
    assert named <= KEYS | set(keys.REFUSED) | set(keys.DOUBTED)


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.is_file(), target
        heads = [
            head.lower().replace(" ", "-") for head in re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.M)
        ]
        assert not anchor or anchor in heads, target


@every_page
def test_pages_are_short(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= (150 if page.name == "README.md" and page.parent == ROOT else 80)


def test_every_picture_is_drawn_and_shown() -> None:
    shown = {
        name for page in PAGES for name in re.findall(r"pictures/([a-z-]+)\.svg", page.read_text(encoding="utf-8"))
    }
    assert shown == {scene.name for scene in SCENES} == {path.stem for path in PICTURES.glob("*.svg")}


def test_every_page_of_the_guide_is_listed() -> None:
    listed = re.findall(r"\]\(([a-z-]+\.md)\)", (ROOT / "docs" / "guide" / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [page.name for page in PAGES[1:] if page.name != "README.md"]


def test_the_readme_tells_things_in_the_order_in_which_they_are_needed() -> None:
    heads = re.findall(r"^## (.+)$", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE)
    assert heads == [
        *(
            "Install",
            "The first five minutes",
            "Coming from SillyTavern",
            "Measured",
            "What it does not do",
            "Your data",
        ),
        *("Privacy", "When something is wrong", "Docs"),
    ]


def test_every_page_about_a_matter_is_among_the_docs_of_the_readme() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in text] == []
