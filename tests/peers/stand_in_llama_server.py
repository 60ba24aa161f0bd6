#!/usr/bin/env python3
"""A stand-in for llama-server: /health, /props and /infill, answering from the text itself.

It says the same after the same text, counts words as tokens, and remembers the last prompt as a KV
cache does. STAND_IN_FAILS=load makes it end at once, =infill makes it refuse.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

FAILS = os.environ.get("STAND_IN_FAILS", "")
SAYS = {"total = s": "um(prices)", "print": "er.spool()"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    known: list[str] = []

    def log_message(self, *_):
        pass

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/props":
            return self.answer({"default_generation_settings": {"n_ctx": 4096}})
        return self.answer({"status": "ok"})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if FAILS == "infill":
            return self.answer({"error": {"message": "the prompt is too long"}}, 400)
        words = (asked["input_prefix"] + " | " + asked["input_suffix"] + " | " + asked["prompt"]).split()
        n_known = len(os.path.commonprefix([Handler.known, words]))
        Handler.known = words
        said = next((text for end, text in SAYS.items() if asked["prompt"].endswith(end)), "")
        return self.answer({
            "content": said, "truncated": False,
            "timings/prompt_n": len(words) - n_known, "timings/cache_n": n_known,
            "timings/prompt_ms": 0.5, "timings/predicted_n": 3, "timings/predicted_ms": 0.25,
        })


if "--version" in sys.argv:
    print("version: stand-in", file=sys.stderr)
elif FAILS == "load":
    sys.exit("no such model")
else:
    port = int(sys.argv[sys.argv.index("--port") + 1])
    HTTPServer(("127.0.0.1", port), Handler).serve_forever()
