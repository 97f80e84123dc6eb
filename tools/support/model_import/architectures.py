"""The torchvision networks that are known here: told from the names and shapes in a state dict, built, and filled.

A state dict may have been saved from within other modules (`module.` of DataParallel, `model.` of a trainer,
`densenet121.` of a wrapper), by an old torchvision (`norm.1` for `norm1`), and with any head of one linear layer.
"""

import dataclasses
import re

import torch
from torch import nn
from torchvision import models

from .refusal import Refusal

# torchvision's own renaming for the checkpoints of before 2018, in which a module's name may hold a dot.
OLD_DENSENET_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
ANCHORS = {  # a weight that only this family has, to find where in the state dict the network begins
    "DenseNet": "features.denseblock1.denselayer1.norm1.weight",
    "ResNet": "layer1.0.conv1.weight",
    "EfficientNet": "features.1.0.block.0.0.weight",
}
HEADS = {"DenseNet": "classifier", "ResNet": "fc", "EfficientNet": "classifier.1"}
FIRST_CONVOLUTIONS = {"DenseNet": "features.conv0", "ResNet": "conv1", "EfficientNet": "features.0.0"}
# By what tells the members of a family apart, see signature().
DENSENETS = {(6, 12, 24, 16): "densenet121", (6, 12, 36, 24): "densenet161", (6, 12, 32, 32): "densenet169",
             (6, 12, 48, 32): "densenet201"}
RESNETS = {(2, 2, 2, 2, 2): "resnet18", (2, 3, 4, 6, 3): "resnet34", (3, 3, 4, 6, 3): "resnet50",
           (3, 3, 4, 23, 3): "resnet101", (3, 3, 8, 36, 3): "resnet152"}
EFFICIENTNETS = {(32, 16, 1280): "efficientnet_b0", (32, 23, 1280): "efficientnet_b1",
                 (32, 23, 1408): "efficientnet_b2", (40, 26, 1536): "efficientnet_b3",
                 (48, 32, 1792): "efficientnet_b4"}
# torchvision's input sides; of the others 224.
SIDES = {"efficientnet_b1": 240, "efficientnet_b2": 288, "efficientnet_b3": 300, "efficientnet_b4": 380}
KNOWN = [*DENSENETS.values(), *RESNETS.values(), *EFFICIENTNETS.values()]
USE_TORCHSCRIPT = "Save it as TorchScript instead: torch.jit.trace(model.eval(), example).save('model.pt')"


@dataclasses.dataclass
class Network:
    architecture: str       # torchvision's name
    family: str
    module: nn.Module       # torchvision's class, filled, in evaluation mode
    channels: int
    outputs: int
    operating_points: torch.Tensor | None  # torchxrayvision's, of each output; never applied
    ignored: list           # names of the state dict that the network has no use for

    @property
    def side(self):
        return SIDES.get(self.architecture, 224)


def renamed(state):
    return {OLD_DENSENET_NAME.sub(r"\1\2", name): value for name, value in state.items()}


def located(state):
    """(family, prefix) of the network in the state dict."""
    found = [(family, name[:-len(anchor)]) for family, anchor in ANCHORS.items() for name in state
             if name == anchor or name.endswith("." + anchor)]
    if not found:
        raise Refusal(f"the weights ({', '.join(list(state)[:3])}, ...) are of none of the networks known here: "
                      f"{', '.join(KNOWN)}", USE_TORCHSCRIPT)
    if len(found) > 1:
        raise Refusal("the checkpoint holds several networks, beginning with "
                      + " and ".join(f"'{prefix}'" for _, prefix in found),
                      "Save the one to be used alone: torch.save(model.state_dict(), 'weights.pt')")
    return found[0]


def children(state, prefix):
    """How many numbered modules there are below `prefix`."""
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.")
    return len({match[1] for match in map(pattern.match, state) if match})


def signature(family, state):
    if family == "DenseNet":
        return tuple(children(state, f"features.denseblock{block}.denselayer") for block in range(1, 5))
    if family == "ResNet":
        convolutions = 3 if "layer1.0.conv3.weight" in state else 2
        return (convolutions, *(children(state, f"layer{layer}.") for layer in range(1, 5)))
    def width(name):
        return state[name].shape[0] if name in state else 0

    blocks = sum(children(state, f"features.{stage}.") for stage in range(1, 8))
    return width("features.0.0.weight"), blocks, width("features.8.0.weight")


