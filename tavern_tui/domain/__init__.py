"""What a story is: plain types and their rules. Standard library only; no disk, network, clock or randomness."""
