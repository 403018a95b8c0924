"""Widgets of the chat screen beside the log: they take plain data, post messages, and know no session."""
