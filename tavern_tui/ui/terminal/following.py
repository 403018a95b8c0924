"""Keeping the app suited to the terminal that it is shown on, which may be another than it was started on."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.session.attached import attached
from tavern_tui.ui.terminal.profile import NAMED, Profile, profile_of

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp


def use_profile(app: TavernApp, profile: Profile) -> None:
    """Paint as ``profile`` says from now on. The keys stay those of the start."""
    app.profile = replace(profile, keys=app.profile.keys)
    app.paint_differences(profile.diff, scrolls=profile.scrolls)
    if app.chat.session is not None:
        session = app.chat.session
        session.options = replace(session.options, updates_per_second=profile.updates_per_second)


async def look_again(app: TavernApp) -> Profile:
    """Look where the program is shown now, and suit it; what it is taken for."""
    settings = app.workspace.settings.ui
    there = await asyncio.to_thread(attached, os.environ)
    profile = profile_of(
        there.variables,
        columns=there.columns or app.size.width,
        wanted=app.profile_wanted or settings.profile,
        painter=settings.painter,
    )
    if replace(profile, keys=app.profile.keys) != app.profile:
        use_profile(app, profile)
    return profile


async def choose_profile(app: TavernApp, name: str) -> str:
    """Take the terminal for ``name`` until the program ends, ``auto`` for what it is; what to say about it."""
    if name and name not in (*NAMED, "auto"):
        return f"/profile takes one of {', '.join(NAMED)} or auto"
    if name:
        app.profile_wanted = "" if name == "auto" else name
    found = await look_again(app)
    sends = "only what changes is sent" if found.diff else "whole regions are sent"
    return f"Profile {found.name}: {found.updates_per_second:.0f} pictures a second at most, {sends}"
