"""Writes a model package: model.yaml as docs/model-package.md describes it, and golden.yaml."""

import json


def text(value):
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a YAML string


def words(values):
    return "[" + ", ".join(text(value) for value in values) + "]"


def decimals(values):
    """Never with an exponent alone, which YAML 1.1 takes for text."""
    return "[" + ", ".join(f"{value:.9g}" if "e" not in f"{value:.9g}" else f"{value:.12f}" for value in values) + "]"


def one_line(value):
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def label_lines(label):
    lines = [f"    - name: {text(label.name)}"]
    if label.code:
        value, meaning = label.code
        lines.append(f"      code: {{value: {text(value)}, scheme: SCT, meaning: {text(meaning)}}}")
    return lines + [f"      threshold: {label.threshold:.6f}", f"      abnormal: {str(label.abnormal).lower()}"]


def model_yaml(options, origin, sha256, convention, labels):
    """`origin` says what was imported, for the reader of the file."""
    accepts = [f"  {name}: {words(values)}" for name, values in (
        ("modalities", options.modalities), ("body_parts", options.body_parts), ("views", options.views)) if values]
    if options.min_age:
        accepts.append(f"  patient_age: {{min: {options.min_age}}}")
    return "\n".join([
        f"# Imported by tools/import_model from {one_line(origin)}.",
        f"name: {text(options.name)}",
        f"version: {text(options.version)}",
        "file: model.pt",
        f"sha256: {sha256}",
        "input:",
        f"  rows: {convention.rows}",
        f"  columns: {convention.columns}",
        f"  channels: {convention.channels}",
        f"  intensity: {convention.intensity}",
        f"  resize: {convention.resize}",
        "  interpolation: bilinear",
        f"  range: {decimals(convention.range)}",
        f"  mean: {decimals(convention.mean)}",
        f"  std: {decimals(convention.std)}",
        "  precision: fp32",
        *(["accepts:", *accepts] if accepts else ["accepts: {}"]),
        "output:",
        f"  activation: {options.activation}",
        "  labels:",
        *[line for label in labels for line in label_lines(label)],
        ""])


def golden_yaml(cases, tolerance):
    """`cases`: (file's name in the package, raw outputs). Single precision rounds large outputs more, so the tolerance
    grows with the largest above 1."""
    def tolerated(outputs):
        return tolerance * max(1.0, *map(abs, outputs))

    lines = ["# What the model must say: its raw outputs, before the activation, as eager PyTorch gave them for inputs",
             "# prepared with pydicom and Pillow. Each may differ by its tolerance."]
    lines += [f"- {{input: {name}, outputs: {decimals(outputs)}, tolerance: {tolerated(outputs):.6f}}}"
              for name, outputs in cases]
    return "\n".join(lines) + "\n"
