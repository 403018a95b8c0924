"""Cards made to hurt whoever reads them, one maker each; each is read by a child with little time and memory.

``python -m tests.storage.bad_cards FOLDER`` makes them all in ``FOLDER``, reads each as the library does and prints a
JSON line with what came of it. Every file is made without ever holding it whole.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

CPU_SECONDS = 2
MEMORY = 512 * 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
CARD = b'{"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Mira", %s}}'


def chunk(kind: bytes, data: bytes, wrong: int = 0) -> bytes:
    """A PNG chunk, ``wrong`` changing its checksum."""
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data) ^ wrong)


def picture(*chunks: bytes, size: tuple[int, int] = (1, 1)) -> bytes:
    """A PNG of these chunks."""
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", *size, 8, 2, 0, 0, 0))
    return PNG + header + b"".join(chunks) + chunk(b"IEND", b"")


def text(payload: bytes, wrong: int = 0) -> bytes:
    """A card's text chunk that holds ``payload`` in base64."""
    return chunk(b"tEXt", b"chara\0" + base64.b64encode(payload), wrong)


def zipped(path: Path, *members: tuple[str, bytes], mode: int = 0) -> None:
    """A zip with these members; ``mode`` is the last one's, as Unix writes it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (name, data) in enumerate(members, 1):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (mode if place == len(members) else 0o100644) << 16
            archive.writestr(info, data)


def _sparse(path: Path, start: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


def _bomb(path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(8)) + packer.flush()
    name, size = b"card.json", 4_000_000_000
    common = struct.pack("<5H3L2H", 20, 0, 8, 0, 33, 0, len(packed), size, len(name), 0)
    local = b"PK\3\4" + common + name + packed
    entry = b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, 0) + name
    end = b"PK\5\6" + struct.pack("<4H2LH", 0, 0, 1, 1, len(entry), len(local), 0)
    path.write_bytes(local + entry + end)


def _lying_bomb(path: Path) -> None:
    """A member that claims ten bytes and unpacks to eight million."""
    _bomb(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 4_000_000_000), struct.pack("<L", 10)))


GOOD = CARD % b'"x": 1'
DEEP = b"[" * 1000 + b"]" * 1000
MAKERS: dict[str, Callable[[Path], object]] = {
    "truncated.png": lambda path: path.write_bytes(picture(text(GOOD))[:80]),
    "wrong-crc.png": lambda path: path.write_bytes(picture(text(GOOD[:-9], wrong=1))),
    "wrong-crc-only.png": lambda path: path.write_bytes(picture(text(GOOD, wrong=1))),
    "not-base64.png": lambda path: path.write_bytes(picture(chunk(b"tEXt", b"chara\0***"))),
    "deep.json": lambda path: path.write_bytes(CARD % (b'"x": ' + DEEP)),
    "deep.png": lambda path: path.write_bytes(picture(text(CARD % (b'"x": ' + DEEP)))),
    "200-megabytes.png": lambda path: _sparse(path, PNG + struct.pack(">L", 200_000_000) + b"tEXtchara\0", 200_000_000),
    "100-megabytes.png": lambda path: _sparse(path, PNG + struct.pack(">L", 100_000_000) + b"tEXtchara\0", 100_000_100),
    "text-bomb.png": lambda path: path.write_bytes(
        picture(chunk(b"zTXt", b"chara\0\0" + zlib.compress(bytes(34 << 20), 1)))
    ),
    "bomb.charx": _bomb,
    "lying-bomb.charx": _lying_bomb,
    "parent.charx": lambda path: zipped(path, ("card.json", GOOD), ("../../x.png", b"x")),
    "absolute.charx": lambda path: zipped(path, ("card.json", GOOD), ("/etc/x.png", b"x")),
    "backslash.charx": lambda path: zipped(path, ("card.json", GOOD), ("..\\x.png", b"x")),
    "drive.charx": lambda path: zipped(path, ("card.json", GOOD), ("C:/x.png", b"x")),
    "link.charx": lambda path: zipped(path, ("card.json", GOOD), ("assets/x", b"/etc/passwd"), mode=0o120777),
    "linked-card.charx": lambda path: zipped(path, ("card.json", b"/etc/passwd"), mode=0o120777),
    "no-card.charx": lambda path: zipped(path, ("other.json", GOOD)),
    "100-megapixels.png": lambda path: path.write_bytes(picture(text(GOOD), size=(10_000, 10_000))),
    "many-values.json": lambda path: path.write_bytes(CARD % (b'"x": [' + b"{}," * 300_000 + b"{}]")),
    "many-chunks.png": lambda path: path.write_bytes(PNG + chunk(b"aaAa", b"") * 21_000),
    "nul.json": lambda path: path.write_bytes(CARD % b'"x": "a\\u0000b"'),
    "raw-nul.json": lambda path: path.write_bytes(CARD % b'"x": "\0"'),
    "surrogate.json": lambda path: path.write_bytes(CARD % b'"x": "\xed\xa0\x80"'),
    "twice.json": lambda path: path.write_bytes(CARD % b'"x": 1, "x": 2'),
    "twice.yaml": lambda path: path.write_bytes(b"name: Mira\ncontext: x\ncontext: y\n"),
    "huge-integer.json": lambda path: path.write_bytes(CARD % (b'"x": ' + b"9" * 100_000)),
    "nan.json": lambda path: path.write_bytes(CARD % b'"x": NaN'),
    "invalid-utf-8.json": lambda path: path.write_bytes(CARD % b'"x": "\xff\xfe"'),
    "folder.png": lambda path: path.mkdir(),
    "fifo.json": os.mkfifo,
    "empty.png": lambda path: path.write_bytes(b""),
    "nothing.json": lambda path: path.write_bytes(b"\0\0  \n"),
    "aliases.yaml": lambda path: path.write_text(
        "name: Mira\na0: &a0 [x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    ),
    "deep.yaml": lambda path: path.write_text("name: Mira\ncontext: " + "[" * 1000),
    "nested-exif.jpg": lambda path: path.write_bytes(
        b"\xff\xd8" + b"\xff\xe1\x00\x10Exif\0\0MM\0*\0\0\0\x08" * 20_000 + b"\xff\xff" * 1_000_000
    ),
    "cut.webp": lambda path: path.write_bytes(b"RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xffII*\0\x08\0\0\0\x01\0"),
    "link-to-itself.json": lambda path: path.symlink_to(path),
}


def read_one(name: str, path: Path) -> None:
    """Read the file as the library does, within the limits, and tell what came of it."""
    from tavern_tui.domain.errors import TavernError
    from tavern_tui.formats.card import read_card_file
    from tavern_tui.storage.library import MAX_FILE
    from tavern_tui.storage.reading import read_bytes

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        card = read_card_file(read_bytes(path, MAX_FILE), where=name, name=path.stem)
        told = {"read": card.character.name}
    except TavernError as error:
        told = {"refused": str(error), "where": error.where}
    except Exception as fault:  # noqa: BLE001  anything else is what must not happen
        told = {"fault": repr(fault)}
    print(json.dumps({"name": name, **told}), flush=True)


def main(folder: Path) -> None:
    """Make them, and let a child of its own read each: what one costs is not counted against the next."""
    import tavern_tui.storage.library  # noqa: F401  loaded once, for all children

    for name, make in MAKERS.items():
        make(folder / name)
        child = os.fork()
        if not child:
            read_one(name, folder / name)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"name": name, "fault": f"ended with {os.waitstatus_to_exitcode(status)}"}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
