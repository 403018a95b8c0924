"""The fixed texts about servers that a request was fitted to, or made again for. The manner is ``messages``'s."""

from __future__ import annotations

from collections.abc import Sequence

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.messages import number, seconds
from tavern_tui.domain.wording import Wording

_NAME = 40


def _name(text: str) -> str:
    return safe_line(text, _NAME)


def roles_arranged(server: str) -> Wording:
    """A server's chat template wants user and assistant to take turns: the messages are put together so."""
    return Wording(f"{_name(server)} wants user and reply to take turns: messages are joined for this model.")


def slots_busy(engine: str) -> Wording:
    """All places of a server are taken by others; the reply begins when one is free."""
    return Wording(f"{_name(engine)} is at work for others: waiting for a place.", keys="Esc waits no longer")


def out_of_credit(server: str, said: str = "", status: int = 402) -> Wording:
    """A service wants to be paid, and says so with this status."""
    words = safe_line(said, 120).rstrip(".")
    return Wording(
        f"{_name(server)} wants payment first ({status}).",
        safe="Your message is saved.",
        advice=f"It said: {words}." if words else "Its website has the credits.",
    )


def prompt_shortened(server: str, context_tokens: int) -> Wording:
    """A server had less room than it was thought to have: the oldest turns are left out, once."""
    room = f"{_name(server)} has room for {number(context_tokens)} tokens only"
    return Wording(f"{room}: the oldest turns are left out of the prompt.")


def trying_again(why: str, delay: float) -> Wording:
    """A request that brought nothing is made again after ``delay`` seconds; ``why`` is the fault's own sentence."""
    return Wording(safe_line(why, 160), safe=f"Trying again in {seconds(delay)}.", keys="Esc waits no longer")


def certificates_unreadable(places: Sequence[str]) -> Wording:
    """The environment names certificates (``SSL_CERT_FILE=…``) that are not there, or are none."""
    named = safe_line(" and ".join(places), 160) or "the system's certificates"
    return Wording(f"No certificate can be read from {named}.", advice="Correct the variable, or take it away.")


def proxy_unusable(server: str) -> Wording:
    """The environment names a proxy of a kind that is not spoken to, or in words that make no address."""
    return Wording(
        f"The proxy on the way to {_name(server)} cannot be used.",
        advice="HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY take http:// addresses; SOCKS is not spoken.",
    )
