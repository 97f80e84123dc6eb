"""Messages to a worklist: ORU^R01 over MLLP to an independent receiver, read by an independent parser."""

import json
import subprocess

import pydicom

from hilum_harness import BINARIES, HilumTest, Peer, http, make_phantoms, run_peer, variant, wait_until
from mllp_receiver import MllpReceiver, control_id_of

PNEUMONIA = "233604007"


class Worklist(HilumTest):
    answer = "AA"
    triage = {}
    destination = {}

    def setUp(self):
        super().setUp()
        self.received_file = self.folder / "received.jsonl"
        self.receiver = self.start_receiver(self.answer)
        settings = json.loads(self.node.configuration_file.read_text())
        settings["destinations"].append({
            "name": "ris", "protocol": "hl7", "host": "127.0.0.1", "port": self.receiver.port, "timeout": "5s",
            "first_delay": "200ms", "longest_delay": "1s", "hl7": {"receiving_application": "RIS"},
            **self.destination})
        settings["triage"] = {"urgent": self.triage}
        self.node.configure(json.dumps(settings))
        self.start_node()

    def start_receiver(self, answer, *port):
        receiver = Peer(self.folder, "mllp_receiver.js", self.received_file, answer, *map(str, port)).start()
        self.addCleanup(receiver.kill)
        return receiver

    def messages(self):
        if not self.received_file.exists():
            return []
        return [json.loads(line)["message"] for line in self.received_file.read_text().splitlines()]

    def await_messages(self, count):
        wait_until(lambda: len(self.messages()) >= count, 60, f"{count} messages")
        return self.messages()

    def parsed(self, message):
        """{segment name: [fields, ...]} as the parser from npm reads it; a field is its first repetition."""
        file = self.folder / "message.hl7"
        file.write_bytes(message.encode())
        segments = {}
        for segment in run_peer("read_hl7.js", file):
            segments.setdefault(segment["name"], []).append(
                {int(number): repetitions[0] for number, repetitions in segment["fields"].items()})
        return segments

    def observations(self, message):
        """{code: OBX, ...}"""
        return {observation[3][0]: observation for observation in self.parsed(message)["OBX"]}

    def deliveries(self, destination="ris"):
        return [job for job in self.jobs() if job["kind"] == "delivery" and job["destination"] == destination]

    def phantoms(self, count, seed):
        return make_phantoms(self.folder / f"phantoms-{seed}", count, seed)


