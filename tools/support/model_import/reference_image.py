"""An image as docs/model-package.md prepares it, in Python: pydicom for the grayscale, Pillow for JPEG 2000 and the
scaling, DCMTK's programs for the other JPEGs. Independent of Hilum's own code, as it judges it: tools/import_model
proves packages with it, tests/conformance/pixels the decoder."""

import pathlib
import subprocess
import tempfile
import warnings

import numpy as np
import pydicom
from PIL import Image
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, apply_voi_lut

DECOMPRESSORS = {
    "1.2.840.10008.1.2.4.50": "dcmdjpeg", "1.2.840.10008.1.2.4.51": "dcmdjpeg",
    "1.2.840.10008.1.2.4.57": "dcmdjpeg", "1.2.840.10008.1.2.4.70": "dcmdjpeg",
    "1.2.840.10008.1.2.4.80": "dcmdjpls", "1.2.840.10008.1.2.4.81": "dcmdjpls",
}
JPEG_2000 = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
GREY = {"MONOCHROME1", "MONOCHROME2"}
COLOURS = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", "PALETTE COLOR"}


class NotComparable(Exception):
    """The reference cannot read this image; says why."""


# ---- from a DICOM file to intensities ----

def decompressed(path):
    dataset = pydicom.dcmread(path)
    tool = DECOMPRESSORS.get(dataset.file_meta.TransferSyntaxUID)
    if tool is None:
        return dataset
    with tempfile.TemporaryDirectory(prefix="hilum-import-") as folder:
        plain = pathlib.Path(folder) / "plain.dcm"
        try:
            subprocess.run([tool, str(path), str(plain)], check=True, capture_output=True)
        except FileNotFoundError as error:
            raise NotComparable(f"{tool} (package dcmtk) is not installed") from error
        except subprocess.CalledProcessError as error:
            raise NotComparable(f"{tool} cannot decompress it") from error
        return pydicom.dcmread(plain)


def pixel_array(dataset):
    if dataset.file_meta.TransferSyntaxUID in JPEG_2000:
        with warnings.catch_warnings():  # that the codestream has more bits than are stored, which is usual
            warnings.simplefilter("ignore")
            dataset.convert_pixel_data("pillow")  # undoes what Pillow does to depths and signs
    return dataset.pixel_array


