"""What is finished goes when the budget asks, and nothing that a destination lacks, whatever the budget."""

import json
import os
import sqlite3
import subprocess
import unittest

import pydicom

from hilum_harness import HilumTest, http, make_phantoms, store, store_statuses, wait_until

MIB = 1 << 20
BUDGET = 20 * MIB


class RetentionTest(HilumTest):
    changes = {"study": {"idle_timeout": "300ms"}}

    @property
    def data(self):
        return self.folder / "node" / "data"

    def files(self):
        """{"folder/name": bytes} of all that lies in the node's folders."""
        found = {}
        for folder in ("spool", "analyses", "results"):
            for file in (self.data / folder).rglob("*"):
                try:
                    if file.is_file():
                        found[f"{folder}/{file.relative_to(self.data / folder)}"] = file.stat().st_size
                except FileNotFoundError:
                    continue  # it went meanwhile
        return found

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.data / 'hilum.db'}?mode=ro", uri=True) as database:
            return [row[0] for row in database.execute(sql)]

    def files_of_rows(self):
        return set(self.rows(
            "SELECT 'spool/' || file FROM instance WHERE removed_at IS NULL UNION ALL SELECT 'analyses/' || artifact"
            " FROM analysis WHERE artifact != '' UNION ALL SELECT 'results/' || file FROM result WHERE removed_at IS"
            " NULL"))

    def retention(self, *arguments):
        told = self.node.run("retention", *arguments, "--json")
        self.assertEqual(told.returncode, 0, told.stderr)
        return json.loads(told.stdout)

    def metric(self, name):
        lines = http(f"{self.node.url}/metrics")[1].decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((name + "{", name + " ")))

    def await_delivered(self, count, seconds=120):
        wait_until(lambda: self.metric('hilum_jobs{kind="delivery",state="delivered"}') >= 2 * count, seconds,
                   f"the results of {count} studies are delivered")

    def await_within_budget(self, budget=BUDGET):
        wait_until(lambda: sum(self.files().values()) <= budget, 60, "what is kept is within the budget")

    def pacs_returns(self):
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)

    def assert_no_orphans(self):
        wait_until(lambda: set(self.files()) == self.files_of_rows(), 60, "each file has a row, each row its file")


class BudgetTest(RetentionTest):
    changes = {"study": {"idle_timeout": "300ms"}, "retention": {"budget": "20MiB"}}

    def test_the_budget_holds_and_nothing_undelivered_goes(self):
        phantoms = make_phantoms(self.folder / "phantoms", 20, seed=17)
        self.start_node()
        self.send(*phantoms[:12])
        self.await_delivered(12)
        self.await_within_budget()
        self.assertGreater(self.metric("hilum_removed_bytes_total"), 12 * 4 * MIB - BUDGET)
        # With nobody to send to, all of it stays, however much; and so it does when the node dies.
        self.pacs.stop()
        self.send(*phantoms[12:])
        wait_until(lambda: self.metric("hilum_retention_over_budget") == 1, 120, "the alarm")
        self.node.kill()
        self.node.start()
        wait_until(lambda: self.metric('hilum_jobs{kind="delivery",state="queued"}') +
                   self.metric('hilum_jobs{kind="delivery",state="running"}') == 16, 120, "16 results wait")
        self.assertGreater(sum(self.files().values()), BUDGET)
        self.assertEqual(self.retention("--dry-run")["stays"]["busy"]["studies"], 8)
        self.assertIn("hilum retention --dry-run", self.node.run("status").stdout.replace("\n  ", " "))
        self.pacs_returns()
        self.await_delivered(20)
        self.await_within_budget()
        self.assert_no_orphans()
        wait_until(lambda: self.metric("hilum_retention_over_budget") == 0, 60, "the end of the alarm")
        self.assertEqual({len(of_study) for of_study in self.results().values()}, {2})
        self.assertEqual(len(self.results()), 20)
        # The totals of what was done know nothing of it, and the trail tells.
        self.assertEqual(self.metric('hilum_jobs{kind="analysis",state="analysed"}'), 20)
        removed = [event for event in self.audit_events() if event["type"] == "study_removed"]
        self.assertEqual({event["detail"]["reason"] for event in removed}, {"budget"})
        self.assertEqual(len(removed), len(self.rows("SELECT id FROM study WHERE removed_at IS NOT NULL")))


