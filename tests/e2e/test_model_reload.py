"""A model that is changed while the node works, and one that no longer says what its golden cases expect."""

import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pydicom

from hilum_harness import BINARIES, MODEL, HilumTest, diagnoses, http, make_phantoms, variant, wait_until
from processes import command_line
from report_reading import code_of, content_items

ALGORITHM_VERSION = ("111003", "DCM")
CURRENT = re.search(r"(?m)^version: (\S+)", (MODEL / "model.yaml").read_text(encoding="utf-8"))[1]


def version_in(report):
    """The model's version that a report names; it must name one."""
    versions = {item.TextValue for item in content_items(report)
                if item.get("ValueType") == "TEXT" and "ConceptNameCodeSequence" in item
                and code_of(item.ConceptNameCodeSequence) == ALGORITHM_VERSION}
    assert len(versions) == 1, versions
    return versions.pop()


class ReloadTest(HilumTest):
    settings = {}  # of the model

    def setUp(self):
        super().setUp()
        self.package = self.folder / "package"
        shutil.copytree(MODEL, self.package)
        configured = json.loads(self.node.configuration_file.read_text())
        configured["models"][0].update(package=str(self.package), **self.settings)
        self.node.configure(json.dumps(configured))

    def edit(self, *replacements):
        text = (self.package / "model.yaml").read_text()
        for before, after in replacements:
            self.assertIn(before, text)
            text = text.replace(before, after)
        (self.package / "model.yaml").write_text(text)

    def model(self):
        return json.loads(self.node.ask("/api/v1/status")[1])["models"][0]

    def events(self, kind):
        return [event for event in self.audit_events() if event["type"] == kind]

    def await_event(self, kind, seconds=60):
        wait_until(lambda: self.events(kind), seconds, f"the audit trail has {kind}")
        return self.events(kind)[-1]

    def worker_pids(self):
        return [pid for pid, _ in self.node.descendants() if "hilum-worker" in command_line(pid)[0]]

    def predicted_version(self):
        phantom, = make_phantoms(self.folder / "one", 1, 3, "--size", "192")
        status, body = self.node.ask("/api/v1/predict", phantom.read_bytes())
        self.assertEqual(status, 200, body)
        return json.loads(body)["model"]["version"]

    def assert_reload_fails(self, text):
        reloaded = self.node.run("model", "reload")
        self.assertEqual(reloaded.returncode, 1, reloaded.stdout)
        self.assertIn(text, reloaded.stderr)
        self.assertIn(f"version {CURRENT} goes on serving", reloaded.stderr)
        self.assertEqual(self.predicted_version(), CURRENT)
        event = self.await_event("model_reload_failed")
        self.assertEqual(event["outcome"], "failure")
        self.assertIn(text, json.dumps(event, ensure_ascii=False))


class GoodAndBadPackageTest(ReloadTest):
    def setUp(self):
        super().setUp()
        self.start_node()

    def test_a_new_version_serves_after_the_command(self):
        self.assertEqual(self.model()["golden_cases"], 3)
        self.edit((f"version: {CURRENT}", "version: 9.1.0"))
        self.assertEqual(self.predicted_version(), CURRENT)
        reloaded = self.node.run("model", "reload", "package")
        self.assertEqual(reloaded.returncode, 0, reloaded.stderr)
        self.assertEqual(reloaded.stdout, f"package: version 9.1.0 serves now, in place of {CURRENT}\n")
        self.assertEqual(self.predicted_version(), "9.1.0")
        self.assertEqual((self.model()["version"], self.model()["state"]), ("9.1.0", "ready"))
        event = self.await_event("model_reloaded")
        self.assertTrue(event["actor"].startswith("operator uid"), event)
        self.assertEqual((event["detail"]["before"], event["detail"]["model"]["version"]), (CURRENT, "9.1.0"))
        self.assertIn(b'hilum_model_events_total{event="reloaded",model="package"} 1',
                      http(f"{self.node.url}/metrics")[1])
        wait_until(lambda: len(self.worker_pids()) == 1, 30, "the old worker ends")

    def test_sighup_reloads(self):
        self.edit((f"version: {CURRENT}", "version: 2.2.0"))
        os.kill(self.node.process.pid, signal.SIGHUP)
        self.assertEqual(self.await_event("model_reloaded")["actor"], "SIGHUP")
        self.assertEqual(self.predicted_version(), "2.2.0")

    def test_damaged_weights_change_nothing(self):
        self.edit((f"version: {CURRENT}", "version: 3.0.0"))
        with open(self.package / "model.pt", "ab") as weights:
            weights.write(b"x")
        self.assert_reload_fails("model.pt")

    def test_a_model_yaml_with_mistakes_changes_nothing(self):
        self.edit(("rows: 192", "rows: many"))
        self.assert_reload_fails("input.rows")

    def test_a_package_that_fails_its_golden_cases_changes_nothing(self):
        self.edit((f"version: {CURRENT}", "version: 3.0.0"), ("mean: [0.5]", "mean: [0.4]"))
        self.assert_reload_fails("golden case golden/normal.dcm: output ")

    def test_a_model_that_is_not_configured_is_named(self):
        reloaded = self.node.run("model", "reload", "another")
        self.assertNotEqual(reloaded.returncode, 0)
        self.assertIn("no configured model's package folder is named 'another'", reloaded.stderr)

    def test_a_package_may_change_again_and_again(self):
        for before, after in itertools.pairwise((CURRENT, "9.0.1", "9.0.2", "9.0.3")):
            self.edit((f"version: {before}", f"version: {after}"))
            self.assertEqual(self.node.run("model", "reload").returncode, 0)
            self.assertEqual(self.predicted_version(), after)


