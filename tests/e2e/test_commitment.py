"""Storage Commitment of our results: Orthanc says, on an association of its own, what it keeps and what not."""

import json
import pathlib
import shutil
import tempfile

import pydicom

from hilum_harness import HilumTest, http, make_phantoms, need, wait_until
from local_services import Service, free_port

# The PACS loses each report that it takes for the first time.
LOSES_REPORTS_ONCE = """
lost = {}
function OnStoredInstance(instance, tags, metadata, origin)
   if tags['Modality'] == 'SR' and not lost[tags['SOPInstanceUID']] then
      lost[tags['SOPInstanceUID']] = true
      RestApiDelete('/instances/' .. instance)
   end
end
"""


class Commitments(HilumTest):
    commitment = {"request": True, "wait": "20s"}

    def setUp(self):
        super().setUp()
        settings = json.loads(self.node.configuration_file.read_text())
        settings["destinations"][0]["storage_commitment"] = self.commitment
        self.node.configure(json.dumps(settings))
        self.start_node()
        self.files = make_phantoms(self.folder / "phantoms", 2, seed=31)

    def deliveries(self):
        return [job for job in self.jobs() if job["kind"] == "delivery"]

    def commitments(self):
        return sorted(job["commitment"] for job in self.deliveries())

    def await_commitments(self, wanted):
        wait_until(lambda: self.commitments() == wanted, 60, f"commitments {wanted}")

    def metrics(self):
        return http(f"{self.node.url}/metrics")[1].decode()


class CommitmentTest(Commitments):
    def test_orthanc_commits_itself_to_what_it_took(self):
        self.send(*self.files)
        self.await_commitments(["committed"] * 4)
        self.assertIn('hilum_commitments_total{destination="pacs",outcome="committed"} 4', self.metrics())
        committed = [event for event in self.audit_events() if event["type"] == "result_committed"]
        self.assertEqual(len(committed), 4)
        self.assertTrue(all(event["detail"]["by"].startswith("ORTHANC@127.0.0.1") for event in committed), committed)
        self.assertIn("4 of 4", self.node.run("status").stdout)

    def test_commitment_is_asked_for_after_a_restart(self):
        self.pacs.know("hilum", "HILUM", free_port())  # so that Orthanc's answers do not arrive
        self.send(self.files[0])
        wait_until(lambda: self.commitments() == ["requested"] * 2, 60, "a request")
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.await_commitments(["committed"] * 2)


class LostReportTest(Commitments):
    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-lua-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        script = folder / "loses_reports.lua"
        script.write_text(LOSES_REPORTS_ONCE)
        self.pacs_settings = {"LuaScripts": [str(script)]}
        super().setUp()

    def test_what_the_pacs_lost_is_sent_again(self):
        self.send(self.files[0])
        self.await_commitments(["committed"] * 2)
        found = self.await_results([str(pydicom.dcmread(self.files[0], stop_before_pixels=True).StudyInstanceUID)])
        self.assert_one_report_and_capture(next(iter(found.values())))
        failed = [event for event in self.audit_events() if event["type"] == "commitment_failed"]
        self.assertEqual([event["detail"]["reason"] for event in failed], ["0112"])


class NoCommitmentTest(Commitments):
    commitment = {"request": True}

    def test_a_pacs_that_answers_nothing_holds_up_no_result(self):
        self.pacs.know("hilum", "HILUM", free_port())
        self.send(self.files[0])
        wait_until(lambda: self.commitments() == ["requested"] * 2, 60, "a request")
        self.send(self.files[1])
        wait_until(lambda: len(self.deliveries()) == 4 and all(
            job["state"] == "delivered" for job in self.deliveries()), 60, "four deliveries")
        self.assertIn('hilum_uncommitted_results{destination="pacs"}', self.metrics())


class OneAssociationPeerTest(Commitments):
    """storescp serves one association after the other, and rejects those that ask for what it does not offer."""

    def setUp(self):
        super().setUp()
        need("storescp")
        self.node.stop()
        self.received = self.folder / "received"
        self.received.mkdir()
        self.peer = Service("storescp", self.folder / "peer")
        self.addCleanup(self.peer.kill)
        port = free_port()
        self.peer.launch(["storescp", "-od", self.received, "-aet", "ONE", "--ignore", str(port)])
        settings = json.loads(self.node.configuration_file.read_text())
        settings["destinations"][0].update(port=port, ae_title="ONE", timeout="2s")
        self.node.configure(json.dumps(settings))
        self.node.start()

    def test_results_go_on_to_a_peer_without_storage_commitment(self):
        for number in (61, 62, 63):
            self.send(*make_phantoms(self.folder / f"phantoms-{number}", 1, number))
            delivered = 2 * (number - 60)
            wait_until(lambda delivered=delivered: [job["state"] for job in self.deliveries()]
                       == ["delivered"] * delivered, 60, f"{delivered} deliveries")
            wait_until(lambda: any("storage" in event for event in self.refusals()), 60, "a refused request")
        self.assertNotIn("is down", self.node.log())

    def refusals(self):
        return [line for line in self.node.log().splitlines() if "storage commitment:" in line]
