"""hilum reader-study: worksheets that tell nothing, a session read in a browser, and the figures of what readers answered."""

import csv
import itertools
import json
import pathlib
import random
import re
import stat
import struct
import subprocess
import tempfile
import unittest

import numpy
from scipy import stats
from sklearn import metrics

from browser import Browser
from hilum_harness import BINARIES, MODEL
from hilum_program import answer, hilum, rows_of, write_rows

READERS = ("ann", "ben", "cy")
FINDING = "Pneumonia"
CASES = 18


def chunks_of(png):
    data, at = png.read_bytes(), 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind.decode(), data[at + 8:at + 8 + length]
        at += 12 + length


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="study">(.*?)</script>', page, re.S).group(1))


def setUpModule():
    temporary = tempfile.TemporaryDirectory(prefix="hilum-reader-study-")
    unittest.addModuleCleanup(temporary.cleanup)
    Study.folder = pathlib.Path(temporary.name)
    phantoms = answer("phantom", "--out", Study.folder / "images", "--count", 30, "--size", 256)["files"]
    Study.set = Study.folder / "set"
    Study.set.mkdir()
    write_rows(Study.set / "manifest.csv", [
        {"file": one["file"], "patient": f"patient-{index}", "site": "here", "split": "test", "labels": one["finding"],
         "view": "PA", "sex": "F", "age": 50, "manufacturer": "Maker", "pixels": f"{index:064x}"}
        for index, one in enumerate(phantoms)])
    Study.study = Study.folder / "study"
    Study.made = Study.create(Study.study, "--package", MODEL)
    Study.truth = {row["case"]: row["labels"].split("|") for row in rows_of(Study.study / "key.csv")}


class Study(unittest.TestCase):
    """One study of drawn radiographs, which no test changes."""

    @classmethod
    def create(cls, output, *options, readers=READERS):
        return answer("reader-study", "create", cls.set, "--output", output, "--readers", ",".join(readers), "--cases",
                      CASES, "--findings", FINDING, *options)


