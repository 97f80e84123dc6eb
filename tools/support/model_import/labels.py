"""The labels of a model's outputs: names, SNOMED CT codes of known findings, thresholds."""

import dataclasses
import math
import pathlib

from .refusal import Refusal

LONGEST_NAME = 64  # characters: a label becomes a DICOM LO
CODES = {  # by the name in lower case, without spaces and underscores
    "pneumonia": ("233604007", "Pneumonia"),
    "pneumothorax": ("36118008", "Pneumothorax"),
    "pleuraleffusion": ("60046008", "Pleural effusion"),
    "effusion": ("60046008", "Pleural effusion"),
    "pulmonaryedema": ("19242006", "Pulmonary edema"),
    "pulmonaryoedema": ("19242006", "Pulmonary edema"),
    "edema": ("19242006", "Pulmonary edema"),
    "oedema": ("19242006", "Pulmonary edema"),
    "normal": ("17621005", "Normal"),
}
NOT_ABNORMAL = {"normal", "nofinding", "supportdevices"}
# torchxrayvision's default_pathologies, in the order of its outputs.
TORCHXRAYVISION = [
    "Atelectasis", "Consolidation", "Infiltration", "Pneumothorax", "Edema", "Emphysema", "Fibrosis", "Effusion",
    "Pneumonia", "Pleural_Thickening", "Cardiomegaly", "Nodule", "Mass", "Hernia", "Lung Lesion", "Fracture",
    "Lung Opacity", "Enlarged Cardiomediastinum"]


@dataclasses.dataclass
class Label:
    output: int  # of the model, counted from 0
    name: str
    threshold: float = 0.5

    @property
    def key(self):
        return self.name.lower().replace(" ", "").replace("_", "")

    @property
    def code(self):
        """(value, meaning) in SNOMED CT, or None."""
        return CODES.get(self.key)

    @property
    def abnormal(self):
        return self.key not in NOT_ABNORMAL


def names_from(text):
    """From "A,B,,C" or "@FILE" with one name a line; an empty one is an output without a meaning."""
    if not text.startswith("@"):
        return [name.strip() for name in text.split(",")]
    try:
        lines = pathlib.Path(text[1:]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"--labels {text}: {error}", "Give a text file in UTF-8 with one name a line.") from error
    return [line.strip() for line in lines]


def check_names(names):
    used = [name for name in names if name]
    for name in used:
        if len(name) > LONGEST_NAME or "\\" in name or not name.isprintable():
            raise Refusal(f"the label {name!r} cannot stand in a DICOM report",
                          f"Use 1 to {LONGEST_NAME} printable characters, without backslash.")
        if name == "no finding":
            raise Refusal("a label cannot be called 'no finding': that is what Hilum says where nothing was found",
                          "Leave the output out (an empty name), or write 'No Finding'.")
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        raise Refusal(f"labels that appear twice: {', '.join(twice)}", "Give each output a name of its own.")
    if not used:
        raise Refusal("no output has a label", "Name at least one with --labels.")


def labels_for(outputs, text, torchxrayvision):
    """The Labels of a model with so many outputs; those without a name are left out."""
    if text is not None:
        names = names_from(text)
    elif torchxrayvision and outputs == len(TORCHXRAYVISION):
        names = TORCHXRAYVISION
    else:
        raise Refusal(f"the model has {outputs} outputs, and a checkpoint does not say what they are",
                      "Name them in order with --labels 'A,B,C' or --labels @FILE (one a line).")
    if len(names) != outputs:
        raise Refusal(f"--labels names {len(names)} labels, but the model has {outputs} outputs",
                      "Name every output in order; leave the name of one without a meaning empty.")
    check_names(names)
    return [Label(output, name) for output, name in enumerate(names) if name]


def number(text, where):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise Refusal(f"--thresholds: '{text}' {where} is no number from 0 to 1",
                      "Give one number for all, NAME=NUMBER,..., or 'checkpoint'.")
    return value


def set_thresholds(labels, text, operating_points):
    """`text`: a number for all labels, "NAME=NUMBER,...", or "checkpoint" for the operating points stored there."""
    if text is None:
        return
    if text == "checkpoint":
        if operating_points is None:
            raise Refusal("--thresholds checkpoint: the checkpoint has no op_threshs",
                          "Give the thresholds as NAME=NUMBER,...")
        for label in labels:
            value = float(operating_points[label.output])
            if 0 <= value <= 1:  # NaN where torchxrayvision has none
                label.threshold = value
        return
    if "=" not in text:
        for label in labels:
            label.threshold = number(text, "for all labels")
        return
    by_name = {label.name: label for label in labels}
    for part in text.split(","):
        name, _, value = part.rpartition("=")
        if name.strip() not in by_name:
            raise Refusal(f"--thresholds: there is no label '{name.strip()}'",
                          f"The labels are {', '.join(by_name)}.")
        by_name[name.strip()].threshold = number(value, f"for {name.strip()}")
