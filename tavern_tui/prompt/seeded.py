"""Numbers that come out the same every time: a string hash and a seeded generator.

``{{pick}}`` must choose what SillyTavern chooses in the same chat, so these are its two algorithms: cyrb53, a 53-bit
hash over UTF-16 code units, and the ARC4 generator of the JavaScript library seedrandom.
"""

from __future__ import annotations

from functools import lru_cache

_WIDTH = 256
_DROPPED = 256
_CHUNKS = 6
_SIGNIFICANCE = 2**52
_OVERFLOW = 2**53
_WORD = 0xFFFFFFFF


@lru_cache(maxsize=256)
def string_hash(text: str, seed: int = 0) -> int:
    """cyrb53 of ``text``: a number below 2**53."""
    high, low = 0xDEADBEEF ^ seed, 0x41C6CE57 ^ seed
    for unit in _utf16(text):
        high = ((high ^ unit) * 2654435761) & _WORD
        low = ((low ^ unit) * 1597334677) & _WORD
    high = ((high ^ (high >> 16)) * 2246822507) & _WORD
    high ^= ((low ^ (low >> 13)) * 3266489909) & _WORD
    low = ((low ^ (low >> 16)) * 2246822507) & _WORD
    low ^= ((high ^ (high >> 13)) * 3266489909) & _WORD
    return _WIDTH**4 * (low & 0x1FFFFF) + high


def seeded_fraction(seed: int) -> float:
    """The first number from 0 up to 1 that seedrandom gives for the integer ``seed``."""
    return _Arc4(_mixed_key(f"{seed}\0")).fraction()


def _utf16(text: str) -> list[int]:
    data = text.encode("utf-16-le", "surrogatepass")
    return [data[at] | data[at + 1] << 8 for at in range(0, len(data), 2)]


def _mixed_key(seed: str) -> list[int]:
    key: list[int] = []
    smear = 0
    for at, unit in enumerate(_utf16(seed)):
        place = at % _WIDTH
        if place < len(key):
            smear ^= key[place] * 19
            key[place] = (smear + unit) % _WIDTH
        else:
            key.append((smear + unit) % _WIDTH)
    return key


class _Arc4:
    """The RC4 key stream, its first 256 bytes dropped."""

    def __init__(self, key: list[int]) -> None:
        self._state = list(range(_WIDTH))
        self._i = self._j = 0
        j = 0
        for i in range(_WIDTH):
            j = (j + key[i % len(key)] + self._state[i]) % _WIDTH
            self._state[i], self._state[j] = self._state[j], self._state[i]
        self._take(_DROPPED)

    def fraction(self) -> float:
        """The next number from 0 up to 1, with 52 or 53 significant bits."""
        numerator, denominator, rest = self._take(_CHUNKS), _WIDTH**_CHUNKS, 0
        while numerator < _SIGNIFICANCE:
            numerator, denominator = (numerator + rest) * _WIDTH, denominator * _WIDTH
            rest = self._take(1)
        value, scale = float(numerator), float(denominator)
        while value >= _OVERFLOW:
            value, scale, rest = value / 2, scale / 2, rest >> 1
        return (value + rest) / scale

    def _take(self, count: int) -> int:
        result = 0
        state = self._state
        for _ in range(count):
            self._i = (self._i + 1) % _WIDTH
            self._j = (self._j + state[self._i]) % _WIDTH
            state[self._i], state[self._j] = state[self._j], state[self._i]
            result = result * _WIDTH + state[(state[self._i] + state[self._j]) % _WIDTH]
        return result
