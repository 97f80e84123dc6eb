"""tools/nightly: what it does with steps that fail, hang and tell nothing, which figures it reads, and the table that it writes."""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools" / "support"))

import nightly  # noqa: E402
from nightly_steps import A_FEW_SUITES, NoFigures, Step, number, steps  # noqa: E402
from reliability_table import BEGIN, END, HEAD, results_in, with_rows  # noqa: E402

PAGE = "\n".join(["# Page", "", BEGIN, *HEAD, "| torture | kills | 2026-01-01 | 7 kills |", "| old | a run of old | then | kept |", END,
                  "", "The end", ""])
# The last lines of runs, as the tools write them.
LOGS = {
    "asan": ("12/14 Test #12: test_x ....***Skipped   0.10 sec\n99% tests passed, 1 tests failed out of 14\n"
             "==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n",
             {"tests": 14, "failed": 1, "skipped": 1, "sanitizer_reports": 1}),
    "tsan": ("100% tests passed, 0 tests failed out of 1200\n", {"tests": 1200, "failed": 0, "skipped": 0, "sanitizer_reports": 0}),
    "torture": ("seed 41\n6 radiographs, 5 kills\nall 6 came back once; killed: {'coordinator': 2, 'worker': 3}\n",
                {"radiographs": 6, "kills": 5, "seed": 41}),
    "power_cuts": ("seed 5\n3 radiographs: 210 events, 44 syncs\n4 power cuts: nothing lost, nothing twice\n",
                   {"cuts": 4, "radiographs": 3, "syncs": 44, "seed": 5}),
    "faults": ("seed 1\ndecoder open EIO for 3 s: 12 calls failed\n8 faults, 1 outages, 9 radiographs, each reported once, in 40 s\n",
               {"faults": 8, "radiographs": 9, "outages": 1}),
    "fill": ("seed 5\n157 MiB sent, 69 MiB kept, refused {}\n255 radiographs, 803 MiB, in 83 s; at most 185 MiB kept of 200; refused and "
             "sent again: {'Refused: OutOfResources': 88}\n",
             {"radiographs": 255, "sent_mib": 803, "kept_mib": 185, "budget_mib": 200, "seed": 5}),
    "hostile": ("seed 3\nmutated PDUs: 5\n" + json.dumps({
        "calm": {"memory_mib": 28}, "during": {"memory_mib": 31}, "audit_rows": {"timeout": 3, "not_dicom": 4}, "attacks": {"a": 5, "b": 6},
        "echo": {"p99": 0.35}, "store": {"p99": 0.5}, "healthz": {"p99": 0.1}}, indent=1) + "\n",
        {"echo_p99": 0.35, "store_p99": 0.5, "healthz_p99": 0.1, "attacks": 11, "audit_rows": 7, "memory_mib": [28, 31], "seed": 3}),
    "fuzz": ("decoder: 600 s\nstat::number_of_executed_units: 1000\nhttp: 600 s\nstat::number_of_executed_units: 24\n",
             {"targets": 2, "inputs": 1024, "seconds_each": 600, "findings": 0}),
    "simulate": ("10 days played, 0 with a broken promise, 500 ms of CPU each\nseed 7: all is reported: no\n"
                 "10 days played, 1 with a broken promise, 500 ms of CPU each\n", {"days": 20, "broken": 1}),
    "package": (f"{'5e' * 32}  hilum_0.9+20261130.1a2b3c4d_amd64.deb\na second build in another folder gives the same bytes\n",
                {"package": "hilum_0.9+20261130.1a2b3c4d_amd64", "sha256": "5e" * 32}),
    "planted": ("$ tools/simulate --mutations --most 60\n31 of 33 planted faults found\n", {"found": 31, "planted": 33, "days": 60}),
}


def step_of(name, *commands, limit=1.0):
    return Step(name, f"what {name} runs", [list(command) for command in commands], [["true"]], limit, 1,
                lambda log: {"n": number(r"^(\d+) things$", log)}, lambda figures: f"{figures['n']} things")


