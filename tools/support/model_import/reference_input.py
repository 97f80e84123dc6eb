"""The model's input as a tensor, computed in Python from the reference's image."""

import pathlib

import torch

from .reference_image import decompressed, dicom_intensity, fitted, pixel_ratio, png_intensity


def tensor_of(path, convention):
    """float[1, channels, rows, columns] of a DICOM or PNG file."""
    path = pathlib.Path(path)
    if path.suffix.lower() == ".png":
        intensity, ratio = png_intensity(path, convention.intensity), 1.0
    else:
        dataset = decompressed(path)
        intensity, ratio = dicom_intensity(dataset, convention.intensity), pixel_ratio(dataset)
    low, high = convention.range
    grey = torch.from_numpy(fitted(
        intensity, convention.rows, convention.columns, convention.resize, ratio).copy()) * (high - low) + low
    image = grey.expand(1, convention.channels, -1, -1)
    return (image - torch.tensor(convention.mean).view(-1, 1, 1)) / torch.tensor(convention.std).view(-1, 1, 1)
