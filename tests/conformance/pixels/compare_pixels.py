#!/usr/bin/python3
"""Compares Hilum's decoding and preprocessing with a reference: the grayscale transformations are pydicom's and the
standard's, scaling is Pillow's, decompression DCMTK's command line tools', Pillow's for JPEG 2000. Nothing is shared
with Hilum's own code.

Every file of the radiographs and of pydicom's test data must either agree for each intensity and resize, or be
refused for the reason that its header gives; docs/pixels.md must name the same files, and is rewritten by --markdown.
Exit code 77: nothing to compare with was found."""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tools" / "support"))

try:
    import numpy as np
    import PIL  # noqa: F401
    import pydicom
except ImportError as missing:
    print(f"SKIPPED: {missing}; install python3-pydicom, python3-pil and python3-numpy")
    sys.exit(77)

from model_import.reference_image import (COLOURS, DECOMPRESSORS, GREY, JPEG_2000, NotComparable,  # noqa: E402
                                          decompressed, dicom_intensity, fitted, pixel_ratio, scaled)
from pixel_document import Document  # noqa: E402

warnings.simplefilter("ignore")

MEAN_LIMIT, LARGEST_LIMIT, LARGEST_LOSSY_LIMIT = 0.001, 0.01, 0.02  # on [0, 1], before mean and std
DISPLAY_LIMIT = 0.6 / 255                # rounded to the nearest of 256
ROWS, COLUMNS = 224, 256                 # not square, so that rows and columns cannot be confused
DISPLAY_LONG_SIDE = 640
INTENSITIES = ("minmax", "window", "stored_range")
RESIZES = ("letterbox", "stretch", "crop")
NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2",
          "1.2.840.10008.1.2.5"}  # which pydicom decodes by itself
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"}
# Test data that is damaged on purpose, and what is wrong with it.
DAMAGED = {
    "MR_truncated.dcm": "its pixel data is cut off",
    "JPEG2000-embedded-sequence-delimiter.dcm": "its codestream has a delimiter in place of its size",
    "rtplan_truncated.dcm": "it is cut off",
    "SC_rgb_jpeg.dcm": "a VR is missing, so that the rest is no data set",
    "rtstruct.dcm": "no file meta information",
    "no_meta.dcm": "no file meta information",
    "ExplVR_BigEndNoMeta.dcm": "no file meta information",
    "ExplVR_LitEndNoMeta.dcm": "no file meta information",
    "meta_missing_tsyntax.dcm": "no transfer syntax",
    "badVR.dcm": "its Number of Frames is no number",
}
# Test data of which more than 98 % has one grey.
NEARLY_EMPTY = {"SC_jpeg_no_color_transform.dcm", "SC_rgb_jpeg_dcmd.dcm"}
# What the reference cannot read though Hilum does, and why.
WITHOUT_REFERENCE = {"GDCMJ2K_TextGBR.dcm": "Pillow calls its codestream broken, which OpenJPEG's own tools read"}
# Why an image is refused that is not damaged.
REASONS = {"sop_class": "no image", "bit_depth": "its pixels have neither 8 nor 16 bits",
           "nearly_empty": "more than 98 % of it has one grey"}


def expected_refusal(path, dataset):
    """The code that the header calls for, in the order of the checks; None if the image is to be analysed."""
    if path.name in DAMAGED:
        return "undecodable"
    if "Rows" not in dataset or "PixelData" not in dataset:
        return "sop_class"
    if dataset.BitsAllocated not in (8, 16):
        return "bit_depth"
    if dataset.PhotometricInterpretation not in GREY | COLOURS:
        return "photometric_interpretation"
    if dataset.file_meta.TransferSyntaxUID not in NATIVE | JPEG_2000 | set(DECOMPRESSORS):
        return "transfer_syntax"
    return "nearly_empty" if path.name in NEARLY_EMPTY else None


def display(image, ratio):
    rows, columns = image.shape[0] * ratio, image.shape[1]
    scale = DISPLAY_LONG_SIDE / max(rows, columns)
    return scaled(image, int(columns * scale + 0.5), int(rows * scale + 0.5))