class ReaderStudy(Study):
    def test_what_readers_get_tells_nothing(self):
        self.assertEqual(stat.S_IMODE((self.study / "key.csv").stat().st_mode), 0o600)
        key = (self.study / "key.csv").read_text(encoding="utf-8")
        self.assertIn("patient-", key)
        seen = set()
        for file in (self.study / "readers").rglob("*"):
            if file.is_dir():
                continue
            name = file.relative_to(self.study / "readers").as_posix()
            self.assertRegex(name, r"^(ann|ben|cy)/session-[12]/(index\.html|worksheet\.csv|(pictures|results)/[A-Z2-9]{5}\.png)$")
            if file.suffix == ".png":
                self.assertLessEqual({kind for kind, _ in chunks_of(file)}, {"IHDR", "IDAT", "IEND", "sRGB", "gAMA"})
                size = struct.unpack(">II", next(chunks_of(file))[1][:8])
                self.assertEqual(max(size), 1500)
                seen.add(file.stem)
                continue
            text = file.read_text(encoding="utf-8")
            for told in ("patient-", ".dcm", str(self.folder), "Maker", "http:", "https:"):
                self.assertFalse(told in text, f"{name}: {told}")
        self.assertEqual(seen, set(self.truth))

    def test_results_stand_beside_aided_readings_alone_and_halves_change_between_sessions(self):
        for reader in READERS:
            aided = []
            for session in (1, 2):
                folder = self.study / "readers" / reader / f"session-{session}"
                data = data_of((folder / "index.html").read_text(encoding="utf-8"))
                self.assertEqual(len(data["readings"]), CASES)
                for reading in data["readings"]:
                    self.assertEqual(reading["result"] is not None, reading["modality"] == "aided")
                    if reading["result"] and reading["result"]["map"]:
                        self.assertTrue((folder / reading["result"]["map"]).exists())
                aided.append({one["case"] for one in data["readings"] if one["modality"] == "aided"})
                maps = {file.stem for file in (folder / "results").iterdir()}
                self.assertLessEqual(maps, aided[-1])
            self.assertEqual(aided[0] | aided[1], set(self.truth))
            self.assertFalse(aided[0] & aided[1])

    def test_the_same_seed_makes_the_same_study(self):
        again = self.create(self.folder / "again", "--package", MODEL)
        self.assertEqual(again["study"], self.made["study"])
        self.assertEqual((self.folder / "again" / "key.csv").read_text(), (self.study / "key.csv").read_text())
        other = self.create(self.folder / "other", "--package", MODEL, "--seed", 2)
        self.assertNotEqual(other["study"], self.made["study"])

    def test_what_cannot_be_made_is_told_and_leaves_nothing(self):
        before = sorted(self.folder.iterdir())
        for options, words in (
                (("--readers", "ann,Ann"), "there twice"), (("--readers", "../ann"), "cannot name a reader"),
                (("--readers", "ann"), "name it with --package"),
                (("--readers", "ann", "--package", MODEL, "--design", "unaided"), "leave --package out"),
                (("--readers", "ann", "--package", MODEL, "--design", "sequential", "--may-go-back"), "is final"),
                (("--readers", "ann", "--design", "unaided", "--cases", 500), "are of 30 patients"),
                (("--readers", "ann", "--design", "unaided", "--findings", "Pneumona"), "did you mean 'Pneumonia'")):
            ran = hilum("reader-study", "create", self.set, "--output", self.folder / "never", *options)
            self.assertNotEqual(ran.returncode, 0)
            self.assertIn(words, " ".join(ran.stderr.split()))
            self.assertEqual(sorted(self.folder.iterdir()), before)
        ran = hilum("reader-study", "create", self.set, "--output", self.study, "--readers", "ann", "--design", "unaided")
        self.assertIn("is there already", ran.stderr)

    def answered(self, study, seed=5):
        """The worksheets of all sessions, filled in by readers who are better, and faster, with the AI."""
        chance, files = random.Random(seed), []
        for worksheet in sorted((study / "readers").rglob("worksheet.csv")):
            rows = rows_of(worksheet)
            for row in rows:
                ill = FINDING in self.truth[row["case"]]
                aided = row["modality"] == "aided"
                rating = chance.gauss((1.6 if aided else 0.8) if ill else 0, 1) + READERS.index(row["reader"]) / 4
                confidence = round(min(max(50 + 20 * (rating - 0.6), 0), 100))
                row[f"confidence: {FINDING}"] = confidence
                row[f"decision: {FINDING}"] = "present" if confidence > 50 else "absent"
                row["unreadable"] = "no"
                row["seconds"] = round(chance.lognormvariate(2.8 if aided else 3.2, 0.4), 1)
                row["answered_at"] = f"2026-0{2 * int(row['session'])}-01T10:00:00Z"
            files.append(write_rows(self.folder / f"{worksheet.parts[-3]}-{worksheet.parts[-2]}.csv", rows))
        return files

    def test_figures_are_those_of_scipy_scikit_learn_and_pseudovalues(self):
        files = self.answered(self.study)
        found = answer("reader-study", "analyse", self.study, "--results", *files, "--output", self.folder / "analysis")
        self.assertEqual({one["code"] for one in found["remarks"]} - {"absurd_time"}, set())
        rows = [row for file in files for row in rows_of(file)]
        cases = sorted(self.truth)
        truth = numpy.array([FINDING in self.truth[case] for case in cases])

        def table(column, kind):
            cells = {(row["modality"], row["reader"], row["case"]): kind(row[column]) for row in rows}
            return numpy.array([[[cells[modality, reader, case] for case in cases] for reader in READERS]
                                for modality in ("unaided", "aided")])

        ratings, decided = table(f"confidence: {FINDING}", float), table(f"decision: {FINDING}", "present".__eq__)
        finding = found["findings"][0]
        area = finding["area"]
        for i, j in itertools.product(range(2), range(3)):
            self.assertAlmostEqual(area["values"][i][j], metrics.roc_auc_score(truth, ratings[i, j]), delta=1e-12)
            one = finding["readers"][3 * i + j]
            self.assertAlmostEqual(one["sensitivity"]["value"], decided[i, j][truth].mean(), delta=1e-12)
            self.assertAlmostEqual(one["specificity"]["value"], 1 - decided[i, j][~truth].mean(), delta=1e-12)
        # Dorfman, Berbaum and Metz, with Hillis' degrees of freedom, from pseudovalues.
        n = len(cases)
        y = numpy.empty((2, 3, n))
        for i, j, k in numpy.ndindex(y.shape):
            rest = numpy.arange(n) != k
            y[i, j, k] = n * metrics.roc_auc_score(truth, ratings[i, j]) - \
                (n - 1) * metrics.roc_auc_score(truth[rest], ratings[i, j][rest])
        t, r, c = (y.mean(axis=axes, keepdims=True) for axes in ((1, 2), (0, 2), (0, 1)))
        tr, tc, rc = (y.mean(axis=axis, keepdims=True) for axis in (2, 1, 0))
        ms_t = 3 * n * ((t - y.mean()) ** 2).sum()
        ms_tr = n * ((tr - t - r + y.mean()) ** 2).sum() / 2
        ms_tc = 3 * ((tc - t - c + y.mean()) ** 2).sum() / (n - 1)
        ms_trc = ((y - tr - tc - rc + t + r + c - y.mean()) ** 2).sum() / (2 * (n - 1))
        denominator = ms_tr + max(ms_tc - ms_trc, 0)
        degrees = denominator ** 2 / (ms_tr ** 2 / 2)
        test = area["random_readers_random_cases"]
        self.assertAlmostEqual(test["statistic"], ms_t / denominator, delta=1e-8)
        self.assertAlmostEqual(test["degrees_of_freedom"], degrees, delta=1e-5)
        self.assertAlmostEqual(test["p"], stats.f.sf(ms_t / denominator, 1, degrees), delta=1e-8)
        fixed = area["random_readers_fixed_cases"]
        self.assertAlmostEqual(fixed["p"], stats.ttest_rel(*area["values"]).pvalue, delta=1e-9)
        pair = finding["agreement"][1]["pairs"][0]
        self.assertAlmostEqual(pair["kappa"]["value"], metrics.cohen_kappa_score(decided[1, 0], decided[1, 1]), delta=1e-9)
        logs = numpy.log(table("seconds", float))
        if not any(one["code"] == "absurd_time" for one in found["remarks"]):
            gaps = logs[1, 0] - logs[0, 0]
            half = stats.t.ppf(0.975, n - 1) * stats.sem(gaps)
            ratio = found["time"]["readers"][0]["ratio"]
            self.assertAlmostEqual(ratio["value"], numpy.exp(gaps.mean()), delta=1e-9)
            self.assertAlmostEqual(ratio["interval"][0], numpy.exp(gaps.mean() - half), delta=1e-9)
        page = (self.folder / "analysis" / "report.html").read_text(encoding="utf-8")
        self.assertIn("Obuchowski-Rockette", page)
        self.assertNotIn("<script", page)
        self.assertEqual(len(rows_of(self.folder / "analysis" / "figures.csv")), 6)

    def test_what_does_not_count_is_told(self):
        files = self.answered(self.study)
        rows = rows_of(files[0])
        rows[0]["case"] = "ZZZZZ"
        rows[1]["seconds"] = "0.1"
        write_rows(files[0], rows)
        stranger = write_rows(self.folder / "stranger.csv", [{**row, "study": "0" * 16} for row in rows_of(files[1])])
        found = answer("reader-study", "analyse", self.study, "--results", *files, stranger, files[1], "--output",
                       self.folder / "told")
        codes = [one["code"] for one in found["remarks"]]
        self.assertEqual(sorted(set(codes)), ["absurd_time", "missing", "other_study", "repeated", "unknown_case"])
        self.assertEqual(rows_of(self.folder / "told" / "remarks.csv")[0]["code"], codes[0])
        self.assertEqual(found["findings"][0]["crossed_cases"], CASES - 1)
        ran = hilum("reader-study", "analyse", self.study, "--results", stranger, "--output", self.folder / "none")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("none of its answers counts", ran.stderr)
        self.assertFalse((self.folder / "none").exists())


