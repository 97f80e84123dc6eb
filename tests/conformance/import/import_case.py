"""What the tests of tools/import_model share: networks with random weights, a folder of their own, the tool in this
process."""

import contextlib
import io
import os
import pathlib
import re
import shutil
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

import import_model  # noqa: E402

HILUM = pathlib.Path(os.environ["HILUM_BIN"]) / "hilum"


def trained(network, seed=1):
    """Gives the network's normalisations statistics of their own, as training would; evaluation mode."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def densenet(outputs=14, channels=3):
    network = models.densenet121(weights=None, num_classes=outputs)
    if channels != 3:
        network.features.conv0 = torch.nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    return trained(network)


def old_name(name):
    """As torchvision named a DenseNet's layers before 2018."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", name)


def tool(*arguments):
    """tools/import_model in this process, for loading PyTorch takes seconds: (exit status, stdout, stderr)."""
    out, err, argv = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["import_model", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = import_model.main()
            except SystemExit as ended:
                status = ended.code
    finally:
        sys.argv = argv
    return status, out.getvalue(), err.getvalue()


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-import-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def saved(self, value, **how):
        path = self.folder / "checkpoint.pth"
        torch.save(value, path, **how)
        return path

    def imported(self, *arguments, status=0):
        ended, out, err = tool(*arguments, "--hilum", HILUM)
        self.assertEqual(ended, status, out + err)
        return out

    def refused(self, words, *arguments):
        """Exit status 1, the words in the message, advice below it, and no package."""
        status, out, err = tool(*arguments)
        self.assertEqual((status, out), (1, ""), err)
        self.assertIn(words, err)
        self.assertGreaterEqual(len(err.strip().splitlines()), 2, err)
        self.assertFalse((self.folder / "package").exists())


def assert_same_network(test, network, expected):
    """The same function, not merely the same names."""
    x = torch.rand(1, network.channels, 64, 64)
    with torch.no_grad():
        test.assertTrue(torch.equal(network.module(x), expected(x)))
