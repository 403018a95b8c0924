"""How a row of the families' tables becomes an ``InstructTemplate``."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.domain.template import InstructTemplate, NamesBehavior

Pair = tuple[str, str]
"""What stands before a text and after it."""


def family(
    name: str,
    *,
    user: Pair = ("", ""),
    assistant: Pair = ("", ""),
    system: Pair | None = None,
    head: Pair | None = None,
    reply: str = "",
    stop: str = "",
    stops: tuple[str, ...] = (),
    tokens: tuple[str, ...] = (),
    **fields: str | bool | NamesBehavior,
) -> InstructTemplate:
    """One family. ``head`` is the system turn at the beginning where it differs from one in mid-chat (``system``).

    Without ``system``, what the system says in mid-chat is the user's. ``reply`` is what the prompt ends with where
    that is not the assistant's opening. ``stop`` ends a reply, ``stops`` do so beside it. ``tokens`` are the tags that
    are single tokens. ``fields`` are further fields of the template.
    """
    first, inner = head or system or ("", ""), system or ("", "")
    row = InstructTemplate(
        name=name,
        input_sequence=user[0],
        input_suffix=user[1],
        output_sequence=assistant[0],
        output_suffix=assistant[1],
        last_output_sequence=reply,
        system_sequence=inner[0],
        system_suffix=inner[1],
        story_string_prefix=first[0],
        story_string_suffix=first[1],
        system_same_as_user=system is None,
        stop_sequence=stop,
        stop_strings=stops,
        control_tokens=tokens,
        wrap=False,
        macro=False,
        names_behavior=NamesBehavior.FORCE,
    )
    return replace(row, **fields)  # type: ignore[arg-type]


def thinking(
    template: InstructTemplate,
    opening: str = "<think>",
    closing: str = "</think>",
    *,
    name: str = "",
    begun: str = "",
    closed: str = "",
) -> InstructTemplate:
    """The template of a model that thinks first. ``begun`` is the opening that its prompt writes itself.

    ``closed`` is what the prompt ends with instead where the model must not think; empty: both tags, blank lines
    between and after them.
    """
    return replace(
        template,
        name=name or template.name,
        reasoning_open=opening,
        reasoning_close=closing,
        reasoning_prefill=begun,
        reasoning_closed=closed,
    )
