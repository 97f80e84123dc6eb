#!/usr/bin/python3
"""Compares Hilum's decoding and preprocessing with a reference: the grayscale transformations are pydicom's and the
standard's, scaling is Pillow's, decompression DCMTK's command line tools', Pillow's for JPEG 2000. Nothing is shared with Hilum's own code.

Every file of the radiographs and of pydicom's test data must either agree for each intensity and resize, or be
refused for the reason that its header gives. Exit code 77: nothing to compare with was found."""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import numpy as np
    import pydicom
    from PIL import Image
    from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, apply_voi_lut
except ImportError as missing:
    print(f"SKIPPED: {missing}; install python3-pydicom, python3-pil and python3-numpy")
    sys.exit(77)

warnings.simplefilter("ignore")

MEAN_LIMIT, LARGEST_LIMIT, LARGEST_LOSSY_LIMIT = 0.001, 0.01, 0.02  # on [0, 1], before mean and std
DISPLAY_LIMIT = 0.6 / 255                # rounded to the nearest of 256
ROWS, COLUMNS = 224, 256                 # not square, so that rows and columns cannot be confused
DISPLAY_LONG_SIDE = 640
INTENSITIES = ("minmax", "window", "stored_range")
RESIZES = ("letterbox", "stretch", "crop")
DECOMPRESSORS = {
    "1.2.840.10008.1.2.4.50": "dcmdjpeg", "1.2.840.10008.1.2.4.51": "dcmdjpeg",
    "1.2.840.10008.1.2.4.57": "dcmdjpeg", "1.2.840.10008.1.2.4.70": "dcmdjpeg",
    "1.2.840.10008.1.2.4.80": "dcmdjpls", "1.2.840.10008.1.2.4.81": "dcmdjpls",
}
NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2",
          "1.2.840.10008.1.2.5"}  # which pydicom decodes by itself
JPEG_2000 = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}  # for which it asks Pillow
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"}
GREY = {"MONOCHROME1", "MONOCHROME2"}
COLOURS = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", "PALETTE COLOR"}
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
}


# Test data of which more than 98 % has one grey.
NEARLY_EMPTY = {"SC_jpeg_no_color_transform.dcm", "SC_rgb_jpeg_dcmd.dcm"}
# What Pillow calls broken though OpenJPEG's own tools read it.
WITHOUT_REFERENCE = {"GDCMJ2K_TextGBR.dcm"}


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


def decoded(path, folder):
    dataset = pydicom.dcmread(path)
    tool = DECOMPRESSORS.get(dataset.file_meta.TransferSyntaxUID)
    if tool is None:
        return dataset
    plain = Path(folder) / "plain.dcm"
    subprocess.run([tool, str(path), str(plain)], check=True, capture_output=True)
    return pydicom.dcmread(plain)


