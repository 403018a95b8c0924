"""The composer: where a message is written (``widget``), with its arithmetic beside it as pure modules."""
