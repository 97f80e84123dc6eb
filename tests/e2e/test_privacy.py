"""No patient in the log, the metrics or the name of a file, whatever the header holds and wherever it holds it."""

import json
import re
import socketserver
import threading
import warnings

import pydicom

from hilum_harness import HilumTest, http, make_phantoms, store, variant, wait_until

MARK = "QUAGGA"  # stands in every value that may identify a patient
DATES = ("19410203", "1941-02-03")


def identify(dataset):
    """Fills what may tell of a patient (PS3.15 table E.1-1) with the mark."""
    dataset.PatientName = f"{MARK}^ANNA^^DR"
    dataset.PatientID = f"{MARK}-1"
    dataset.IssuerOfPatientID = f"{MARK}ISSUER"
    dataset.OtherPatientIDs = [f"{MARK}-2", f"{MARK}-3"]
    dataset.OtherPatientNames = f"{MARK}^BORN"
    dataset.PatientBirthDate = DATES[0]
    dataset.PatientAddress = f"{MARK} STREET 1"
    dataset.PatientComments = f"{MARK} is allergic"
    dataset.AccessionNumber = f"{MARK}ACC"
    dataset.StudyID = f"{MARK}ID"
    dataset.ReferringPhysicianName = f"{MARK}^REFERS"
    dataset.StudyDescription = f"CHEST OF {MARK}"
    dataset.SeriesDescription = f"PA {MARK}"
    dataset.ImageComments = f"{MARK}"
    dataset.AdmissionID = f"{MARK}ADM"
    return dataset


def odd(**values):
    """A change that writes the mark also where no name belongs."""
    def change(dataset):
        identify(dataset)
        for keyword, value in values.items():
            dataset[keyword] = pydicom.DataElement(pydicom.datadict.tag_for_keyword(keyword),
                                                   pydicom.datadict.dictionary_VR(keyword), value)
    return change


def damage(dataset):
    identify(dataset)
    dataset.PixelData = dataset.PixelData[:100]


ODD = {
    "age": odd(PatientAge=f"{MARK}"), "birth-date": odd(PatientBirthDate=MARK, PatientAge=""),
    "character-set": odd(SpecificCharacterSet=MARK), "sex": odd(PatientSex=MARK), "view": odd(ViewPosition=MARK),
    "body-part": odd(BodyPartExamined=MARK), "photometric": odd(PhotometricInterpretation=MARK),
    "image-type": odd(ImageType=["ORIGINAL", MARK]), "modality": odd(Modality=MARK), "study-date": odd(StudyDate=MARK),
    "shape": odd(PresentationLUTShape=MARK), "pixels": damage,
}


class UnwillingReceiver(socketserver.BaseRequestHandler):
    """An HL7 receiver that refuses every message, and quotes the patient while it does."""

    def handle(self):
        text = b""
        while not text.endswith(b"\x1c\r"):
            part = self.request.recv(65536)
            if not part:
                return
            text += part
        control_id = re.search(rb"^\x0bMSH(?:\|[^|\r]*){8}\|([^|\r]*)", text)[1]
        self.request.sendall(b"\x0bMSH|^~\\&|RIS||HILUM||20260301||ACK|1|P|2.5.1\rMSA|AR|" + control_id +
                             f"|no order {MARK}ACC of {MARK}^ANNA\rERR|||204^{MARK}^HL70357|E||||{MARK}-1\r\x1c\r".encode())


class PrivacyTest(HilumTest):
    changes = {"node": {"log_level": "debug"}, "study": {"report_not_analysed": "always"}}

    def setUp(self):
        super().setUp()
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), UnwillingReceiver)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configured = json.loads(self.node.configuration_file.read_text())
        configured["destinations"].append({"name": "ris", "protocol": "hl7", "host": "127.0.0.1",
                                           "port": server.server_address[1], "timeout": "5s"})
        self.node.configure(json.dumps(configured))
        self.start_node()

    def tells_of_patient(self, text):
        return [line for line in text.splitlines() if MARK.lower() in line.lower() or any(date in line for date in DATES)]

    def test_nothing_outside_the_database_and_the_objects_names_a_patient(self):
        warnings.simplefilter("ignore")  # pydicom's, of values that are wrong on purpose
        first, = make_phantoms(self.folder / "phantom", 1, 3, "--size", "192")
        files = {"ordinary": identify, **ODD}
        sent = {}
        for name, change in files.items():
            sent[name] = variant(first, self.folder / f"{name}.dcm", change)
            store(self.node.port, self.folder / f"{name}.dcm")
        # An identifier in the place of a UID: refused, or kept under it, but not told.
        variant(first, self.folder / "uid.dcm", odd(StudyInstanceUID=f"{MARK}"))
        store(self.node.port, self.folder / "uid.dcm")
        self.node.ask("/api/v1/predict", (self.folder / "ordinary.dcm").read_bytes())
        self.node.ask("/api/v1/predict", f"{MARK} is no image".encode())
        self.node.ask(f"/api/v1/studies?patient_id={MARK}-1")
        http(f"{self.node.url}/{MARK}")
        self.node.run("jobs", "list", "--accession", f"{MARK}ACC")
        self.await_results([str(sent["ordinary"].StudyInstanceUID), str(sent["pixels"].StudyInstanceUID)])
        wait_until(lambda: "204" in self.node.log(), 60, "the log tells of the refusal by its code")
        self.node.run("results", "withdraw", "--study", str(sent["ordinary"].StudyInstanceUID), "--reason", "safety",
                      "--note", f"{MARK} is somebody else", "--yes")

        stored = {job.get("study_instance_uid") for job in self.jobs()}
        self.assertGreater(len(stored & {str(one.StudyInstanceUID) for one in sent.values()}), len(sent) - 3)
        status, metrics = http(f"{self.node.url}/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(self.tells_of_patient(metrics.decode()), [])
        names = [str(file.relative_to(self.node.folder)) for file in self.node.folder.rglob("*")]
        self.assertEqual(self.tells_of_patient("\n".join(names)), [])
        self.node.stop()
        self.assertEqual(self.tells_of_patient(self.node.log()), [])
