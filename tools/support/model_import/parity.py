"""Whether the package says what eager PyTorch says: first TorchScript on the same tensors, then `hilum predict` on
DICOM files against pydicom and Pillow. Written as parity.json, shown as a table."""

import json
import subprocess

import torch

from .reference_image import NotComparable
from .reference_input import tensor_of
from .refusal import Refusal
from .runnable import run

TORCHSCRIPT_LIMIT = 1e-4  # of raw outputs, relative where they are above 1
HILUM_LIMIT = 1e-3        # of probabilities
SAME_LIMIT = 1e-4         # probabilities that vary less over all images say the same of every image


def activated(outputs, activation):
    outputs = outputs.double()
    return {"softmax": lambda: torch.softmax(outputs, -1), "sigmoid": lambda: torch.sigmoid(outputs),
            "none": lambda: outputs}[activation]()


# ---- eager PyTorch and TorchScript ----

def difference(expected, actual):
    scale = expected.abs().clamp(min=1)
    return float(((actual - expected).abs() / scale).max())


def compare_torchscript(reference, path, tensors):
    """One case for each (name, tensor), and one for a batch of all."""
    script = torch.jit.load(str(path), map_location="cpu").eval()
    cases, maps = [], None
    for name, tensor in tensors:
        outputs, maps = run(script, tensor)
        cases.append({"input": name, "largest_difference": difference(reference(tensor), outputs)})
    together = torch.cat([tensor for _, tensor in tensors[:3]])
    outputs, _ = run(script, together)
    alone = torch.cat([reference(tensor) for _, tensor in tensors[:3]])
    cases.append({"input": f"a batch of {len(together)}", "largest_difference": difference(alone, outputs)})
    return {"what": "raw outputs, TorchScript against eager PyTorch on the same tensors", "limit": TORCHSCRIPT_LIMIT,
            "activation_maps": list(maps.shape[1:]) if maps is not None else None, **summary(cases, TORCHSCRIPT_LIMIT)}


def summary(cases, limit):
    differences = [case["largest_difference"] for case in cases if "largest_difference" in case]
    largest = max(differences, default=None)
    return {"compared": len(differences), "largest_difference": largest,
            "passed": largest is not None and largest <= limit, "cases": cases}


# ---- eager PyTorch and hilum predict ----

def predictions(hilum, package, files):
    """hilum predict's answers, one a file."""
    command = [str(hilum), "predict", "--json", "--package", str(package), *map(str, files)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120 + 30 * len(files))
        answers = [json.loads(done.stdout)] if len(files) == 1 else list(map(json.loads, done.stdout.splitlines()))
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise Refusal(f"{hilum} predict gives no answer: {error}", "Give the right program with --hilum.") from error
    if len(answers) != len(files):
        said = answers[0].get("error", {}).get("message") if answers else done.stderr.strip()
        raise Refusal(f"{hilum} predict does not run the package: {said}", "Compare with `hilum model verify`.")
    return answers


def compare_file(file, answer, reference, convention, activation, labels):
    case = {"input": file.name}
    if "error" in answer:
        return {**case, "not_compared": answer["error"]["message"]}
    try:
        tensor = tensor_of(file, convention)
    except NotComparable as reason:
        return {**case, "not_compared": str(reason)}
    except Exception as error:  # whatever pydicom or Pillow cannot read
        return {**case, "not_compared": f"the reference cannot read it: {error}"}
    expected = activated(reference(tensor), activation)[0]
    actual = torch.tensor([answer["all_probabilities"][label.name] for label in labels], dtype=torch.float64)
    return {**case, "largest_difference": float((actual - expected).abs().max()), "expected": expected.tolist()}


def compare_hilum(hilum, package, files, reference, convention, activation, labels):
    answers = predictions(hilum, package, files)
    cases = [compare_file(file, answer, reference, convention, activation, labels)
             for file, answer in zip(files, answers)]
    return {"what": "probabilities, hilum predict against eager PyTorch with pydicom and Pillow", "limit": HILUM_LIMIT,
            **summary(cases, HILUM_LIMIT)}


# ---- what else makes a model useless ----

def warnings(raw, probabilities, activation):
    """`raw`: outputs of several images, [images, labels]."""
    found = []
    if bool((raw >= 0).all()) and bool((raw <= 1).all()):
        if activation == "softmax" and bool(((raw.sum(1) - 1).abs() < 1e-3).all()):
            found.append("the outputs are from 0 to 1 and sum to 1: the model ends in a softmax of its own, which "
                         "would be applied twice. Import one that returns its logits.")
        elif activation == "sigmoid":
            found.append("all outputs are from 0 to 1: if the model ends in a sigmoid of its own, give "
                         "--activation none.")
    if len(probabilities) > 1 and float((probabilities.max(0).values - probabilities.min(0).values).max()) < SAME_LIMIT:
        found.append("the model says the same of every image: look for a wrong --range, --mean, --std or "
                     "--intensity, or an untrained checkpoint.")
    return found


# ---- the table ----

def table(section):
    lines = [f"{section['what']}:"]
    for case in section["cases"]:
        result = f"not compared: {case['not_compared']}" if "not_compared" in case \
            else f"{case['largest_difference']:.2e}"
        lines.append(f"  {case['input']:<44} {result}")
    if section["compared"]:
        lines.append(f"  largest of {section['compared']}: {section['largest_difference']:.2e}, limit "
                     f"{section['limit']:g}: {'the same' if section['passed'] else 'NOT THE SAME'}")
    else:
        lines.append("  nothing could be compared")
    return "\n".join(lines)
