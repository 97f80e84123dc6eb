"""What a checkpoint file holds: a TorchScript module, or weights by name. Runs no code of the file."""

import dataclasses
import hashlib
import pathlib
import tarfile
import warnings
import zipfile

import torch

from . import inert_pickle
from .refusal import Refusal

STATE_KEYS = ("state_dict", "model_state_dict", "model")
SAVE_WEIGHTS = "Save the weights alone where the model was trained: torch.save(model.state_dict(), 'weights.pt')"
# TorchScript's operators that reach files: no classifier needs them.
FILE_OPERATORS = (b"aten.save(", b"torch.save(", b"torch.from_file(", b"aten.from_file(")


@dataclasses.dataclass
class Checkpoint:
    path: pathlib.Path
    sha256: str
    kind: str           # "TorchScript" | "state dict" | "pickled network"
    state: dict | None  # float tensors by name; None for TorchScript


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_torchscript(path):
    """A TorchScript file is a zip with the code beside the constants; a state dict's has neither."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.split("/", 1)[-1] == "constants.pkl" for name in archive.namelist())


def refuse_file_operators(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and any(operator in archive.read(name) for operator in FILE_OPERATORS):
                raise Refusal(f"the TorchScript code in {name} writes or maps files, which no classifier needs",
                              "Do not use this file unless you know why it does so.")


def load_torchscript(path):
    refuse_file_operators(path)
    try:
        module = torch.jit.load(str(path), map_location="cpu")
    except RuntimeError as error:
        raise Refusal(f"{path} is not TorchScript that this PyTorch {torch.__version__} can load: "
                      f"{str(error).strip().splitlines()[-1]}",
                      "Save it with a PyTorch no newer than 2.x in default settings, or give a state dict.") from error
    return module.eval()


def load_object(path):
    """(what torch.save was given, whether it holds more than weights). Code in it is not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True), False
    except Exception:  # more than tensors in plain containers, or damaged: the second reading tells which
        pass
    try:
        return inert_pickle.with_tensors(inert_pickle.load(path)), True
    except Refusal:
        raise
    except Exception as error:  # whatever damaged or hostile bytes make of the reader
        raise Refusal(f"{path} cannot be read as a PyTorch checkpoint: {error}",
                      "The file is damaged, or was not written by torch.save. " + SAVE_WEIGHTS) from error


def is_state(value):
    return isinstance(value, dict) and any(isinstance(item, torch.Tensor) for item in value.values())


def state_in(value, path):
    """The weights by name, wherever the usual training loops put them."""
    if inert_pickle.is_network(value):
        return inert_pickle.state_dict_of(value)
    if is_state(value):
        return value
    if isinstance(value, dict):
        for key in STATE_KEYS:
            if is_state(value.get(key)) or inert_pickle.is_network(value.get(key)):
                return state_in(value[key], path)
    holds = f"the keys {', '.join(map(str, list(value)[:8]))}" if isinstance(value, dict) else type(value).__name__
    raise Refusal(f"{path} holds no weights by name, but {holds}; looked for them at the top and under "
                  f"{', '.join(STATE_KEYS)}", SAVE_WEIGHTS)


def checked_state(state, path):
    """Strings to float32 tensors (counters stay integers), all finite."""
    result = {}
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            continue
        if value.is_floating_point():
            value = value.detach().to(torch.float32)
            # torchxrayvision marks the labels that it has no operating point for with NaN.
            if not name.endswith("op_threshs") and not bool(torch.isfinite(value).all()):
                raise Refusal(f"{path}: the weight {name} holds NaN or infinity", "Take an earlier checkpoint.")
        result[name] = value
    return result


def read_checkpoint(path):
    path = pathlib.Path(path)
    if not path.is_file():
        raise Refusal(f"{path} is not a file", "Give the checkpoint that torch.save or torch.jit.save wrote.")
    digest = sha256_of(path)
    if is_torchscript(path):
        return Checkpoint(path, digest, "TorchScript", None)
    if tarfile.is_tarfile(path):
        raise Refusal(f"{path} is a tar archive, the format of PyTorch before 0.1.10",
                      "Load and save it with a newer PyTorch. " + SAVE_WEIGHTS)
    value, more = load_object(path)
    kind = "pickled network" if inert_pickle.is_network(value) or (more and not isinstance(value, dict)) \
        else "state dict"
    return Checkpoint(path, digest, kind, checked_state(state_in(value, path), path))
