"""Archives: what is refused before anything is unpacked, and what stays byte for byte when a member is exchanged."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.zip_archive import MAX_MEMBERS, is_archive, new_archive, read_archive

NAMES = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.json", fullmatch=True)
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=5)


def zipped(**members: bytes) -> bytes:
    """A zip as another program writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@settings(max_examples=25, deadline=None)
@given(CONTENTS)
def test_another_program_reads_what_is_written_here(contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(new_archive(contents))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == contents


@settings(max_examples=25, deadline=None)
@given(CONTENTS, CONTENTS, st.binary(max_size=30))
def test_exchanged_and_added_members_leave_the_others_alone(
    before: dict[str, bytes], changed: dict[str, bytes], junk: bytes
) -> None:
    archive = read_archive(junk + new_archive(before))
    after = archive.with_members(changed)
    assert after.startswith(junk)
    again = read_archive(after)
    assert {member.name: again.read(member) for member in again.members} == {**before, **changed}
    assert archive.with_members({}) == archive.data


def test_offsets_that_count_from_the_file_s_start_are_kept_so() -> None:
    out = io.BytesIO(b"a picture")
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("a", b"1")
    assert read_archive(out.getvalue()).base == 0
    after = read_archive(out.getvalue()).with_members({"a": b"22"})
    with zipfile.ZipFile(io.BytesIO(after)) as archive:
        assert archive.read("a") == b"22"


def test_a_damaged_member_is_found_when_it_is_read() -> None:
    data = bytearray(zipped(a=b"hello hello hello"))
    data[data.index(b"PK\3\4") + 33] ^= 0xFF
    archive = read_archive(bytes(data), where="x.charx")
    with pytest.raises(FormatError, match="“a” in this archive is damaged"):
        archive.read(archive.members[0])


def flags_set(data: bytes) -> bytes:
    """The member's entry says that it is encrypted."""
    at = data.index(b"PK\1\2") + 8
    return data[:at] + b"\1\0" + data[at + 2 :]


def moved(data: bytes) -> bytes:
    """The second member's entry names the first one's record."""
    at = data.rindex(b"PK\1\2") + 42
    return data[:at] + struct.pack("<L", 0) + data[at + 4 :]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\3\4", "cut short"),
        (zipped(a=b"1")[:-5], "cut short"),
        (flags_set(zipped(a=b"1")), "encrypted"),
        (moved(zipped(a=b"1", b=b"2")), "shares its bytes"),
        (zipped(a=b"1").replace(b"PK\1\2", b"PK\1\3"), "breaks off"),
        (zipped(a=b"1").replace(b"PK\3\4", b"PK\3\5"), "not where"),
        (b"PK\5\6" + struct.pack("<4H2LH", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0), "ZIP64"),
        (b"PK\5\6" + struct.pack("<4H2LH", 0, 0, MAX_MEMBERS + 1, MAX_MEMBERS + 1, 0, 0, 0), "members"),
        (b"PK\5\6" + struct.pack("<4H2LH", 0, 0, 1, 1, 99, 0, 0), "does not fit"),
    ],
    ids=["start", "cut", "encrypted", "overlap", "list", "record", "zip64", "many", "end"],
)
def test_a_broken_archive_is_refused_with_the_file_s_name(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words) as refused:
        read_archive(data, where="x.charx")
    assert refused.value.where == "x.charx"


def test_a_member_that_is_there_twice_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    with pytest.raises(FormatError, match="twice"):
        read_archive(out.getvalue())


def test_a_file_that_only_speaks_of_archives_is_none() -> None:
    assert not is_archive(b"PK is a name")
    assert is_archive(b"anything" + zipped(a=b""))
