"""A story into a file that a person names: where it goes, as what, and what is there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import ContradictionError, NotFoundError, StorageError
from tavern_tui.session.story.manuscripts import write_export
from tests.session.story.conftest import Teller

TEXT = "# One\n\nShe slept."


async def test_the_ending_says_as_what_a_name_without_one_and_a_folder_are_markdown(
    tell: Teller, tmp_path: Path
) -> None:
    log = (await tell(TEXT)).chat.log
    (tmp_path / "books").mkdir()
    for typed, name in (
        ("a.html", "a.html"),
        ("b.TXT", "b.TXT"),
        ("c", "c.md"),
        ("books", f"books/{log.path.stem}.md"),
    ):
        assert write_export(log, str(tmp_path / typed)) == tmp_path / name
    assert "<h1>One</h1>" in (tmp_path / "a.html").read_text()
    assert (tmp_path / "b.TXT").read_text().rstrip("\n") == TEXT
    assert (tmp_path / "c.md").read_text().rstrip("\n") == TEXT


async def test_what_is_there_is_written_over_only_when_that_is_wanted(tell: Teller, tmp_path: Path) -> None:
    log = (await tell(TEXT)).chat.log
    mine = tmp_path / "mine.md"
    mine.write_text("Something else.")
    with pytest.raises(ContradictionError, match=r"mine\.md is there already"):
        write_export(log, str(mine))
    assert mine.read_text() == "Something else."
    write_export(log, str(mine), replace=True)
    assert mine.read_text().rstrip("\n") == TEXT


async def test_another_kind_of_file_and_a_folder_that_is_none_are_refused(tell: Teller, tmp_path: Path) -> None:
    log = (await tell(TEXT)).chat.log
    with pytest.raises(NotFoundError, match="not written as"):
        write_export(log, str(tmp_path / "book.pdf"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        write_export(log, str(tmp_path / "file" / "book.md"))
