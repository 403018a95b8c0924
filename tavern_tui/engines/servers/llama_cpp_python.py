"""llama-cpp-python's server, an OpenAI-compatible one over llama.cpp. Checked against the program itself."""

from __future__ import annotations

from tavern_tui.engines import wire_tables
from tavern_tui.engines.dialects import Counter, Dialect
from tavern_tui.engines.server_kind import Answers, ServerKind, Sighting

DIALECT = Dialect(
    name="llama-cpp-python",
    wire=wire_tables.LLAMA_CPP_PYTHON,
    text_completion=True,
    counter=Counter("/extras/tokenize/count", "input", ("count",)),
    suffix=False,  # it writes token 0 where the model's own tokens belong (0.3.36)
)


def _recognise(answers: Answers) -> Sighting | None:
    return Sighting(DIALECT.name, dialect=DIALECT) if answers.owner == "me" else None


SERVER = ServerKind(DIALECT.name, 80, _recognise)
