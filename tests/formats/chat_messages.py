"""SillyTavern messages for tests: ordinary ones, and every shape that other programs and old versions have written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

Message = dict[str, Any]

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
dates = st.sampled_from(
    [
        "September 4, 2024 2:30pm",
        "September 4, 2024 2:31pm",
        "2024-09-04T12:30:01.123Z",
        "2024-09-04T12:30:09.000Z",
        "2024-7-12@01h31m37s",
        "2024-6-5 @14h 56m 50s 682ms",
        "soon",
        "",
        1_725_453_001_123,
        1_725_453_001,
        None,
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**15) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
extras = st.dictionaries(
    st.sampled_from(["api", "model", "token_count", "reasoning", "type", "isSmallSys", "bookmark_link", "image", "x"]),
    st.sampled_from(["koboldcpp", "narrator", "", 12, True]) | words | values,
    max_size=4,
)
infos = st.fixed_dictionaries({}, optional={"send_date": dates, "gen_started": dates, "extra": extras, "x": values})


@st.composite
def tidy_messages(draw: st.DrawFn) -> Message:
    """A message as 1.12.6 writes it."""
    user = draw(st.booleans())
    message: Message = {
        "name": draw(st.sampled_from(["Alex", "Mira"])),
        "is_user": user,
        "is_system": draw(st.booleans()),
        "send_date": draw(dates),
        "mes": draw(words),
        "extra": draw(extras),
    }
    if not user:
        texts = draw(st.lists(words, min_size=1, max_size=3))
        shown = draw(st.integers(0, len(texts) - 1))
        told = [draw(infos) for _ in texts]
        texts[shown] = message["mes"]
        told[shown] = {key: message[key] for key in ("send_date", "extra")}
        message |= {"swipe_id": shown, "swipes": texts, "swipe_info": told}
    return message


odd_messages = st.fixed_dictionaries(
    {"mes": words | st.none() | st.fixed_dictionaries({"message": words}), "is_user": st.booleans() | st.none()},
    optional={
        "name": words | st.none(),
        "is_system": st.booleans() | st.none(),
        "send_date": dates,
        "extra": extras | values,
        "swipes": st.lists(words | st.fixed_dictionaries({"message": words}), max_size=3) | values,
        "swipe_id": st.integers(-1, 4) | values,
        "swipe_info": st.lists(infos | values, max_size=3) | values,
        "title": words,
        "force_avatar": words,
        "variables": values,
    },
)
messages = tidy_messages() | odd_messages
headers: st.SearchStrategy[Message | None] = st.none() | st.fixed_dictionaries(
    {"user_name": words, "create_date": st.sampled_from(["2024-9-4@12h30m01s", "", 5])},
    optional={
        "character_name": words,
        "chat_metadata": st.fixed_dictionaries(
            {},
            optional={
                "note_prompt": words,
                "note_interval": st.integers(-1, 5),
                "note_position": st.integers(0, 3),
                "note_depth": st.integers(-2, 20_000),
                "variables": st.dictionaries(words, values, max_size=3),
                "timedWorldInfo": st.just({"sticky": {"Inn.3": {"hash": 7, "start": 1, "end": 9}}, "cooldown": {}}),
                "main_chat": words,
                "x": values,
            },
        ),
        "y": values,
    },
)


def lines(*values: Any) -> bytes:
    """JSON Lines of these values; ``None`` is left out."""
    return b"\n".join(json.dumps(value).encode() for value in values if value is not None)


def unlined(data: bytes) -> list[Any]:
    """The values of JSON Lines."""
    return [json.loads(line) for line in data.split(b"\n") if line]
