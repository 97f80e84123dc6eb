"""Results in archives that are not Orthanc: DCMTK's dcmqrscp, asked by C-FIND and C-GET, and its storescp."""

import json
import subprocess

import pydicom

from hilum_harness import COMPREHENSIVE_3D_SR, SECONDARY_CAPTURE, HilumTest, diagnoses, make_phantoms, need, wait_until
from local_services import free_port

ARCHIVE = """NetworkTCPPort = {port}
MaxPDUSize = 131072
MaxAssociations = 16
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
ARCHIVE {folder} RW (50, 1024mb) ANY
AETable END
"""


class PeersTest(HilumTest):
    def setUp(self):
        super().setUp()
        need("dcmqrscp", "findscu", "getscu", "storescp", "dsrdump", "dsr2html")
        self.archive_port, self.store_port = free_port(), free_port()
        self.archive, self.taken = self.folder / "archive", self.folder / "taken"
        for folder in (self.archive, self.taken):
            folder.mkdir()
        (self.folder / "dcmqrscp.cfg").write_text(ARCHIVE.format(port=self.archive_port, folder=self.archive))
        self.serve("dcmqrscp", "-c", self.folder / "dcmqrscp.cfg")
        self.serve("storescp", "-od", self.taken, "-pm", "+xa", self.store_port)
        for port in (self.archive_port, self.store_port):
            wait_until(lambda port=port: self.run_tool("echoscu", "-aec", "ARCHIVE", "127.0.0.1", port).returncode == 0,
                       30, "the archive answers")
        settings = json.loads(self.node.configuration_file.read_text())
        pacs = settings["destinations"][0]
        settings["destinations"] = [
            {**pacs, "name": "archive", "ae_title": "ARCHIVE", "port": self.archive_port},
            {**pacs, "name": "store", "ae_title": "STORE", "port": self.store_port,
             "sr": {"sop_class": "enhanced"}}]
        self.node.configure(json.dumps(settings))
        self.start_node()
        self.phantom, = make_phantoms(self.folder / "phantoms", 1, 4, "--class", "pneumonia", "--size", "400")
        self.study = str(pydicom.dcmread(self.phantom, stop_before_pixels=True).StudyInstanceUID)
        self.send(self.phantom)
        wait_until(lambda: [job["state"] for job in self.jobs() if job["kind"] == "delivery"] == ["delivered"] * 4, 60,
                   "each archive has report and capture")

    def serve(self, *command):
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def run_tool(self, *command):
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace", timeout=60,
                              check=False)

    def find(self, folder, *keys):
        folder.mkdir()
        found = self.run_tool("findscu", "-S", "-aec", "ARCHIVE", "-X", "-od", folder,
                              *[word for key in keys for word in ("-k", key)], "127.0.0.1", self.archive_port)
        self.assertEqual(found.returncode, 0, found.stderr)
        return [pydicom.dcmread(file, force=True) for file in sorted(folder.iterdir())]

    def get(self, folder):
        folder.mkdir()
        got = self.run_tool("getscu", "-S", "-aec", "ARCHIVE", "-od", folder, "-k", "QueryRetrieveLevel=STUDY",
                            "-k", f"StudyInstanceUID={self.study}", "127.0.0.1", self.archive_port)
        self.assertEqual(got.returncode, 0, got.stderr)
        return {pydicom.dcmread(file).SOPClassUID: file for file in folder.iterdir()}

    def assert_readable(self, report):
        dumped = self.run_tool("dsrdump", report)
        self.assertEqual(dumped.returncode, 0, dumped.stderr)
        self.assertIn("Pneumonia", dumped.stdout)
        page = self.run_tool("dsr2html", report)
        self.assertEqual(page.returncode, 0, page.stderr)
        self.assertIn("not for clinical use", page.stdout)
        self.assertEqual([outcome.text for outcome in diagnoses(report.read_bytes())], ["Pneumonia"])

    def test_results_are_listed_fetched_and_read(self):
        series = self.find(self.folder / "series", "QueryRetrieveLevel=SERIES", f"StudyInstanceUID={self.study}",
                           "Modality", "SeriesInstanceUID", "SeriesNumber")
        self.assertEqual(sorted((one.Modality, one.SeriesNumber) for one in series), [("OT", 9002), ("SR", 9001)])
        fetched = self.get(self.folder / "fetched")
        self.assertEqual(set(fetched), {COMPREHENSIVE_3D_SR, SECONDARY_CAPTURE})
        self.assert_readable(fetched[COMPREHENSIVE_3D_SR])

        stored = {pydicom.dcmread(file).SOPClassUID: file for file in self.taken.iterdir()}
        self.assertEqual(set(stored), {pydicom.uid.EnhancedSRStorage, SECONDARY_CAPTURE})
        self.assert_readable(stored[pydicom.uid.EnhancedSRStorage])
        self.assertEqual(pydicom.dcmread(stored[SECONDARY_CAPTURE]).SOPInstanceUID,
                         pydicom.dcmread(fetched[SECONDARY_CAPTURE]).SOPInstanceUID)
