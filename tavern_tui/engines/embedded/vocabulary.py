"""``Vocabulary``: a model's tokens, through llama.cpp. Texts to ids, ids to bytes, and which ids are special.

Stands on the binding that ``llama`` imports and hands in; holds no state of a conversation.
"""

from __future__ import annotations

import ctypes
import hashlib
from typing import Any

from tavern_tui.engines.embedded.pieces import PieceIndex

_PIECE_BYTES = 64


class Vocabulary:
    """The vocabulary of a loaded model; valid for as long as the model is."""

    def __init__(self, lib: Any, model: Any) -> None:
        self._lib = lib
        self.handle = lib.llama_model_get_vocab(model)
        self.size: int = lib.llama_vocab_n_tokens(self.handle)
        self.bos: int = lib.llama_vocab_bos(self.handle)
        self.eos: int = lib.llama_vocab_eos(self.handle)
        self.add_bos: bool = bool(lib.llama_vocab_get_add_bos(self.handle)) and self.bos >= 0
        self._pieces: dict[int, bytes] = {}
        self._endings: list[int] | None = None
        self._index: PieceIndex | None = None
        self.space_prefix: bool = b"".join(map(self.piece, self.tokenize("a"))) == b" a"

    def tokenize(self, text: str) -> list[int]:
        """Ids of ``text``, special tokens parsed, nothing added. Halves of surrogate pairs count as ``?``."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 16
        ids = (self._lib.llama_token * room)()
        count: int = self._lib.llama_tokenize(self.handle, raw, len(raw), ids, room, False, True)
        if count < 0:
            ids = (self._lib.llama_token * -count)()
            count = self._lib.llama_tokenize(self.handle, raw, len(raw), ids, -count, False, True)
        return list(ids[:count])

    def with_bos(self, ids: tuple[int, ...]) -> tuple[int, ...]:
        """``ids`` with the beginning-of-sequence token in front where the model wants it and it is not there."""
        return (self.bos, *ids) if self.add_bos and ids[:1] != (self.bos,) else ids

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for, special tokens by their name; empty for an id out of range."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._read_piece(token) if 0 <= token < self.size else b""
        return known

    def index(self) -> PieceIndex:
        """Every token by what it spells. Made once."""
        if self._index is None:
            self._index = PieceIndex([self.piece(token) for token in range(self.size)])
        return self._index

    def ending_tokens(self) -> list[int]:
        """Every token that ends a generation, the model's own end of a sequence first. Read once."""
        if self._endings is None:
            found = [token for token in range(self.size) if self.ends(token)]
            self._endings = sorted(found, key=lambda token: token != self.eos)
        return self._endings

    def name(self, token: int) -> str:
        """What a token is called, as chat templates write it; empty for an id out of range."""
        return self.piece(token).decode("utf-8", "replace")

    def _read_piece(self, token: int) -> bytes:
        room = _PIECE_BYTES
        buffer = ctypes.create_string_buffer(room)
        length: int = self._lib.llama_token_to_piece(self.handle, token, buffer, room, 0, True)
        if length < 0:
            room = -length
            buffer = ctypes.create_string_buffer(room)
            length = self._lib.llama_token_to_piece(self.handle, token, buffer, room, 0, True)
        return buffer.raw[:length]

    def is_special(self, token: int) -> bool:
        """Whether llama.cpp cuts the text at this token before tokenising: control and user-defined tokens."""
        special = self._lib.LLAMA_TOKEN_ATTR_CONTROL | self._lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        special |= self._lib.LLAMA_TOKEN_ATTR_UNKNOWN
        return 0 <= token < self.size and bool(self._lib.llama_vocab_get_attr(self.handle, token) & special)

    def ends(self, token: int) -> bool:
        """Whether this token ends a generation (end of sequence, end of turn)."""
        return bool(self._lib.llama_vocab_is_eog(self.handle, token))

    def fingerprint(self) -> str:
        """A hash of every token's text and kind: equal exactly where token ids mean the same."""
        digest = hashlib.sha256(f"{self._lib.llama_vocab_type(self.handle)}:{self.size}".encode())
        for token in range(self.size):
            digest.update(self._lib.llama_vocab_get_text(self.handle, token) or b"")
            digest.update(b"\x00%d\x00" % self._lib.llama_vocab_get_attr(self.handle, token))
        return digest.hexdigest()[:32]
