"""One message of a SillyTavern chat file: to the swipes of one place, and back with every field that it had.

Source: ``docs/spec/sillytavern-prompts.md`` §9. Of a message's fields the shown swipe keeps ``rest`` (all but the
texts, ``swipes``, ``swipe_id`` and ``swipe_info``), ``has`` (which of these three were there) and, where they are
other than the message says, ``info`` (its entry of ``swipe_info``) and ``swipe`` (its text there); the other swipes
keep their ``info`` (null for none). A message that does not come back exactly from this is kept ``whole``. Files and
headers: ``sillytavern_chat``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.told_chat import ToldTurn
from tavern_tui.formats.chat_dates import iso_date, read_date
from tavern_tui.formats.json_text import clean_text

SWIPE_KEYS = ("send_date", "gen_started", "gen_finished", "extra")
"""What SillyTavern exchanges between a message and ``swipe_info`` when another swipe is shown."""

_SWIPES = ("swipe_id", "swipes", "swipe_info")
_FIRST = ("name", "is_user", "is_system", "send_date", "mes", "extra")
_NARRATING = frozenset({"narrator", "comment", "help", "welcome", "empty", "generic", "slash_commands", "formatting"})
_STALE = ("token_count", "display_text", "reasoning_display_text")  # what was made of a text that is another now
Message = dict[str, Any]


def is_message(value: object) -> bool:
    """Whether a line is a message: it has a text, or at least says whose it is."""
    return isinstance(value, dict) and "mes" in value and ("name" in value or "is_user" in value)


def turns_of(message: Message, parent: int) -> tuple[list[ToldTurn], int]:
    """The swipes of a message, all under ``parent``, and which of them is shown."""
    turns, shown = _split(message, parent)
    if message_of(turns, shown) != message:
        turns = [replace(turn, source={}) for turn in turns]
        turns[shown] = replace(turns[shown], source={"whole": message})
    return turns, shown


def message_of(swipes: Sequence[ToldTurn], shown: int) -> Message:
    """The message whose ``swipes`` these are, the one at the place ``shown`` shown; to be written, not changed."""
    turn = swipes[shown]
    keeper = next((one for one in (turn, *swipes) if "rest" in one.source or "whole" in one.source), None)
    if keeper is None:
        rest = _own_message(turn)
    elif "whole" in keeper.source:
        whole: Message = keeper.source["whole"]
        if _unchanged(whole, swipes, shown):
            return dict(whole)
        rest = {key: value for key, value in whole.items() if key not in (*_SWIPES, "mes")}
    elif keeper is turn:
        rest = _with_reasoning(turn.source["rest"], turn)
    else:
        rest = {key: value for key, value in keeper.source["rest"].items() if key not in SWIPE_KEYS}
        rest.update(_info(turn))
    if bool(rest.get("is_system")) != turn.hidden:
        rest["is_system"] = turn.hidden
    message = {key: rest[key] if key != "mes" else turn.text for key in _FIRST if key in rest or key == "mes"}
    message.update((key, value) for key, value in rest.items() if key not in message)
    return _put_swipes(message, swipes, shown, keeper)


def _split(message: Message, parent: int) -> tuple[list[ToldTurn], int]:
    texts, shown = _texts(message)
    extra = message.get("extra")
    extra = extra if isinstance(extra, dict) else {}
    first = ToldTurn(
        parent,
        _speaker(message, extra),
        _text(message.get("name")),
        _text(message.get("mes")),
        read_date(message.get("send_date")),
        _text(extra.get("reasoning")),
        hidden=bool(message.get("is_system")),
    )
    infos = message.get("swipe_info")
    infos = infos if isinstance(infos, list) else []
    turns = []
    for place, text in enumerate(texts):
        info = infos[place] if place < len(infos) else None
        if place == shown:
            turns.append(replace(first, source=_shown_source(message, first, text, info)))
        else:
            turns.append(_other_swipe(first, text, info))
    return turns, shown


def _texts(message: Message) -> tuple[list[str], int]:
    """The swipes' texts, and the place of the one that is shown."""
    swipes = message.get("swipes")
    if not isinstance(swipes, list) or not swipes:
        return [_text(message.get("mes"))], 0
    texts = [_text(swipe) for swipe in swipes]
    shown = message.get("swipe_id")
    if type(shown) is not int or not 0 <= shown < len(texts):
        mes = _text(message.get("mes"))
        shown = texts.index(mes) if mes in texts else 0
    return texts, shown


def _shown_source(message: Message, turn: ToldTurn, swipe: str, info: Any) -> Message:
    rest = {key: value for key, value in message.items() if key not in (*_SWIPES, "mes")}
    source: Message = {"rest": _without_reasoning(rest, turn)}
    if has := [key for key in _SWIPES if key in message]:
        source["has"] = has
    if "swipes" in message and swipe != turn.text:
        source["swipe"] = swipe
    if info is not None and info != {key: message[key] for key in SWIPE_KEYS if key in message}:
        source["info"] = info
    return source


