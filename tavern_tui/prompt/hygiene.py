"""Control tokens inside texts that other people wrote.

An engine reads a prompt with its special tokens parsed, so a card, a lorebook or a pasted text that holds
``<|im_end|>`` or ``[/INST]`` could end the turn it stands in and speak as somebody else. Such a string is made harmless
by a space after its bracket: a reader sees what was meant, a tokenizer sees ordinary text.
"""

from __future__ import annotations

import re

# The shapes of special tokens of the known families: <|…|>, <｜…｜> with full-width bars, <|turn>, <turn|>, <s>, </s>,
# <bos>, <start_of_turn>, <<SYS>>, [INST], [SYSTEM_PROMPT], [gMASK]. Bounded, so that no text makes the search slow.
_CONTROL = re.compile(
    r"<(?=[|｜][^<>\s|｜]{1,60}[|｜]?>"
    r"|[A-Za-z0-9_/]{1,40}[|｜]>"
    r"|/?(?:s|bos|eos|pad|unk|sop|eop|mask)>"
    r"|(?:start|end)_of_[a-z]{1,20}>"
    r"|/?[a-z]{1,12}:(?:bos|eos|think)>"
    r"|</?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK|IMG|gMASK)\])"
)


def harmless(text: str, control_tokens: tuple[str, ...] = ()) -> str:
    """``text`` in which no known control token and none of ``control_tokens`` is left. Idempotent."""
    if "<" in text or "[" in text:
        text = _CONTROL.sub(lambda match: match.group() + " ", text)
    for token in control_tokens:
        if len(token) > 1 and token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text
