"""From a PyTorch checkpoint to a Hilum model package, proved against eager PyTorch. Run by tools/import_model."""

import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

import torch
import torchvision

from model_import import golden, options, package_files, parity, reference_image, reference_input, runnable
from model_import.checkpoint import read_checkpoint, sha256_of
from model_import.input_convention import convention_of
from model_import.labels import labels_for, set_thresholds
from model_import.refusal import Refusal

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DONE, REFUSED, DIFFERENT = 0, 1, 3  # 2 is argparse's


def find_hilum(wanted):
    if wanted:
        if not os.access(wanted, os.X_OK):
            raise Refusal(f"--hilum {wanted} is not a program", "Give the hilum that the build made.")
        return wanted.resolve()
    built = SOURCE / "build" / "release" / "bin" / "hilum"
    found = built if os.access(built, os.X_OK) else shutil.which("hilum")
    return pathlib.Path(found) if found else None


def files_to_compare(places):
    """In folders: everything that ends in .dcm or has no ending."""
    files = []
    for place in places:
        if place.is_dir():
            files += sorted(file for file in place.rglob("*") if file.is_file() and file.suffix in (".dcm", ""))
        elif place.is_file():
            files.append(place)
        else:
            raise Refusal(f"--compare {place} is not there", "Give DICOM files, or folders of them.")
    return files


def activation_of(wanted, torchxrayvision):
    if wanted:
        return wanted
    if torchxrayvision:
        return "sigmoid"
    raise Refusal("a checkpoint does not say what remains to be applied to its outputs",
                  "Give --activation softmax (classes that exclude each other) or sigmoid (independent findings).")


def check_place(folder, force):
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / "model.yaml").exists()):
        raise Refusal(f"{folder} is there and is not a model package", "Give the name of a folder to make.")
    if any(folder.iterdir()) and not force:
        raise Refusal(f"{folder} already holds a model package", "Give another folder, or --force to replace it.")


def move_into_place(made, folder):
    """The package appears whole, or not at all."""
    os.chmod(made, 0o755)
    if folder.exists():
        shutil.rmtree(folder)
    made.rename(folder)


