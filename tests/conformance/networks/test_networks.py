"""The networks that hilum-train fits against torchvision's: the same weights give the same logits, in evaluation and
in training, and the same gradients."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import torch
    from torchvision import models
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}: tools/install-packages import") from missing

SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tools" / "support"))

from model_import.activation_maps import to_torchscript  # noqa: E402
from model_import.architectures import network_from  # noqa: E402

TAKE_WEIGHTS = pathlib.Path(os.environ["HILUM_BIN"]) / "take_weights"
LIMIT = 1e-4


def torchvisions(architecture, channels, outputs):
    """With weights and statistics that training might have given it."""
    torch.manual_seed(5)
    network = getattr(models, architecture)(weights=None, num_classes=outputs)
    if channels != 3:
        network.features.conv0 = torch.nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    return network.eval()


def differ(one, other):
    """The largest difference, relative to the largest value where that is above 1."""
    return float((one - other).abs().max() / max(1.0, float(other.abs().max())))


class NetworksTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-networks-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def taken(self, architecture, channels, outputs, script, left=""):
        """Our network with the weights of `script`, a TorchScript module."""
        script.save(str(self.folder / "from.pt"))
        done = subprocess.run([TAKE_WEIGHTS, architecture, str(channels), str(outputs), self.folder / "from.pt",
                               self.folder / "to.pt"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, left), done.stderr)
        return torch.jit.load(str(self.folder / "to.pt"))

    def test_the_same_weights_give_the_same_logits(self):
        for architecture in ("densenet121", "densenet169", "densenet201"):
            for channels in (1, 3):
                with self.subTest(architecture, channels=channels):
                    expected = torchvisions(architecture, channels, 5)
                    side = 224 if architecture == "densenet121" else 96
                    x = torch.randn(2, channels, side, side)
                    ours = self.taken(architecture, channels, 5, torch.jit.trace(expected, x))
                    with torch.no_grad():
                        difference = differ(ours(x)[0], expected(x))
                    print(f"{architecture}, {channels} channels: {difference:.1e}")
                    self.assertLess(difference, LIMIT)

    def test_a_training_step_is_the_same(self):
        """Logits, running statistics and gradients, in training mode."""
        expected = torchvisions("densenet121", 1, 5)
        x = torch.randn(4, 1, 96, 96)
        ours = self.taken("densenet121", 1, 5, torch.jit.trace(expected, x))
        self.assertFalse(any(parameter.requires_grad for parameter in ours.parameters()))
        for parameter in ours.parameters():
            parameter.requires_grad_(True)
        expected.train()
        ours.train()
        logits, wanted = ours(x)[0], expected(x)
        self.assertLess(differ(logits, wanted), LIMIT)
        logits.square().mean().backward()
        wanted.square().mean().backward()
        theirs = dict(expected.named_parameters())
        compared = dict(ours.named_parameters())
        self.assertEqual(set(compared), set(theirs))
        for name, parameter in compared.items():
            scale = max(float(theirs[name].grad.abs().max()), 1e-3)
            self.assertLess(float((parameter.grad - theirs[name].grad).abs().max()) / scale, 1e-2, name)
        buffers = dict(expected.named_buffers())
        for name, buffer in ours.named_buffers():
            self.assertLess(differ(buffer, buffers[name]), LIMIT, name)

    def test_what_import_model_writes_can_be_the_start_of_a_training(self):
        expected = torchvisions("densenet121", 3, 14)
        network = network_from({"module.densenet121." + name: value for name, value in expected.state_dict().items()})
        imported = to_torchscript(network, list(range(14)), 224, 224)
        x = torch.randn(2, 3, 224, 224)
        ours = self.taken("densenet121", 3, 14, imported)
        with torch.no_grad():
            self.assertLess(differ(ours(x)[0], expected(x)), LIMIT)
            self.assertLess(differ(ours(x)[1], imported(x)[1]), LIMIT)  # the maps
        one = self.taken("densenet121", 1, 3, imported, "the first convolution's kernels for 3 channels were summed "
                         "into 1\nthe head is another one and was left\n")
        grey = torch.randn(2, 1, 224, 224)
        with torch.no_grad():
            self.assertLess(differ(one.features(grey), torch.relu(expected.features(grey.expand(-1, 3, -1, -1)))),
                            LIMIT)


if __name__ == "__main__":
    unittest.main()
