"""The embedded engine: a host process that owns llama.cpp (or a llama-server child), and its client."""
