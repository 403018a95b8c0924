"""Screens: what lies over the chat, and the chat itself."""
