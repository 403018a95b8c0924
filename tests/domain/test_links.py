"""The web addresses in a text: which there are, where they end, and where they really lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.links import MOST_CHARACTERS, links_in


def addresses(text: str) -> list[str]:
    return [link.address for link in links_in(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://example.org/map.", ["https://example.org/map"]),
        ("(https://example.org/wiki/Fen_(mire))", ["https://example.org/wiki/Fen_(mire)"]),
        ("[the map](https://example.org/a?b=c&d=1#e), she said", ["https://example.org/a?b=c&d=1#e"]),
        ("*https://example.org/x* and **http://example.org:8080/**", [
            "https://example.org/x",
            "http://example.org:8080/",
        ]),
        ("“https://example.org”", ["https://example.org/"]),
        ("HTTPS://Example.ORG/Path", ["https://example.org/Path"]),
        ("twice https://a.example/ and https://a.example", ["https://a.example/"]),
        ("http://[2001:db8::1]:80/x", ["http://[2001:db8::1]:80/x"]),
        ("https://example.org/grün?q=süß", ["https://example.org/gr%C3%BCn?q=s%C3%BC%C3%9F"]),
        ("https://example.org/a%20b", ["https://example.org/a%20b"]),
    ],
    ids=["sentence", "bracket", "markdown", "stars", "quotes", "case", "twice", "ipv6", "letters", "kept"],
)  # fmt: skip
def test_an_address_ends_where_the_sentence_goes_on(text: str, found: list[str]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://example.org/",
        "shttp://example.org/",
        "http://",
        "https://:80/",
        "http://example.org:port/",
        "http://-/",
        "https://[::1/",
        "example.org",
        "",
    ],
)
def test_what_is_no_web_address_is_none(text: str) -> None:
    assert addresses(text) == []


@pytest.mark.parametrize(
    ("text", "address", "host"),
    [
        ("https://bank.example@evil.example/login", "https://evil.example/login", "evil.example"),
        ("https://bаnk.example/", "https://xn--bnk-6cd.example/", "xn--bnk-6cd.example"),
        ("https://example.org/\u202egpj.exe", "https://example.org/%E2%80%AEgpj.exe", "example.org"),
        ("https://example.org/\x1b]0;x\x07", "https://example.org/%1B%5D0;x%07", "example.org"),
    ],
    ids=["name-before", "look-alike", "direction", "sequence"],
)
def test_a_disguised_address_shows_where_it_leads(text: str, address: str, host: str) -> None:
    (link,) = links_in(text)
    assert (link.address, link.host) == (address, host)


def test_an_address_too_long_to_be_looked_over_is_told() -> None:
    (long,) = links_in(f"https://example.org/{'x' * MOST_CHARACTERS}")
    (short,) = links_in("https://example.org/x")
    assert (long.short, short.short) == (False, True)


@given(st.text(st.characters(codec=None), max_size=60), st.text(max_size=40))
def test_whatever_a_text_holds_what_is_found_is_printable_ascii(host: str, rest: str) -> None:
    for link in links_in(f"see http://{host}/{rest} or https://{rest}"):
        assert link.address.isascii()
        assert link.address.isprintable()
        assert " " not in link.address
        assert link.address.startswith(("http://", "https://"))
        assert links_in(link.address)[0].host == link.host
