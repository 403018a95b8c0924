"""Headless commands: thin, lazy, scriptable."""
