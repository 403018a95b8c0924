"""A stand-in for the ``llama-server`` program: its arguments, routes and shapes, with bytes for tokens and no model.

It loads for a moment, asks for the key, streams the prompt's own letters back, notes what it was asked in
``MODEL.seen`` (one JSON per line), and ends when told to.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOADING_SECONDS = 0.3
TOKEN_SECONDS = 0.01
BOS = 1


class Standin(ThreadingHTTPServer):
    """The server, with what its routes need to know."""

    daemon_threads = True

    def __init__(self, given: argparse.Namespace) -> None:
        super().__init__((given.host, given.port), Routes)
        self.given = given
        self.key = os.environ["LLAMA_API_KEY"]
        self.ready_at = time.monotonic() + LOADING_SECONDS

    def note(self, **facts: Any) -> None:
        """Write down what happened."""
        with Path(f"{self.given.m}.seen").open("a") as seen:
            seen.write(json.dumps(facts) + "\n")


class Routes(BaseHTTPRequestHandler):
    """The routes of llama-server that the host uses."""

    server: Standin

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path == "/health":
            ready = time.monotonic() >= self.server.ready_at
            body = {"status": "ok"} if ready else {"error": {"code": 503, "message": "Loading model"}}
            self.answer(200 if ready else 503, body)
        elif not self.allowed():
            pass
        elif self.path == "/props":
            settings = {"n_ctx": self.server.given.c}
            template = "{{ messages }}"
            self.answer(
                200,
                {"default_generation_settings": settings, "chat_template": template, "build_info": "b1-standin"},
            )
        elif self.path == "/v1/models":
            self.answer(200, {"data": [{"id": self.server.given.m, "meta": {"n_ctx_train": 4096}}]})
        else:
            self.answer(404, {"error": {"code": 404, "message": "File Not Found"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.allowed():
            return
        if self.path == "/tokenize":
            bos = [BOS] if body["add_special"] else []
            self.answer(200, {"tokens": bos + list(body["content"].encode())})
        elif self.path == "/lora-adapters":
            self.server.note(adapters=body)
            self.answer(200, {"success": True})
        elif self.path.startswith("/slots/0?action="):
            action, file = self.path.partition("=")[2], Path(self.server.given.slot_save_path, body["filename"])
            self.server.note(slot=action, found=file.exists())
            if action == "save":
                file.write_bytes(b"state")
            self.answer(200, {"id_slot": 0, "filename": file.name})
        elif self.path == "/completion":
            self.server.note(completion=body)
            if body.get("stream"):
                self.stream(body)
            else:
                self.answer(200, {"content": "x", "timings": {"predicted_per_second": 40.0 * self.server.given.t}})

    def stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        total = len(body["prompt"])
        try:
            self.event({"prompt_progress": {"total": total, "cache": 0, "processed": total, "time_ms": 1}})
            text = ""
            replies = 1 if self.server.given.old else body.get("n_cmpl", 1)
            for letter in letters(body):
                text += letter
                for index in range(replies):
                    self.event({"index": index, "content": letter, "tokens": [ord(letter)], "stop": False})
                time.sleep(TOKEN_SECONDS)
            stop = next((s for s in body["stop"] if s in text), "")
            for index in range(replies):
                prompt = (total - 2, 2) if index == 0 else (0, total)
                self.event(
                    {
                        "index": index,
                        "content": "",
                        "stop": True,
                        "stop_type": "word" if stop else "limit",
                        "timings": {
                            "prompt_n": prompt[0],
                            "cache_n": prompt[1],
                            "prompt_ms": 3.5,
                            "predicted_n": len(text),
                        },
                    }
                )
        except OSError:
            self.server.note(aborted=True)

    def event(self, data: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())

    def allowed(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.server.key}":
            return True
        self.answer(401, {"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}})
        return False

    def answer(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def letters(body: dict[str, Any]) -> Iterator[str]:
    """The letters of the prompt, over and over, until the length or a stop string is reached."""
    text = ""
    prompt = bytes(token for token in body["prompt"] if token != BOS).decode()
    for letter in itertools.islice(itertools.cycle(prompt), body["n_predict"]):
        text += letter
        yield letter
        if any(stop in text for stop in body["stop"]):
            return


def main() -> None:
    """Be llama-server."""
    if "--list-devices" in sys.argv:
        print("Available devices:\n  CUDA0: Stand-in GPU (24000 MiB, 23000 MiB free)")
        return
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name, kind in {"-m": str, "--host": str, "--port": int, "-np": int, "-ngl": int, "-c": int, "-t": int}.items():
        parser.add_argument(name, type=kind)
    parser.add_argument("--kv-unified", action="store_true")
    parser.add_argument("--slot-save-path")
    given, _ = parser.parse_known_args()
    model = Path(given.m).read_bytes()
    given.old = model.startswith(b"one reply")
    if given.kv_unified and model.startswith(b"one slot"):
        print("error: invalid argument: --kv-unified", file=sys.stderr)
        sys.exit(1)
    if model.startswith(b"room for") and given.ngl > int(model.split()[2]):
        print("ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB failed: out of memory", file=sys.stderr)
        sys.exit(1)
    if model.startswith(b"damaged"):
        print("llama_model_load: error loading model: tensor data is not within file bounds", file=sys.stderr)
        sys.exit(1)
    server = Standin(given)
    server.note(arguments=sys.argv[1:], pid=os.getpid(), parent=os.getppid())
    server.serve_forever()


if __name__ == "__main__":
    main()
