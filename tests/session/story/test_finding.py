"""Words in a story are found and replaced; a regular expression can hold nobody up."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import SettingsError
from tavern_tui.session.story.difference import applied
from tavern_tui.session.story.finding import Query

TEXT = "The Fog came.\nNo fog, no bell ((x)).\nÄrger, ärger."


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("fog", ["Fog", "fog"]),
        ("ärger", ["Ärger", "ärger"]),
        ("((x))", ["((x))"]),
        ("/fog/", ["fog"]),
        ("/fog/i", ["Fog", "fog"]),
        ("/^\\S+/", ["The", "No", "Ärger,"]),
        ("/$/", []),
        ("", []),
    ],
)
def test_words_are_found_in_any_case_and_expressions_as_they_are_written(typed: str, found: list[str]) -> None:
    hits = list(Query(typed).hits(TEXT))
    assert [one.text for one in hits] == found
    assert [TEXT[one.start : one.end] for one in hits] == found


@pytest.mark.parametrize(
    ("typed", "replacement", "after"),
    [
        ("fog", "mist $1", "The mist $1 came.\nNo mist $1, no bell ((x))."),
        ("/(\\w+), no (\\w+)/", "$2, \\1 [$&] $9", "The Fog came.\nNo bell, fog [fog, no bell] $9 ((x))."),
        ("/ came/", "\\n\\tcame \\$1", "The Fog\n\tcame $1.\nNo fog, no bell ((x))."),
    ],
)
def test_groups_are_filled_in_for_expressions_alone(typed: str, replacement: str, after: str) -> None:
    text = TEXT.rpartition("\n")[0]
    assert applied(text, Query(typed).replacing(text, replacement)) == after


@pytest.mark.parametrize("typed", ["/(/", "/[z-a]/"])
def test_an_expression_that_cannot_be_read_is_told(typed: str) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Query(typed)


def test_an_expression_that_runs_away_is_stopped_and_the_line_told() -> None:
    text = "one\n" + "a" * 5_000 + "!\n"
    with pytest.raises(SettingsError, match="line 2"):
        list(Query("/(a+)+$/").hits(text))
