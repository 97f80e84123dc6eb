"""Reads checkpoints that hold whole Python objects (a pickled model, a trainer's settings) without running any of
their code: torch.load's restricted mode refuses such files altogether.

A pickle is a program that may call any function by name. Here every name but those that put tensors together becomes
an inert class, which stores what it is given and does nothing; and a name from outside the libraries that training
code uses is refused, since an honest checkpoint does not need it.
"""

import collections
import pickle
import types

import torch

from .refusal import Refusal

# What is really called: these only put data together.
CALLABLE = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_tensor"): torch._utils._rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
}
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


class InertUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) in CALLABLE:
            # A function of our own, so that nothing in the file can set an attribute of torch's.
            function = CALLABLE[module, name]
            return function if isinstance(function, type) else lambda *arguments: function(*arguments)
        dtype = getattr(torch, name, None) if module == "torch" else None
        if isinstance(dtype, torch.dtype):
            return dtype
        if module.split(".")[0] in LIBRARIES:
            return type("Inert", (Inert,), {"__doc__": f"{module}.{name}", "__module__": __name__})
        raise Refusal(
            f"the checkpoint asks to run {module}.{name}, which no weights need; nothing of it was executed",
            "If you trust the file, save its weights alone where it was trained: "
            "torch.save(model.state_dict(), 'weights.pt')")


def load(file, **arguments):
    return InertUnpickler(file, **arguments).load()


def pickle_module():
    """What torch.load takes in place of `pickle`."""
    return types.SimpleNamespace(Unpickler=InertUnpickler, load=load, __name__="inert_pickle")


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
            if isinstance(value, torch.Tensor):
                state[f"{prefix}{name}"] = value
    for name, module in network._modules.items():
        if is_network(module):
            state.update(state_dict_of(module, f"{prefix}{name}.", depth + 1))
    return state
