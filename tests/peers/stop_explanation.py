#!/usr/bin/env python3
"""Measures how long a model works on after an explanation was cancelled:

    tests/peers/random_model.py --chat --out chat.gguf
    tests/peers/stop_explanation.py --model chat.gguf FILE.py LINE

Explains the function at the line through the language server, cancels after one moment and another,
and watches the CPU time of the model's thread (Linux's /proc/PID/task/TID/schedstat) until it stands
still. Prints the milliseconds from the cancel to the last nanosecond of work: when the prompt was
being read, and when the answer was being written.
"""

import argparse
import json
import statistics
import subprocess
import threading
import time
from pathlib import Path

QUIET = 0.15  # seconds without work that count as the end of it


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.n_asked = 0
        self.pieces = threading.Semaphore(0)
        self.answers = {}
        self.ready = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def read(self):
        while True:
            length = 0
            while line := self.process.stdout.readline().strip():
                if line.startswith(b"Content-Length:"):
                    length = int(line.split(b":")[1])
            if not length:
                return
            message = json.loads(self.process.stdout.read(length))
            method = message.get("method")
            if method == "$/progress" and "append" in message["params"]["value"]:
                self.pieces.release()
            elif method == "midfill/status" and message["params"]["state"] == "ready":
                self.ready.set()
            elif method and "id" in message:
                self.send({"id": message["id"], "result": None})
            elif not method:
                self.answers[message["id"]] = message

    def request(self, method, params):
        self.n_asked += 1
        self.send({"id": self.n_asked, "method": method, "params": params})
        return self.n_asked

    def work(self):
        """Nanoseconds that the model's thread has been on a CPU."""
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == "model":
                return int((task / "schedstat").read_text().split()[0])
        raise SystemExit("the server has no thread named `model`")


def until_still(server, start):
    last, at = server.work(), start
    while time.perf_counter() - at < QUIET:
        time.sleep(0.0005)
        now = server.work()
        if now != last:
            last, at = now, time.perf_counter()
    return (at - start) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--midfill", default="midfill", help="the program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("file", type=Path)
    parser.add_argument("line", type=int)
    args = parser.parse_args()
    server = Server([args.midfill, "serve", "--model", args.model, "--threads", args.threads])
    uri = args.file.resolve().as_uri()
    introduced = server.request("initialize", {"capabilities": {}, "initializationOptions": {"snapshots": False}})
    while introduced not in server.answers:
        time.sleep(0.01)
    server.send({"method": "initialized", "params": {}})
    document = {"uri": uri, "languageId": "python", "version": 1, "text": args.file.read_text()}
    server.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
    server.ready.wait()
    place = {"line": args.line - 1, "character": 0}
    end = {"line": args.line - 1, "character": 200}
    reading, writing = [], []
    for n in range(args.rounds):
        # Another language is another prompt, so that it is read again.
        question = {"textDocument": {"uri": uri}, "range": {"start": place, "end": end}}
        question |= {"language": f"Language {n}", "partialResultToken": f"told/{n}"}
        asked = server.request("workspace/executeCommand", {"command": "midfill.explain", "arguments": [question]})
        begun = server.work()
        # The facts come first; what is told behind them is written by the model.
        is_writing = n % 2 == 1
        if is_writing:
            for _ in range(2):
                server.pieces.acquire(timeout=60)
            time.sleep(0.01 * n)
        while not is_writing and server.work() - begun < (0.2 + 0.07 * n) * 1e9:
            time.sleep(0.001)
        server.send({"method": "$/cancelRequest", "params": {"id": asked}})
        took = until_still(server, time.perf_counter())
        if asked in server.answers and "result" in server.answers[asked]:
            continue
        (writing if is_writing else reading).append(took)
        while server.pieces.acquire(blocking=False):
            pass
    for name, all_ in [("reading", reading), ("writing", writing)]:
        if all_:
            print(f"{name}: {len(all_)} cancels, median {statistics.median(all_):.1f} ms, most {max(all_):.1f} ms")
    server.process.kill()


if __name__ == "__main__":
    main()
