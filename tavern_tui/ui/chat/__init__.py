"""The chat on screen and what is done with it: everything of the chat screen that is no widget of its own."""
