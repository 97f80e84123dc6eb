"""What an analysis reads, and what files its results, is on the list of what it depends on: else a corrected image that
comes again would keep the old result."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DICOM = ROOT / "src" / "dicom"
NAMES = pathlib.Path("/usr/include/dcmtk/dcmdata/dcdeftag.h")

# Another one is another object; it heads fragments of pixels.
NO_PART_OF_AN_IMAGE = {"SOPInstanceUID", "PixelItemTag"}
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

    def test_each_tag_has_its_name_beside_it(self):
        tags = tags_of_names()
        named = {tag: keyword for tag, keyword in analysed().items() if keyword}
        self.assertGreater(len(named), 30)
        self.assertEqual({tag: tags.get(keyword) for tag, keyword in named.items()}, {tag: tag for tag in named})


if __name__ == "__main__":
    unittest.main()
