"""From a prompt to a stream of tokens: the embedded engine, servers, detection, counting. Knows only the domain."""