class Steps(unittest.TestCase):
    def test_the_figures_of_every_step_are_read_and_told(self):
        self.assertEqual({step.name for step in steps()}, set(LOGS))
        for step in steps():
            with self.subTest(step.name):
                log, expected = LOGS[step.name]
                self.assertEqual(step.figures(log), expected)
                self.assertRegex(step.tell(expected), r"\d")
                with self.assertRaises(NoFigures):
                    step.figures("seed 1\nFAILED: something\n")

    def test_what_they_run_is_there(self):
        presets = json.loads((SOURCE / "CMakePresets.json").read_text())
        built, tested = ({one["name"] for one in presets[kind]} for kind in ("buildPresets", "testPresets"))
        for step in steps():
            for command in step.night + step.quick:
                if command[0].startswith("tools/"):
                    self.assertTrue((SOURCE / command[0]).is_file(), command)
                elif "--preset" in command:
                    preset = command[command.index("--preset") + 1]
                    self.assertIn(preset, tested if command[0] == "ctest" else built)

    def test_the_suites_of_the_short_form_are_there(self):
        code = "".join(file.read_text() for folder in ("base", "store") for file in (SOURCE / "tests" / "unit" / folder).rglob("*.cpp"))
        for name in A_FEW_SUITES:
            suite = name.rpartition("/")[2]
            self.assertTrue(re.search(rf"(?m)^TEST(_F|_P)?\({suite},", code), name)

    def test_each_fuzzer_is_built_by_its_preset(self):
        presets = json.loads((SOURCE / "CMakePresets.json").read_text())["buildPresets"]
        targets, = (one["targets"] for one in presets if one["name"] == "fuzz")
        self.assertEqual(sorted(targets), sorted(file.stem for file in (SOURCE / "tests" / "fuzz").glob("fuzz_*.cpp")))

    def test_the_page_has_a_place_for_the_table(self):
        self.assertIn("| torture |", with_rows((SOURCE / "docs" / "reliability.md").read_text(), []))


class Night(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="hilum-nightly-"))
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        self.page = self.work / "page.md"
        self.page.write_text(PAGE)

    def run_all(self, *all_steps, quick=False):
        return nightly.run_all(all_steps, self.work, quick, self.page, self.work)

    def test_it_goes_on_after_a_failure_and_the_table_says_what_failed(self):
        results = self.run_all(step_of("torture", ["sh", "-c", "echo 5 things; exit 3"]), step_of("missing", ["./no-such-program"]),
                               step_of("mute", ["true"]), step_of("new", ["sh", "-c", "echo 9 things"]))
        self.assertEqual([one["status"] for one in results], ["failed", "failed", "failed", "passed"])
        self.assertIn("ended with 3", results[0]["why"])
        self.assertIn("could not be started", results[1]["why"])
        self.assertIn("no line like", results[2]["why"])
        rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", self.page.read_text(), re.MULTILINE))
        self.assertEqual(list(rows), ["step", "torture", "old", "missing", "mute", "new"])
        self.assertRegex(rows["torture"], r"\*\*failed\*\*: .*torture\.log\); 5 things$")
        self.assertEqual(rows["old"], "a run of old | then | kept", "what was not run keeps its row")
        self.assertTrue(rows["new"].endswith("| 9 things"))
        self.assertTrue(self.page.read_text().endswith(f"{END}\n\nThe end\n"))
        self.assertEqual([one["step"] for one in results_in(self.work)], ["missing", "mute", "new", "torture"])

    def test_what_takes_too_long_is_ended_with_all_that_it_started(self):
        nightly.LAST_WORDS, before = 0.2, nightly.LAST_WORDS
        self.addCleanup(setattr, nightly, "LAST_WORDS", before)
        script = "trap '' INT; sleep 600 & echo $! > child; wait; wait"
        began = time.monotonic()
        result, = self.run_all(step_of("slow", ["sh", "-c", script], limit=0.02))
        self.assertLess(time.monotonic() - began, 60)
        self.assertIn("not done within", result["why"])
        child = pathlib.Path("/proc") / (self.work / "child").read_text().strip() / "stat"
        self.assertFalse(child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z")

    def test_a_sanitizers_report_fails_a_step_that_ended_well(self):
        result, = self.run_all(step_of("san", ["sh", "-c", "echo 'a.cpp:3:1: runtime error: shift exponent'; echo 1 things"]))
        self.assertEqual(result["status"], "failed")
        self.assertIn("shift exponent", result["why"])

    def test_a_short_run_is_told_apart(self):
        self.run_all(step_of("short", ["true"]), quick=True)
        self.assertEqual(results_in(self.work), [])

    def test_an_interrupt_reaches_the_tools_though_started_in_the_background(self):
        ask = f"{sys.executable} -c 'import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)'"
        heeding = (f"import sys, subprocess; sys.path.insert(0, {str(SOURCE / 'tools' / 'support')!r}); import nightly; "
                   f"nightly.heed_interrupts(); subprocess.run({ask!r}, shell=True)")
        told = subprocess.run([sys.executable, "-c", heeding], capture_output=True, text=True, check=True,
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)).stdout
        self.assertEqual(told, "True\n")

    def test_an_unknown_step_is_refused(self):
        asked = subprocess.run([SOURCE / "tools" / "nightly", "--only", "tortur"], capture_output=True, text=True, check=False)
        self.assertEqual(asked.returncode, 1)
        self.assertIn("there are asan, tsan, torture", asked.stderr)
        self.assertEqual(subprocess.run([SOURCE / "tools" / "nightly", "--list"], capture_output=True, text=True, check=True).stdout.count("at most"),
                         len(steps()))

    def test_a_page_without_markers_is_refused(self):
        with self.assertRaises(ValueError):
            with_rows("# Page\n", [])


if __name__ == "__main__":
    unittest.main()
