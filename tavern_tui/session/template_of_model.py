"""The template of one model, looked at or chosen by name: ``tavern-tui models template``, and a line of the doctor.

A model file is read, nothing is loaded. A model that is on a server only is known by its name here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.engines.base import EngineInfo
from tavern_tui.session.model_templates import ModelTemplates, own_templates, template_named
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.models import ModelFile, find_model

_FILE = re.compile(r"^[./~]|\.gguf$", re.IGNORECASE)  # servers' names have slashes within, too
_SEVERAL = " fits "

AUTOMATIC = ("auto", "automatic")
"""What forgets a choice."""


@dataclass(frozen=True, slots=True)
class ModelsTemplate:
    """Which template ``model`` is written to with, and why. ``remembered``: because somebody chose it for the model."""

    model: str
    template: str
    why: str
    note: str
    remembered: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": self.model,
            "template": self.template,
            "template_from": self.why,
            "note": self.note,
            "remembered": self.remembered,
        }


async def template_of(workspace: Workspace, model: str) -> ModelsTemplate:
    """The template of a model file, or of a model of that name elsewhere.

    Raises ``NotFoundError`` where a path leads to no model file, ``SettingsError`` where the settings name a template
    that does not exist, ``FormatError`` or ``StorageError`` for a file that cannot be read.
    """
    return await _template_for(workspace, _known(workspace, model))


async def choose_template(workspace: Workspace, model: str, template: str) -> ModelsTemplate:
    """Remember a template for a model; ``AUTOMATIC`` lets go of it. Raises as ``template_of`` does."""
    info = _known(workspace, model)
    if template.strip().casefold() in AUTOMATIC:
        workspace.template_choices.forget(info.model)
    else:
        from tavern_tui.prompt.templates import template_name

        template_named(template, own_templates(workspace))
        workspace.template_choices.choose(info.model, template_name(template) or template)
    return await _template_for(workspace, info)


async def template_of_file(workspace: Workspace, model: ModelFile) -> ModelsTemplate:
    """The template of a model file that has been found."""
    return await _template_for(workspace, _info(model))


async def _template_for(workspace: Workspace, info: EngineInfo) -> ModelsTemplate:
    choices = workspace.template_choices
    templates = ModelTemplates(choices, own=own_templates(workspace))
    choice = await templates.choose(info, workspace.settings.reply.template)
    return ModelsTemplate(info.model, choice.name, choice.why, choice.note, bool(choices.of(info.model)))


def known_model(workspace: Workspace, model: str) -> str:
    """The name by which things are remembered for a model: a file's, or as it was given. Raises as ``template_of``."""
    return _known(workspace, model).model


def _known(workspace: Workspace, model: str) -> EngineInfo:
    """What is known of a model without an engine: a file's header; of another one its name."""
    try:
        return _info(find_model(model, workspace.directories))
    except NotFoundError as missing:
        if _FILE.search(model) or _SEVERAL in missing.title:
            raise
    return EngineInfo(engine="", model=model.strip())


def _info(model: ModelFile) -> EngineInfo:
    template = model.header.chat_template if model.header is not None else ""
    return EngineInfo(engine="", model=model.name, chat_template=template)
