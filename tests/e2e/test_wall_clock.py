"""A wall clock that is wrong, or that somebody sets while the node runs: nothing waits for the wrong time, nothing is
given up for time that did not pass."""

import json
import sqlite3
import struct

import pydicom

from hilum_harness import BINARIES, Hilum, HilumTest, configuration, http, make_phantoms, merged, wait_until

HOUR = 3600
DAY = 24 * HOUR


class WallClockTest(HilumTest):
    """hilumd under a clock that the test sets, whenever it likes (tests/support/settable_clock.cpp)."""

    changes = {"study": {"idle_timeout": "2s"}, "destinations": [{
        "name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": 1, "first_delay": "200ms",
        "longest_delay": "1s", "timeout": "10s", "give_up_after": "72h"}]}

    def make_node(self, name="node", **changes):
        self.clock_file = self.folder / "clock"
        self.set_clock(0)
        destination = {**self.changes["destinations"][0], "port": self.pacs.port}
        settings = merged(merged(self.changes, {"destinations": [destination]}), changes)
        node = Hilum(BINARIES, self.folder / name, configuration(self.folder / name / "data", **settings), {
            "LD_PRELOAD": str(BINARIES.parent / "tests" / "settable_clock.so"),
            "HILUM_TEST_CLOCK": str(self.clock_file), "ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.addCleanup(node.kill)
        return node

    def set_clock(self, seconds):
        """In one write, which the processes see at once, for they have the file mapped."""
        with open(self.clock_file, "r+b" if self.clock_file.exists() else "w+b") as file:
            file.write(struct.pack("=q", seconds * 1_000_000))

    def setUp(self):
        super().setUp()
        self.files = make_phantoms(self.folder / "phantoms", 2, seed=31)
        self.studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in self.files]

    def rows(self, sql):
        database = sqlite3.connect(f"file:{self.folder}/node/data/hilum.db?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def steps(self, direction):
        return dict(self.rows("SELECT json_extract(labels, '$.direction'), value FROM counter"
                              " WHERE name = 'clock_steps'")).get(direction, 0)

    def deliveries(self):
        return [job for job in self.jobs() if job["kind"] == "delivery"]

    def await_failed_deliveries(self):
        wait_until(lambda: len(self.deliveries()) == 4 and any(job["error"] for job in self.deliveries()), 120,
                   "four results wait, and one was tried")

    def pacs_is_back(self):
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)

    def assert_each_delivered_once(self):
        found = self.await_results(self.studies, 60)
        for study in self.studies:
            self.assert_one_report_and_capture(found[study], study)

    def test_what_was_made_under_a_clock_400_days_ahead_is_delivered_at_once_under_the_right_one(self):
        self.set_clock(400 * DAY)
        self.start_node()
        self.pacs.stop()
        self.send(*self.files)
        self.await_failed_deliveries()
        self.assertEqual(self.node.stop(), 0)
        self.set_clock(0)
        self.node.start()
        self.assertEqual(self.steps("back"), 1)
        self.pacs_is_back()
        self.assert_each_delivered_once()

    def test_nothing_is_given_up_where_the_clock_is_four_days_ahead_at_start(self):
        self.start_node()
        self.pacs.stop()
        self.send(*self.files)
        self.await_failed_deliveries()
        self.assertEqual(self.node.stop(), 0)
        self.set_clock(4 * DAY)
        self.node.start()
        wait_until(lambda: "destination pacs: delivery" in self.node.log(), 60, "the destination is tried")
        self.assertEqual({job["state"] for job in self.deliveries()}, {"queued"})
        self.set_clock(0)
        wait_until(lambda: self.steps("back") == 1, 60, "the clock is seen to be set right")
        self.pacs_is_back()
        self.assert_each_delivered_once()

    def test_a_study_waits_for_its_report_as_long_as_it_would_when_the_clock_is_set(self):
        self.node.configure(json.dumps(merged(json.loads(self.node.configuration_file.read_text()),
                                              {"study": {"idle_timeout": "40s", "max_wait": "90s"}})))
        self.start_node()
        self.send(self.files[0])

        def due():
            return self.rows("SELECT due_at / 1e6 FROM study WHERE due_at IS NOT NULL")[0][0]

        before = due()
        self.set_clock(2 * HOUR)
        wait_until(lambda: self.steps("ahead") == 1, 30, "the clock is seen to be set ahead")
        self.assertAlmostEqual(due(), before + 2 * HOUR, delta=0.5)
        self.set_clock(-2 * HOUR)
        wait_until(lambda: self.steps("back") == 1, 30, "the clock is seen to be set back")
        self.assertAlmostEqual(due(), before - 2 * HOUR, delta=0.5)
        self.await_results(self.studies[:1], 60)
        self.assertIn("was set back by 4h 0min", self.node.run("status").stdout)
        self.assertIn("the wall clock was set back by 4h 0min", self.node.log())
        self.assertEqual([round(event["detail"]["seconds"] / HOUR) for event in self.audit_events()
                          if event["type"] == "clock_set"], [2, -4])
        self.assertIn('hilum_clock_steps_total{direction="back"} 1', http(f"{self.node.url}/metrics")[1].decode())
