"""The golden cases' images: the user's own, or a few that are made here."""

import pathlib
import shutil

import numpy as np
from PIL import Image

from .refusal import Refusal

SEED = 20261124


def chest_like(rows, columns, random):
    """Bright body, two dark lungs, noise, on [0, 1]: enough for a network's features to vary over the image."""
    y, x = np.mgrid[0:rows, 0:columns]
    y, x = y / rows - 0.5, x / columns - 0.5
    image = 0.75 - 0.5 * (x**2 + y**2)
    for centre in (-0.2, 0.2):
        image -= 0.45 * np.exp(-(((x - centre) / 0.13) ** 2 + (y / 0.27) ** 2) ** 2)
    return (image + random.normal(0, 0.02, image.shape)).clip(0, 1)


def gradient(rows, columns, random):
    return (np.linspace(0, 0.8, rows)[:, None] + random.random((rows, columns)) * 0.2).clip(0, 1)


def stripes(rows, columns, random):
    period = random.integers(20, 40)
    return 0.5 + 0.4 * np.sin(np.mgrid[0:rows, 0:columns].sum(axis=0) / period * 2 * np.pi)


def made(folder):
    """Three images of different depth and proportions."""
    random = np.random.default_rng(SEED)
    images = [(chest_like(400, 320, random) * 255).round().astype(np.uint8),
              (chest_like(360, 420, random) * 4095).round().astype(np.uint16),
              (gradient(256, 320, random) * 65535).round().astype(np.uint16),
              (stripes(300, 300, random) * 255).round().astype(np.uint8)]
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number}.png")
    return [folder / f"{number}.png" for number in range(len(images))]


def copied(files, folder):
    """The user's PNG or DICOM files under neutral names, for a name may tell a patient's."""
    copies = []
    for number, file in enumerate(map(pathlib.Path, files)):
        if not file.is_file():
            raise Refusal(f"--golden {file} is not a file", "Give PNG or DICOM files.")
        copies.append(folder / f"{number}{'.png' if file.suffix.lower() == '.png' else '.dcm'}")
        shutil.copyfile(file, copies[-1])
    return copies
