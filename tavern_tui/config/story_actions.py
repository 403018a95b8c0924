"""The rows of the action registry for the document of a story, where letters type and nothing else is a command.

What has no key is reached through the palette, where its command can be typed. Source: ``docs/ux.md`` §11.
"""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

STORY: tuple[Action, ...] = (
    Action(
        "story.write",
        "Write on",
        "Lets the model write on from the cursor; pressed again it stops, and keeps what has come.",
        Where.STORY,
        ("ctrl+g",),
        short="Write",
    ),
    Action(
        "story.again",
        "Another version",
        "Writes another version of the last passage; of selected text it offers to rewrite it.",
        Where.STORY,
        ("ctrl+r",),
        short="Again",
    ),
    Action(
        "story.versions",
        "Versions",
        "Shows the versions of the passage at the cursor: Enter takes one, Space takes it up to a sentence.",
        Where.STORY,
        ("ctrl+t",),
    ),
    Action(
        "story.direction",
        "Direction",
        "Tells the co-writer in a line what the next passage is to bring; it is never part of the text.",
        Where.STORY,
        ("ctrl+n",),
    ),
    Action(
        "story.editor",
        "Chapter in your editor",
        "Opens the chapter at the cursor in $EDITOR; what was changed there is changed here.",
        Where.STORY,
        ("ctrl+o",),
        short="Editor",
    ),
    Action(
        "story.outline",
        "Outline",
        "Lists the chapters with their words, and how each is read: in full, as a summary, pinned, or left out.",
        Where.STORY,
        ("f2",),
        phone=(),
        slash="outline",
    ),
    Action(
        "story.find",
        "Find and replace",
        "Finds words in the story, and puts others in their place; between slashes it is a regular expression.",
        Where.STORY,
        ("ctrl+f",),
        short="Find",
    ),
    Action(
        "story.mark",
        "Select from here",
        "Begins to select at the cursor, wherever that goes then; pressed again, or with Esc, it lets go.",
        Where.STORY,
        ("ctrl+j",),
        short="Select",
    ),
    Action(
        "story.undo",
        "Undo",
        "Takes back the last thing done to the text; a generated passage goes whole.",
        Where.STORY,
        ("ctrl+z",),
    ),
    Action("story.redo", "Redo", "Brings back what was undone.", Where.STORY, ("ctrl+y",)),
    Action(
        "story.until",
        "How much is written",
        "Says where a passage ends: at the end of the sentence, of the paragraph, or after so many words.",
        Where.STORY,
        (),
        slash="until",
    ),
    Action(
        "story.raise",
        "Paragraph up",
        "Moves the paragraph at the cursor above the one before it.",
        Where.STORY,
        ("alt+up",),
        phone=(),
        slash="raise",
    ),
    Action(
        "story.lower",
        "Paragraph down",
        "Moves the paragraph at the cursor below the one after it.",
        Where.STORY,
        ("alt+down",),
        phone=(),
        slash="lower",
    ),
    Action(
        "story.comment",
        "Comment",
        "Puts the selected text, or a new line, between [[ and ]]: what stands there is never sent.",
        Where.STORY,
        (),
        slash="comment",
    ),
    Action(
        "story.focus",
        "Focus view",
        "Shows the text and nothing else, or everything again.",
        Where.STORY,
        (),
        slash="focus",
    ),
    Action(
        "story.typewriter",
        "Typewriter scrolling",
        "Keeps the row with the cursor in the middle of the screen, or no longer.",
        Where.STORY,
        (),
        slash="typewriter",
    ),
    Action(
        "story.goal",
        "Word goal",
        "Sets how many words are to be written today; the status line counts towards it.",
        Where.STORY,
        (),
        slash="goal",
    ),
    Action(
        "story.named",
        "Named versions",
        "Lists the versions of the story that were named, shows what has changed since, and brings one back.",
        Where.STORY,
        (),
        slash="named",
    ),
)
"""Everything that is done in the document of a story."""
