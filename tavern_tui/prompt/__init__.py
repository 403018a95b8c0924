"""How a story becomes a prompt: pure functions to a ``PromptPlan``; clock, randomness and counts come in."""
