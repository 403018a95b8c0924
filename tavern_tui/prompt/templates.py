"""The built-in instruct and context templates, and which of them a model wants.

One row per family: the tags are facts of the models, the prose is ours. Families that have no system turn carry the
head in the user's first block; those that insist on alternation say so. BOS tokens are left to the engine.
Sources: the models' published chat templates; llama.cpp ``src/llama-chat.cpp``; ``docs/spec/instruct-formats.md``.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.domain.template import ContextTemplate, InstructTemplate, NamesBehavior

_STORY = (
    "{{#if system}}{{system}}\n\n{{/if}}"
    "{{#if wiBefore}}{{wiBefore}}\n\n{{/if}}"
    "{{#if description}}{{description}}\n\n{{/if}}"
    "{{#if personality}}{{char}}'s personality: {{personality}}\n\n{{/if}}"
    "{{#if persona}}{{user}}, who is played by the user: {{persona}}\n\n{{/if}}"
    "{{#if scenario}}The scene: {{scenario}}\n\n{{/if}}"
    "{{#if wiAfter}}{{wiAfter}}\n\n{{/if}}{{trim}}"
)

CHAT_CONTEXT = ContextTemplate(
    name="Tavern chat",
    story_string=_STORY,
    example_separator="[An example of how {{char}} writes]",
    chat_start="[The story begins here]",
)
"""The head for models with a template: separators become turns of their own."""

PLAIN_CONTEXT = ContextTemplate(
    name="Tavern plain",
    story_string=_STORY,
    example_separator="***",
    chat_start="***",
    use_stop_strings=True,
)
"""The head for base models: a document with separators."""


def _family(
    name: str, *, control_tokens: tuple[str, ...] = (), stop_strings: tuple[str, ...] = (), **fields: str | bool
) -> InstructTemplate:
    plain = InstructTemplate(
        name=name,
        wrap=False,
        macro=False,
        names_behavior=NamesBehavior.FORCE,
        control_tokens=control_tokens,
        stop_strings=stop_strings,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


CHATML = _family(
    "ChatML",
    input_sequence="<|im_start|>user\n",
    input_suffix="<|im_end|>\n",
    output_sequence="<|im_start|>assistant\n",
    output_suffix="<|im_end|>\n",
    system_sequence="<|im_start|>system\n",
    system_suffix="<|im_end|>\n",
    story_string_prefix="<|im_start|>system\n",
    story_string_suffix="<|im_end|>\n",
    stop_sequence="<|im_end|>",
    control_tokens=("<|im_start|>", "<|im_end|>"),
    stop_strings=("<|im_start|>", "<|endoftext|>"),
)

LLAMA_3 = _family(
    "Llama 3",
    input_sequence="<|start_header_id|>user<|end_header_id|>\n\n",
    input_suffix="<|eot_id|>",
    output_sequence="<|start_header_id|>assistant<|end_header_id|>\n\n",
    output_suffix="<|eot_id|>",
    system_sequence="<|start_header_id|>system<|end_header_id|>\n\n",
    system_suffix="<|eot_id|>",
    story_string_prefix="<|start_header_id|>system<|end_header_id|>\n\n",
    story_string_suffix="<|eot_id|>",
    stop_sequence="<|eot_id|>",
    control_tokens=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    stop_strings=("<|start_header_id|>", "<|end_of_text|>", "<|eom_id|>"),
)

# In the Mistral rows the closing [/INST] belongs to the sequence that follows it, as in SillyTavern's templates: the
# reply line must end without the blank that versions before Tekken put before a reply.
_MISTRAL = _family(
    "Mistral",
    output_suffix="</s>",
    stop_sequence="</s>",
    system_in_user=True,
    system_same_as_user=True,
    alternates=True,
    stop_strings=("[INST]",),
)

MISTRAL_V1 = replace(
    _MISTRAL,
    name="Mistral V1",
    input_sequence=" [INST] ",
    output_sequence=" [/INST] ",
    last_output_sequence=" [/INST]",
    control_tokens=("</s>",),
)

MISTRAL_V3 = replace(
    _MISTRAL,
    name="Mistral V2 and V3",
    input_sequence="[INST] ",
    output_sequence="[/INST] ",
    last_output_sequence="[/INST]",
    control_tokens=("[INST]", "[/INST]", "</s>"),
)

MISTRAL_V3_TEKKEN = replace(
    MISTRAL_V3,
    name="Mistral V3-Tekken",
    input_sequence="[INST]",
    output_sequence="[/INST]",
    last_output_sequence="",
)

MISTRAL_V7 = replace(
    MISTRAL_V3,
    name="Mistral V7",
    system_in_user=False,
    story_string_prefix="[SYSTEM_PROMPT] ",
    story_string_suffix="[/SYSTEM_PROMPT]",
    control_tokens=("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]", "</s>"),
)

MISTRAL_V7_TEKKEN = replace(
    MISTRAL_V3_TEKKEN,
    name="Mistral V7-Tekken",
    system_in_user=False,
    story_string_prefix="[SYSTEM_PROMPT]",
    story_string_suffix="[/SYSTEM_PROMPT]",
    control_tokens=("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]", "</s>"),
)

GEMMA = _family(
    "Gemma",
    input_sequence="<start_of_turn>user\n",
    input_suffix="<end_of_turn>\n",
    output_sequence="<start_of_turn>model\n",
    output_suffix="<end_of_turn>\n",
    stop_sequence="<end_of_turn>",
    system_in_user=True,
    system_same_as_user=True,
    alternates=True,
    control_tokens=("<start_of_turn>", "<end_of_turn>"),
    stop_strings=("<start_of_turn>", "<eos>"),
)

ALPACA = _family(
    "Alpaca",
    input_sequence="### Instruction:\n",
    input_suffix="\n\n",
    output_sequence="### Response:\n",
    output_suffix="\n\n",
    system_sequence="### Input:\n",
    system_suffix="\n\n",
    story_string_suffix="\n\n",
    stop_strings=("### Instruction:", "### Input:", "\n### ", "</s>"),
)

BUILT_IN: dict[str, InstructTemplate] = {
    template.name: template
    for template in (
        CHATML,
        LLAMA_3,
        MISTRAL_V1,
        MISTRAL_V3,
        MISTRAL_V3_TEKKEN,
        MISTRAL_V7,
        MISTRAL_V7_TEKKEN,
        GEMMA,
        ALPACA,
    )
}
"""The instruct templates by name. Plain text is no template: ``PromptInput.instruct`` is ``None``."""


PLAIN = "Plain text"
"""What it is called when a prompt has no template."""

_MEANT_PLAIN = ("plain", "none")


def template_name(typed: str) -> str | None:
    """The name of the template that was typed, in any case of letters; ``PLAIN`` for none; ``None`` where none is."""
    folded = typed.strip().casefold()
    if folded in _MEANT_PLAIN:
        return PLAIN
    return next((name for name in (*BUILT_IN, PLAIN) if name.casefold() == folded), None)


def context_for(template: InstructTemplate | None) -> ContextTemplate:
    """The built-in context template that goes with an instruct template, or with none."""
    return PLAIN_CONTEXT if template is None else CHAT_CONTEXT
