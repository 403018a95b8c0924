"""What servers answer to questions about themselves, in the shapes that their documentation publishes.

Not recorded from real servers, but for KoboldCpp's: those are the recorded answers of 1.76. Each table has everything
that its server would answer to any of the probe's questions, the borrowed routes of other servers among them.
"""

from __future__ import annotations

from tests.engines.replay import Replay
from tests.engines.standin import Asked, Reply, Route, page, said


def koboldcpp() -> dict[str, Route]:
    """KoboldCpp 1.76's recorded answers; as there, an unknown path is a page with status 404."""
    return Replay("koboldcpp-1.76").routes


def models(owner: str, *ids: str, **more: object) -> Reply:
    """The common list of models."""
    items = [{"id": name, "object": "model", "owned_by": owner, **more} for name in ids or ("m",)]
    return said({"object": "list", "data": items})


def words(field: str, key: str, *, bos: int = 0) -> Route:
    """A tokenizer: a word is a token."""

    def count(asked: Asked) -> Reply:
        size = bos + len(str(asked.json[field]).split())
        return said({key: size, "tokens": list(range(size))})

    return count


# KoboldCpp answers as Ollama and as llama-server would.
KOBOLD_IN_COSTUMES: dict[str, Route] = {
    **koboldcpp(),
    "/api/version": said({"version": "0.7.0"}),
    "/api/tags": said({"models": [{"name": "koboldcpp"}]}),
    "/props": said({"chat_template": "", "total_slots": 1, "default_generation_settings": {"n_ctx": 2048}}),
}
TABBY: dict[str, Route] = {
    "/.well-known/serviceinfo": said(
        {"version": 0.1, "software": {"name": "TabbyAPI", "repository": "…"}, "api": {"openai": {"name": "OpenAI API"}}}
    ),
    "/api/extra/version": said({"result": "KoboldCpp", "version": "1.74"}),
    "/v1/models": models("tabbyAPI", "Rocinante-12B-exl3", "Magnum-22B-exl3"),
    "/v1/model": said(
        {
            "id": "Magnum-22B-exl3",
            "owned_by": "tabbyAPI",
            "parameters": {"max_seq_len": 16384, "prompt_template": "x", "prompt_template_content": "{{ messages }}"},
        }
    ),
    "/v1/token/encode": words("text", "length"),
    "/props": said({"total_slots": 1, "default_generation_settings": {"n_ctx": 16384}, "chat_template": "x"}),
}
# The same with nothing but its costume on: the service information and the owner are newer.
TABBY_IN_DISGUISE: dict[str, Route] = {**TABBY, "/.well-known/serviceinfo": said({}, 404), "/v1/models": models("x")}
TEXTGEN: dict[str, Route] = {
    "/v1/models": models("user", "Nemo-12B.gguf", "gpt-3.5-turbo"),
    "/v1/internal/model/info": said({"model_name": "Nemo-12B.gguf", "lora_names": [], "loader": "llama.cpp"}),
    "/v1/internal/encode": words("text", "length", bos=1),
}
LM_STUDIO: dict[str, Route] = {
    "/v1/models": models("organization_owner", "nemo-12b", "qwen3-14b", "nomic-embed"),
    "/api/v1/models": said(
        {
            "models": [
                {"type": "llm", "key": "nemo-12b", "loaded_instances": [], "max_context_length": 131072},
                {
                    "type": "llm",
                    "key": "qwen3-14b",
                    "loaded_instances": [{"id": "qwen3-14b", "config": {"context_length": 8192}}],
                    "max_context_length": 40960,
                },
                {"type": "embedding", "key": "nomic-embed", "loaded_instances": [], "max_context_length": 2048},
            ]
        }
    ),
}
LM_STUDIO_OLDER: dict[str, Route] = {
    "/v1/models": models("x", "qwen3-14b"),
    "/api/v0/models": said(
        {
            "object": "list",
            "data": [
                {
                    "id": "nemo-12b",
                    "type": "llm",
                    "publisher": "m",
                    "state": "not-loaded",
                    "max_context_length": 131072,
                },
                {
                    "id": "qwen3-14b",
                    "type": "llm",
                    "state": "loaded",
                    "max_context_length": 40960,
                    "loaded_context_length": 8192,
                },
            ],
        }
    ),
}
OLLAMA: dict[str, Route] = {
    "/": Reply(200, b"Ollama is running", "text/plain; charset=utf-8"),
    "/api/version": said({"version": "0.9.6"}),
    "/api/tags": said({"models": [{"name": "llama3.2:latest"}, {"name": "mistral-nemo:12b"}]}),
    "/api/ps": said({"models": [{"name": "mistral-nemo:12b", "size_vram": 1, "context_length": 16384}]}),
    "/api/show": said(
        {
            "template": "{{ .Prompt }}",
            "parameters": 'num_ctx                        4096\nstop                           "<|im_end|>"',
            "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
            "capabilities": ["completion"],
        }
    ),
    "/v1/models": models("library", "llama3.2:latest", "mistral-nemo:12b"),
}
VLLM: dict[str, Route] = {
    "/health": Reply(200, b""),
    "/version": said({"version": "0.9.1"}),
    "/v1/models": models("vllm", "mistralai/Mistral-Nemo", max_model_len=16384),
    "/tokenize": words("prompt", "count"),
}
SGLANG: dict[str, Route] = {"/health": Reply(200, b""), "/v1/models": models("sglang", "m", max_model_len=8192)}
APHRODITE: dict[str, Route] = {**VLLM, "/v1/models": models("pygmalionai", "m", max_model_len=8192)}
LLAMA_CPP_PYTHON: dict[str, Route] = {
    "/v1/models": models("me"),
    "/extras/tokenize/count": words("input", "count"),
}
GENERIC: dict[str, Route] = {"/v1/models": models("somebody"), "/": page()}

SERVERS: dict[str, tuple[str, dict[str, Route]]] = {
    "koboldcpp": ("KoboldCpp", koboldcpp()),
    "koboldcpp in costumes": ("KoboldCpp", KOBOLD_IN_COSTUMES),
    "tabby": ("TabbyAPI", TABBY),
    "tabby in disguise": ("TabbyAPI", TABBY_IN_DISGUISE),
    "textgen": ("text-generation-webui", TEXTGEN),
    "lm studio": ("LM Studio", LM_STUDIO),
    "older lm studio": ("LM Studio", LM_STUDIO_OLDER),
    "ollama": ("Ollama", OLLAMA),
    "vllm": ("vLLM", VLLM),
    "sglang": ("SGLang", SGLANG),
    "aphrodite": ("Aphrodite", APHRODITE),
    "llama-cpp-python": ("llama-cpp-python", LLAMA_CPP_PYTHON),
    "generic": ("OpenAI-compatible server", GENERIC),
}
