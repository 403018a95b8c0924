"""Context and instruct templates, with SillyTavern's field names.

A template says how a story string and chat turns are written down for one model family. The built-in ones, their
detection and their rendering live in ``prompt``. Fields: ``docs/spec/sillytavern-prompts.md``
§4.1–4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class NamesBehavior(Enum):
    """When a turn's text is prefixed with its speaker's name."""

    NONE = "none"
    FORCE = "force"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class InstructTemplate:
    """How turns are wrapped. Sequences stand before a text, suffixes after it.

    ``wrap`` puts a newline between sequence and text. ``stop_sequence`` ends a reply.
    ``system_in_user`` says that the family has no system turn: story and injections merge into user turns.
    ``alternates`` says that the family insists on user and assistant taking turns, the user first.
    ``control_tokens`` are the tags that are single tokens of the family's vocabulary: only directly after one of them,
    or after a newline, may a prompt be cut into segments. ``stop_strings`` end a reply beside ``stop_sequence``.
    ``system_sequence_prefix``/``_suffix`` stand round the system prompt alone (SillyTavern 1.12.6).
    ``reasoning_open``/``reasoning_close`` are the tags round the model's thinking, empty where it does not think.
    ``reasoning_prefill`` is what the prompt itself opens the thinking with, ``reasoning_closed`` what it ends with
    where the model must not think (empty: both tags with blank lines). ``trim_content`` says that the family writes
    texts without the blanks round them, ``blank_lines_end_turns`` that a blank line in a text would end its turn.
    """

    name: str
    input_sequence: str = ""
    input_suffix: str = ""
    output_sequence: str = ""
    output_suffix: str = ""
    system_sequence: str = ""
    system_suffix: str = ""
    first_input_sequence: str = ""
    last_input_sequence: str = ""
    first_output_sequence: str = ""
    last_output_sequence: str = ""
    last_system_sequence: str = ""
    system_sequence_prefix: str = ""
    system_sequence_suffix: str = ""
    story_string_prefix: str = ""
    story_string_suffix: str = ""
    stop_sequence: str = ""
    user_alignment_message: str = ""
    wrap: bool = True
    macro: bool = True
    names_behavior: NamesBehavior = NamesBehavior.ALWAYS
    system_same_as_user: bool = False
    system_in_user: bool = False
    alternates: bool = False
    skip_examples: bool = False
    sequences_as_stop_strings: bool = False
    activation_regex: str = ""
    reasoning_open: str = ""
    reasoning_close: str = ""
    control_tokens: tuple[str, ...] = ()
    stop_strings: tuple[str, ...] = ()
    reasoning_prefill: str = ""
    reasoning_closed: str = ""
    trim_content: bool = False
    blank_lines_end_turns: bool = False


@dataclass(frozen=True, slots=True)
class ContextTemplate:
    """How the head of the prompt is written: the story string (Handlebars) and its separators."""

    name: str
    story_string: str
    example_separator: str = ""
    chat_start: str = ""
    use_stop_strings: bool = False
    names_as_stop_strings: bool = True


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """A system prompt by name, and what stands below the chat with it (``post_history``). Both may hold macros."""

    name: str
    content: str = ""
    post_history: str = ""


@dataclass(frozen=True, slots=True)
class ReasoningTemplate:
    """How a family of models marks its thinking: what opens it, closes it and stands between it and the reply."""

    name: str
    prefix: str = ""
    suffix: str = ""
    separator: str = ""