class StartTest(ReloadTest):
    def test_a_model_that_fails_its_golden_cases_gets_no_image_until_it_is_mended(self):
        self.edit(("mean: [0.5]", "mean: [0.4]"))
        self.node.start(inferring=False)
        event = self.await_event("model_golden_failed")
        self.assertIn("golden/normal.dcm", event["detail"]["error"])
        self.assertEqual(http(f"{self.node.url}/readyz")[0], 503)
        wait_until(lambda: self.model()["state"] == "failed", 60, "the status tells")
        self.assertIn("golden case", self.model()["error"])
        phantom, = make_phantoms(self.folder / "phantoms", 1)
        self.send(phantom)
        self.edit(("mean: [0.4]", "mean: [0.5]"))
        self.assertEqual(self.node.run("model", "reload").returncode, 0)
        study = str(pydicom.dcmread(phantom, stop_before_pixels=True).StudyInstanceUID)
        self.assert_one_report_and_capture(self.await_results([study])[study])


class SignedTest(ReloadTest):
    def setUp(self):
        super().setUp()
        key, self.public_key = self.folder / "maker.key", self.folder / "maker.pub"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", self.public_key], check=True)
        self.key = key
        configured = json.loads(self.node.configuration_file.read_text())
        configured["models"][0]["signed_by"] = [str(self.public_key)]
        self.node.configure(json.dumps(configured))

    def sign(self):
        signed = self.node.run("model", "sign", str(self.package), "--key", str(self.key))
        self.assertEqual(signed.returncode, 0, signed.stderr)

    def test_only_what_the_maker_vouches_for_serves(self):
        checked = subprocess.run([BINARIES / "hilumd", "--config", self.node.configuration_file, "--check"],
                                 capture_output=True, text=True)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("package: it is not signed (SHA256SUMS is missing)", checked.stderr)
        self.sign()
        self.start_node()
        self.edit((f"version: {CURRENT}", "version: 9.1.0"))
        self.assert_reload_fails("model.yaml was changed")
        self.sign()
        self.assertEqual(self.node.run("model", "reload").returncode, 0)
        self.assertEqual(self.predicted_version(), "9.1.0")


class DailyTest(ReloadTest):
    settings = {"golden_every": "300ms"}

    def overwrite_in_memory(self, golden_input, other):
        """As a model that says something else: its golden case becomes another one."""
        for descriptor in pathlib.Path(f"/proc/{self.node.process.pid}/fd").iterdir():
            if "memfd:hilum-golden-input" in os.readlink(descriptor) and descriptor.read_bytes() == golden_input:
                with open(descriptor, "r+b") as file:
                    file.write(other)
                return
        self.fail("the node has no such golden input in memory")

    def test_golden_cases_are_run_again_and_a_failure_stops_the_model(self):
        self.start_node()
        self.await_event("model_golden_passed")
        good = (self.package / "golden" / "normal.dcm").read_bytes()
        other = (self.package / "golden" / "other.dcm").read_bytes()
        self.assertEqual(len(good), len(other))
        (self.package / "golden" / "normal.dcm").write_bytes(other)
        before = self.node.log().count("golden cases came out right")
        wait_until(lambda: self.node.log().count("golden cases came out right") > before + 2, 60, "they are run again")
        self.assertEqual(self.events("model_golden_failed"), [], "files of a package may change: the worker has its own")
        (self.package / "golden" / "normal.dcm").write_bytes(good)
        self.overwrite_in_memory(good, other)
        self.await_event("model_golden_failed")
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 503, 60, "the model serves no more")
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 200, 60, "the model serves again")