class Tool:
    """The program under test, one line in, one line out."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def prepare(self, path, kind, resize, output):
        self.process.stdin.write(f"{path} {kind} {resize} {ROWS} {COLUMNS} {output}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def differences(tool, path, folder):
    """((intensity, resize), mean, largest, right) of each combination, and of the display image."""
    dataset = decompressed(path)
    output = Path(folder) / "tensor"
    lossy = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID in LOSSY
    limit = LARGEST_LOSSY_LIMIT if lossy else LARGEST_LIMIT
    for kind in INTENSITIES:
        reference = dicom_intensity(dataset, kind)
        for resize in RESIZES:
            answer = tool.prepare(path, kind, resize, output)
            if not answer.startswith("prepared"):
                raise AssertionError(f"was to be analysed, but: {answer}")
            ours = np.fromfile(output, np.float32).reshape(ROWS, COLUMNS)
            difference = np.abs(ours - fitted(reference, ROWS, COLUMNS, resize, pixel_ratio(dataset)))
            mean, largest = float(difference.mean()), float(difference.max())
            yield (kind, resize), mean, largest, mean < MEAN_LIMIT and largest < limit
    columns, rows = (int(word) for word in answer.split()[1:3])
    ours = np.fromfile(f"{output}.display", np.uint8).reshape(rows, columns) / 255.0
    difference = np.abs(ours - display(dicom_intensity(dataset, "window"), pixel_ratio(dataset)))
    yield ("display",), 0.0, 0.0, float(difference.max()) < DISPLAY_LIMIT


def is_dicom(path):
    return path.suffix == ".dcm" and path.is_file()


def check(tool, path, folder, document):
    """The line for one file, and whether it is as it should be."""
    header = pydicom.dcmread(path, force=True, stop_before_pixels=False)
    code = expected_refusal(path, header)
    if path.name in WITHOUT_REFERENCE:
        document.add_excluded(path, "", WITHOUT_REFERENCE[path.name])
        answer = tool.prepare(path, "minmax", "stretch", Path(folder) / "tensor")
        return f"{answer} (no reference)", answer.startswith(("prepared", "not_analysed"))
    if code is not None:
        document.add_excluded(path, code, DAMAGED.get(path.name) or REASONS[code])
        answer = tool.prepare(path, "minmax", "stretch", Path(folder) / "tensor")
        return f"{answer}", answer.startswith(f"not_analysed {code} ")
    try:
        compared = list(differences(tool, path, folder))
    except (AssertionError, OSError, ValueError, NotComparable) as problem:
        return f"{type(problem).__name__}: {problem}", False
    mean, largest = max(c[1] for c in compared), max(c[2] for c in compared)
    wrong = [" ".join(c[0]) for c in compared if not c[3]]
    document.add_compared(path, header, {c[0]: c[1:3] for c in compared})
    return f"mean {mean:.2e} largest {largest:.2e} {wrong or ''}", not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--radiographs", required=True)
    parser.add_argument("--markdown", type=Path, help="the document whose tables are to be rewritten")
    arguments = parser.parse_args()
    radiographs = Path(os.environ.get("HILUM_RADIOGRAPHS", arguments.radiographs))
    test_data = Path(pydicom.__file__).parent / "data" / "test_files"
    files, whole, document = [], True, Document(INTENSITIES, RESIZES)
    for folder in (radiographs, test_data):
        found = sorted(filter(is_dicom, folder.glob("*.dcm")))
        if not found:
            print(f"SKIPPED: no DICOM files in {folder}")
            whole = False
        files += found
    if not files:
        return 77
    tool, failures = Tool(arguments.tool), 0
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            line, right = check(tool, path, folder, document)
            failures += not right
            print(f"{'ok  ' if right else 'FAIL'} {path.name}: {line}")
    if arguments.markdown:
        document.write(arguments.markdown)
    for stale in document.differences_from(SOURCE / "docs" / "pixels.md", whole):
        print(f"FAIL docs/pixels.md, which --markdown rewrites, {stale}")
        failures += 1
    print(f"{len(files)} files, {failures} wrong (limits: mean {MEAN_LIMIT}, largest {LARGEST_LIMIT}, "
          f"{LARGEST_LOSSY_LIMIT} where lossy)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
