"""kill -9 at random moments: every radiograph comes back as one report and one picture. tools/torture is the long run;
HILUM_TORTURE_SEED repeats one."""

import os
import random
import shutil
import tempfile
import unittest

from hilum_harness import BINARIES, MODEL, need
from torture import EVERYONE, Torture


class KillTest(unittest.TestCase):
    def setUp(self):
        need("Orthanc", "storescu")

    def torture(self, count, kills, only=None):
        seed = int(os.environ.get("HILUM_TORTURE_SEED") or random.SystemRandom().randrange(1 << 30))
        print(f"HILUM_TORTURE_SEED={seed}", flush=True)
        folder = tempfile.mkdtemp(prefix="hilum-crash-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        torture = Torture(folder, BINARIES, MODEL, count, kills, seed, only)
        self.addCleanup(torture.stop)
        killed = torture.run()
        self.assertEqual(sum(killed.values()), kills)

    def test_all_come_back_once_whichever_process_is_killed_when(self):
        self.torture(count=12, kills=14)

    def test_all_come_back_once_when_all_processes_are_killed_at_once(self):
        self.torture(count=8, kills=4, only=EVERYONE)
