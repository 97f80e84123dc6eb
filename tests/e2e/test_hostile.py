"""A short hostile network: a PACS beside it gets every answer, and nothing grows (tools/support/hostile_bounds.py). tools/hostile is
the long run, with times; here machines are busy and none is measured."""

import os
import random
import shutil
import tempfile
import unittest

from hilum_harness import BINARIES
from hostile import Hostile


class HostileNetworkTest(unittest.TestCase):
    def test_a_pacs_works_on_and_nothing_grows(self):
        seed = int(os.environ.get("HILUM_HOSTILE_SEED") or random.SystemRandom().randrange(1 << 30))
        print(f"HILUM_HOSTILE_SEED={seed}", flush=True)
        folder = tempfile.mkdtemp(prefix="hilum-hostile-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        hostile = Hostile(folder, BINARIES, seconds=8, seed=seed, connections=1000)
        self.addCleanup(hostile.stop)
        figures = hostile.run()
        print(figures, flush=True)
        self.assertEqual(hostile.failures, [], figures)
        self.assertGreater(figures["echo"]["count"], 5)
        self.assertGreater(figures["store"]["count"], 2)


if __name__ == "__main__":
    unittest.main()
