"""What is said about a reply that a server writes for several clients, or goes on writing when the link has broken.

Manner and type are those of ``domain.messages``.
"""

from __future__ import annotations

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.wording import Wording

_NAME = 40


def queued(engine: str, place: int) -> Wording:
    """A server writes for another client first; ``place`` 1 is next in line, 0 unknown."""
    turn = {0: "", 1: " You are next."}.get(place, f" You are number {place}.")
    return Wording(f"{safe_line(engine, _NAME)} is busy with another client.{turn}", keys="Esc waits no longer")


def busy_for_another(engine: str) -> Wording:
    """A server writes for one other client, and nobody else waits: that one can be stopped, if a person says so."""
    return Wording(f"{safe_line(engine, _NAME)} is busy with another client. /stopother stops it.")


def other_stopped(engine: str) -> Wording:
    """The user had another client's reply stopped."""
    return Wording(f"{safe_line(engine, _NAME)} stopped what it wrote for another client.")


def asking_for_the_rest(engine: str) -> Wording:
    """The link broke in mid-reply; the server is asked for what it goes on writing."""
    return Wording(f"The link broke: asking {safe_line(engine, _NAME)} for the rest.", keys="Esc keeps what came")
