"""Sets of quick replies: our own lists, SillyTavern's two versions, and what cannot be used."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError, TavernError
from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.formats.quick_replies import read_quick_replies

VERSION_2 = {
    "version": 2,
    "name": "Scenes",
    "disableSend": False,
    "qrList": [
        {"id": 1, "showLabel": False, "label": "Weather", "title": "", "message": "*It begins to rain.*"},
        {"id": 2, "label": "Hidden", "message": "No.", "isHidden": True},
        {"id": 3, "label": "", "message": "Look   around."},
        {"id": 4, "label": "Empty", "message": ""},
    ],
    "idIndex": 4,
}
VERSION_1 = {"quickReplySlots": [{"mes": "Wait.", "label": "w", "enabled": True}, {"mes": "x", "enabled": False}]}


def test_a_list_of_texts_is_a_set() -> None:
    read = read_quick_replies(b"- Look around.\n- label: Rain\n  message: '*It begins to rain.*'\n", where="own.yaml")
    assert read.replies == (QuickReply("Look around.", "Look around."), QuickReply("Rain", "*It begins to rain.*"))


def test_sillytaverns_sets_are_read_without_what_is_hidden() -> None:
    read = read_quick_replies(json.dumps(VERSION_2).encode(), where="Scenes.json")
    assert [(one.label, one.message) for one in read.replies] == [
        ("Weather", "*It begins to rain.*"),
        ("Look around.", "Look   around."),
    ]
    assert read.problems == ("Scenes.json: entry 4 has no message.",)


def test_the_older_sets_are_read_too() -> None:
    read = read_quick_replies(json.dumps(VERSION_1).encode(), where="old.json")
    assert read.replies == (QuickReply("w", "Wait."),)


def test_an_empty_file_is_an_empty_set() -> None:
    assert read_quick_replies(b"", where="own.yaml").replies == ()


@pytest.mark.parametrize("data", [b"word", b"{}", b"qrList: 4", b"[", b"\xff\xfe\x00"], ids=str)
def test_what_is_no_set_says_so(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_quick_replies(data, where="own.yaml")


@given(st.binary(max_size=200))
def test_no_bytes_end_in_anything_but_a_message(data: bytes) -> None:
    with suppress(TavernError):
        assert read_quick_replies(data, where="own.yaml").problems is not None
