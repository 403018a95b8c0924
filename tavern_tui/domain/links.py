"""``links_in``: the web addresses that stand in a text, as they would really be asked for.

Texts of cards and models may disguise where an address leads: by letters that look like others, by a name before an
``@``, by signs that are not shown. What is found here has ASCII only, and its host is told apart. Pure; nothing is
opened or fetched. Source: RFC 3986 (the signs of an address), RFC 3492 (hosts of other letters).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

MOST_CHARACTERS: Final = 300
"""Of an address that is opened: what is longer cannot be looked over on a small screen."""

_CANDIDATE: Final = re.compile(r"\bhttps?://[^\s<>\"`\\^{|}]{1,4000}", re.I)
_CLOSES: Final = {")": "(", "]": "[", "”": "“", "»": "«"}
_ENDS_A_SENTENCE: Final = ".,;:!?*_~'’\"…"
_KEPT: Final = "%!$&'()*+,;=:@/-._~"
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9.])?|\[[0-9a-f:.]+\]")


@dataclass(frozen=True, slots=True)
class Link:
    """One web address: ``address`` is ASCII and begins with ``http://`` or ``https://``, ``host`` is where it leads."""

    address: str
    host: str

    @property
    def short(self) -> bool:
        """Whether it can be looked over, and so be opened."""
        return len(self.address) <= MOST_CHARACTERS


def links_in(text: str) -> tuple[Link, ...]:
    """The web addresses in ``text`` in order, each once; signs that end a sentence or a bracket are none of theirs."""
    found: dict[str, Link] = {}
    for match in _CANDIDATE.finditer(text):
        link = _link(_without_end(match.group()))
        if link is not None:
            found.setdefault(link.address, link)
    return tuple(found.values())


def _without_end(candidate: str) -> str:
    """``candidate`` without what belongs to the sentence round it."""
    while candidate:
        last = candidate[-1]
        opening = _CLOSES.get(last)
        if last not in _ENDS_A_SENTENCE and (opening is None or candidate.count(last) <= candidate.count(opening)):
            break
        candidate = candidate[:-1]
    return candidate


def _link(candidate: str) -> Link | None:
    try:
        parts = urlsplit(candidate)
        host, port = _ascii_host(parts.hostname or ""), parts.port
        path = quote(parts.path, safe=_KEPT) or "/"
        query, fragment = (quote(part, safe=_KEPT + "?") for part in (parts.query, parts.fragment))
    except ValueError:  # a port that is no number, a host that is no name, half a letter
        return None
    if not _HOST.fullmatch(host):
        return None
    place = host if port is None else f"{host}:{port}"
    return Link(urlunsplit((parts.scheme.lower(), place, path, query, fragment)), host)


def _ascii_host(host: str) -> str:
    """The host as it is asked for. Raises ``ValueError`` for what is none."""
    named = host if host.isascii() else host.encode("idna").decode("ascii")
    return f"[{named}]" if ":" in named else named.casefold()
