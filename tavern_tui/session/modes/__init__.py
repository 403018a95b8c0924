"""Modes of play: what a chat, an adventure and a story make of input, prompts and replies (``mode``, ``choosing``)."""
