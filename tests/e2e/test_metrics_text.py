"""/metrics as Prometheus' own tool judges it."""

import shutil
import subprocess
import unittest

import pydicom

from hilum_harness import HilumTest, http, make_phantoms


class MetricsTextTest(HilumTest):
    def test_promtool_has_nothing_to_say(self):
        if shutil.which("promtool") is None:
            raise unittest.SkipTest("promtool (of Debian's package prometheus) is not installed")
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1, seed=52)
        self.send(phantom)
        self.await_results([str(pydicom.dcmread(phantom, stop_before_pixels=True).StudyInstanceUID)])
        text = http(f"{self.node.url}/metrics")[1].decode()
        judged = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        self.assertEqual((judged.returncode, judged.stdout, judged.stderr), (0, "", ""))
