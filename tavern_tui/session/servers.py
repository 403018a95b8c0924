"""Servers: what answers on this machine, and what is at one address."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from tavern_tui.engines.detect import detect, find_local
from tavern_tui.session.model_templates import ModelTemplates
from tavern_tui.storage.template_choices import TemplateChoices


async def local_servers() -> list[dict[str, Any]]:
    """Every engine that answers on this machine's usual ports, as plain values."""
    return [asdict(found) for found in await find_local()]


async def look_at(address: str, choices: TemplateChoices | None = None) -> dict[str, Any]:
    """What is at ``address``: engine, model, context, and the template that would be used.

    ``choices`` are the templates that were chosen for single models. Raises ``EngineError``.
    """
    engine = await detect(address, os.environ.get("TAVERN_KEY") or None)
    try:
        info = await engine.connect()
    finally:
        await engine.close()
    template = await ModelTemplates(choices).choose(info)
    return {
        "address": info.address,
        "engine": info.engine,
        "version": info.version,
        "model": info.model,
        "context_tokens": info.context_tokens,
        "trained_tokens": info.trained_tokens,
        "template": template.name,
        "template_from": template.why,
        "template_note": template.note,
        "exact_count": info.capabilities.exact_count,
        "samplers": sorted(info.capabilities.samplers),
    }
