"""What is imported, as something that can be run: the reference in eager PyTorch and the TorchScript file."""

import dataclasses
import shutil
import typing

import torch

from . import activation_maps
from .architectures import network_from
from .checkpoint import load_torchscript
from .refusal import Refusal


@dataclasses.dataclass
class Source:
    """A checkpoint that was understood, before its outputs have labels."""

    description: str
    channels: int
    side: int | None        # of the input, where the network has a usual one
    torchxrayvision: bool   # a DenseNet of one channel: nobody else trains those
    operating_points: torch.Tensor | None
    ignored: list
    network: typing.Any     # architectures.Network, or None
    script: typing.Any      # the TorchScript module, or None

    def outputs(self, tensor):
        """How many the model has; `tensor` is an input that fits."""
        return self.network.outputs if self.network else len(run(self.script, tensor)[0][0])


def describe_state(network, checkpoint):
    channels = "one channel" if network.channels == 1 else "three channels"
    return f"a {checkpoint.kind} of {network.architecture} with {network.outputs} outputs and {channels}"


def channels_of(script, wanted):
    """As the first convolution has them, unless the user says."""
    if wanted:
        return wanted
    for parameter in script.parameters():
        if parameter.dim() == 4 and parameter.shape[1] in (1, 3):
            return parameter.shape[1]
    raise Refusal("the TorchScript file does not show how many channels it takes", "Give --channels 1 or 3.")


def source_of(checkpoint, channels):
    if checkpoint.kind == "TorchScript":
        script = load_torchscript(checkpoint.path)
        return Source("a TorchScript file", channels_of(script, channels), None, False, None, [], None, script)
    network = network_from(checkpoint.state)
    if channels and channels != network.channels:
        raise Refusal(f"--channels {channels}, but the network's first convolution takes {network.channels}",
                      "Leave --channels out.")
    lone = network.family == "DenseNet" and network.channels == 1
    return Source(describe_state(network, checkpoint), network.channels, network.side, lone,
                  network.operating_points, network.ignored, network, None)


# ---- running ----

def unpacked(value, batch):
    """(outputs, maps or None), checked as Hilum's worker checks them."""
    maps = None
    if isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(v, torch.Tensor) for v in value):
        value, maps = value
    advice = "forward(x) must return outputs of shape [N, labels], or a tuple (outputs, maps [N, labels, h, w])."
    if not isinstance(value, torch.Tensor):
        raise Refusal(f"the model returns a {type(value).__name__}", advice)
    if value.dim() != 2 or value.shape[0] != batch:
        raise Refusal(f"the model returns a tensor of shape {list(value.shape)} for {batch} image(s)", advice)
    if maps is not None and (maps.dim() != 4 or maps.shape[:2] != value.shape):
        raise Refusal(f"the model returns maps of shape {list(maps.shape)} for outputs of {list(value.shape)}", advice)
    if not bool(torch.isfinite(value).all()) or (maps is not None and not bool(torch.isfinite(maps).all())):
        raise Refusal("the model gives NaN or infinity for a plain image",
                      "Look for a damaged checkpoint, or a wrong --range, --mean or --std.")
    return value, maps


def run(module, tensor):
    try:
        with torch.no_grad():
            value = module(tensor)
    except RuntimeError as error:
        raise Refusal(f"the model fails on an input of shape {list(tensor.shape)}: "
                      f"{str(error).strip().splitlines()[-1]}",
                      "Check --size and --channels against the training.") from error
    return unpacked(value, tensor.shape[0])


def reference(source, labels):
    """x -> raw outputs of the labels, in eager PyTorch; a TorchScript file is its own reference."""
    if source.script is not None:
        return lambda x: run(source.script, x)[0]
    kept = [label.output for label in labels]
    return lambda x: run(source.network.module, x)[0][:, kept]


def write_torchscript(source, checkpoint, labels, convention, path):
    if source.script is not None:
        if len(labels) != source.outputs(torch.zeros(1, convention.channels, convention.rows, convention.columns)):
            raise Refusal("outputs of a TorchScript file cannot be left out",
                          "Name every output, or give the network as a state dict.")
        shutil.copyfile(checkpoint.path, path)
        return
    kept = [label.output for label in labels]
    activation_maps.to_torchscript(source.network, kept, convention.rows, convention.columns).save(str(path))
