"""Whether a passage in the middle of a story is filled in by the model's own tokens, or told of in a note.

Filled in where the model was trained for it: its file names the tokens, or it is of a known family and has them. The
setting ``story.fill_in`` says ``never``, or ``always``: tokens of a known name are enough then, and where there is none
of them it is tried whether the server takes the text behind beside the prompt. Else the note tells of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.fill_in import BY_SUFFIX, KNOWN, trained_for_it
from tavern_tui.domain.request import FillIn
from tavern_tui.engines.base import SuffixEngine
from tavern_tui.prompt.inputs import AFTER
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.chat_completion import sends_messages

if TYPE_CHECKING:
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.session.connection import Connection, Ready
    from tavern_tui.session.options import ReplyOptions

ALWAYS: Final = "always"
NEVER: Final = "never"
NOTED: Final = "What follows was told in a note: neither this model nor its server has a way to fill in a gap."
"""Said once where ``always`` cannot be had."""


async def filled_in(given: PromptInput, ready: Ready, options: ReplyOptions, connection: Connection) -> PromptInput:
    """``given`` as a text with a gap, where this model fills one in; else as it was. Raises ``EngineError``."""
    prose = given.prose
    if prose is None or not prose.after.strip() or sends_messages(ready.info, options):
        return given
    how = await way_of(ready, options, connection)
    if how is None:
        return given
    told = tuple(one for one in given.injections if one.source != AFTER)
    return replace(given, prose=replace(prose, fill_in=how), injections=told)


def noted_all_the_same(plan: PromptPlan, options: ReplyOptions) -> bool:
    """Whether a person wants gaps to be filled always, and ``plan`` tells of this one in a note."""
    return options.fill_in == ALWAYS and any(
        part.source == AFTER and part.kind is not PartKind.AFTER for part in plan.included
    )


async def way_of(ready: Ready, options: ReplyOptions, connection: Connection) -> FillIn | None:
    """How the model of a connection fills in; ``None`` where it is not to, or cannot. Raises ``EngineError``."""
    info = ready.info
    if options.fill_in == NEVER:
        return None
    if info.capabilities.fill_in is not None:
        return info.capabilities.fill_in
    if options.fill_in != ALWAYS and not trained_for_it(info.model):
        return None
    if info.capabilities.exact_count:
        marks = [mark for known in KNOWN for mark in known.marks]
        counts = dict(zip(marks, await connection.counts.count(connection.engine, info, marks), strict=True))
        for known in KNOWN:
            if all(counts[mark] == 1 for mark in known.marks):
                return known
    engine: object = connection.engine
    if options.fill_in == ALWAYS and isinstance(engine, SuffixEngine) and await engine.takes_suffix():
        return BY_SUFFIX
    return None
