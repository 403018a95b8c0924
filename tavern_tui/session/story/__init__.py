"""Stories: chats of the mode ``story``, whose turns, read in a row, are one editable text (``docs/story.md``)."""
