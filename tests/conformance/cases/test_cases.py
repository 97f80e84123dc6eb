"""Odd radiographs, each after a public bug report of other software, through the decoder's own code: each must give the
right answer that its manifest tells, and tell what of it was not taken as it says.

The files are read from $HILUM_CASES, else from ../shared/cases; the kinds' own unit tests need none of them."""

import array
import csv
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
CASES = pathlib.Path(os.environ.get("HILUM_CASES", SOURCE.parent / "shared" / "cases")) / "pixels"
TOOL = pathlib.Path(os.environ["HILUM_BIN"]) / "prepare_tensors"
SIDE, BLOCKS = 256, 8              # the reference: means of 8 x 8 blocks
TOLERANCE = 0.01                   # of each block's mean; what is read wrongly differs by a tenth and more
SITE = 'site: {modality_aliases: {DX: [DR]}}\n'

# What is not read as its reference says, and with which codes it is refused instead.
REFUSED = {
    "age-without-unit-8-no-birthdate.dcm": {"patient_age"},
    "jpeg-under-explicit-uid.dcm": {"undecodable"},
    "encapsulated-uncompressed.dcm": {"transfer_syntax"},
}
# Where the right answer leaves both open: the reference's picture, or a clear refusal.
READ_OR_REFUSED = {"undefined-length-without-items.dcm", "odd-8bit-one-byte-short.dcm", "bigendian-ob-words-big.dcm"}
WITH_SITE_SETTINGS = {"modality-DR.dcm"}
# A colour image's luminance is referred to as it is; under window and minmax its range is spread.
INTENSITIES = {"ybr422-sent-as-444.dcm": "stored_range"}
# What must be told, by the codes of docs/pixels.md.
TOLD = {
    "voilut-bits-16-data-12.dcm": "voi_lut",
    "voilut-2065-736-16-ss.dcm": "voi_lut",
    "voilut-one-entry-short.dcm": "voi_lut",
    "voilut-empty-item-with-window.dcm": "voi_lut",
    "mono1-shape-identity.dcm": "polarity",
    "window-width-below-1.dcm": "window",
    "slope-0.dcm": "rescale",
    "age-without-unit-8-no-birthdate.dcm": None,  # the refusal says it
    "bigendian-ob-words-big.dcm": "byte_order",
    "bigendian-ob-words-little.dcm": "byte_order",
    "delimiter-length-undefined.dcm": "delimiter",
    "delimiter-missing.dcm": "delimiter",
    "frames-0.dcm": "frames",
    "group-2-in-the-data-set.dcm": "file_meta_information",
    "jpegext-12bit-stream-10-stored.dcm": "samples",
    "jpegll-no-eoi.dcm": "end_of_image",
    "jpegls-no-eoi.dcm": "end_of_image",
    "konica-native-under-jpeg-uid.dcm": "transfer_syntax",
    "trailing-zeros-512.dcm": "trailing_bytes",
    "undefined-length-without-items.dcm": "pixel_data_length",
    "ybr422-sent-as-444.dcm": "photometric_interpretation",
}
# Known to be answered wrongly still. One that is answered rightly fails the test until its line is deleted.
EXPECTED_TO_FAIL: set[str] = set()


def manifest():
    if not (CASES / "manifest.csv").exists():
        raise unittest.SkipTest(f"no odd radiographs in {CASES}")
    with open(CASES / "manifest.csv", encoding="utf-8", newline="") as file:
        return {row["file"]: row["right answer"] for row in csv.DictReader(file)}


class CasesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.answers = manifest()
        cls.references = json.loads((CASES / "reference.json").read_text(encoding="utf-8"))

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-cases-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "hilum.yaml").write_text(SITE, encoding="utf-8")
        self.tool = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end_tool)

    def end_tool(self):
        self.tool.stdin.close()
        self.tool.stdout.close()
        self.tool.wait(timeout=60)

    def prepare(self, name, intensity):
        site = str(self.folder / "hilum.yaml") if name in WITH_SITE_SETTINGS else ""
        self.tool.stdin.write(f"{CASES / name} {intensity} stretch {SIDE} {SIDE} {self.folder / 'tensor'} "
                              f"adult_chest {site}\n")
        self.tool.stdin.flush()
        answer = self.tool.stdout.readline().split()
        self.assertTrue(answer, f"{name}: the decoder ended")
        return answer

    def block_means(self):
        values = array.array("f", (self.folder / "tensor").read_bytes())
        step = SIDE // BLOCKS
        sums = [0.0] * BLOCKS * BLOCKS
        for row in range(SIDE):
            for block in range(BLOCKS):
                begin = row * SIDE + block * step
                sums[row // step * BLOCKS + block] += sum(values[begin:begin + step])
        return [one / step / step for one in sums]

    def differs(self, name, intensity):
        """How far the picture is from the reference's, at its worst block; 0 where there is none."""
        reference = self.references.get(name, {})
        expected = reference.get("any", reference.get(intensity))
        if expected is None:
            return 0.0
        return max(abs(ours - right) for ours, right in zip(self.block_means(), expected))

    def problem(self, name):
        """What is wrong with the answer; empty where it is right."""
        intensity = INTENSITIES.get(name, "window")
        answer = self.prepare(name, intensity)
        if name in REFUSED:
            right = answer[0] == "not_analysed" and answer[1] in REFUSED[name]
            return "" if right else f"{' '.join(answer)}, expected {sorted(REFUSED[name])}"
        if answer[0] != "prepared":
            refused_clearly = answer[:2] == ["not_analysed", "undecodable"] and name in READ_OR_REFUSED
            return "" if refused_clearly else " ".join(answer)
        difference = self.differs(name, intensity)
        if difference > TOLERANCE:
            return f"a block differs by {difference:.3f}"
        if TOLD.get(name) not in (None, *answer[3:]):
            return f"told are {answer[3:]}, not {TOLD[name]}"
        by_range = self.prepare(name, "minmax")
        return "" if by_range[0] == "prepared" else f"under minmax: {' '.join(by_range)}"

    def test_each_gives_its_right_answer(self):
        wrong = {name: problem for name in sorted(self.answers) if (problem := self.problem(name))}
        for name, problem in wrong.items():
            print(f"{name}: {problem} (right: {self.answers[name]})")
        self.assertEqual(set(wrong), EXPECTED_TO_FAIL & set(self.answers))

    @unittest.skipIf("HILUM_CASES" in os.environ, "other cases")
    def test_the_lists_name_cases_that_exist(self):
        named = {*REFUSED, *READ_OR_REFUSED, *WITH_SITE_SETTINGS, *INTENSITIES, *TOLD, *EXPECTED_TO_FAIL}
        self.assertEqual(named - set(self.answers), set())
