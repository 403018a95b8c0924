"""The rows of the action registry that are about who writes; ``actions`` puts them with the others."""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

WRITER: tuple[Action, ...] = (
    Action(
        "writer.here",
        "Who writes in this chat",
        "Chooses who writes in this chat and in no other: /here and a saved connection or an address; /here usual"
        " goes back to who writes in the others.",
        Where.ANYWHERE,
        (),
        slash="here",
    ),
    Action(
        "writer.model",
        "Model",
        "Lists the models of the server that writes, or of this machine, and takes another: /model and the end of its"
        " name.",
        Where.ANYWHERE,
        (),
        slash="model",
    ),
    Action(
        "writer.test",
        "Test the connection",
        "Asks who writes for one short reply outside of the chat, and tells how fast it came, what was read, and"
        " whether the template looks wrong.",
        Where.ANYWHERE,
        (),
        slash="test",
    ),
    Action(
        "writer.key",
        "Key of the server",
        "Asks for the key of the server that writes, without showing it, and keeps it for that server alone.",
        Where.ANYWHERE,
        (),
        slash="key",
    ),
    Action(
        "writer.send_key",
        "Send the key unencrypted",
        "Lets the key go to a server of another network over http, where others can read it; remembered for it.",
        Where.ANYWHERE,
        (),
        slash="sendkey",
    ),
    Action(
        "writer.take_over",
        "Load the model here",
        "Loads this chat's model though another window uses what the engine holds; that window is asked in turn.",
        Where.ANYWHERE,
        (),
        slash="takeover",
    ),
    Action(
        "writer.stop_other",
        "Stop the other client",
        "Stops what KoboldCpp writes for another client, while you wait for it and nobody else does.",
        Where.ANYWHERE,
        (),
        slash="stopother",
    ),
    Action(
        "writer.keep_template",
        "Keep the template",
        "Writes to a model that took the place of another with the template of the one before; remembered for it.",
        Where.ANYWHERE,
        (),
        slash="keep",
    ),
)
