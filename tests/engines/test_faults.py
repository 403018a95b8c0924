"""How servers say no, dialect by dialect, and what the user reads then."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import EngineFault
from tavern_tui.engines.faults import Answer, complaint, refusal, retry_seconds

KEY = "sk-or-v1-0123456789abcdef"


def answer(status: int, value: object, retry_after: str = "") -> Answer:
    return Answer(status, "application/json", json.dumps(value), retry_after)


OVERFLOWS = {
    "llama-cpp-python": (
        400,
        {
            "error": {
                "message": "This model's maximum context length is 1024 tokens, however you requested 1506 tokens "
                "(1501 in your prompt; 5 for the completion). Please reduce your prompt; or completion length.",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "context_length_exceeded",
            }
        },
        (1501, 1024),
    ),
    "llama-server": (
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size. try increasing the context size",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 5012,
                "n_ctx": 4096,
            }
        },
        (5012, 4096),
    ),
    "llama-server that answers 500": (
        500,
        {"error": {"code": 500, "message": "x", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8}},
        (9, 8),
    ),
    "vLLM": (
        400,
        {
            "object": "error",
            "error": {
                "message": "This model's maximum context length is 4096 tokens. However, your request has 5000 input "
                "tokens. Please reduce the length of the input messages.",
                "type": "BadRequestError",
                "code": 400,
            },
        },
        (5000, 4096),
    ),
    "TabbyAPI": (
        400,
        {"error": {"message": "Prompt is greater than the context length", "code": "context_length_exceeded"}},
        (None, None),
    ),
    "TabbyAPI with numbers": (
        400,
        {"error": {"message": "Prompt length 9000 exceeds the available context size of 8192 tokens",
                   "code": "context_length_exceeded"}},
        (9000, 8192),
    ),
    "TabbyAPI that counts the reply": (
        400,
        {"error": {"message": "Initial job allocation requires 9216 cache tokens, which exceeds the available context "
                              "size of 8192 tokens", "code": "context_length_exceeded"}},
        (None, 8192),
    ),
    "vLLM that counts the reply": (
        400,
        {
            "error": {
                "message": "'max_tokens' or 'max_completion_tokens' is too large: 500. This model's maximum context "
                "length is 4096 tokens and your request has 3900 input tokens (500 > 4096 - 3900).",
                "param": "max_tokens",
            }
        },
        (3900, 4096),
    ),
    "OpenRouter": (
        400,
        {
            "error": {
                "code": 400,
                "message": "This endpoint's maximum context length is 8192 tokens. However, you requested about 9300 "
                "tokens (9000 of text input, 300 in the output). Please reduce the length of either one.",
            }
        },
        (9000, 8192),
    ),
    "LM Studio": (
        400,
        {
            "error": "Trying to keep the first 5012 tokens when context the overflows. However, the model is loaded "
            "with context length of only 4096 tokens, which is not enough."
        },
        (5012, 4096),
    ),
    "Mistral": (
        400,
        {"message": "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
         "error": "invalid_request_error"},
        (40000, 32768),
    ),
    "SGLang": (
        400,
        {"message": "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
         "error": "BadRequestError"},
        (5000, 4096),
    ),
    "Together": (
        422,
        {"error": {"message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 4000 "
                              "`inputs` tokens and 500 `max_new_tokens`", "type": "invalid_request_error"}},
        (4000, 4097),
    ),
    "Moonshot": (
        400,
        {"error": {"message": "Invalid request: Your request exceeded model token limit: 8192", "type": "bad"}},
        (None, 8192),
    ),
    "Horde": (400, {"message": "too long", "error": "TokenOverflow"}, (None, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", OVERFLOWS)
def test_an_overflow_is_known_in_every_dialect_with_its_numbers(name: str) -> None:
    status, value, (prompt, context) = OVERFLOWS[name]
    error = refusal("rig:5001", answer(status, value))
    assert error.fault is EngineFault.OVERFLOW
    assert (error.prompt_tokens, error.context_tokens) == (prompt, context)


@pytest.mark.parametrize(
    ("status", "value", "fault"),
    [
        (401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, EngineFault.KEY_REFUSED),
        (401, {"detail": {"error": "Unauthorized", "msg": "Authentication key is missing"}}, EngineFault.KEY_REFUSED),
        (403, {"detail": "Forbidden"}, EngineFault.KEY_REFUSED),
        (404, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, EngineFault.NO_MODEL),
        (404, {"error": "model 'x' not found, try pulling it first"}, EngineFault.NO_MODEL),
        (404, {"detail": "Not Found"}, EngineFault.NOT_AN_API),
        (400, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, EngineFault.NO_MODEL),
        (402, {"error": {"code": 402, "message": "Insufficient credits"}}, EngineFault.REJECTED),
        (429, {"error": {"message": "Over your quota", "code": "insufficient_quota"}}, EngineFault.REJECTED),
        (429, {"error": {"message": "Slow down", "code": "rate_limit_exceeded"}}, EngineFault.RATE_LIMITED),
        (422, {"detail": [{"loc": ["body", "stop"], "msg": "Input should be a list"}]}, EngineFault.REJECTED),
        (403, {"error": {"code": 403, "message": "Input was flagged by moderation"}}, EngineFault.REJECTED),
        (408, {"error": {"code": 408, "message": "Request timed out"}}, EngineFault.UNREACHABLE),
        (429, {"error": {"message": "Rate limit reached"}}, EngineFault.RATE_LIMITED),
        (500, {"detail": {"msg": "Error parsing input.", "type": "bad_input"}}, EngineFault.CRASHED),
        (502, {}, EngineFault.UNREACHABLE),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, EngineFault.LOADING),
        (503, {"detail": {"msg": "Server is busy; please try again later.", "type": "service_unavailable"}},
         EngineFault.BUSY),
        (503, {"error": {"message": "server busy, maximum pending requests exceeded"}}, EngineFault.BUSY),
        (308, {}, EngineFault.NOT_AN_API),
    ],
)  # fmt: skip
def test_a_refusal_has_one_meaning(status: int, value: object, fault: EngineFault) -> None:
    assert refusal("rig:5001", answer(status, value)).fault is fault


def test_a_refusal_quotes_what_the_server_said() -> None:
    error = refusal("rig:5001", answer(402, {"error": {"code": 402, "message": "Insufficient credits."}}))
    assert str(error) == "rig:5001 wants payment first (402). It said: Insufficient credits."


def test_the_words_of_the_host_behind_a_router_are_quoted() -> None:
    value = {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": "no such grammar"}}}
    assert "Provider returned error: no such grammar" in str(refusal("openrouter.ai", answer(400, value)))


def test_a_page_of_html_is_never_quoted() -> None:
    error = refusal("rig:5001", Answer(500, "text/html", "<html><h1>Traceback</h1></html>"))
    assert error.fault is EngineFault.CRASHED
    assert "<" not in str(error)


def test_a_page_instead_of_an_api_is_named_so() -> None:
    error = refusal("rig:5001", Answer(200, "text/html", "<!doctype html>"))
    assert error.fault is EngineFault.NOT_AN_API
    assert str(error) == (
        "rig:5001 is a web page, not an engine API (HTML). KoboldCpp's address is usually http://host:5001"
    )


def test_an_engine_that_is_loading_is_named_with_its_model() -> None:
    value = {"error": {"message": "Loading model", "type": "unavailable_error"}}
    error = refusal("rig:5001", answer(503, value), engine="KoboldCpp", model="Mistral-Nemo")
    assert error.title == "KoboldCpp is still loading Mistral-Nemo (503)."


def test_a_rate_limit_carries_the_time_to_wait() -> None:
    error = refusal("openrouter.ai", answer(429, {"error": {"message": "slow"}}, retry_after="7"))
    assert error.retry_after == 7
    assert "7 s" in str(error)


@pytest.mark.parametrize("text", [KEY, KEY[:9] + "****" + KEY[-4:], f"'{KEY}'."])
def test_a_key_that_a_server_repeats_is_struck_out(text: str) -> None:
    error = refusal("openrouter.ai", answer(400, {"error": {"message": f"Bad key {text} for you"}}), key=KEY)
    assert KEY[:6] not in str(error)
    assert "for you" in str(error)


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7), ("1.5", 1.5), (" 20 ", 20), ("", None), ("soon", None), ("-3", None), ("9" * 40, None),
     ("Thu, 01 Jan 1970 00:02:00 GMT", 20), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 99 Foo 2020", None)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str, wait: float | None) -> None:
    assert retry_seconds(header, now=lambda: 100.0) == wait


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "detail", "message", "code", "type", "loc", "n_ctx"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON, st.integers(300, 599))
def test_any_answer_becomes_an_error_that_can_be_shown(value: object, status: int) -> None:
    assert str(refusal("rig:5001", answer(status, value))).strip()


@given(JSON)
def test_an_ordinary_answer_is_no_complaint(value: object) -> None:
    assert complaint({"choices": [value], "error": None}) is None
