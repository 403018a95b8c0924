"""The ways to play: how input becomes turns and turns become a prompt."""
