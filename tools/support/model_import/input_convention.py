"""How an image becomes the model's input: what the user said, completed by what networks of the kind were usually
trained with. A wrong intensity or range is the usual reason for a model that says the same of every image, so what
was assumed is told."""

import dataclasses
import re

from .refusal import Refusal

IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
TORCHXRAYVISION = {"intensity": "minmax", "resize": "crop", "range": [-1024.0, 1024.0], "mean": [0.0], "std": [1.0]}
IMAGENET = {"intensity": "minmax", "resize": "letterbox", "range": [0.0, 1.0], "mean": IMAGENET_MEAN,
            "std": IMAGENET_STD}
PLAIN = {"intensity": "minmax", "resize": "letterbox", "range": [0.0, 1.0]}  # one channel: no custom for mean and std
LONGEST_SIDE = 4096


@dataclasses.dataclass
class InputConvention:
    rows: int
    columns: int
    channels: int
    intensity: str  # minmax | window | stored_range
    resize: str     # letterbox | stretch | crop
    range: list
    mean: list      # one, or one for each channel
    std: list
    assumed: list   # the settings that the user did not give, as "name value"


def numbers(text, option, counts):
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in counts or not all(abs(value) < 1e9 for value in values):
        raise Refusal(f"{option} {text} is not {' or '.join(map(str, counts))} number(s) with commas between",
                      f"For example {option} {','.join(['0.5'] * counts[-1])}")
    return values


def side(text):
    match = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", text)
    rows, columns = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not (1 <= rows <= LONGEST_SIDE and 1 <= columns <= LONGEST_SIDE):
        raise Refusal(f"--size {text} is not a size", "Give --size SIDE or --size ROWSxCOLUMNS, in pixels up to 4096.")
    return rows, columns


def given(options, channels):
    """What the user said, by the settings' names."""
    found = {name: getattr(options, name) for name in ("intensity", "resize") if getattr(options, name)}
    if options.range:
        found["range"] = numbers(options.range, "--range", [2])
        if found["range"][0] == found["range"][1]:
            raise Refusal("--range: black and white become the same number", "Give two different numbers.")
    for name in ("mean", "std"):
        if getattr(options, name):
            found[name] = numbers(getattr(options, name), f"--{name}", sorted({1, channels}))
    if any(value <= 0 for value in found.get("std", [])):
        raise Refusal(f"--std {options.std}: must be above 0", "Give the divisors of the training's normalisation.")
    return found


def convention_of(options, channels, default_side, torchxrayvision):
    """`default_side` is the network's usual one in pixels, None where it is not known (TorchScript)."""
    custom = TORCHXRAYVISION if torchxrayvision else IMAGENET if channels == 3 else PLAIN
    said = given(options, channels)
    settings = {**custom, **said}
    assumed = [f"{name} {settings[name]}" for name in custom if name not in said]
    if "mean" not in settings or "std" not in settings:
        raise Refusal("a network of one channel does not say how its input is normalised",
                      "Give --mean and --std (0 and 1 where there is no normalisation), and --range, as in training.")
    if options.size is None and default_side is None:
        raise Refusal("a TorchScript file does not say which size its input has", "Give --size, as in training.")
    rows, columns = side(options.size) if options.size else (default_side, default_side)
    if options.size is None:
        assumed.append(f"size {rows}x{columns}")
    return InputConvention(rows, columns, channels, assumed=assumed, **settings)
