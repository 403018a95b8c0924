"""One file per kind of server: how it is recognised, and what it can do. Read by ``engines.server_kind.kinds``.

A new server is a new module here with a ``SERVER`` in it. The ranks: 10 TabbyAPI, which answers as KoboldCpp would; 20
KoboldCpp, which answers as llama-server and Ollama would; 30 llama-server; 40 to 70 servers with a route that is only
theirs; 80 those known by the owner of their models; 90 whatever has a list of models; 100 hosted services.
"""
