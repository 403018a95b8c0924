"""What of the settings cannot hold: what the files' reader found, and what only the disk and the engines can tell.

``engine.model``, ``engine.llama_server`` and ``connection.server`` name things outside the settings. One that names
nothing falls back to its default, like every other entry (``docs/ux.md`` §13). A name that was typed at this start is
not looked at here: it is refused where it is used.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tavern_tui.config.files import Problem, nearest, quoted
from tavern_tui.config.settings import not_taken
from tavern_tui.domain.errors import EngineError, TavernError
from tavern_tui.session.model_templates import own_templates, template_named
from tavern_tui.session.workspace import Workspace


def setting_problems(workspace: Workspace) -> list[Problem]:
    """Every entry that was not taken, with file, line, the reason and the nearest name; in no case raises."""
    found = [*workspace.loaded.problems, *workspace.connections.listed().problems]
    settings = workspace.settings
    if settings.connection.server and not server_in_settings(workspace):
        why = f"{quoted(settings.connection.server)} is no saved connection, and no address as rig:5001 is"
        found.append(_problem(workspace, "connection.server", why))
    found += _preset_problems(workspace)
    found += _template_problems(workspace)
    if settings.engine.model and (why := _why_no_model(workspace)):
        found.append(_problem(workspace, "engine.model", why))
    program = settings.engine.llama_server
    if program and shutil.which(program) is None:
        found.append(_problem(workspace, "engine.llama_server", f"There is no program {quoted(program)}"))
    return found


def server_in_settings(workspace: Workspace) -> str:
    """The server that the settings name: a saved connection or an address; empty where they name none, or neither."""
    from tavern_tui.engines.address import parse_address

    server = workspace.settings.connection.server
    try:
        if server and workspace.connections.listed().named(server) is None:
            parse_address(server)
    except EngineError:
        return ""
    return server


def _preset_problems(workspace: Workspace) -> list[Problem]:
    """Why the preset of the settings is not used, or what of its file was not taken."""
    from tavern_tui.session.presets import preset_named

    try:
        chosen = preset_named(workspace, workspace.settings.reply.preset)
    except TavernError as error:
        return [_problem(workspace, "reply.preset", f"{error.title} {error.hint}".rstrip())]
    return [Problem(str(chosen.path), what) for what in chosen.problems]


def template_in_settings(workspace: Workspace) -> str:
    """The instruct template that the settings name, ours or one of the user's; empty where there is none so called."""
    wanted = workspace.settings.reply.template
    return "" if _why_not(lambda: template_named(wanted, own_templates(workspace)) if wanted else None) else wanted


def _template_problems(workspace: Workspace) -> list[Problem]:
    """Why a template, a system prompt, a chat completion preset or a persona of the settings is not used."""
    reply, use = workspace.settings.reply, workspace.settings.persona.use
    if not any((reply.template, reply.context, reply.system_prompt, reply.chat_preset, use)):
        return []
    from tavern_tui.session.personas import persona_called
    from tavern_tui.session.user_templates import user_templates

    own = user_templates(workspace)
    asked: dict[str, tuple[str, Callable[[], object]]] = {
        "reply.template": (reply.template, lambda: template_named(reply.template, own)),
        "reply.context": (reply.context, lambda: own.held("context", reply.context)),
        "reply.system_prompt": (reply.system_prompt, lambda: own.held("sysprompt", reply.system_prompt)),
        "reply.chat_preset": (reply.chat_preset, lambda: own.held("chat", reply.chat_preset)),
        "persona.use": (use, lambda: persona_called(workspace, use)),
    }
    why = {name: _why_not(look) for name, (wanted, look) in asked.items() if wanted}
    return [_problem(workspace, name, reason) for name, reason in why.items() if reason]


def _why_not(look: Callable[[], object]) -> str:
    """Why something cannot be had, in a sentence; empty where it can."""
    try:
        look()
    except TavernError as error:
        return f"{error.title} {error.hint}".rstrip()
    return ""


def _why_no_model(workspace: Workspace) -> str:
    """Why the model of the settings is not used, in a sentence; empty where it is."""
    from tavern_tui.session.embedded import all_models
    from tavern_tui.storage.models import find_model

    wanted = workspace.settings.engine.model
    try:
        find_model(wanted, workspace.directories)
    except TavernError as error:
        models = all_models(workspace.directories, workspace.settings)
        return f"{error.title}{nearest(wanted, [model.name for model in models if model.usable])}"
    return ""


def _problem(workspace: Workspace, name: str, why: str) -> Problem:
    return not_taken(workspace.loaded.places.get(name, "settings"), name, why)
