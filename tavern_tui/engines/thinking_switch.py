"""How servers are told whether to think, where a request carries messages: a switch for each kind of server.

With a finished prompt the prompt itself says it, and nothing is sent. Nothing is sent either where thinking is simply
on: that is what every server does of its own. Source: ``docs/spec/backends.md`` §5–11, the services' documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tavern_tui.domain.thinking import Thinking

Switch = Callable[[Thinking], Mapping[str, object]]
"""The fields of a request that say it; none for ``Thinking.ON``."""


def template_variables(think: Thinking) -> Mapping[str, object]:
    """For servers that hand variables on to the model's own chat template: vLLM, TabbyAPI, llama-server.

    Templates call the variable by one of two names; those that know degrees have a third.
    """
    match think:
        case Thinking.OFF:
            return {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}
        case Thinking.LOW:
            return {"chat_template_kwargs": {"reasoning_effort": "low"}}
    return {}


def own_fields(think: Thinking) -> Mapping[str, object]:
    """For text-generation-webui, which has the variables as fields of the request."""
    match think:
        case Thinking.OFF:
            return {"enable_thinking": False}
        case Thinking.LOW:
            return {"reasoning_effort": "low"}
    return {}


def reasoning_object(think: Thinking) -> Mapping[str, object]:
    """For OpenRouter, which says it to each model's host in its own way."""
    told: dict[Thinking, dict[str, object]] = {Thinking.OFF: {"enabled": False}, Thinking.LOW: {"effort": "low"}}
    return {"reasoning": told[think]} if think in told else {}


def deepseek(think: Thinking) -> Mapping[str, object]:
    """For DeepSeek's own service; it has no degrees."""
    return {"thinking": {"type": "disabled"}} if think is Thinking.OFF else {}


def think_field(think: Thinking) -> Mapping[str, object]:
    """For Ollama. Degrees are known to few of its models, and refused by the others: they are not asked for."""
    return {"think": False} if think is Thinking.OFF else {}
