"""Power cuts in the record of a working node: nothing acknowledged is missing, nothing is reported twice, the node settles.
tools/power_cuts is the long run; HILUM_POWER_CUTS_SEED repeats one."""

import os
import pathlib
import random
import shutil
import struct
import tempfile
import types
import unittest

from hilum_harness import BINARIES, MODEL, need
from power_cut_disk import Disk, Event
from power_cuts import RecordedRun, all_cuts, run_cuts

LIBRARY = BINARIES.parent / "tests" / "faulty_system.so"


class PowerCutsTest(unittest.TestCase):
    def test_nothing_is_lost_or_told_twice(self):
        need("storescp", "storescu", "echoscu")
        seed = int(os.environ.get("HILUM_POWER_CUTS_SEED") or random.SystemRandom().randrange(1 << 30))
        print(f"HILUM_POWER_CUTS_SEED={seed}", flush=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-power-cuts-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        run = RecordedRun(folder, BINARIES, LIBRARY, MODEL, 2, print).record()
        self.assertEqual(run_cuts(run, 3, seed), 3)


class DiskTest(unittest.TestCase):
    """The model of the disk is as strict as it says."""

    def left(self, events, way="nothing"):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-disk-"))
        self.addCleanup(shutil.rmtree, folder)
        disk = Disk("/data")
        for event in events:
            disk.happen(Event(*event))
        disk.leave(folder, random.Random(1), way)
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    written = [("create", "/data/a.tmp", b"", 0), ("write", "/data/a.tmp", b"bytes", 0)]
    synced = [*written, ("sync", "/data/a.tmp", b"", 0)]
    renamed = [*synced, ("rename", "/data/a.tmp", b"/data/a", 0)]

    def test_a_name_is_safe_after_its_folder_was_synced(self):
        self.assertEqual(self.left(self.renamed), {})
        self.assertEqual(self.left([*self.renamed, ("sync", "/data", b"", 0)]), {"a": b"bytes"})
        self.assertEqual(self.left(self.renamed, "all"), {"a": b"bytes"})

    def test_bytes_are_safe_after_their_file_was_synced(self):
        self.assertEqual(self.left([*self.written, ("sync", "/data", b"", 0)]), {"a.tmp": b""})
        self.assertEqual(self.left([*self.synced, ("sync", "/data", b"", 0), ("write", "/data/a.tmp", b"X", 2)]),
                         {"a.tmp": b"bytes"})

    def test_what_was_removed_comes_back_where_its_folder_was_not_synced(self):
        removed = [*self.renamed, ("sync", "/data", b"", 0), ("unlink", "/data/a", b"", 0)]
        self.assertEqual(self.left(removed), {"a": b"bytes"})
        self.assertEqual(self.left([*removed, ("sync", "/data", b"", 0)]), {})

    def test_a_folder_that_was_not_synced_takes_its_files_along(self):
        inside = [("mkdir", "/data/day", b"", 0), ("create", "/data/day/a", b"", 0), ("sync", "/data/day/a", b"", 0),
                  ("sync", "/data/day", b"", 0)]
        self.assertEqual(self.left(inside), {})
        self.assertEqual(self.left([*inside, ("sync", "/data", b"", 0)]), {"day/a": b""})


def command_set(*elements):
    """Of a DIMSE message (Implicit VR Little Endian), with the presentation data value's head before it."""
    rest = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in elements)
    return bytes(12) + struct.pack("<HHII", 0, 0, 4, len(rest)) + rest


class AllCuts(unittest.TestCase):
    """Every cut that leaves or demands something else than the one before it in the same way."""

    def cuts(self, *events):
        events = [Event(*event) for event in events]
        run = types.SimpleNamespace(events=events, syncs=[at for at, event in enumerate(events) if event.kind == "sync"])
        return all_cuts(run), all_cuts(run, in_turn=True)

    write, sync = ("write", "/data/a", b"bytes", 0), ("sync", "/data/a", b"", 0)
    answer = ("sent", "receiver", command_set((0x0100, b"\x01\x80"), (0x0900, b"\0\0"), (0x1000, b"1.2\0")), 0)

    def test_what_is_safe_changes_by_a_sync_and_what_is_there_before_it(self):
        every, in_turn = self.cuts(self.write, self.sync, self.write, self.sync)
        self.assertEqual(every, [(1, "all"), (1, "chance"), (2, "nothing"), (2, "chance"), (3, "all"), (3, "chance"), (4, "nothing"), (4, "chance")])
        self.assertEqual(in_turn, [(1, "nothing"), (2, "all"), (3, "chance"), (4, "nothing")])

    def test_what_was_acknowledged_in_between_is_demanded_by_another_cut(self):
        every, _ = self.cuts(self.write, self.sync, self.answer, self.write, self.sync)
        self.assertIn((4, "nothing"), every)
        every, _ = self.cuts(self.write, self.sync, ("sent", "receiver", b"pixels", 0), self.write, self.sync)
        self.assertNotIn((4, "nothing"), every)


if __name__ == "__main__":
    unittest.main()
