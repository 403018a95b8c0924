"""TabbyAPI (ExLlama): a key by default, an exact tokenizer, and KoboldCpp's routes where they are switched on.

Source: ``docs/spec/backends.md`` §7; not checked against a running one.
"""

from __future__ import annotations

from tavern_tui.engines import thinking_switch, wire_tables
from tavern_tui.engines.dialects import Asking, Counter, Dialect, Place, Prefill
from tavern_tui.engines.json_shape import at, text_at
from tavern_tui.engines.offered import OfferedModel
from tavern_tui.engines.server_kind import Answers, ServerKind, Sighting

_SERVICE_INFO = "/.well-known/serviceinfo"
_KOBOLD_VERSION = "/api/extra/version"
_KOBOLD_COSTUME = "1.74"
"""The version of KoboldCpp that it says it is."""


async def _survey(server: Asking) -> list[OfferedModel] | None:
    """The list with the loaded model marked: to a key that is no admin's it shows that one alone."""
    loaded = text_at((await server.get("/v1/model")).json, "id")
    listed = at((await server.get("/v1/models")).json, "data")
    if not isinstance(listed, list):
        return None
    ids = [text_at(item, "id") for item in listed]
    return [OfferedModel(name, loaded=name == loaded if loaded else None) for name in ids if name]


DIALECT = Dialect(
    name="TabbyAPI",
    wire=wire_tables.TABBY,
    text_completion=True,
    counter=Counter(
        "/v1/token/encode",
        "text",
        ("length",),
        {"add_bos_token": False, "encode_special_tokens": True},
        ids=("tokens",),
    ),
    context=Place("/v1/model", ("parameters", "max_seq_len")),
    template=Place("/v1/model", ("parameters", "prompt_template_content")),
    survey=_survey,
    prefill=Prefill.RESPONSE_PREFIX,
    thinking=thinking_switch.template_variables,
    logprobs=5,
)


def _recognise(answers: Answers) -> Sighting | None:
    info = answers.json(_SERVICE_INFO)
    told = answers.json(_KOBOLD_VERSION)
    costume = isinstance(told, dict) and told.get("version") == _KOBOLD_COSTUME and not told.keys() & _CAPABILITIES
    named = text_at(info, "software", "name")
    if named == "TabbyAPI" or answers.owner == "tabbyAPI" or (costume and named != "KoboldCpp"):
        return Sighting("TabbyAPI", text_at(info, "software", "version"), DIALECT)
    return None


# KoboldCpp 1.74 itself tells some of these beside its version.
_CAPABILITIES = {"protected", "txt2img", "vision", "transcribe", "multiplayer", "websearch", "tts"}

SERVER = ServerKind("TabbyAPI", 10, _recognise, (_SERVICE_INFO, _KOBOLD_VERSION))
