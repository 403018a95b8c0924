"""Use cases: a conversation in progress, import and export, the doctor. Everything below, nothing of a screen."""
