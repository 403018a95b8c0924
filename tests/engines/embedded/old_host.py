"""A stand-in for a host of an older protocol: says hello, works on a reply, and leaves when told to stop.

Run with the socket's path. Knows only what never changes: the hello, and a ``stop`` call that means "after the reply".
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path


def main(path: str) -> None:
    """Serve clients until one of them says stop."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    print("ready", flush=True)
    stopped = False
    while not stopped:
        client, _ = server.accept()
        client.sendall(b'{"hello": "tavern-tui engine host", "protocol": 0, "version": "0.0.1", "pid": 1}\n')
        calls = client.makefile("rb")
        for line in calls:
            if json.loads(line)["kind"] == "stop":
                Path(path).unlink()
                time.sleep(0.5)
                print("finished its reply", flush=True)
                stopped = True
                break
        calls.close()
        client.close()


if __name__ == "__main__":
    main(sys.argv[1])
