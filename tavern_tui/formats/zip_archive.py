"""Zip archives from anywhere: listed and read with limits, and one member exchanged without touching any other byte.

What stands before the archive (a picture that it was appended to) and behind it is kept. Nothing is ever unpacked to
disk; a name that would lead out of a folder there, a link, a member that is encrypted or shares bytes with another and
an archive that claims more than the limits are refused when the list is read, before anything is unpacked. Format:
APPNOTE.TXT 6.3 §4.3–4.4; ZIP64 and split archives are not read.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tavern_tui.domain.errors import FormatError

MAX_MEMBERS = 10_000
MAX_MEMBER = 64 * 1024 * 1024
MAX_TOTAL = 512 * 1024 * 1024
_MAX_NAME = 1024

_END, _ENTRY, _LOCAL = b"PK\5\6", b"PK\1\2", b"PK\3\4"
_END_FORM = struct.Struct("<4s4H2LH")
_ENTRY_FORM = struct.Struct("<4s6H3L5H2L")
_LOCAL_FORM = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 0xFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _UTF8 = 0x1, 0x800
_FIRST_OF_1980 = (0, 33)  # the earliest time and date that the format knows, so that equal members give equal bytes


@dataclass(frozen=True, slots=True)
class Member:
    """One member. ``size`` is what it unpacks to, as the list says; ``start`` is where its record stands."""

    name: str
    size: int
    start: int
    packed: int
    method: int
    crc: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Archive:
    """A file with an archive in it. ``base`` is what the offsets inside count from; ``members`` in the list's order."""

    data: bytes
    base: int
    members: tuple[Member, ...]
    list_start: int
    tail: bytes = b""
    where: str = ""

    def member(self, name: str) -> Member | None:
        """The member called exactly ``name``."""
        return next((member for member in self.members if member.name == name), None)

    def read(self, member: Member) -> bytes:
        """What ``member`` holds. Raises ``FormatError`` where it is damaged, or is packed in a way not read here."""
        start, end = _content(self.data, member, self.where)
        packed = self.data[start:end]
        if member.method == _STORED:
            content = packed
        elif member.method == _DEFLATED:
            stream = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                content = stream.decompress(packed, member.size + 1)
            except zlib.error:
                raise _fault(f"“{member.name}” in this archive is damaged.", self.where) from None
        else:
            raise _fault(
                f"“{member.name}” in this archive is packed in a way that is not read here.",
                self.where,
                "Pack it anew as an ordinary zip.",
            )
        if len(content) != member.size or zlib.crc32(content) != member.crc:
            raise _fault(f"“{member.name}” in this archive is damaged: its checksum does not fit.", self.where)
        return content

    def with_members(self, contents: Mapping[str, bytes]) -> bytes:
        """The file with these members exchanged, or added at the end; every other byte of them stays.

        Names are relative and ASCII.
        """
        by_place = sorted(self.members, key=lambda member: member.start)
        ends = [*(member.start for member in by_place), self.list_start][1:]
        out = bytearray(self.data[: by_place[0].start if by_place else self.list_start])
        entries: dict[str, bytes] = {}
        for member, end in zip(by_place, ends, strict=True):
            offset = len(out) - self.base
            if member.name in contents:
                record, entry = _record(member.name, contents[member.name], offset)
            else:
                record, entry = self.data[member.start : end], _moved(member.entry, offset)
            out += record
            entries[member.name] = entry
        added = [name for name in contents if name not in entries]
        for name in added:
            record, entries[name] = _record(name, contents[name], len(out) - self.base)
            out += record
        order = [*(member.name for member in self.members), *added]
        listed = b"".join(entries[name] for name in order)
        end_record = _END_FORM.pack(_END, 0, 0, len(order), len(order), len(listed), len(out) - self.base, 0)
        return bytes(out) + listed + (end_record if not self.tail else end_record[:-2] + self.tail)


def new_archive(contents: Mapping[str, bytes]) -> bytes:
    """An archive of these members, in their order. Names are relative and ASCII."""
    return Archive(b"", 0, (), 0).with_members(contents)


def is_archive(data: bytes) -> bool:
    """Whether the file is a zip, or has one at its end. Cheap; says nothing about whether it is sound."""
    return data.startswith(_LOCAL) or _end_of(data) >= 0


def read_archive(data: bytes, *, where: str = "") -> Archive:
    """The archive in ``data``; no member is unpacked. Raises ``FormatError`` naming the member that is refused."""
    end = _end_of(data)
    if end < 0:
        raise _fault("This archive is cut short: its list of members is missing.", where, "Copy it again.")
    _, disk, list_disk, here, total, size, offset, _ = _END_FORM.unpack_from(data, end)
    if total == 0xFFFF or size == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        raise _fault("This archive is in the ZIP64 form, which is not read.", where, "Pack it anew as an ordinary zip.")
    base = end - size - offset
    if disk or list_disk or here != total or base < 0:
        raise _fault("This archive is damaged: its end does not fit it.", where, "Copy it again.")
    if total > MAX_MEMBERS:
        raise _fault(f"This archive has {total:,} members; {MAX_MEMBERS:,} are read at most.", where)
    members = tuple(_listed(data, end - size, end, total, base, where))
    _check_together(data, members, end - size, where)
    return Archive(data, base, members, end - size, data[end + _END_FORM.size - 2 :], where)


