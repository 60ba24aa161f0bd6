"""`midfill bench replay --peer` from end to end, beside a stand-in for llama-server.

    MIDFILL=target/release/midfill python3 -m unittest discover -s tests/peers
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
MIDFILL = os.environ.get("MIDFILL", str(HERE.parents[1] / "target/release/midfill"))
STAND_IN = HERE / "stand_in_llama_server.py"
AUTHOR = "import os\n\nprices = [1]\ntotal = sum(prices)\nprint(total)\n# the end\n"
RULES = [{"ends_with": "total = s", "says": "um(prices)"}]


def left_running() -> list[str]:
    """Stand-ins that outlived their benchmark."""
    found = subprocess.run(["pgrep", "-f", str(STAND_IN)], capture_output=True, text=True, check=False)
    return found.stdout.split()


class Replay(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.path = Path(self.dir.name)
        (self.path / "a.py").write_text(AUTHOR)
        (self.path / "rules.json").write_text(json.dumps(RULES))

    def tearDown(self):
        self.dir.cleanup()
        self.assertEqual(left_running(), [])

    def replay(self, *more: str, fails: str = "", peer: str = str(STAND_IN)) -> subprocess.CompletedProcess:
        command = [
            MIDFILL, "bench", "replay", "a.py", "--from", "4", "--keys", "30",
            "--scripted", "rules.json", "--model", "a.gguf", "--peer", "llama-server",
            "--peer-program", peer, *more,
        ]
        environment = {**os.environ, "STAND_IN_FAILS": fails}
        return subprocess.run(
            command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def test_both_get_the_same_keys_and_are_judged_alike(self):
        done = self.replay("--json", "--plot", "plot.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["systems"], ["midfill", "llama-server"])
        self.assertIn("version: stand-in, -c 4096", report["about"][1])
        ours, theirs = report["inputs"][0]["figures"]
        self.assertEqual((ours["nKeys"], theirs["nKeys"]), (30, 30))
        # Both say the rest of the line once; only the peer says something wrong.
        self.assertEqual((ours["nTaken"], ours["nKeptChars"], ours["nWrong"]), (1, 10, 0))
        self.assertEqual((theirs["nTaken"], theirs["nKeptChars"], theirs["nWrong"]), (1, 10, 1))
        # What was said is typed along with, and comes from the client's cache.
        self.assertEqual(theirs["nFromMemory"], 9)
        self.assertEqual(report["runs"][1]["n_unanswered"], 0)
        self.assertGreater(theirs["computed"]["p50"], 0)
        self.assertGreater(report["runs"][1]["peak_memory"], 1 << 20)
        plot = (self.path / "plot.svg").read_text()
        self.assertEqual(plot.count("<circle"), 2)

    def test_a_person_s_rhythm_sends_one_request_at_a_time(self):
        done = self.replay("--json", "--rhythm", "1000")
        self.assertEqual(done.returncode, 0, done.stderr)
        ours, theirs = json.loads(done.stdout)["inputs"][0]["figures"]
        self.assertEqual((ours["nKeys"], theirs["nKeys"]), (30, 30))

    def test_the_table_has_a_ratio(self):
        done = self.replay()
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertIn("ratio", lines[0])
        self.assertTrue(any("prompt tokens computed a key, median" in line for line in lines))

    def test_a_peer_that_fails_is_told_of_in_plain_words(self):
        done = self.replay(fails="load")
        self.assertEqual(done.returncode, 2)
        self.assertIn("llama-server did not load a.gguf; run it by hand to see why", done.stderr)
        done = self.replay(fails="infill")
        self.assertEqual(done.returncode, 2)
        self.assertIn("llama-server refused: the prompt is too long", done.stderr)
        done = self.replay(peer="/nowhere/llama-server")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot start /nowhere/llama-server; install llama.cpp", done.stderr)


if __name__ == "__main__":
    unittest.main()
