"""A short hostile network: a PACS beside it gets every answer, and nothing grows. tools/hostile is the long run, with
times; here machines are busy and none is measured."""

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
        calm, during, after = figures["calm"], figures["during"], figures["after"]
        # 10 rejections a second that last up to 2 s each, and what listed hosts send mutated.
        self.assertLess(during["processes"], calm["processes"] + 80, figures)
        self.assertLessEqual(after["processes"], calm["processes"] + 2, figures)
        self.assertLess(during["memory_mib"], calm["memory_mib"] + 400, figures)
        self.assertLess(after["memory_mib"], calm["memory_mib"] + 60, figures)
        # 300 at once and then one every 10 s, however long a busy machine takes.
        self.assertLess(figures["audit_rows"]["association_rejected"] + figures["audit_rows"]["connection_refused"] +
                        figures["audit_rows"]["timeout"] + figures["audit_rows"]["not_dicom"], 400, figures)


if __name__ == "__main__":
    unittest.main()