class AcceptingWorklistTest(Worklist):
    triage = {"Pneumonia": "positive"}

    def test_each_study_has_one_message_that_says_what_the_model_says(self):
        files = self.phantoms(4, 51)
        self.send(*files)
        messages = self.await_messages(4)
        wait_until(lambda: [job["state"] for job in self.deliveries()] == ["delivered"] * 4, 60, "deliveries")
        by_study = {self.observations(message)["110180"][5][0]: message for message in messages}
        for file in files:
            dataset = pydicom.dcmread(file, stop_before_pixels=True)
            message = self.parsed(by_study[dataset.StudyInstanceUID])
            status, body = self.node.ask("/api/v1/predict", file.read_bytes(), "POST", timeout=120)
            self.assertEqual(status, 200, body)
            predicted = json.loads(body)
            self.assertEqual(message["MSH"][0][9][:2], ["ORU", "R01"])
            self.assertEqual(message["MSH"][0][5], ["RIS"])
            self.assertEqual(message["PID"][0][3][0], dataset.PatientID)
            self.assertEqual(message["PID"][0][5][:2], str(dataset.PatientName).split("^")[:2])
            self.assertEqual(message["OBR"][0][18], [dataset.AccessionNumber])
            statuses = {segment[11][0] for segment in message["OBX"]} | {message["OBR"][0][25][0]}
            self.assertEqual(statuses, {"P"})
            observations = self.observations(by_study[dataset.StudyInstanceUID])
            self.assertEqual(observations["ai-diagnosis"][5][1], predicted["diagnosis"])
            pneumonia = observations[PNEUMONIA]
            self.assertAlmostEqual(float(pneumonia[5][0]), predicted["all_probabilities"]["Pneumonia"], delta=0.006)
            urgent = predicted["diagnosis"] == "Pneumonia"
            self.assertEqual(pneumonia[8], ["AA"] if urgent else ["N"])
            self.assertEqual(observations["triage-priority"][5][0], "urgent" if urgent else "routine")
        self.assertEqual(len({self.parsed(message)["MSH"][0][10][0] for message in messages}), 4)

    def test_urgent_studies_are_delivered_first(self):
        self.assertEqual(self.node.run("destinations", "pause", "ris").returncode, 0)
        self.send(*self.phantoms(8, 59))
        wait_until(lambda: len(self.deliveries()) == 8, 60, "eight messages that wait")
        self.assertEqual(self.node.run("destinations", "resume", "ris").returncode, 0)
        priorities = [self.observations(message)["triage-priority"][5][0] for message in self.await_messages(8)]
        self.assertEqual(priorities, sorted(priorities, reverse=True), "urgent before routine")
        self.assertEqual(set(priorities), {"urgent", "routine"}, "the phantoms are of both kinds")
        urgent = [event for event in self.audit_events() if event["type"] == "study_urgent"]
        self.assertEqual(len(urgent), priorities.count("urgent"))

    def test_a_rule_for_a_finding_that_no_package_has_is_a_mistake(self):
        file = self.folder / "mistaken.yaml"
        settings = json.loads(self.node.configuration_file.read_text())
        settings["triage"] = {"urgent": {"Pneumothorax": "positive"}}
        file.write_text(json.dumps(settings))
        checked = subprocess.run([BINARIES / "hilumd", "--config", file, "--check"], capture_output=True, text=True,
                                 timeout=60, check=False)
        self.assertEqual(checked.returncode, 1, checked.stderr)
        self.assertIn("triage.urgent: no package has a label named 'Pneumothorax'", checked.stderr)

    def test_a_late_image_makes_a_second_message_that_says_so(self):
        file, = self.phantoms(1, 52)
        self.send(file)
        self.await_messages(1)
        late = self.folder / "late.dcm"
        study = pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID
        variant(file, late, lambda dataset: setattr(dataset, "StudyInstanceUID", study))
        self.send(late)
        second = self.observations(self.await_messages(2)[1])
        self.assertEqual(second["report-version"][5][0], "v2, replaces v1")

    def test_a_withdrawal_is_told(self):
        file, = self.phantoms(1, 53)
        self.send(file)
        self.await_messages(1)
        study = str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID)
        self.await_results([study])
        done = self.node.run("results", "withdraw", "--study", study, "--reason", "safety", "--note", "wrong patient",
                             "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        first, taken_back = (self.observations(message) for message in self.await_messages(2))
        self.assertIn("wrong patient", taken_back["withdrawn"][5][0])
        self.assertEqual({observation[11][0] for observation in taken_back.values()}, {"W"})
        for code, observation in first.items():
            self.assertEqual(taken_back[code].get(4), observation.get(4), "the same observation, by OBX-3 and OBX-4")
            self.assertEqual(taken_back[code].get(18), observation.get(18), "of the same package")

    def test_a_receiver_that_was_down_gets_the_message_once(self):
        self.receiver.stop()
        file, = self.phantoms(1, 54)
        self.send(file)
        wait_until(lambda: any(job["error"] for job in self.deliveries()), 60, "a failed attempt")
        self.assertIn('hilum_destination_up{destination="ris"} 0', http(f"{self.node.url}/metrics")[1].decode())
        self.start_receiver("AA", self.receiver.port)
        self.await_messages(1)
        wait_until(lambda: [job["state"] for job in self.deliveries()] == ["delivered"], 60, "the delivery")
        self.assertEqual(len(self.messages()), 1)


class SilentWorklistTest(Worklist):
    answer = "never"
    destination = {"timeout": "1s"}

    def test_a_message_that_is_never_acknowledged_is_sent_again_the_same(self):
        self.send(*self.phantoms(1, 55))
        messages = self.await_messages(3)
        self.assertEqual(len(set(messages)), 1, "the same bytes, so the same MSH-10")
        self.assertIn("did not acknowledge", self.deliveries()[0]["error"])
        wait_until(lambda: [job["state"] for job in self.deliveries("pacs")] == ["delivered"] * 2, 60,
                   "what the PACS gets waits for nobody")
        self.receiver.stop()
        self.start_receiver("AA", self.receiver.port)
        wait_until(lambda: [job["state"] for job in self.deliveries()] == ["delivered"], 60, "the delivery")
        self.assertEqual(len(set(self.messages())), 1)

    def test_a_restart_sends_the_same_message(self):
        self.send(*self.phantoms(1, 56))
        self.await_messages(1)
        self.node.kill()
        before = len(self.messages())
        self.node.start()
        self.await_messages(before + 1)
        self.assertEqual(len(set(self.messages())), 1)


class LineFeedReceiver(MllpReceiver):
    """Ends segments with LF, cuts MSA-2 to ten characters and sends no return after the block."""

    @staticmethod
    def acknowledgement(message):
        return (f"\x0bMSH|^~\\&|RIS||HILUM||20260101||ACK^R01|1|P|2.5.1\n"
                f"MSA|AA|{control_id_of(message)[:10]}\n\x1c").encode()


class LineFeedWorklistTest(Worklist):
    def start_receiver(self, answer, *port):
        receiver = LineFeedReceiver()
        receiver.start()
        self.addCleanup(receiver.stop)
        return receiver

    def test_an_acknowledgement_in_the_receivers_own_way_is_one(self):
        for seed in (61, 62):
            self.send(*self.phantoms(1, seed))
        wait_until(lambda: [job["state"] for job in self.deliveries()] == ["delivered"] * 2, 60, "two deliveries")
        self.assertEqual([job["attempts"] for job in self.deliveries()], [1, 1])
        self.assertEqual(len(self.receiver.messages), 2)


class RefusingWorklistTest(Worklist):
    answer = "AE"
    destination = {"refused_delay": "100ms", "refused_attempts": 2}

    def test_what_the_receiver_finds_wrong_is_set_aside_and_can_be_sent_again(self):
        self.send(*self.phantoms(1, 57))
        wait_until(lambda: [job["state"] for job in self.deliveries()] == ["refused"], 60, "the refusal")
        self.assertIn("answers AE", self.deliveries()[0]["error"])
        self.assertEqual(len(self.messages()), 2)
        self.receiver.stop()
        self.start_receiver("AA", self.receiver.port)
        job = self.deliveries()[0]
        self.assertEqual(self.node.run("jobs", "retry", f"delivery/{job['id']}").returncode, 0)
        wait_until(lambda: [job["state"] for job in self.deliveries()] == ["delivered"], 60, "the delivery")
        self.assertEqual(len(set(self.messages())), 1)


class RejectingWorklistTest(Worklist):
    answer = "AR"

    def test_what_the_receiver_rejects_is_tried_again(self):
        self.send(*self.phantoms(1, 58))
        self.await_messages(3)
        job, = self.deliveries()
        self.assertEqual(job["state"] if job["state"] != "running" else "queued", "queued")
        self.assertIn("answers AR", job["error"])