def _end_of(data: bytes) -> int:
    """Where the end record stands, −1 where there is none."""
    start = max(0, len(data) - _END_FORM.size - _LONGEST_COMMENT)
    at = data.rfind(_END, start)
    while at >= 0 and at + _END_FORM.size > len(data):
        at = data.rfind(_END, start, at)
    return at


def _listed(data: bytes, at: int, end: int, total: int, base: int, where: str) -> Iterable[Member]:
    for _ in range(total):
        if at + _ENTRY_FORM.size > end or data[at : at + 4] != _ENTRY:
            raise _fault("This archive is damaged: its list of members breaks off.", where, "Copy it again.")
        parts = _ENTRY_FORM.unpack_from(data, at)
        system, flags, method, crc, packed, size = parts[1] >> 8, *parts[3:5], *parts[7:10]
        length = _ENTRY_FORM.size + sum(parts[10:13])
        raw = data[at + _ENTRY_FORM.size : at + _ENTRY_FORM.size + parts[10]]
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("cp437")
        member = Member(name, size, base + parts[16], packed, method, crc, data[at : at + length])
        _check(member, flags, parts[15] >> 16 if system == 3 else 0, where)
        yield member
        at += length


def _check(member: Member, flags: int, mode: int, where: str) -> None:
    """Refuse what no card needs. ``mode`` is the file's mode where a Unix packed it."""
    name = member.name
    parts = name.replace("\\", "/").split("/")
    if not name or len(name) > _MAX_NAME or "\0" in name or ".." in parts or parts[0] == "" or parts[0].endswith(":"):
        raise _fault(f"“{name[:80]}” in this archive is a name that leads out of its folder.", where)
    if stat.S_ISLNK(mode):
        raise _fault(f"“{name}” in this archive is a link to another file.", where)
    if flags & _ENCRYPTED:
        raise _fault(f"“{name}” in this archive is encrypted.", where, "Pack it anew without a password.")
    if member.size > MAX_MEMBER:
        raise _fault(f"“{name}” in this archive unpacks to {member.size:,} bytes; {MAX_MEMBER:,} are read.", where)


def _check_together(data: bytes, members: tuple[Member, ...], list_start: int, where: str) -> None:
    if (total := sum(member.size for member in members)) > MAX_TOTAL:
        raise _fault(f"This archive unpacks to {total:,} bytes; {MAX_TOTAL:,} are read at most.", where)
    names: set[str] = set()
    before = 0
    for member in sorted(members, key=lambda member: member.start):
        start, end = _content(data, member, where)
        if member.start < before or end > list_start or start > end:
            raise _fault(f"“{member.name}” in this archive shares its bytes with something else.", where)
        if member.name in names:
            raise _fault(f"“{member.name}” is twice in this archive.", where)
        names.add(member.name)
        before = end


def _content(data: bytes, member: Member, where: str) -> tuple[int, int]:
    """From where to where the packed bytes of ``member`` stand."""
    at = member.start
    if not 0 <= at <= len(data) - _LOCAL_FORM.size or data[at : at + 4] != _LOCAL:
        raise _fault(f"“{member.name}” is not where this archive says.", where, "Copy it again.")
    *_, name_length, extra_length = _LOCAL_FORM.unpack_from(data, at)
    start = at + _LOCAL_FORM.size + name_length + extra_length
    return start, start + member.packed


def _record(name: str, content: bytes, offset: int) -> tuple[bytes, bytes]:
    """A member's record and its entry in the list; packed where that makes it smaller."""
    raw = name.encode()
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = stream.compress(content) + stream.flush()
    method = _DEFLATED
    if len(packed) >= len(content):
        method, packed = _STORED, content
    flags = 0 if raw.isascii() else _UTF8
    common = (20, flags, method, *_FIRST_OF_1980, zlib.crc32(content), len(packed), len(content), len(raw), 0)
    record = _LOCAL_FORM.pack(_LOCAL, *common) + raw + packed
    return record, _ENTRY_FORM.pack(_ENTRY, 20, *common, 0, 0, 0, 0, offset) + raw


def _moved(entry: bytes, offset: int) -> bytes:
    """``entry`` for a record that stands at ``offset`` now."""
    return entry[:42] + struct.pack("<L", offset) + entry[46:]


def _fault(title: str, where: str, hint: str = "") -> FormatError:
    return FormatError(title, hint=hint, where=where)
