"""System calls that fail in a working node: each radiograph is reported once, none is set aside, the node goes on.
tools/faults is the long run; HILUM_FAULTS_SEED repeats one."""

import errno
import os
import pathlib
import random
import shutil
import tempfile
import unittest

from hilum_harness import BINARIES, MODEL, need
from faults import CALLS_OF_A_START, all_faults, every_number
from faulty_node import FaultyNode
from other_peers import OtherPeers

LIBRARY = BINARIES.parent / "tests" / "faulty_system.so"


class FaultsTest(unittest.TestCase):
    def setUp(self):
        need("storescp", "storescu", "echoscu")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-faults-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.node = FaultyNode(folder, BINARIES, LIBRARY, MODEL, print, OtherPeers().start())
        self.addCleanup(self.node.stop)
        self.node.start()

    def test_each_radiograph_is_reported_once_whichever_call_fails(self):
        seed = int(os.environ.get("HILUM_FAULTS_SEED") or random.SystemRandom().randrange(1 << 30))
        print(f"HILUM_FAULTS_SEED={seed}", flush=True)
        chance = random.Random(seed)
        for role, call, error in chance.sample(all_faults(), k=8):
            self.node.try_one(role, call, error, chance.randint(1, 4))
        for role, call, error in chance.sample(all_faults(calls=CALLS_OF_A_START), k=4):
            self.node.try_start(role, call, error, chance.randint(1, 4))
        # Those that cost healthy studies their analysis once.
        self.assertGreater(self.node.outage("coordinator", "write", errno.EIO, 2), 0)
        self.assertGreater(self.node.outage("composer", "read", errno.EIO, 2), 0)
        self.assertGreater(self.node.outage("coordinator", "open", errno.EMFILE, 2), 0)
        self.assertGreater(self.node.outage("decoder", "read", errno.EIO, 2), 0)
        self.node.check_once()

    def test_a_read_that_fails_is_no_value_that_is_empty(self):
        for role in ("decoder", "composer", "sender"):
            with self.subTest(role):
                self.assertGreater(every_number(self.node.try_one, role, "read", errno.EIO), 0)
                self.node.check_once()

    def test_a_picture_whose_fonts_cannot_be_opened_is_not_sent(self):
        self.assertGreater(every_number(self.node.try_one, "composer", "open", errno.EMFILE), 10)
        self.node.check_once()

    def test_what_cannot_be_watched_yet_is_heard_later(self):
        self.assertGreater(every_number(self.node.try_one, "coordinator", "epoll", errno.ENOMEM), 0)
        self.assertGreater(self.node.outage("coordinator", "epoll", errno.ENOSPC, 2), 0)
        self.node.check_once()

    def test_a_database_that_cannot_be_opened_is_not_a_damaged_one(self):
        failed = [self.node.try_start("coordinator", "open", errno.EMFILE, number) for number in range(1, 9)]
        self.assertTrue(all(failed), failed)
        self.node.check_once()


if __name__ == "__main__":
    unittest.main()
