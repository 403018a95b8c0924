"""A story is the concatenation of its turns, and edits of its text become changes of turns by one law."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.events import TextEdited
from tavern_tui.session.story.document import TURN_CHARACTERS, Document, in_turns
from tavern_tui.session.story.origins import Origin
from tavern_tui.session.story.pieces import Piece
from tests.domain.chat_events import event
from tests.session.story.stories import G, Told, W, document_of, more_events, story_events

TALE: list[Told] = [(W, "The fog came in. "), (G, "Nobody saw it.\n\n"), (W, "Then "), (G, "a bell rang.")]

texts = st.text("ab \n.", max_size=12)
turns = st.lists(st.tuples(st.sampled_from([W, G]), st.text("ab \n.", min_size=1, max_size=12)), max_size=8)
scripts = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), texts), max_size=6)


def told(document: Document) -> list[tuple[str, str]]:
    """Each turn of the text with what it says."""
    return [(turn, document.text(start, end)) for turn, start, end in document.turns()]


def opened(turns: list[Told]) -> Document:
    """The story of these turns."""
    return document_of(story_events(turns))[1]


@settings(max_examples=25, deadline=None)
@given(turns, scripts)
def test_any_script_of_edits_gives_the_edited_text_back_and_leaves_other_turns_as_they_were(
    turns: list[Told], script: list[tuple[int, int, str]]
) -> None:
    events = story_events(turns)
    before, document = document_of(events)
    text = document.text()
    touched: set[str] = set()
    for place, length, new in script:
        start = min(place, len(text))
        end = min(start + length, len(text))
        at = (start, end) if end > start else (max(0, start - 1), start + 1)
        touched |= {turn for turn, *_ in document.turns(*at)} if text[start:end] != new else set()
        assert document.edit(start, end, new) == text[start:end]
        text = text[:start] + new + text[end:]
        assert document.text() == text
    events = more_events(events, document)
    tree, again = document_of(events)
    assert again.text() == text
    assert [turn for turn, *_ in again.turns()] == [turn for turn, *_ in document.turns()]
    assert not document.unsaved()
    for turn in before.turns.keys() - touched:
        assert tree.turns[turn] == before.turns[turn]


@given(turns, st.text("ab \n.", max_size=60))
@settings(max_examples=25, deadline=None)
def test_a_whole_new_text_is_taken_in_by_its_difference(turns: list[Told], new: str) -> None:
    events = story_events(turns)
    _, document = document_of(events)
    document.rewrite(new)
    assert document.text() == new
    assert document_of(more_events(events, document))[1].text() == new


@given(turns, scripts)
@settings(max_examples=25, deadline=None)
def test_lines_and_characters_are_found_as_in_the_whole_text(
    turns: list[Told], script: list[tuple[int, int, str]]
) -> None:
    document = opened(turns)
    for start, length, new in script:
        document.edit(start, start + length, new)
    text = document.text()
    lines = text.split("\n")
    assert document.lines(0, document.line_count) == lines
    for offset in range(len(text) + 1):
        number = text.count("\n", 0, offset)
        assert document.line_of(offset) == (number, offset - (text.rfind("\n", 0, offset) + 1))
    for number in range(len(lines)):
        assert document.line_start(number) == sum(len(line) + 1 for line in lines[:number])
    assert "".join(document.text(span.start, span.end) for span in document.spans()) == text


@pytest.mark.parametrize(
    ("start", "end", "new", "changed", "gone"),
    [
        (4, 7, "mist", {"t1": "The mist came in. "}, ()),
        (17, 17, "Softly. ", {"t1": "The fog came in. Softly. "}, ()),
        (0, 0, "Once, ", {"t1": "Once, The fog came in. "}, ()),
        (17, 33, "", {}, ("t2",)),
        (17, 33, "All slept. ", {"t2": "All slept. "}, ()),
        (12, 40, "-", {"t1": "The fog came-", "t4": "bell rang."}, ("t2", "t3")),
    ],
    ids=["within", "border", "start", "deleted", "replaced", "across"],
)
def test_the_law_of_edits(start: int, end: int, new: str, changed: dict[str, str], gone: tuple[str, ...]) -> None:
    document = opened(TALE)
    before = dict(told(document))
    document.edit(start, end, new)
    assert dict(told(document)) == {turn: text for turn, text in (before | changed).items() if turn not in gone}


def test_a_deleted_turn_is_hidden_and_keeps_its_text() -> None:
    events = story_events(TALE)
    _, document = document_of(events)
    document.edit(17, 33, "")
    tree, _ = document_of(more_events(events, document))
    assert (tree.turns["t2"].hidden, tree.turns["t2"].text) == (True, "Nobody saw it.\n\n")


def test_text_at_the_end_joins_what_a_person_wrote_and_leaves_a_generated_passage_alone() -> None:
    written, generated = opened([(W, "One.")]), opened([(W, "One."), (G, " Two.")])
    for document in (written, generated):
        document.edit(document.length, document.length, " Three.")
    assert told(written) == [("t1", "One. Three.")]
    assert told(generated) == [("t1", "One."), ("t2", " Two."), ("", " Three.")]


def test_typing_on_makes_turns_of_a_page_each() -> None:
    document = Document()
    for _ in range(60):
        for word in (*["word "] * 19, "end.\n"):
            document.edit(document.length, document.length, word)
    lengths = [end - start for _, start, end in document.turns()]
    assert max(lengths) < TURN_CHARACTERS + 200
    assert len(lengths) == document.length // TURN_CHARACTERS


@given(st.text("ab\n", max_size=40).map(lambda text: text * 120))
@settings(max_examples=20, deadline=None)
def test_a_long_text_is_cut_where_paragraphs_end(text: str) -> None:
    parts = in_turns(text)
    assert "".join(parts) == text
    assert all(len(part) >= TURN_CHARACTERS and part.endswith("\n") for part in parts[:-1])


def test_what_is_undone_by_hand_needs_no_saving() -> None:
    document = opened(TALE)
    document.edit(4, 7, "mist")
    document.edit(4, 8, "fog")
    assert not document.unsaved()


def test_text_typed_while_it_is_being_saved_is_saved_next() -> None:
    document = opened(TALE)
    document.edit(document.length, document.length, " It")
    document.edit(0, 0, "So. ")
    unsaved = document.unsaved()
    document.edit(document.length, document.length, " stopped.")
    document.edit(0, 3, "Now.")
    document.saved(unsaved, ["t5"])
    assert [(piece.turn, text) for piece, text in document.unsaved().edited] == [
        ("t5", " It stopped."),
        ("t1", "Now. The fog came in. "),
    ]


def test_a_new_turn_deleted_while_it_is_being_saved_is_hidden_next() -> None:
    document = opened(TALE)
    document.edit(document.length, document.length, " It")
    unsaved = document.unsaved()
    document.edit(document.length - 3, document.length, "")
    document.saved(unsaved, ["t5"])
    assert document.unsaved().hidden == ("t5",)


def test_origins_tell_written_generated_and_what_a_person_put_into_the_generated() -> None:
    events = [*story_events(TALE), event("e", 9, TextEdited("t4", "a small bell rang."))]
    _, document = document_of(events)
    spans = [(document.text(span.start, span.end), span.origin) for span in document.spans(34)]
    assert spans == [
        ("Then ", Origin.WRITTEN),
        ("a", Origin.GENERATED),
        (" small", Origin.EDITED),
        (" bell rang.", Origin.GENERATED),
    ]


def test_a_key_in_a_book_touches_one_turn_and_few_pieces() -> None:
    document = Document(Piece(f"t{number}", "word " * 300 + "\n", stored="") for number in range(2_000))
    document.edit(1_500_000, 1_500_000, "x")
    ((piece, _),) = document.unsaved().edited
    assert document.turn_at(1_500_000) is not None
    assert piece.turn == "t999"