def _other_swipe(first: ToldTurn, text: str, info: Any) -> ToldTurn:
    if not isinstance(info, dict):
        return replace(first, text=text, reasoning="", source={"info": None})
    extra = info.get("extra")
    reasoning = _text(extra.get("reasoning")) if isinstance(extra, dict) else ""
    turn = replace(first, text=text, reasoning=reasoning, at=read_date(info.get("send_date")) or first.at)
    return replace(turn, source={"info": _without_reasoning(info, turn)})


def _put_swipes(message: Message, swipes: Sequence[ToldTurn], shown: int, keeper: ToldTurn | None) -> Message:
    turn = swipes[shown]
    has: Sequence[str]
    if keeper is not None and all(one.source for one in swipes):
        has = keeper.source.get("has", [key for key in _SWIPES if key in keeper.source.get("whole", ())])
    else:
        has = _SWIPES if len(swipes) > 1 or turn.speaker is not Speaker.USER else ()
    if "swipe_id" in has:
        message["swipe_id"] = shown
    if "swipes" in has:
        message["swipes"] = [
            turn.source.get("swipe", turn.text) if one is turn and not turn.edited else one.text for one in swipes
        ]
    if "swipe_info" in has:
        derived = {key: message[key] for key in SWIPE_KEYS if key in message}
        message["swipe_info"] = [
            one.source.get("info", derived) if one is turn is keeper else _info(one) for one in swipes
        ]
    return message


def _info(turn: ToldTurn) -> Message:
    """A swipe's entry in ``swipe_info``."""
    if "info" in turn.source and isinstance(turn.source["info"], dict):
        return _with_reasoning(turn.source["info"], turn)
    if "rest" in turn.source:
        rest = _with_reasoning(turn.source["rest"], turn)
        return {key: rest[key] for key in SWIPE_KEYS if key in rest}
    own = _own_message(turn)
    return {key: own[key] for key in SWIPE_KEYS if key in own}


def _own_message(turn: ToldTurn) -> Message:
    """A turn that SillyTavern has not seen, as it would write it; without its swipes."""
    extra: Message = {}
    message: Message = {
        "name": turn.name,
        "is_user": turn.speaker is Speaker.USER,
        "is_system": turn.hidden,
        "send_date": iso_date(turn.at),
        "mes": turn.text,
        "extra": extra,
    }
    receipt = turn.receipt
    if receipt is not None:
        taken = (receipt.prompt_ms or 0.0) + (receipt.generation_ms or 0.0)
        message |= {"gen_started": iso_date(turn.at - taken / 1000), "gen_finished": iso_date(turn.at)}
        extra.update((key, value) for key, value in (("api", receipt.engine), ("model", receipt.model)) if value)
        if receipt.generated:
            extra["token_count"] = receipt.generated
    if turn.speaker is Speaker.NARRATOR:
        extra["type"] = "narrator"
    if turn.reasoning:
        extra["reasoning"] = turn.reasoning
    return message


def _unchanged(whole: Message, swipes: Sequence[ToldTurn], shown: int) -> bool:
    """Whether a place still says what the message said that was kept whole."""
    turns, place = _split(whole, swipes[shown].parent)
    said = [(turn.text, turn.reasoning, turn.hidden) for turn in turns]
    return place == shown and said == [(turn.text, turn.reasoning, turn.hidden) for turn in swipes]


def _without_reasoning(fields: Mapping[str, Any], turn: ToldTurn) -> Message:
    """``fields`` without what the turn itself keeps."""
    extra = fields.get("extra")
    if not turn.reasoning or not isinstance(extra, dict) or extra.get("reasoning") != turn.reasoning:
        return dict(fields)
    return {**fields, "extra": {key: value for key, value in extra.items() if key != "reasoning"}}


def _with_reasoning(fields: Mapping[str, Any], turn: ToldTurn) -> Message:
    """A copy of ``fields`` with what the turn keeps, and without what was made of a text that was edited."""
    extra = fields.get("extra")
    if not isinstance(extra, dict):
        return dict(fields)
    kept = {key: value for key, value in extra.items() if not (turn.edited and key in _STALE)}
    return {**fields, "extra": {"reasoning": turn.reasoning, **kept} if turn.reasoning else kept}


def _speaker(message: Message, extra: Mapping[str, Any]) -> Speaker:
    if message.get("is_user"):
        return Speaker.USER
    kind = extra.get("type")
    narrating = extra.get("isSmallSys") or (isinstance(kind, str) and kind in _NARRATING)
    return Speaker.NARRATOR if narrating else Speaker.CHARACTER


def _text(value: Any) -> str:
    """A text; Chub writes them as an object with a ``message``."""
    if isinstance(value, dict):
        value = value.get("message")
    return clean_text(value) if isinstance(value, str) else ""
