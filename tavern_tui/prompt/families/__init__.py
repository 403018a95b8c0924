"""The model families: how each writes a chat down. One row per family, in files by what their markup looks like.

The tags are facts of the models, from their published chat templates, llama.cpp's ``src/llama-chat.cpp`` and
SillyTavern's presets, as ``docs/spec/instruct-formats.md`` §2 writes them down. What a family is known by is
``prompt.detect``'s, how a template is rendered is ``prompt.instruct``'s; ``prompt.templates`` gathers the rows.
BOS tokens are left to the engine, except where a family repeats its own between turns.
"""
