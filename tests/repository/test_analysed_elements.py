"""What an analysis reads, and what files its results, is on the list of what it depends on: else a corrected image that
comes again would keep the old result. And it stays in de-identified copies, unless table E.1-1 takes it away."""

import pathlib
import re
import unittest

import pydicom.datadict

ROOT = pathlib.Path(__file__).resolve().parents[2]
DICOM = ROOT / "src" / "dicom"
DEIDENTIFICATION = ROOT / "src" / "deidentification"
NAMES = pathlib.Path("/usr/include/dcmtk/dcmdata/dcdeftag.h")

# Another one is another object; it heads fragments of pixels; it stands in a sequence that is on the list.
NO_PART_OF_AN_IMAGE = {"SOPInstanceUID", "PixelItemTag", "ViewModifierCodeSequence"}
# Of the message they say nothing by which it is filed, or stand in a sequence that is on the list.
NOT_FILED_BY = {"ProcedureCodeSequence", "StudyTime", "UniversalEntityID", "UniversalEntityIDType"}


def tags_of_names():
    """{keyword: tag} of DCMTK."""
    found = re.findall(r"#define DCM_(\w+)\s+DcmTagKey\(0x(\w{4}), 0x(\w{4})\)", NAMES.read_text(encoding="utf-8"))
    return {name: int(group + element, 16) for name, group, element in found}


def analysed():
    """{tag: keyword or None} of the lists."""
    text = (DICOM / "analysed_elements.cpp").read_text(encoding="utf-8")
    constants = dict(re.findall(r"(\w+) = (0x[0-9A-F]{8})", (DICOM / "data_element_tag.h").read_text(encoding="utf-8")))
    tags = {int(constants["pixel_data"], 16): None}
    for values in re.findall(r"constexpr std::array<Tag, \d+> \w+\{(.*?)\};", text, re.DOTALL):
        for value, keyword in re.findall(r"^\s*(\w+),(?:  // (\w+))?$", values, re.MULTILINE):
            tags[int(constants.get(value, value), 16)] = keyword or None
    return tags


def read_by(*sources):
    files = [file for source in sources for file in ([source] if source.is_file() else source.rglob("*.cpp"))]
    return {name for file in files for name in re.findall(r"\bDCM_(\w+)", file.read_text(encoding="utf-8"))}


class AnalysedElementsTest(unittest.TestCase):
    def check(self, names, least):
        self.assertGreater(len(names), least, "the pattern that finds tags no longer fits the source")
        tags, known = tags_of_names(), analysed()
        missing = {name for name in names if tags[name] >> 16 != 0x0028 and tags[name] not in known}
        self.assertEqual(missing, set(), "read, and not in src/dicom/analysed_elements.cpp")

    def test_what_the_decoder_reads_is_on_the_list(self):
        self.check(read_by(ROOT / "src" / "model" / "decoder") - NO_PART_OF_AN_IMAGE, 40)

    def test_patient_and_order_of_a_message_are_on_the_list(self):
        self.check(read_by(ROOT / "src" / "results" / "hl7") - NOT_FILED_BY, 8)

    def test_text_that_decides_an_analysis_stays_in_de_identified_copies(self):
        tags = tags_of_names()
        read = read_by(ROOT / "src" / "model" / "decoder", DICOM / "dataset_reading.cpp") & set(tags)
        text = {tags[name] for name in read if pydicom.datadict.dictionary_has_tag(tags[name])
                and pydicom.datadict.dictionary_VR(tags[name]) in ("LO", "LT", "SH", "ST", "UC", "UT")}
        named = {int(line.split(",")[0], 16) for line in
                 (DEIDENTIFICATION / "table_e_1_1.csv").read_text(encoding="utf-8").splitlines()[1:]}
        source = (DEIDENTIFICATION / "profile.cpp").read_text(encoding="utf-8")
        kept = {int(tag, 16): keyword for tag, keyword in
                re.findall(r"(0x\w{8}),  // (\w+)", re.search(r"kept_text = \{(.*?)\};", source, re.DOTALL).group(1))}
        self.assertGreater(len(text - named), 5, "the pattern that finds tags no longer fits the source")
        self.assertEqual({hex(tag) for tag in text - named - set(kept)}, set(), "read, and removed from copies")
        self.assertEqual({tag: tags[keyword] for tag, keyword in kept.items()}, {tag: tag for tag in kept})
        self.assertEqual(set(kept) & named, set(), "the table decides on what it names")

    def test_each_tag_has_its_name_beside_it(self):
        tags = tags_of_names()
        named = {tag: keyword for tag, keyword in analysed().items() if keyword}
        self.assertGreater(len(named), 30)
        self.assertEqual({tag: tags.get(keyword) for tag, keyword in named.items()}, {tag: tag for tag in named})


if __name__ == "__main__":
    unittest.main()
