"""tools/import_model's command line."""

import argparse
import os
import pathlib
import re

# As an installed package calls it.
PROGRAM = os.environ.get("HILUM_IMPORT_PROGRAM", "tools/import_model")

DESCRIPTION = """\
Makes a Hilum model package from a PyTorch checkpoint: a TorchScript file as it is, or the weights of a torchvision
DenseNet, ResNet or EfficientNet, or of a torchxrayvision DenseNet, with any number of classes. No code in a checkpoint
of weights is run; a TorchScript file is a program: take it only from whom you trust."""

EPILOG = f"""\
examples:
  {PROGRAM} chexnet.pth packages/chexnet --activation sigmoid --labels @labels.txt --resize crop \\
      --compare radiographs/
  {PROGRAM} xrv-all.pt packages/xrv --thresholds checkpoint
  {PROGRAM} model.pt packages/own --activation softmax --labels Normal,Pneumonia --size 512

exit status: 0 the package is written, and all comparisons are within their limits; 1 the checkpoint cannot be
imported, nothing is written; 2 wrong options; 3 the package is written, but says something else than eager PyTorch."""


def code_strings(text):
    """DICOM code strings with commas between; `any` accepts everything."""
    if text == "any":
        return []
    values = [part.strip() for part in text.split(",")]
    for value in values:
        if not re.fullmatch(r"[A-Z0-9 _]{1,16}", value):
            raise argparse.ArgumentTypeError(f"'{value}' is not a DICOM code string: 1 to 16 of A-Z, 0-9, space, _")
    return values


def age(text):
    if text == "any":
        return ""
    if not re.fullmatch(r"\d{1,3}[ymwd]", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not an age such as 18y, 6m, 4w or 10d")
    return text


def dicom_text(text):
    if not 1 <= len(text) <= 64 or not text.isprintable() or "\\" in text:
        raise argparse.ArgumentTypeError("must have 1 to 64 characters in one line, without backslash")
    return text


def tolerance(text):
    value = float(text)
    if not 1e-6 <= value <= 10:
        raise argparse.ArgumentTypeError("must be a number from 0.000001 to 10")
    return value


def parser():
    formatter = argparse.RawDescriptionHelpFormatter
    options = argparse.ArgumentParser(prog=PROGRAM, description=DESCRIPTION, epilog=EPILOG,
                                      formatter_class=formatter)
    options.add_argument("checkpoint", type=pathlib.Path, help="what torch.save or torch.jit.save wrote")
    options.add_argument("package", type=pathlib.Path, help="the folder to make")
    options.add_argument("--force", action="store_true", help="replace a package that is already there")

    about = options.add_argument_group("identity")
    about.add_argument("--name", type=dicom_text, help="of the model; default: the folder's")
    about.add_argument("--version", type=dicom_text, default="1.0.0", help="of the model; default: %(default)s")

    output = options.add_argument_group("outputs")
    output.add_argument("--activation", choices=["softmax", "sigmoid", "none"],
                        help="what remains to be applied; needed, but for torchxrayvision's (sigmoid)")
    output.add_argument("--labels", help="names in the outputs' order, with commas between, or @FILE with one a line; "
                                         "an output with an empty name is left out")
    output.add_argument("--thresholds", help="a number for all, NAME=NUMBER,..., or 'checkpoint' for "
                                             "torchxrayvision's op_threshs; default: 0.5")

    image = options.add_argument_group("input (as in training; what is not given is assumed and told)")
    image.add_argument("--convention", choices=["auto", "imagenet", "torchxrayvision"], default="auto",
                       help="what the options below default to; auto: torchxrayvision for a DenseNet of one channel")
    image.add_argument("--size", help="SIDE or ROWSxCOLUMNS; default: the network's usual one")
    image.add_argument("--channels", type=int, choices=[1, 3], help="of a TorchScript file that does not show them")
    image.add_argument("--intensity", choices=["minmax", "window", "stored_range"])
    image.add_argument("--resize", choices=["letterbox", "stretch", "crop"])
    image.add_argument("--range", help="LOW,HIGH: what black and white become; write --range=-1,1 for negative ones")
    image.add_argument("--mean", help="one number, or one for each channel")
    image.add_argument("--std", help="likewise")

    accepts = options.add_argument_group("intended use (`any` accepts everything)")
    accepts.add_argument("--modalities", type=code_strings, default=["CR", "DX"], help="default: CR,DX")
    accepts.add_argument("--body-parts", type=code_strings, default=["CHEST"], help="default: CHEST")
    accepts.add_argument("--views", type=code_strings, default=["PA", "AP"], help="default: PA,AP")
    accepts.add_argument("--min-age", type=age, default="18y", help="default: %(default)s")

    proof = options.add_argument_group("proof")
    proof.add_argument("--golden", nargs="+", metavar="FILE",
                       help="PNG or DICOM files for the golden cases, without patient data; default: made here")
    proof.add_argument("--golden-tolerance", type=tolerance, default=0.001,
                       help="of raw outputs; relative to the largest where that is above 1; default: %(default)s")
    proof.add_argument("--compare", nargs="+", type=pathlib.Path, default=[], metavar="DICOM",
                       help="DICOM files, and folders of them, on which `hilum predict` is compared with eager PyTorch")
    proof.add_argument("--hilum", type=pathlib.Path, help="the program; default: this source's build, or in PATH")
    return options
