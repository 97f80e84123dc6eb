"""`hilum predict` of many files, one of which its model does not answer in time: each answer is of its own file."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from hilum_harness import BINARIES, MODEL, make_phantoms
from local_services import wait_until

ROUNDS = 5  # of all files, so that the model is stopped while it has some to do


def answers(lines):
    return [json.loads(line) for line in lines]


def score_of(answer):
    return answer.get("confidence")


def worker_of(pid):
    """The process of its model that a command has started, where it has one now."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    found = [int(child) for child in children
             if pathlib.Path(f"/proc/{child}/comm").read_text(encoding="ascii").strip() == "hilum-worker"]
    return found[0] if found else None


class HangingModelTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="hilum-predict-")
        self.addCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        self.files = [*make_phantoms(folder / "images", 4)]
        self.configuration = folder / "hilum.yaml"
        self.configuration.write_text(json.dumps({"models": [{"package": str(MODEL), "timeout": "3s"}]}),
                                      encoding="utf-8")

    def command(self):
        return [BINARIES / "hilum", "--config", self.configuration, "predict", *self.files * ROUNDS]

    def test_the_next_file_does_not_get_the_answer_of_the_one_before(self):
        alone = answers(subprocess.run(self.command(), capture_output=True, text=True, timeout=120,
                                       check=True).stdout.splitlines())
        self.assertEqual(len({score_of(answer) for answer in alone}), len(self.files), "images that nothing tells apart")
        with subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True) as predict:
            lines = [predict.stdout.readline()]
            stopped = worker_of(predict.pid)
            os.kill(stopped, signal.SIGSTOP)
            while "error" not in json.loads(lines[-1]):
                lines.append(predict.stdout.readline())
            wait_until(lambda: not pathlib.Path(f"/proc/{stopped}").exists(), 30, "the model that hung is ended")
            lines += predict.stdout.read().splitlines()
            self.assertEqual(predict.wait(60), 1)
        hung = answers(lines)
        self.assertEqual(len(hung), len(alone))
        failed = [answer for answer in hung if "error" in answer]
        self.assertEqual([answer["error"]["code"] for answer in failed], ["timeout"])
        for before, after in zip(alone, hung):
            self.assertEqual(before["file"], after["file"])
            self.assertIn(score_of(after), (score_of(before), score_of(failed[0])), after)


if __name__ == "__main__":
    unittest.main()
