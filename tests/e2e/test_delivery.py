"""Destinations that are down, that refuse, that come back: results wait, and arrive once."""

import json

import pydicom

from hilum_harness import HilumTest, make_phantoms, wait_until


class Deliveries(HilumTest):
    def setUp(self):
        super().setUp()
        self.start_node()
        self.files = make_phantoms(self.folder / "phantoms", 2, seed=11)
        self.studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in self.files]

    def deliveries(self):
        return [job for job in self.jobs() if job["kind"] == "delivery"]

    def await_failed_attempt(self):
        return wait_until(lambda: [job for job in self.deliveries() if job["attempts"] > 0 and job["error"]], 60,
                          "a failed attempt")

    def assert_each_delivered_once(self):
        found = self.await_results(self.studies)
        for study in self.studies:
            self.assert_one_report_and_capture(found[study], study)


class DeliveryTest(Deliveries):
    def test_results_wait_for_a_destination_that_is_down_and_arrive_when_it_is_up(self):
        self.pacs.stop()
        self.send(*self.files)
        job = self.await_failed_attempt()[0]
        self.assertIn(str(self.pacs.port), job["error"])
        self.assertEqual(job["state"], "queued")
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()

    def test_results_survive_a_restart_while_the_destination_is_down(self):
        self.pacs.stop()
        self.send(*self.files)
        self.await_failed_attempt()
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()

    def test_a_destination_that_does_not_know_us_is_told_of_and_tried_again(self):
        self.pacs.know("hilum", "SOMEBODY", self.node.port)
        self.send(*self.files)
        job = self.await_failed_attempt()[0]
        self.assertIn("reject", job["error"])
        shown = self.node.run("jobs", "list", "--json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn(job["error"], [row["error"] for row in json.loads(shown.stdout)["jobs"]])
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()


class ExpiryTest(Deliveries):
    """A result that could not be delivered for long is kept, shown, and sent when an operator says so."""

    changes = {"destinations": [{
        "name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": 1, "first_delay": "100ms",
        "longest_delay": "200ms", "timeout": "5s", "give_up_after": "1s"}]}

    def make_node(self, name="node", **changes):
        destination = {**self.changes["destinations"][0], "port": self.pacs.port}
        return super().make_node(name, destinations=[destination], **changes)

    def test_what_expired_is_sent_when_an_operator_retries_it(self):
        self.pacs.stop()
        self.send(*self.files)
        wait_until(lambda: len([job for job in self.deliveries() if job["state"] == "expired"]) == 4, 60,
                   "four deliveries expire")
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        for study in self.studies:
            retried = self.node.run("jobs", "retry", "--study", study)
            self.assertEqual(retried.returncode, 0, retried.stderr)
        self.assert_each_delivered_once()
