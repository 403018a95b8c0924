"""The budgets of ``docs/architecture.md`` §8 that can be counted: never a time, so that a busy machine changes nothing.

Gated elsewhere: the app's widgets, lines and bytes (``tests/ui/app/test_budgets.py``), the log's size
(``tests/formats/test_chatlog.py``), one fold and what an append reads (``tests/storage/test_chat_log.py``),
``--version`` and ``--help`` (``test_imports.py``). Times: ``make bench``.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tavern_tui.prompt.inputs import Policy
from tests.bench import assembly
from tests.bench.app_start import FirstPaint, first_paint, library
from tests.bench.chat_files import CHARACTER, long_chat, many_chats
from tests.bench.figures import environment
from tests.bench.replies import ReadAgain, read_again
from tests.bench.startup import Start, probe

ROOT = Path(__file__).resolve().parents[2]
SCAN_DEPTH = 2
SHIPPED = ("cards", "worlds", "themes", "chats")


def rooms(start: Start | FirstPaint) -> set[str]:
    """The libraries that a command imported, by the first part of their names."""
    return {module.partition(".")[0] for module in start.modules}


# How many modules a command may import, a tenth above what it does, and which libraries it must do without.
SCREEN_AND_ENGINE = {"textual", "rich", "llama_cpp", "sqlite3", "PIL"}
MODULES_AT_FIRST_PAINT = 606
NOT_TO_READ = SCREEN_AND_ENGINE | {"httpx", "jinja2", "yaml", "asyncio", "ssl"}


@pytest.mark.parametrize(
    ("arguments", "most"), [(("locate",), 230), (("characters",), 260), (("log", "Night 0"), 265)], ids=str
)
def test_a_command_that_only_reads_files_imports_no_network_and_no_engine(
    tmp_path: Path, arguments: tuple[str, ...], most: int
) -> None:
    many_chats(tmp_path, chats=1, turns=4)
    start = probe(*arguments, home=tmp_path)
    assert not start.asked_engine
    assert rooms(start) & NOT_TO_READ == set()
    assert len(start.modules) <= most


def test_say_imports_no_screen_no_http_and_no_llama_before_it_asks_the_engine(
    tmp_path: Path, starter_model: Path
) -> None:
    start = probe("say", CHARACTER, "Hello.", "--model", str(starter_model.absolute()), home=tmp_path)
    assert start.asked_engine
    assert rooms(start) & (SCREEN_AND_ENGINE | {"httpx", "jinja2", "yaml"}) == set()
    assert len(start.modules) <= 440


# Textual's own, which any app of it imports: its command palette, and what its types name.
TEXTUALS_WIDGETS = {
    *("button", "directory_tree", "input", "loading_indicator", "option_list", "placeholder", "select", "static"),
    *("toast", "tooltip", "tree"),
}
NOT_ON_THE_CHAT_SCREEN = {
    *("tavern_tui.prompt.assemble", "tavern_tui.session.generation", "tavern_tui.session.writers"),
    *("tavern_tui.session.embedded", "tavern_tui.storage.models", "rich.markdown", "rich.syntax", "rich.traceback"),
    *("tavern_tui.ui.popups", "tavern_tui.ui.editor", "tavern_tui.ui.clipboard", "tavern_tui.ui.widgets.row_list"),
}


def test_a_chat_is_on_screen_before_anything_is_imported_that_it_does_not_show(tmp_path: Path) -> None:
    library(tmp_path, turns=10)
    start = first_paint(tmp_path)
    used = {name.removeprefix("textual.widgets._") for name in start.modules if name.startswith("textual.widgets._")}
    assert used == TEXTUALS_WIDGETS | {"text_area"}
    assert {name for name in start.modules if name.startswith("tavern_tui.ui.screens.")} == {
        "tavern_tui.ui.screens.chat"
    }
    assert start.modules & NOT_ON_THE_CHAT_SCREEN == set()
    assert {module for module in start.modules if module.startswith("tavern_tui.prompt.")} == set()
    assert rooms(start) & {"httpx", "pydantic", "pygments", "markdown_it", "jinja2", "llama_cpp", "sqlite3"} == set()
    assert len(start.modules) <= MODULES_AT_FIRST_PAINT


@pytest.mark.parametrize(("policy", "requests"), [(Policy.ECONOMY, 1), (Policy.CLASSIC, 4)])
def test_a_prompt_of_ten_thousand_turns_looks_at_no_more_than_fits_and_asks_for_few_counts(
    tmp_path: Path, policy: Policy, requests: int
) -> None:
    log, _ = long_chat(tmp_path)
    plans = assembly.plans(log.tree, policy, tmp_path, warm=40)
    fits = max(plan.included for plan in plans)
    assert 30 < fits < 200
    assert max(plan.visited for plan in plans) <= fits + SCAN_DEPTH
    assert max(plan.requests for plan in plans[1:]) <= requests


@pytest.mark.model
async def test_an_engine_reads_only_what_is_new(starter_model: Path) -> None:
    first, *later = await read_again(starter_model, response_tokens=24)
    assert first.evaluated > 200
    assert [reply.what for reply in later] == ["swipe", "next turn", "continue", "turn after a continuation"]
    assert [reply for reply in later if too_much(reply)] == []
    assert all(reply.reused >= first.evaluated - 1 for reply in later)


def too_much(reply: ReadAgain) -> bool:
    """Whether the engine evaluated more than the prompt had new."""
    assert reply.bound is not None
    return reply.evaluated > reply.bound


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True, timeout=300)
    (built,) = folder.glob("tavern_tui-*.whl")
    return built


@pytest.fixture(scope="module")
def packed(wheel: Path) -> set[str]:
    """The names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_wheel_holds_every_sample(packed: set[str], kind: str) -> None:
    files = {path.relative_to(ROOT / kind).as_posix() for path in (ROOT / kind).rglob("*") if path.is_file()}
    place = f"tavern_tui/_shipped/{kind}/"
    assert files
    assert {name.removeprefix(place) for name in packed if name.startswith(place)} == files


def test_the_wheel_holds_the_package_and_nothing_of_the_workshop(packed: set[str]) -> None:
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tavern_tui").rglob("*.py")}
    others = {name for name in packed - package if "/_shipped/" not in name and ".dist-info/" not in name}
    assert package <= packed
    tables = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tavern_tui").rglob("*.yaml")}
    assert others == {"tavern_tui/py.typed", *tables}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in packed)


def test_the_program_out_of_the_wheel_finds_its_samples(wheel: Path, tmp_path: Path) -> None:
    installed, home = tmp_path / "installed", tmp_path / "home"
    home.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    variables = {**environment(home), "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-m", "tavern_tui", "locate", "samples"],
        cwd=home,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert Path(done.stdout.strip()) == installed / "tavern_tui" / "_shipped" / "cards"