class CapturesTest(RetentionTest):
    # Enough for all but the capture.
    changes = {"study": {"idle_timeout": "300ms"}, "retention": {"budget": "3MiB", "low_watermark": 100}}

    def on_the_disk(self):
        return [name for name in self.files() if name.startswith("results/")]

    def sent(self, study):
        return {result.uid: result.bytes for result in self.results()[study]}

    def test_a_capture_goes_and_is_composed_anew_when_it_is_to_be_sent_again(self):
        phantom, = make_phantoms(self.folder / "phantoms", 1, 29, "--size", "1000")
        study = str(pydicom.dcmread(phantom, stop_before_pixels=True).StudyInstanceUID)
        self.start_node()
        self.send(phantom)
        self.await_delivered(1)
        wait_until(lambda: self.rows("SELECT on_demand FROM result WHERE kind = 'sc'") == [1], 60, "the capture goes")
        wait_until(lambda: len(self.on_the_disk()) == 1, 60, "its file is gone, the report's is not")
        self.assertEqual(self.retention()["studies"]["on_disk"], 1)
        before = self.sent(study)
        for instance in self.pacs.get("/instances"):
            http(f"{self.pacs.url}/instances/{instance}", method="DELETE")
        self.results_by_instance.clear()
        self.assertEqual(self.node.run("results", "resend", "--study", study).returncode, 0)
        self.await_results([study])
        self.assertEqual(self.sent(study), before)
        self.assertNotIn("result_damaged", {event["type"] for event in self.audit_events()})
        wait_until(lambda: len(self.on_the_disk()) == 1, 60, "it goes once more")
        self.assert_no_orphans()


class AgeTest(RetentionTest):
    # The wall clock is trusted a quarter of an hour after a start: here the budget is what asks.
    changes = {"study": {"idle_timeout": "300ms"}, "retention": {"budget": "1MiB"}}

    def test_holds_and_words(self):
        held, other = make_phantoms(self.folder / "phantoms", 2, seed=23)
        self.start_node()
        self.pacs.stop()
        self.send(held, other)
        studies = [study["study_instance_uid"] for study in
                   json.loads(self.node.run("studies", "--json").stdout)["studies"]]
        unknown = self.node.run("retention", "hold", "--study", "1.2.3", "--reason", "x")
        self.assertNotEqual(unknown.returncode, 0)
        self.assertIn("no study", unknown.stderr)
        self.assertNotEqual(self.node.run("retention", "hold", "--study", studies[0]).returncode, 0)
        self.assertEqual(self.retention("hold", "--study", studies[0], "--reason", "trial 17")["changed"], True)
        self.pacs_returns()
        self.await_delivered(2)
        wait_until(lambda: self.retention()["studies"]["removed"] == 1, 60, "the other one goes")
        self.assertEqual(self.retention()["holds"][0]["reason"], "trial 17")
        for words in (("results", "resend", "--study"), ("jobs", "retry", "--study")):
            told = self.node.run(*words, studies[1])
            self.assertNotEqual(told.returncode, 0)
            self.assertIn("removed on", told.stderr.replace("\n", " "), words)
        self.assertEqual(self.node.run("results", "resend", "--study", studies[0]).returncode, 0)
        self.retention("release", "--study", studies[0])
        wait_until(lambda: self.retention()["studies"]["removed"] == 2, 60, "the released one goes")
        wait_until(lambda: not self.files(), 60, "its files go after its rows")
        # Known when it comes again, and neither analysed nor reported anew.
        self.send(other)
        self.assertEqual(self.metric('hilum_instances_received_total{outcome="duplicate"}'), 1)
        self.assertEqual(self.metric('hilum_jobs{kind="analysis",state="analysed"}'), 2)
        audited = [event["type"] for event in self.audit_events()]
        self.assertEqual((audited.count("study_held"), audited.count("study_released")), (1, 1))
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)


class FullDiskTest(RetentionTest):
    changes = {"scp": {"min_free_space": "32MiB"}, "study": {"idle_timeout": "300ms"}}

    def setUp(self):
        super().setUp()
        self.data.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=112m", "tmpfs", str(self.data)],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"no file system of its own can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.data)], check=False)

    def free(self):
        room = os.statvfs(self.data)
        return room.f_bavail * room.f_frsize

    def test_a_destination_that_is_down_fills_the_disk_and_then_all_is_well(self):
        phantoms = make_phantoms(self.folder / "phantoms", 24, seed=29)  # more than fit, whatever of them is analysed meanwhile
        self.start_node()
        self.pacs.stop()
        taken = []

        def refused():
            answers = store_statuses(store(self.node.port, phantoms[len(taken)]))
            if answers == ["Success"]:
                taken.append(phantoms[len(taken)])
            return answers == ["Refused: OutOfResources"]
        wait_until(refused, 120, "the disk's floor is reached and C-STORE answers A700")
        self.pacs_returns()
        self.await_delivered(len(taken))
        wait_until(lambda: self.free() > 60 * MIB, 60, "what was delivered makes room")
        self.assertEqual(store_statuses(store(self.node.port, phantoms[len(taken)])), ["Success"])
        self.await_delivered(len(taken) + 1)
        self.assertEqual(len(self.results()), len(taken) + 1)
        self.assert_no_orphans()