class ReadingSession(Study):
    """As a reader: Chromium, from the folder, without a server."""

    def setUp(self):
        self.downloads = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.browser = Browser(self.downloads)
        self.addCleanup(self.browser.close)

    def page(self, reader, session):
        return self.study / "readers" / reader / f"session-{session}" / "index.html"

    def begin(self, page):
        self.browser.open(page)
        self.browser.run("byId('go').click()")
        self.browser.wait("ready")

    def read_on(self, until):
        browser = self.browser
        while (position := browser.run("answers.position")) < until:
            if browser.run("byId('reading').hidden"):
                browser.run("byId('go').click()")  # from here on with (or without) the AI
                browser.wait("ready")
            aided = browser.run("answers.reading().modality") == "aided"
            self.assertEqual(browser.run("!byId('result').hidden"), aided)
            mapped = browser.run("answers.reading().result?.map ?? ''") != ""
            self.assertEqual(browser.run("!byId('map').hidden"), mapped)
            browser.key("m")
            self.assertTrue(browser.run("byId('map').hidden"))  # also where an earlier case had one
            self.assertEqual(browser.run("byId('picture').naturalWidth > 0 && byId('picture').complete"), True)
            for key in ("p", "8") if position % 2 else ("a", "2", "ArrowRight"):
                browser.key(key)
            self.assertEqual(browser.run("byId('missing').textContent"), "")
            browser.key("Enter")
            browser.wait(f"answers.position === {position + 1} && (ready || byId('reading').hidden)")

    def test_a_session_is_read_and_its_results_are_taken(self):
        browser = self.browser
        self.begin(self.page("ann", 1))
        self.assertTrue(browser.run("byId('next').disabled"))
        browser.key("Enter")  # nothing was answered
        self.assertEqual(browser.run("answers.position"), 0)
        self.assertEqual(browser.run("byId('missing').textContent"), f"{FINDING}: absent or present?")
        self.read_on(5)
        self.begin(self.page("ann", 1))  # the page was closed, and opened again
        self.assertEqual(browser.run("answers.position"), 5)
        self.read_on(CASES)
        self.assertIn("Done", browser.run("byId('notice-title').textContent"))
        for button in ("save-json", "save-csv"):
            browser.run(f"byId('{button}').click()")
        files = [browser.downloaded(f"results-ann-session-1.{ending}") for ending in ("json", "csv")]
        saved = json.loads(files[0].read_text(encoding="utf-8"))
        self.assertEqual(len(saved["answers"]), CASES)
        self.assertEqual(saved["answers"][0]["findings"], {FINDING: {"confidence": 21, "decision": "absent"}})
        found = answer("reader-study", "analyse", self.study, "--results", *files, "--output", self.folder / "read")
        self.assertEqual(found["answers"], CASES)
        self.assertEqual({one["code"] for one in found["remarks"]} - {"absurd_time"}, {"repeated", "missing"})
        self.assertEqual(browser.errors, [])
        browser.open(self.page("ann", 2))  # on the same day
        self.assertIn("Too early", browser.run("byId('notice-text').textContent"))
        self.assertTrue(browser.run("byId('go').hidden"))

    def test_the_tab_that_was_opened_last_has_the_session(self):
        browser = self.browser
        self.begin(self.page("ben", 1))
        self.read_on(2)
        browser.run("window.other = new Answers(study), other.give({}, true)")  # as a second tab does
        self.assertEqual(browser.run("answers.kept(1).position"), 3)
        browser.key("u")
        browser.key("Enter")
        self.assertEqual(browser.run("[answers.position, answers.given().length]"), [2, 2])
        self.assertIn("open in another tab", browser.run("byId('notice-title').textContent"))
        self.assertTrue(browser.run("byId('reading').hidden && byId('save-json').hidden && byId('save-csv').hidden"))
        self.assertEqual(browser.run("answers.kept(1).position"), 3)
        self.begin(self.page("ben", 1))  # here instead
        self.assertEqual(browser.run("answers.position"), 3)
        browser.run("window.other = new Answers(study), dispatchEvent(new Event('storage'))")
        self.assertIn("open in another tab", browser.run("byId('notice-title').textContent"))

    def test_the_second_session_stays_shut_while_the_first_is_unfinished(self):
        browser = self.browser
        browser.open(self.page("cy", 1))  # and read elsewhere, perhaps
        browser.open(self.page("cy", 2))
        self.assertFalse(browser.run("byId('go').hidden"))
        self.begin(self.page("cy", 1))
        self.read_on(1)
        for washout in (28, 0):
            browser.open(self.page("cy", 2))
            browser.run(f"study.washout_days = {washout}, showStart()")
            self.assertIn("first session is not finished", browser.run("byId('notice-text').textContent"))
            self.assertTrue(browser.run("byId('go').hidden"))

    def test_a_sequential_session_shows_the_result_after_the_first_answer_and_goes_on_from_a_file(self):
        browser, study = self.browser, self.folder / "sequential"
        answer("reader-study", "create", self.set, "--output", study, "--readers", "di", "--cases", 4, "--findings", FINDING,
               "--design", "sequential", "--scale", 5, "--package", MODEL)
        page = study / "readers" / "di" / "session-1" / "index.html"
        self.begin(page)
        self.assertTrue(browser.run("byId('result').hidden && byId('map').hidden"))
        browser.key("a")
        browser.key("9")  # no such confidence
        self.assertTrue(browser.run("byId('next').disabled"))
        browser.key("2")
        browser.key("Enter")
        browser.wait("ready && answers.position === 1")
        self.assertFalse(browser.run("byId('result').hidden"))
        self.assertEqual(browser.run("byId('place').textContent"), "Case 1 of 4")
        self.assertEqual(browser.run("[questions[0].decision(), questions[0].confidence]"), ["absent", 2])
        browser.run("byId('pause').click()")
        browser.run("byId('save-json').click()")
        saved = browser.downloaded("results-di-session-1.json").read_text(encoding="utf-8")
        browser.run("localStorage.clear()")
        browser.open(page)  # as on another computer
        self.assertEqual(browser.run("answers.position"), 0)
        self.assertNotEqual(browser.run(f"answers.load({json.dumps(saved.replace('di', 'ed'))})"), "")
        self.assertEqual(browser.run(f"answers.load({json.dumps(saved)})"), "")
        self.assertEqual(browser.run("answers.position"), 1)

    def test_window_zoom_and_inversion_change_what_is_seen(self):
        browser = self.browser
        self.begin(self.page("ben", 1))
        first = browser.run("byId('window-text').textContent")
        browser.drag((400, 400), (480, 420))
        self.assertNotEqual(browser.run("viewer.width"), 1)
        browser.key("i")
        self.assertLess(float(browser.run("document.querySelector('#window feFuncR').getAttribute('slope')")), 0)
        browser.run("viewer.zoom(2, 300, 300)")
        self.assertIn("zoom 200 %, inverted", browser.run("byId('window-text').textContent"))
        browser.key("r")
        self.assertEqual(browser.run("byId('window-text').textContent"), first)
        browser.key("u")
        self.assertEqual(browser.run("byId('missing').textContent"), "")
        browser.key("u")

    def test_time_stands_still_while_the_page_is_out_of_sight(self):
        browser = self.browser
        self.begin(self.page("cy", 1))
        hide = "Object.defineProperty(document, 'visibilityState', {value: '%s', configurable: true});" \
            "document.dispatchEvent(new Event('visibilitychange'))"
        browser.run(hide % "hidden")
        before = browser.run("answers.elapsed[0]")
        self.assertGreater(before, 0)
        browser.run("new Promise(done => setTimeout(done, 300))")
        browser.run(hide % "visible")
        browser.run("stopwatch.update()")
        self.assertLess(browser.run("answers.elapsed[0]") - before, 200)


if __name__ == "__main__":
    unittest.main()
