"""Addresses as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import EngineError
from tavern_tui.engines.address import DEFAULT_PORTS, is_local, is_loopback, origin, parse_address, shown, without_query

RIG = "http://rig:5001"


@pytest.mark.parametrize(
    "typed",
    [
        "rig:5001",
        "  rig:5001/  ",
        "RIG:5001",
        "http://rig:5001",
        "HTTP://rig:5001//",
        "http://rig:5001/#",
        "http://rig:5001/?streaming=1",
        "http://rig:5001/v1",
        "http://rig:5001/v1/",
        "http://rig:5001/v1/models",
        "http://rig:5001/v1/completions",
        "http://rig:5001/v1/chat/completions",
        "http://rig:5001/api",
        "http://rig:5001/api/",
        "http://rig:5001/api/v1",
        "http://rig:5001/api/v1/generate",
        "rig:5001/api/latest",
        "http://rig:5001/api/generate",
        "http://rig:5001/api/chat",
    ],
)
def test_an_address_leads_to_the_same_place_however_much_was_pasted(typed: str) -> None:
    assert parse_address(typed).bases[0] == RIG


@pytest.mark.parametrize(
    ("typed", "bases"),
    [
        ("https://openrouter.ai/api/v1", ("https://openrouter.ai", "https://openrouter.ai/api")),
        ("https://x.org/tunnel/a/api/v1", ("https://x.org/tunnel/a", "https://x.org/tunnel/a/api")),
        ("https://x.org/tunnel/a/v1", ("https://x.org/tunnel/a",)),
        ("https://x.org/v1beta/openai", ("https://x.org/v1beta/openai",)),
        ("https://x.org:8443/llm/", ("https://x.org:8443/llm",)),
        ("http://rig:80", ("http://rig",)),
        ("https://x.org:443/v1", ("https://x.org",)),
        ("[::1]:5001", ("http://[::1]:5001",)),
        ("http://[fd00::7]:8080/v1", ("http://[fd00::7]:8080",)),
        ("192.168.1.5:5001", ("http://192.168.1.5:5001",)),
        ("100.100.1.2:5001", ("http://100.100.1.2:5001",)),
        ("rig.lan:5001", ("http://rig.lan:5001",)),
        ("llm.example.org:5001", ("https://llm.example.org:5001",)),
        ("8.8.8.8:5001", ("https://8.8.8.8:5001",)),
        ("llm.example.org", ("https://llm.example.org",)),
    ],
)
def test_path_prefix_port_and_scheme_are_kept_or_guessed(typed: str, bases: tuple[str, ...]) -> None:
    assert parse_address(typed).bases == bases


def test_a_bare_name_means_the_usual_ports() -> None:
    assert parse_address("rig").bases == (*(f"http://rig:{port}" for port in DEFAULT_PORTS), "http://rig")


def test_a_typed_scheme_without_a_port_means_its_own_port_first() -> None:
    assert parse_address("http://rig").bases[:2] == ("http://rig", "http://rig:5001")


def test_an_ipv6_address_needs_no_brackets() -> None:
    assert parse_address("::1").bases[0] == "http://[::1]:5001"


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "http://", "rig:99999", "rig:0", "rig:abc", "rig:50 01", "my rig", "ftp://rig", "[::1", "[zz]:1",
     "a:b:c", "http:///v1", "rig:٣", "x\x00y", ".", "a..b", "-".join(["x" * 70] * 4) + ".example"],
)  # fmt: skip
def test_what_is_no_address_is_said_to_be_none(typed: str) -> None:
    with pytest.raises(EngineError) as caught:
        parse_address(typed)
    assert "is not an address" in caught.value.title


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(EngineError) as caught:
        parse_address("https://me:hunter2@rig:5001/v1")
    assert "hunter2" not in str(caught.value)
    assert "rig:5001" in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_clear_message(typed: str) -> None:
    try:
        bases = parse_address(typed).bases
    except EngineError:
        return
    assert all(base.startswith(("http://", "https://")) and not base.endswith("/") for base in bases)


@given(
    st.sampled_from(["rig", "rig:5001", "10.0.0.2:1", "[::1]:5001", "a.example.org/x"]), st.sampled_from(["", "/v1"])
)
def test_a_base_typed_again_is_itself(typed: str, tail: str) -> None:
    for base in parse_address(typed).bases:
        assert base in parse_address(base + tail).bases


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "[::1]", "127.1.2.3", "sub.localhost"])
def test_this_machine_is_known(host: str) -> None:
    assert is_loopback(host)
    assert is_local(host)


@pytest.mark.parametrize("host", ["rig", "10.1.2.3", "172.20.0.1", "fe80::1%eth0", "rig.local", "fd12::1"])
def test_a_private_network_is_local_and_not_this_machine(host: str) -> None:
    assert is_local(host)
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["openrouter.ai", "1.1.1.1", "172.40.0.1", "2606:4700::1", "notlan"])
def test_the_open_internet_is_not_local(host: str) -> None:
    assert is_local(host) == (host == "notlan")


@pytest.mark.parametrize(
    ("url", "text"),
    [("http://rig:5001/x", "rig:5001"), ("https://openrouter.ai/api", "openrouter.ai"), ("http://[::1]:80", "[::1]")],
)
def test_messages_name_host_and_port(url: str, text: str) -> None:
    assert shown(url) == text


def test_a_key_is_bound_to_scheme_host_and_port() -> None:
    assert origin("https://x.org/a") == origin("https://X.org:443/b")
    assert len({origin(u) for u in ("https://x.org", "http://x.org", "https://x.org:8443", "https://y.org")}) == 4


@pytest.mark.parametrize("host", ["134744072", "0x08080808", "010.8.8.8", "8.526344", "::ffff:8.8.8.8"])
def test_a_number_of_the_open_internet_is_not_of_this_network_however_it_is_written(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "::ffff:127.0.0.1"])
def test_this_machine_is_this_machine_however_it_is_written(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("typed", ["http://ex\u2100mple.com", "http://a\uff0fb:5001", "https://h\u2048x"])
def test_letters_that_only_look_like_part_of_a_name_are_no_address(typed: str) -> None:
    with pytest.raises(EngineError):
        parse_address(typed)


@pytest.mark.parametrize(
    "typed", ["ftp://me:hush@host", "http://me:hu/sh@host", "me:hush@rig:99999", "http://me:hush@host/v1?key=hush"]
)
def test_a_password_in_an_address_is_never_repeated(typed: str) -> None:
    with pytest.raises(EngineError) as caught:
        parse_address(typed)
    assert "hu" not in str(caught.value)


@pytest.mark.parametrize("typed", ["rig:5001/?api_key=sk-1", " rig:5001/#sk-1 ", "rig:5001/"])
def test_what_stands_behind_a_question_mark_is_no_part_of_an_address(typed: str) -> None:
    assert without_query(typed) == "rig:5001/"