def architecture_of(family, state):
    known = {"DenseNet": DENSENETS, "ResNet": RESNETS, "EfficientNet": EFFICIENTNETS}[family]
    found = signature(family, state)
    if found not in known:
        raise Refusal(f"the weights are of a {family} that is not known here (blocks {found}); known are "
                      f"{', '.join(known.values())}", USE_TORCHSCRIPT)
    return known[found]


def replace_submodule(network, path, module):
    parent, _, name = path.rpartition(".")
    setattr(network.get_submodule(parent) if parent else network, name, module)


def empty_network(architecture, family, channels):
    """With one output, until it is known how many there are."""
    network = getattr(models, architecture)(weights=None, num_classes=1)
    if channels != 3:
        path = FIRST_CONVOLUTIONS[family]
        old = network.get_submodule(path)
        replace_submodule(network, path, nn.Conv2d(channels, old.out_channels, old.kernel_size, old.stride,
                                                   old.padding, bias=old.bias is not None))
    return network


def head_in(state, body, family):
    """(weight's name, bias's name or None) of the linear layer, whatever modules it is wrapped in."""
    candidates = [name for name, value in state.items()
                  if name not in body and name.endswith("weight") and value.dim() == 2]
    if len(candidates) == 1:
        bias = candidates[0][:-len("weight")] + "bias"
        return candidates[0], bias if bias in state else None
    if not candidates:
        raise Refusal(f"the {family}'s head is missing: the checkpoint has no linear layer besides the body",
                      "Give the checkpoint of the whole classifier.")
    raise Refusal("the head is more than one linear layer: "
                  + ", ".join(f"{name} {list(state[name].shape)}" for name in candidates), USE_TORCHSCRIPT)


def without_prefix(state, prefix):
    """(the network's own names, the names beside it): a head may lie beside the network that it belongs to."""
    inside = {name[len(prefix):]: value for name, value in state.items() if name.startswith(prefix)}
    beside = {name: value for name, value in state.items() if not name.startswith(prefix) and name not in inside}
    return inside, beside


def fitted(network, wanted):
    """Loads `wanted`; every parameter and running statistic must be there, in its shape."""
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    wrong = [f"{name} is {list(wanted[name].shape)}, not {list(shape)}" for name, shape in shapes.items()
             if name in wanted and wanted[name].shape != shape]
    # The counters of batches matter to training only, and old checkpoints have none.
    missing = [name for name in shapes if name not in wanted and not name.endswith("num_batches_tracked")]
    if wrong or missing:
        problems = wrong + [f"{name} is missing" for name in missing]
        more = f" and {len(problems) - 4} more" if len(problems) > 4 else ""
        raise Refusal("the weights do not fit the network: " + "; ".join(problems[:4]) + more, USE_TORCHSCRIPT)
    network.load_state_dict(wanted, strict=False)
    return network.eval()


def network_from(state):
    """The Network whose weights `state` holds."""
    state = renamed(state)
    family, prefix = located(state)
    inside, beside = without_prefix(state, prefix)
    architecture = architecture_of(family, inside)
    first = inside.get(FIRST_CONVOLUTIONS[family] + ".weight")
    channels = first.shape[1] if first is not None and first.dim() == 4 else 3
    if channels not in (1, 3):
        raise Refusal(f"the network takes {channels} channels; a radiograph gives 1, or 3 of the same grey",
                      USE_TORCHSCRIPT)
    head = HEADS[family]
    network = empty_network(architecture, family, channels)
    body = [name for name in network.state_dict() if not name.startswith(head + ".")]
    everything = {**beside, **inside}
    weight, bias = head_in(everything, set(body), family)
    outputs = everything[weight].shape[0]
    wanted = {name: inside[name] for name in body if name in inside}
    wanted[f"{head}.weight"] = everything[weight]
    wanted[f"{head}.bias"] = everything[bias] if bias else torch.zeros(outputs)
    replace_submodule(network, head, nn.Linear(network.get_submodule(head).in_features, outputs))
    fitted(network, wanted)
    points = next((value for name, value in everything.items() if name.split(".")[-1] == "op_threshs"), None)
    used = {weight, bias, *body}
    ignored = [name for name in everything if name not in used and not name.endswith("op_threshs")]
    strangers = [name for name in ignored if name in inside and name.startswith(("features.", "layer"))]
    if strangers:
        raise Refusal(f"the network has parts that torchvision's {architecture} lacks: {', '.join(strangers[:4])}",
                      USE_TORCHSCRIPT)
    return Network(architecture, family, network, channels, outputs, points, ignored)
