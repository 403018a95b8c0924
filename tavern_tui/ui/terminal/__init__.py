"""The terminal itself: writing that never waits, and what its bytes mean. Widgets and screens live elsewhere."""
