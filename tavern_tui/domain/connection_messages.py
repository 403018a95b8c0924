"""The fixed texts about connections and keys; the manner is that of ``messages``. No text here holds a key."""

from __future__ import annotations

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.messages import Wording, number

_NAME = 40  # characters of a name in a message, as in ``messages``


def key_in_clear(origin: str) -> Wording:
    """A key would be sent over http to a machine of another network; ``origin`` is scheme, host and port."""
    return Wording(
        f"The key for {safe_line(origin)} would go unencrypted.",
        safe="Nothing was sent.",
        advice="https:// encrypts it.",
        keys="y sends it all the same",
    )


def no_such_key(name: str) -> Wording:
    """A connection names a secret that is not there."""
    return Wording(f"There is no key “{_name(name)}”.", advice="tavern-tui secrets lists them.")


def key_not_for(server: str, of: str) -> Wording:
    """``TAVERN_KEY`` belongs to another address than this one, which refuses to talk without a key."""
    return Wording(f"TAVERN_KEY is for {_name(of)}, and was not sent to {_name(server)}.")


def no_such_connection(name: str) -> Wording:
    """A chat or setting names a connection that is no longer there."""
    return Wording(
        f"The connection “{_name(name)}” is not there any more.", safe="The usual one is used.", keys="/connect chooses"
    )


def writes_here(name: str) -> Wording:
    """A chat has an engine of its own."""
    return Wording(f"{_name(name)} writes in this chat, and only here.", keys="/here usual goes back")


def writes_as_usual(name: str) -> Wording:
    """A chat has no engine of its own any more."""
    return Wording(f"{_name(name)} writes in this chat again, as in the others.")


def template_kept(template: str, model: str) -> Wording:
    """The template of the model before is used for the one that took its place."""
    return Wording(f"{_name(model)} is written to with {_name(template)} from now on.")


def keeps_template(template: str) -> Wording:
    """Another model answers, and its template is another one; what was used before may be wanted."""
    return Wording(f"The model before was written to with {_name(template)}.", keys="k keeps that template")


def key_kept(server: str, place: str) -> Wording:
    """A key was typed in, and is kept for a server."""
    return Wording(f"The key for {_name(server)} is kept ({_name(place)}).")


# What a test of a connection found to be doubtful.


def foreign_tag(tag: str, template: str) -> Wording:
    """A reply holds the markup of another family of models."""
    return Wording(
        f"The reply holds {_name(tag)}, which is not of {_name(template)}.",
        advice="The template is likely another: tavern-tui models template MODEL NAME",
    )


def ended_at_once(template: str) -> Wording:
    """A test's reply was empty."""
    return Wording("The reply ended at once, without a word.", advice=f"Often the template: now {_name(template)}.")


def repeats(piece: str) -> Wording:
    """A test's reply is one token again and again."""
    return Wording(
        f"The reply repeats “{_name(piece)}” and nothing else.",
        advice="The template, or the model file, is likely broken.",
    )


def context_below(loaded: int, wanted: int) -> Wording:
    """The connection wants a larger context than the server has loaded; tokens."""
    return Wording(
        f"The server has loaded {number(loaded)} tokens of context, not {number(wanted)}.",
        advice=f"{number(loaded)} are used; the server's own settings raise them.",
    )


def other_model(now: str, wanted: str) -> Wording:
    """A server answers with another model than the connection names."""
    return Wording(f"{_name(now)} answers, not {_name(wanted)}.", advice="Load the other one on the server.")


def _name(text: str) -> str:
    return safe_line(text, _NAME)
