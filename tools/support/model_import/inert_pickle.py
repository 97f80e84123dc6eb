"""Reads checkpoints that hold whole Python objects (a pickled model, a trainer's settings) without running any of
their code: torch.load's weights_only refuses such files altogether.

A pickle is a program that may call any function by name. Here the names that put tensors together are functions of
our own, every other name is an inert class, which stores what it is given and does nothing; and a name from outside
the libraries that training code uses is refused, since an honest checkpoint does not need it. torch.load cannot do
this: PyTorch 1.13 ignores the pickle_module that it is given, and takes Python's.
"""

import collections
import pickle
import zipfile

import torch

from .refusal import Refusal

DTYPES = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
}
LEGACY_MAGIC = 0x1950a86a20f9469cfc6c  # of torch.save before PyTorch 1.6
# Whose names become inert; __main__ is where training scripts define their networks.
LIBRARIES = ("__main__", "_codecs", "argparse", "collections", "lightning", "numpy", "omegaconf", "pytorch_lightning",
             "torch", "torchvision", "torchxrayvision")
DEEPEST = 32  # modules within modules


class Inert:
    """Stands for an object of the checkpoint: keeps its attributes, does nothing."""

    def __new__(cls, *_arguments, **_keywords):
        return super().__new__(cls)

    def __init__(self, *_arguments, **_keywords):
        pass

    def __setstate__(self, state):
        if isinstance(state, dict):
            self.__dict__.update({key: value for key, value in state.items() if isinstance(key, str)})

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass

    def __hash__(self):
        return id(self)


class Dtype:
    """Stands for a storage class of torch's."""

    def __init__(self, dtype):
        self.dtype = dtype


def strided(storage, offset, size, stride):
    """The tensor that a storage's elements make; nothing outside the storage can be reached."""
    numbers = [offset, *size, *stride]
    if len(size) != len(stride) or not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError("a tensor has no sound shape")
    if 0 in size:
        return storage.new_empty(size)
    if offset + sum((n - 1) * step for n, step in zip(size, stride)) >= storage.numel():
        raise ValueError("a tensor reaches beyond its data")
    return storage.as_strided(size, stride, offset).clone()


class Tensor:
    """A tensor whose storage may still be empty, as it follows the pickle in older files."""

    def __init__(self, storage, offset, size, stride, *_more):
        self.arguments = (storage, offset, tuple(size), tuple(stride))

    def __setstate__(self, state):
        pass

    def filled(self):
        return strided(*self.arguments)


def rebuilt_parameter(data, *_more):
    return data


class InertUnpickler(pickle.Unpickler):
    """`storage(key, dtype, count)` gives the flat tensor for a persistent id."""

    def __init__(self, file, storage=None):
        super().__init__(file, encoding="utf-8")
        self.storage = storage

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module in ("builtins", "__builtin__") and name == "set":
            return set
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return lambda *arguments: Tensor(*arguments)
        if module == "torch._utils" and name == "_rebuild_parameter":
            return lambda *arguments: rebuilt_parameter(*arguments)
        if module == "torch" and name in DTYPES:
            return Dtype(DTYPES[name])
        if module.split(".")[0] in LIBRARIES:
            return type("Inert", (Inert,), {"__doc__": f"{module}.{name}", "__module__": __name__})
        raise Refusal(
            f"the checkpoint asks to run {module}.{name}, which no weights need; nothing of it was executed",
            "If you trust the file, save its weights alone where it was trained: "
            "torch.save(model.state_dict(), 'weights.pt')")

    def persistent_load(self, pid):
        if self.storage is None or not isinstance(pid, tuple):
            raise ValueError("a part that no checkpoint has")
        if pid[0] == "module":  # older files note the source code of each class
            return pid[1]
        if pid[0] != "storage" or not isinstance(pid[1], Dtype):
            raise ValueError(f"data of a kind that is not known here: {pid[0]}")
        if len(pid) > 5 and pid[5] is not None:
            raise ValueError("a view of another storage, as PyTorch before 0.4 saved it")
        return self.storage(str(pid[2]), pid[1].dtype, pid[4])


# ---- the two formats of torch.save ----

def read_zip(path):
    with zipfile.ZipFile(path) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("it is compressed, as torch.save's files never are")
        pickle_name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        folder, storages = pickle_name[:-len("data.pkl")], {}

        def storage(key, dtype, _count):
            if key not in storages:
                storages[key] = torch.frombuffer(bytearray(archive.read(f"{folder}data/{key}")), dtype=dtype)
            return storages[key]

        with archive.open(pickle_name) as file:
            return InertUnpickler(file, storage).load()


def read_legacy(path):
    """Pickles of a magic number, a version, the system, the object and the storages' keys; then the storages."""
    size, storages = path.stat().st_size, {}

    def storage(key, dtype, count):
        if key not in storages:
            if not isinstance(count, int) or not 0 <= count <= size:
                raise ValueError("a storage is larger than the file")
            storages[key] = torch.empty(count, dtype=dtype)
        return storages[key]

    with open(path, "rb") as file:
        if InertUnpickler(file).load() != LEGACY_MAGIC:
            raise ValueError("it does not begin as torch.save's files do")
        InertUnpickler(file).load()
        InertUnpickler(file).load()
        value = InertUnpickler(file, storage).load()
        for key in map(str, InertUnpickler(file).load()):
            count = int.from_bytes(file.read(8), "little")
            target = storages[key]
            if count != target.numel():
                raise ValueError("a storage has another size than its tensors")
            data = bytearray(file.read(count * target.element_size()))
            if data:
                target.copy_(torch.frombuffer(data, dtype=target.dtype))
        return value


def load(path):
    return read_zip(path) if zipfile.is_zipfile(path) else read_legacy(path)


def with_tensors(value, depth=0):
    """`value` with real tensors in its dictionaries, now that all storages are filled."""
    if isinstance(value, Tensor):
        return value.filled()
    if isinstance(value, dict) and depth <= DEEPEST:
        return {key: with_tensors(item, depth + 1) for key, item in value.items()}
    return value


def is_network(value):
    return isinstance(value, Inert) and isinstance(getattr(value, "_modules", None), dict)


def state_dict_of(network, prefix="", depth=0):
    """Like torch.nn.Module.state_dict(), of a network that was read inertly."""
    if depth > DEEPEST:
        raise Refusal(f"the checkpoint's network is nested deeper than {DEEPEST} modules, at {prefix}",
                      "Save its weights alone: torch.save(model.state_dict(), 'weights.pt')")
    state = {}
    for group in ("_parameters", "_buffers"):
        for name, value in (getattr(network, group, None) or {}).items():
            if isinstance(value, Tensor):
                state[f"{prefix}{name}"] = value.filled()
    for name, module in network._modules.items():
        if is_network(module):
            state.update(state_dict_of(module, f"{prefix}{name}.", depth + 1))
    return state