class TwoWorkersTest(ReloadTest):
    settings = {"device": ["cpu", "cpu"]}

    def await_model(self, device, version):
        wait_until(lambda: (self.model()["device"], self.model()["version"]) == (device, version), 60,
                   f"{version} works on {device}")

    def test_both_work_and_are_replaced_together(self):
        self.start_node()
        wait_until(lambda: self.model()["device"] == "cpu, cpu", 60, "both workers are ready")
        phantoms = make_phantoms(self.folder / "phantoms", 12, 5, "--size", "192")
        studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in phantoms]
        self.send(*phantoms[:6])
        self.await_results(studies[:6])
        self.edit((f"version: {CURRENT}", "version: 9.1.0"))
        self.assertEqual(self.node.run("model", "reload").returncode, 0)
        self.await_model("cpu, cpu", "9.1.0")
        self.send(*phantoms[6:])
        found = self.await_results(studies)
        versions = [version_in(next(result for result in found[study] if result.is_report).dataset)
                    for study in studies]
        self.assertEqual(versions, [CURRENT] * 6 + ["9.1.0"] * 6)


    def test_a_worker_that_comes_back_to_another_package_does_not_serve_beside_the_old(self):
        self.start_node()
        wait_until(lambda: self.model()["device"] == "cpu, cpu", 60, "both workers are ready")
        self.edit((f"version: {CURRENT}", "version: 9.1.0"))
        os.kill(self.worker_pids()[0], signal.SIGKILL)
        wait_until(lambda: "run `hilum model reload`" in self.model()["error"], 60, "the status tells")
        self.assertEqual((self.model()["device"], self.model()["version"]), ("cpu", CURRENT))
        self.assertEqual(self.predicted_version(), CURRENT)
        self.assertEqual(self.node.run("model", "reload").returncode, 0)
        self.await_model("cpu, cpu", "9.1.0")


class SwapUnderLoadTest(ReloadTest):
    """The second version prepares its input otherwise, so that an image that was prepared for one version and judged by
    the other gets a score that neither gives."""

    different, copies = 25, 8
    changes = {"decoder": {"processes": 1}}  # so that a queue grows

    def setUp(self):
        super().setUp()
        self.phantoms = make_phantoms(self.folder / "phantoms", self.different, 1000, "--size", "800")
        self.source_of, self.files = {}, []  # by study
        for copy in range(self.copies):
            for phantom in self.phantoms:
                self.files.append(self.folder / f"{copy}-{phantom.name}")
                self.source_of[str(variant(phantom, self.files[-1]).StudyInstanceUID)] = str(phantom)

    def predictions(self):
        """{file: (diagnosis, its probability)} of the package as it is now."""
        told = subprocess.run([str(BINARIES / "hilum"), "predict", "--package", str(self.package), "--json",
                               *map(str, self.phantoms)], capture_output=True, text=True, timeout=300, check=True)
        return {one["file"]: (one["diagnosis"], one["confidence"]) for one in map(json.loads, told.stdout.splitlines())}

    def widen_tolerances(self):
        """Its golden cases are the first version's."""
        lines = (self.package / "golden.yaml").read_text().splitlines()
        (self.package / "golden.yaml").write_text(
            "\n".join(line.split("tolerance:")[0] + "tolerance: 1000}" if "tolerance:" in line else line
                      for line in lines) + "\n")

    def test_each_result_names_one_version_and_matches_it(self):
        expected = {CURRENT: self.predictions()}
        self.start_node()
        self.edit((f"version: {CURRENT}", "version: 3.0.0"), ("mean: [0.5]", "mean: [0.3]"))
        self.widen_tolerances()
        expected["3.0.0"] = self.predictions()
        told_apart = sum(abs(expected[CURRENT][file][1] - expected["3.0.0"][file][1]) > 0.002
                         for file in map(str, self.phantoms))
        self.assertGreater(told_apart, self.different / 2)

        sending = subprocess.Popen(["storescu", "-aet", "MODALITY", "-aec", "HILUM", "127.0.0.1", str(self.node.port),
                                    *map(str, self.files)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(sending.kill)
        wait_until(lambda: self.analysed() >= 20, 60, "the first are analysed")
        reloaded = self.node.run("model", "reload")
        analysed = self.analysed()
        self.assertEqual(reloaded.returncode, 0, reloaded.stderr)
        self.assertEqual(sending.wait(300), 0)

        found = self.await_results(list(self.source_of), 300)
        versions = []
        for study, results in found.items():
            self.assert_one_report_and_capture(results, study)
            report = next(result for result in results if result.is_report).dataset
            versions.append(version_in(report))
            outcome, = diagnoses(report)
            text, score = expected[versions[-1]][self.source_of[study]]
            self.assertEqual(outcome.text.lower(), text.lower(), study)  # a label, or the term "Indeterminate"
            self.assertAlmostEqual(outcome.score, score, delta=0.001, msg=f"{study} by {versions[-1]}")
        told = {version: versions.count(version) for version in sorted(set(versions))}
        print(f"results by version: {told}; {analysed} analysed at the swap; "
              f"{told_apart} of {self.different} images are told apart by their score")
        self.assertEqual(set(told), {CURRENT, "3.0.0"})
