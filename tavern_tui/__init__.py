"""Tavern TUI: a terminal client for roleplay and story writing with language models.

The rooms and what each may touch are described in ``docs/architecture.md``.
"""

__version__ = "0.1.0"
