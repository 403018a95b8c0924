"""The prompt as the messages of a chat completion: what a preset puts where, what fits, what a strict server takes."""
