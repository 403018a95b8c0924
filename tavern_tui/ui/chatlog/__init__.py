"""The chat log: a chat of any length as one widget (``view``), with its arithmetic beside it as pure modules."""