class Import:
    """One run; `made` is the folder in which the package grows."""

    def __init__(self, wanted, made):
        self.wanted, self.made = wanted, made
        self.hilum = find_hilum(wanted.hilum)
        self.compared_files = files_to_compare(wanted.compare)
        self.checkpoint = read_checkpoint(wanted.checkpoint)
        self.source = runnable.source_of(self.checkpoint, wanted.channels)
        torchxrayvision = wanted.convention == "torchxrayvision" or (
            wanted.convention == "auto" and self.source.torchxrayvision)
        if torchxrayvision and self.source.channels != 1:
            raise Refusal("--convention torchxrayvision, but the network takes three channels",
                          "torchxrayvision's networks take one; leave --convention out.")
        wanted.activation = activation_of(wanted.activation, torchxrayvision)
        self.convention = convention_of(wanted, self.source.channels, self.source.side, torchxrayvision)
        blank = torch.zeros(1, self.convention.channels, self.convention.rows, self.convention.columns)
        self.labels = labels_for(self.source.outputs(blank), wanted.labels, torchxrayvision)
        if wanted.activation == "softmax" and len(self.labels) < 2:
            raise Refusal("a softmax of one output is always 1", "Give --activation sigmoid.")
        set_thresholds(self.labels, wanted.thresholds, self.source.operating_points)
        self.reference = runnable.reference(self.source, self.labels)

    def write_weights(self):
        weights = self.made / "model.pt"
        runnable.write_torchscript(self.source, self.checkpoint, self.labels, self.convention, weights)
        self.sha256 = sha256_of(weights)
        origin = f"{self.checkpoint.path.name} (SHA-256 {self.checkpoint.sha256}): {self.source.description}"
        (self.made / "model.yaml").write_text(
            package_files.model_yaml(self.wanted, origin, self.sha256, self.convention, self.labels), encoding="utf-8")

    def write_golden_cases(self):
        """The cases' names and tensors."""
        folder = self.made / "golden"
        folder.mkdir()
        images = golden.copied(self.wanted.golden, folder) if self.wanted.golden else golden.made(folder)
        try:
            tensors = [(f"golden/{image.name}", reference_input.tensor_of(image, self.convention)) for image in images]
        except reference_image.NotComparable as reason:
            raise Refusal(f"--golden: {reason}", "Give grey PNG or DICOM files.") from reason
        cases = [(name, self.reference(tensor)[0].tolist()) for name, tensor in tensors]
        (self.made / "golden.yaml").write_text(
            package_files.golden_yaml(cases, self.wanted.golden_tolerance), encoding="utf-8")
        return tensors

    def verify(self):
        """hilum's own judgement of the package."""
        if self.hilum is None:
            return
        judged = subprocess.run([str(self.hilum), "model", "verify", str(self.made)], capture_output=True, text=True,
                                check=False)
        if judged.returncode != 0:
            complaints = judged.stderr.strip().replace(f"{self.made}/", "")
            raise Refusal(f"hilum model verify refuses the package: {complaints}",
                          "Correct what it names, or report a defect of tools/import_model.")

    def compare(self, tensors):
        """parity.json's content."""
        report = {
            "model": {"name": self.wanted.name, "version": self.wanted.version, "sha256": self.sha256},
            "checkpoint": {"file": self.checkpoint.path.name, "sha256": self.checkpoint.sha256,
                           "what": self.source.description},
            "versions": {"python": platform.python_version(), "torch": torch.__version__,
                         "torchvision": torchvision.__version__},
            "torchscript": parity.compare_torchscript(self.reference, self.made / "model.pt", tensors)}
        if self.hilum and self.compared_files:
            report["hilum"] = parity.compare_hilum(self.hilum, self.made, self.compared_files, self.reference,
                                                   self.convention, self.wanted.activation, self.labels)
        raw = torch.cat([self.reference(tensor) for _, tensor in tensors])
        seen = [*parity.activated(raw, self.wanted.activation)]
        seen += [torch.tensor(case["expected"], dtype=torch.float64)
                 for case in report.get("hilum", {}).get("cases", []) if "expected" in case]
        report["warnings"] = parity.warnings(raw, torch.stack(seen), self.wanted.activation)
        if self.source.ignored:
            report["warnings"].append("not used of the checkpoint: " + ", ".join(self.source.ignored[:8])
                                      + (", ..." if len(self.source.ignored) > 8 else ""))
        report["assumed"] = self.convention.assumed
        # A comparison in which every file was left out proves nothing, but nothing differs either.
        report["passed"] = all(report[part]["passed"] or not report[part]["compared"]
                               for part in ("torchscript", "hilum") if part in report)
        return report

    def run(self):
        self.write_weights()
        tensors = self.write_golden_cases()
        self.verify()
        report = self.compare(tensors)
        (self.made / "parity.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return report


def tell(task, report):
    print(f"{task.wanted.package}: {task.wanted.name} {task.wanted.version}, from {task.source.description}\n")
    maps = report["torchscript"]["activation_maps"]
    print("outputs " + ", ".join(f"{label.name} (threshold {label.threshold:g})" for label in task.labels))
    print(f"activation {task.wanted.activation}; activation maps "
          + (f"{maps[1]}x{maps[2]}" if maps else "none: the model has no second output") + "\n")
    print(parity.table(report["torchscript"]) + "\n")
    if "hilum" in report:
        print(parity.table(report["hilum"]) + "\n")
    elif task.hilum is None:
        print(("WARNING: " if task.compared_files else "")
              + "hilum predict was not compared: hilum was found neither in build/release/bin nor in PATH\n")
    else:
        print("hilum predict was not compared: give DICOM files with --compare\n")
    if report["assumed"]:
        print("assumed, as you did not say: " + "; ".join(report["assumed"]) + ". Compare with your training code.")
    for warning in report["warnings"]:
        print(f"WARNING: {warning}")


def main():
    wanted = options.parser().parse_args()
    wanted.name = wanted.name or wanted.package.resolve().name[:64]
    try:
        check_place(wanted.package, wanted.force)
        wanted.package.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=wanted.package.absolute().parent) as folder:
            made = pathlib.Path(folder) / "package"
            made.mkdir()
            task = Import(wanted, made)
            report = task.run()
            move_into_place(made, wanted.package)
        tell(task, report)
    except Refusal as refusal:
        print(f"import_model: {refusal}", file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"import_model: {error}", file=sys.stderr)
        return REFUSED
    return DONE if report["passed"] else DIFFERENT


if __name__ == "__main__":
    sys.exit(main())
