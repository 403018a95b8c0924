"""RisuAI's module: read, written back byte for byte, refused where it is damaged."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.risu_module import RisuModule, read_module, write_module

SMALL = {"type": "risuModule", "module": {}}


WORDS = st.characters(codec="utf-8", exclude_characters="\0")


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(WORDS, max_size=5), st.text(WORDS, max_size=20), max_size=4), st.binary(max_size=20))
def test_any_module_comes_back_with_its_assets(inner: dict[str, str], assets: bytes) -> None:
    module = RisuModule({"type": "risuModule", "module": inner}, assets)
    assert read_module(write_module(module)) == module


def test_the_content_is_exchanged_byte_for_byte_by_one_table() -> None:
    written = write_module(RisuModule(SMALL))
    assert written[:2] == b"\x6f\x00"
    assert struct.unpack_from("<L", written, 2)[0] == len(written) - 6
    plain = b'{"type": "risuModule", "module": {}}'
    pairs = set(zip(plain, written[6:], strict=True))
    assert len(pairs) == len(set(plain)) == len(set(written[6:]))
    assert dict(pairs)[ord("{")] == 0xE6


def test_what_a_module_holds_is_counted_and_its_lorebook_can_go() -> None:
    module = RisuModule({"module": {"lorebook": [{"key": "a"}], "regex": [{}, {}], "trigger": "none", "own": 1}})
    assert (len(module.lorebook), module.scripts, module.triggers) == (1, 2, 0)
    assert module.without_lorebook().value["module"] == {"regex": [{}, {}], "trigger": "none", "own": 1}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no RisuAI module"),
        (b"\x6f\x01\0\0\0\0", "no RisuAI module"),
        (write_module(RisuModule(SMALL))[:-1], "cut short"),
        (b"\x6f\x00\x01\0\0\0\x00", "not JSON"),
        (write_module(RisuModule({"type": "x"})), "no module"),
    ],
    ids=["empty", "version", "cut", "garbage", "other"],
)
def test_a_damaged_module_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words) as refused:
        read_module(data, where="x.charx")
    assert "x.charx (module.risum)" in refused.value.where
