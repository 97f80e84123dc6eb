"""tools/import_model: which checkpoints it understands, and what it refuses of those that are hostile or damaged."""

import os
import sys
import types
import unittest

from import_case import Folder, assert_same_network, densenet, old_name, trained

import torch
from model_import.architectures import network_from
from model_import.checkpoint import read_checkpoint
from torchvision import models


class StateDictTest(Folder):
    @classmethod
    def setUpClass(cls):
        cls.expected = densenet()
        cls.state = cls.expected.state_dict()

    def read(self, value, **how):
        return network_from(read_checkpoint(self.saved(value, **how)).state)

    def test_a_plain_state_dict_is_read(self):
        network = self.read(self.state)
        self.assertEqual((network.architecture, network.outputs, network.channels), ("densenet121", 14, 3))
        assert_same_network(self, network, self.expected)

    def test_old_names_prefixes_wrappers_and_wrapped_heads_make_no_difference(self):
        def changed(prefix, head="classifier", old=False):
            names = {name: prefix + name.replace("classifier", head) for name in self.state}
            return {old_name(to) if old else to: self.state[name] for name, to in names.items()}

        forms = {
            "DataParallel": changed("module."),
            "a trainer's": {"epoch": 3, "state_dict": changed("model.")},
            "CheXNet's": {"state_dict": changed("module.densenet121.", head="classifier.0", old=True)},
            "Sequential(Dropout, Linear)": {"model": changed("", head="classifier.1")},
            "a head beside the network": {"model_state_dict": {
                (name if "classifier" in name else "backbone." + name).replace("classifier", "head"): value
                for name, value in self.state.items()}},
            "without counters": {name: value for name, value in self.state.items() if "num_batches" not in name},
            "in half precision": {name: value.half() if value.is_floating_point() else value
                                  for name, value in self.state.items()},
        }
        for name, form in forms.items():
            with self.subTest(name):
                network = self.read(form)
                self.assertEqual((network.architecture, network.outputs), ("densenet121", 14))
                if name != "in half precision":
                    assert_same_network(self, network, self.expected)

    def test_the_other_architectures_are_told_apart(self):
        for name, head in (("resnet50", "fc"), ("resnet18", "fc"), ("efficientnet_b0", "classifier.1"),
                           ("efficientnet_b1", "classifier.1"), ("efficientnet_b2", "classifier.1"),
                           ("efficientnet_b3", "classifier.1")):
            with self.subTest(name):
                expected = trained(getattr(models, name)(weights=None, num_classes=5))
                state = {key.replace(head, head + ".1"): value for key, value in expected.state_dict().items()}
                network = network_from(state)
                self.assertEqual((network.architecture, network.outputs), (name, 5))
                assert_same_network(self, network, expected)

    def test_what_is_not_understood_is_refused_with_advice(self):
        def without(part):
            return {name: value for name, value in self.state.items() if part not in name}

        two_layers = {**without("classifier"), "classifier.0.weight": torch.ones(512, 1024),
                      "classifier.2.weight": torch.ones(14, 512)}
        damaged = {**self.state, "features.norm5.bias": torch.full((1024,), float("nan"))}
        cases = {
            "none of the networks known": {"encoder.weight": torch.ones(3, 3)},
            "more than one linear layer": two_layers,
            "head is missing": without("classifier"),
            "features.denseblock2.denselayer3.norm1.bias is missing": without("denseblock2.denselayer3.norm1.bias"),
            "classifier.weight is [14, 1000], not [14, 1024]": {
                **self.state, "classifier.weight": torch.ones(14, 1000)},
            "holds NaN or infinity": damaged,
            "holds several networks": {**{"model." + n: v for n, v in self.state.items()},
                                       **{"ema." + n: v for n, v in self.state.items()}},
            "holds no weights by name": {"epoch": 3},
        }
        for words, state in cases.items():
            with self.subTest(words):
                self.refused(words, self.saved(state), self.folder / "package", "--activation", "sigmoid")


class HostileCheckpointTest(Folder):
    def test_code_in_a_checkpoint_is_refused_and_not_run(self):
        mark = self.folder / "mark"

        class Hostile:
            def __reduce__(self):
                return os.mkdir, (str(mark),)

        for new in (True, False):
            for protocol in (2, 4):
                with self.subTest(zip=new, protocol=protocol):
                    path = self.saved({"state_dict": {"weight": torch.ones(1)}, "more": Hostile()},
                                      pickle_protocol=protocol, _use_new_zipfile_serialization=new)
                    self.refused("asks to run posix.mkdir, which no weights need; nothing of it was executed",
                                 path, self.folder / "package")
                    self.assertFalse(mark.exists())

    def test_torch_functions_are_not_called_either(self):
        hub = type("Hub", (), {"__reduce__": lambda self: (torch.hub.load, ("somebody/something", "model"))})
        path = self.saved({"state_dict": {"weight": torch.ones(1)}, "more": hub()})
        self.refused("none of the networks known", path, self.folder / "package")

    def test_a_tensor_beyond_its_data_is_refused(self):
        class Beyond:
            def __reduce__(self):
                return torch._utils._rebuild_tensor_v2, (torch.ones(2).storage(), 0, (10**9,), (1,), False, {})

        path = self.saved({"state_dict": {"weight": Beyond()}, "settings": types.SimpleNamespace})
        self.refused("types.SimpleNamespace", path, self.folder / "package")
        path = self.saved({"state_dict": {"weight": Beyond()}, "settings": Inert()})
        self.refused("beyond its data", path, self.folder / "package")

    def test_damaged_files_are_refused(self):
        whole = self.saved({"weight": torch.ones(1000)}).read_bytes()
        contents = {"empty": b"", "text": b"hello", "cut": whole[:len(whole) // 2], "pickle": b"\x80\x02"}
        for name, content in contents.items():
            with self.subTest(name):
                path = self.folder / "damaged.pth"
                path.write_bytes(content)
                self.refused("cannot be read as a PyTorch checkpoint", path, self.folder / "package")
        self.refused("is not a file", self.folder / "nothing.pth", self.folder / "package")

    def test_torchscript_that_writes_files_is_refused(self):
        class Writer(torch.nn.Module):
            def forward(self, x):
                torch.save(x, "mark")
                return x

        path = self.folder / "writer.pt"
        torch.jit.script(Writer()).save(str(path))
        self.refused("writes or maps files", path, self.folder / "package", "--activation", "sigmoid", "--size", "64")


class Inert:
    """Makes a checkpoint one that weights_only refuses; __main__ and this module's name are the training script's."""


Inert.__module__ = "__main__"
sys.modules["__main__"].Inert = Inert


if __name__ == "__main__":
    unittest.main()