def stored_values(dataset):
    """Stored values of the first frame as integers, taken out of their words by Bits Stored and High Bit."""
    words = dataset.pixel_array
    frame = words[0] if words.ndim == 3 else words
    shift = dataset.HighBit + 1 - dataset.BitsStored
    span = 1 << dataset.BitsStored
    values = (frame.astype(np.int64) >> shift) % span
    if dataset.PixelRepresentation == 1:
        values = np.where(values >= span // 2, values - span, values)
    return values


def luminance(dataset):
    """The grey of a colour image's first frame, as Pillow's convert("L") weighs it, and its largest value."""
    frame = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        frame = apply_color_lut(frame[0] if frame.ndim == 3 else frame, dataset)
    else:
        frame = frame[0] if frame.ndim == 4 else frame
        if dataset.PhotometricInterpretation in ("YBR_FULL", "YBR_FULL_422"):
            return frame[..., 0].astype(np.float64), 2.0 ** (8 * frame.itemsize) - 1  # Y is the luminance
    red, green, blue = (frame[..., i].astype(np.uint64) for i in range(3))
    grey = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    return grey.astype(np.float64), 2.0 ** (8 * frame.itemsize) - 1


def colour_intensity(dataset, kind):
    grey, white = luminance(dataset)
    low, high = (0, white) if kind == "stored_range" else (grey.min(), grey.max())
    return ((grey - low) / (high - low)).clip(0, 1).astype(np.float32)


def pixel_ratio(dataset):
    """Height to width of a pixel."""
    for keyword in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        value = dataset.get(keyword)
        if value and len(value) == 2:
            height, width = map(float, value)
            if height > 0 and width > 0:
                return height / width if 0.1 <= height / width <= 10 else 1.0
    return 1.0


def padding_mask(dataset, stored):
    if "PixelPaddingValue" not in dataset:
        return np.zeros(stored.shape, bool)
    ends = [dataset.PixelPaddingValue, dataset.get("PixelPaddingRangeLimit", dataset.PixelPaddingValue)]
    return (stored >= min(ends)) & (stored <= max(ends))


def voi(dataset, values):
    """The VOI transformation's output on [0, 1]; None where the image has none."""
    if dataset.get("VOILUTSequence"):
        bits = dataset.VOILUTSequence[0].LUTDescriptor[2]
        return apply_voi_lut(np.rint(values).astype(np.int64), dataset, prefer_lut=True) / (2.0**bits - 1)
    if "WindowWidth" not in dataset or "WindowCenter" not in dataset:
        return None
    windowed = apply_voi_lut(values, dataset, prefer_lut=False)
    # pydicom spreads the window over the output range that the stored values could reach.
    low = -(2.0 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0.0
    high = low + 2.0**dataset.BitsStored - 1
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    low, high = low * slope + intercept, high * slope + intercept
    return (windowed - low) / (high - low)


def intensity(dataset, kind):
    if dataset.PhotometricInterpretation in COLOURS:
        return colour_intensity(dataset, kind)
    stored = stored_values(dataset)
    padding = padding_mask(dataset, stored)
    values = apply_modality_lut(stored, dataset).astype(np.float64)
    result = None
    if kind == "stored_range":
        low = -(2 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0
        result = (stored - low) / (2.0**dataset.BitsStored - 1)
    elif kind == "window":
        result = voi(dataset, values)
    if result is None:
        seen = values[~padding]
        result = (values - seen.min()) / (seen.max() - seen.min())
    shape = dataset.get("PresentationLUTShape")
    if shape == "INVERSE" or (shape is None and dataset.PhotometricInterpretation == "MONOCHROME1"):
        result = 1 - result
    return np.where(padding, 0.0, result).clip(0, 1).astype(np.float32)


def resized(image, columns, rows):
    return np.asarray(Image.fromarray(image, mode="F").resize((columns, rows), Image.BILINEAR))


def model_input(image, resize, ratio):
    if resize == "stretch":
        return resized(image, COLUMNS, ROWS)
    rows, columns = image.shape[0] * ratio, image.shape[1]  # as if the pixels were square
    if resize == "letterbox":
        scale = min(ROWS / rows, COLUMNS / columns)
        small = resized(image, int(columns * scale + 0.5), int(rows * scale + 0.5))
        result = np.zeros((ROWS, COLUMNS), np.float32)
        top, left = (ROWS - small.shape[0]) // 2, (COLUMNS - small.shape[1]) // 2
        result[top:top + small.shape[0], left:left + small.shape[1]] = small
        return result
    if rows * COLUMNS > columns * ROWS:  # crop, as torchvision.transforms: the fitting side, then the centre
        large = resized(image, COLUMNS, int(COLUMNS * rows / columns))
    else:
        large = resized(image, int(ROWS * columns / rows), ROWS)
    top, left = round((large.shape[0] - ROWS) / 2), round((large.shape[1] - COLUMNS) / 2)
    return large[top:top + ROWS, left:left + COLUMNS]


def display(image, ratio):
    rows, columns = image.shape[0] * ratio, image.shape[1]
    scale = DISPLAY_LONG_SIDE / max(rows, columns)
    return resized(image, int(columns * scale + 0.5), int(rows * scale + 0.5))


class Tool:
    """The program under test, one line in, one line out."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def prepare(self, path, kind, resize, output):
        self.process.stdin.write(f"{path} {kind} {resize} {ROWS} {COLUMNS} {output}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def differences(tool, path, folder):
    """(what, mean, largest, right) of each combination."""
    dataset = decoded(path, folder)
    output = Path(folder) / "tensor"
    lossy = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID in LOSSY
    limit = LARGEST_LOSSY_LIMIT if lossy else LARGEST_LIMIT
    for kind in INTENSITIES:
        reference = intensity(dataset, kind)
        for resize in RESIZES:
            answer = tool.prepare(path, kind, resize, output)
            if not answer.startswith("prepared"):
                raise AssertionError(f"was to be analysed, but: {answer}")
            ours = np.fromfile(output, np.float32).reshape(ROWS, COLUMNS)
            difference = np.abs(ours - model_input(reference, resize, pixel_ratio(dataset)))
            mean, largest = float(difference.mean()), float(difference.max())
            yield f"{kind} {resize}", mean, largest, mean < MEAN_LIMIT and largest < limit
    columns, rows = (int(word) for word in answer.split()[1:])
    ours = np.fromfile(f"{output}.display", np.uint8).reshape(rows, columns) / 255.0
    difference = np.abs(ours - display(intensity(dataset, "window"), pixel_ratio(dataset)))
    yield "display", 0.0, 0.0, float(difference.max()) < DISPLAY_LIMIT


def is_dicom(path):
    return path.suffix == ".dcm" and path.is_file()


def check(tool, path, folder):
    """The line for one file, and whether it is as it should be."""
    header = pydicom.dcmread(path, force=True, stop_before_pixels=False)
    code = expected_refusal(path, header)
    if path.name in WITHOUT_REFERENCE:
        answer = tool.prepare(path, "minmax", "stretch", Path(folder) / "tensor")
        return f"{answer} (no reference)", answer.startswith(("prepared", "not_analysed"))
    if code is not None:
        answer = tool.prepare(path, "minmax", "stretch", Path(folder) / "tensor")
        return f"{answer}", answer == f"not_analysed {code}"
    try:
        compared = list(differences(tool, path, folder))
    except (AssertionError, OSError, ValueError, subprocess.CalledProcessError) as problem:
        return f"{type(problem).__name__}: {problem}", False
    mean, largest = max(c[1] for c in compared), max(c[2] for c in compared)
    wrong = [c[0] for c in compared if not c[3]]
    return f"mean {mean:.2e} largest {largest:.2e} {wrong or ''}", not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--radiographs", required=True)
    arguments = parser.parse_args()
    radiographs = Path(os.environ.get("HILUM_RADIOGRAPHS", arguments.radiographs))
    test_data = Path(pydicom.__file__).parent / "data" / "test_files"
    files = []
    for folder in (radiographs, test_data):
        found = sorted(filter(is_dicom, folder.glob("*.dcm")))
        if not found:
            print(f"SKIPPED: no DICOM files in {folder}")
        files += found
    if not files:
        return 77
    tool, failures = Tool(arguments.tool), 0
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            line, right = check(tool, path, folder)
            failures += not right
            print(f"{'ok  ' if right else 'FAIL'} {path.name}: {line}")
    print(f"{len(files)} files, {failures} wrong (limits: mean {MEAN_LIMIT}, largest {LARGEST_LIMIT}, "
          f"{LARGEST_LOSSY_LIMIT} where lossy)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
