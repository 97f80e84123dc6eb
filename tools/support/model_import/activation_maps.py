"""A network with its class-activation maps as second output, as TorchScript.

For a network that ends in global average pooling and one linear layer, that layer applied at each place of the last
features gives maps whose mean is the output (less the bias): where the output comes from.
"""

import torch
from torch import nn
from torch.nn import functional

from .architectures import HEADS


def features_of(network):
    """All before the pooling, of any of the known families."""
    module = network.module
    if network.family == "DenseNet":
        return nn.Sequential(module.features, nn.ReLU())
    if network.family == "ResNet":
        return nn.Sequential(module.conv1, module.bn1, module.relu, module.maxpool,
                             module.layer1, module.layer2, module.layer3, module.layer4)
    return module.features


class WithActivationMaps(nn.Module):
    """forward(x) -> (outputs, maps); `kept` are the outputs that have a label."""

    def __init__(self, network, kept):
        super().__init__()
        head = network.module.get_submodule(HEADS[network.family])
        self.features = features_of(network)
        self.head = nn.Linear(head.in_features, len(kept))
        with torch.no_grad():
            self.head.weight.copy_(head.weight[kept])
            self.head.bias.copy_(head.bias[kept])

    def forward(self, x):
        features = self.features(x)
        outputs = self.head(torch.flatten(functional.adaptive_avg_pool2d(features, (1, 1)), 1))
        maps = functional.conv2d(features, self.head.weight.unsqueeze(2).unsqueeze(3))
        return outputs, maps


def to_torchscript(network, kept, rows, columns):
    """Traced: the networks have no branch that depends on the image."""
    module = WithActivationMaps(network, kept).eval()
    with torch.no_grad():
        return torch.jit.trace(module, torch.zeros(1, network.channels, rows, columns), check_trace=False)
