"""Other programs' bytes and ours, to domain objects and back. Bytes in, objects out; no paths, no network."""