def stored_values(dataset):
    """Stored values of the first frame as integers, taken out of their words by Bits Stored and High Bit."""
    array = pixel_array(dataset)
    words = array[0] if array.ndim == 3 else array
    shift = dataset.HighBit + 1 - dataset.BitsStored
    span = 1 << dataset.BitsStored
    values = (words.astype(np.int64) >> shift) % span
    return np.where(values >= span // 2, values - span, values) if dataset.PixelRepresentation == 1 else values


def padding_of(dataset, stored):
    if "PixelPaddingValue" not in dataset:
        return np.zeros(stored.shape, bool)
    ends = [dataset.PixelPaddingValue, dataset.get("PixelPaddingRangeLimit", dataset.PixelPaddingValue)]
    return (stored >= min(ends)) & (stored <= max(ends))


def spread(values, low, high):
    """On [0, 1]; a constant image is black."""
    return (values - low) / (high - low) if high > low else np.zeros(values.shape)


def voi(dataset, values):
    """The VOI transformation's output on [0, 1]; None where the image has none."""
    if dataset.get("VOILUTSequence"):
        item = dataset.VOILUTSequence[0]
        largest = int(max(np.frombuffer(item.LUTData, "<u2") if isinstance(item.LUTData, bytes) else item.LUTData))
        bits = item.LUTDescriptor[2]  # which are often wrong
        white = 2.0**bits - 1 if largest.bit_length() == bits else max(1, largest)
        return apply_voi_lut(np.rint(values).astype(np.int64), dataset, prefer_lut=True) / white
    if "WindowWidth" not in dataset or "WindowCenter" not in dataset:
        return None
    windowed = apply_voi_lut(values, dataset, prefer_lut=False)
    # pydicom spreads the window over the output range that the stored values could reach.
    low = -(2.0 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0.0
    high = low + 2.0**dataset.BitsStored - 1
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    return spread(windowed, low * slope + intercept, high * slope + intercept)


def luminance(dataset):
    """The grey of a colour image's first frame, as Pillow's convert("L") weighs it, and its largest value."""
    frame = pixel_array(dataset)
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
    return spread(grey, low, high).clip(0, 1).astype(np.float32)


def pixel_ratio(dataset):
    """Height to width of a pixel."""
    for keyword in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        value = dataset.get(keyword)
        if value and len(value) == 2:
            height, width = map(float, value)
            if height > 0 and width > 0:
                return height / width if 0.1 <= height / width <= 10 else 1.0
    return 1.0


def by_range(values, seen=None):
    seen = values if seen is None else seen
    return spread(values, seen.min(), seen.max())


def shows_little(intensities):
    """Where the decoder looks for another window (docs/model-package.md)."""
    _, counts = np.unique(np.rint(intensities.clip(0, 1) * 255), return_counts=True)
    return len(counts) < 8 or counts.max() > 0.98 * counts.sum()


def falls(stored, values):
    """Whether high stored values become low modality values."""
    return values[stored.argmin()] > values[stored.argmax()]


def dicom_intensity(dataset, kind):
    if dataset.get("PhotometricInterpretation") in COLOURS:
        return colour_intensity(dataset, kind)
    if dataset.get("PhotometricInterpretation") not in GREY:
        kind_of_image = dataset.get("PhotometricInterpretation", "image without pixels")
        raise NotComparable(f"the reference reads no {kind_of_image}")
    stored = stored_values(dataset)
    padding = padding_of(dataset, stored)
    values = apply_modality_lut(stored, dataset).astype(np.float64)
    result = None
    if kind == "stored_range":
        low = -(2 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0
        result = spread(stored, low, low + 2.0**dataset.BitsStored - 1)
        if falls(stored[~padding], values[~padding]):
            result = 1 - result
    elif kind == "window":
        result = voi(dataset, values)
        if result is not None and shows_little(result[~padding]) and not shows_little(by_range(values[~padding])):
            raise NotComparable("the reference does not judge a window that shows next to nothing")
    if result is None:
        result = by_range(values, values[~padding])
    if dataset.PhotometricInterpretation == "MONOCHROME1":  # whatever Presentation LUT Shape says
        result = 1 - result
    return np.where(padding, 0.0, result).clip(0, 1).astype(np.float32)


# ---- from a PNG file to intensities ----

def png_intensity(path, kind):
    """A grey PNG is taken as MONOCHROME2 without window, all of its 8 or 16 bits stored."""
    with Image.open(path) as image:
        if image.mode not in ("L", "I", "I;16"):
            raise NotComparable(f"{path} is no grey PNG of 8 or 16 bits, but of Pillow's mode {image.mode}")
        bits = 8 if image.mode == "L" else 16
        values = np.asarray(image).astype(np.float64)
    low, high = (0.0, 2.0**bits - 1) if kind == "stored_range" else (values.min(), values.max())
    return spread(values, low, high).clip(0, 1).astype(np.float32)


# ---- from intensities to the model's input ----

def scaled(image, columns, rows):
    return np.asarray(Image.fromarray(image, mode="F").resize((columns, rows), Image.BILINEAR))


def fitted(image, height, width, resize, ratio=1.0):
    """The image within height x width, whose pixels have `ratio` of height to width."""
    if resize == "stretch":
        return scaled(image, width, height)
    rows, columns = image.shape[0] * ratio, image.shape[1]  # as if the pixels were square
    if resize == "letterbox":
        factor = min(height / rows, width / columns)
        small = scaled(image, max(1, int(columns * factor + 0.5)), max(1, int(rows * factor + 0.5)))
        result = np.zeros((height, width), np.float32)
        top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
        result[top:top + small.shape[0], left:left + small.shape[1]] = small
        return result
    if rows * width > columns * height:  # crop, as torchvision.transforms: the fitting side, then the centre
        large = scaled(image, width, int(width * rows / columns))
    else:
        large = scaled(image, int(height * columns / rows), height)
    top, left = round((large.shape[0] - height) / 2), round((large.shape[1] - width) / 2)
    return large[top:top + height, left:left + width]
