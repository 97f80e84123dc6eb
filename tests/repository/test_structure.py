"""The borders that docs/architecture.md draws between the folders of src/."""

import pathlib
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"

# What each folder may include of the others; the first folder that a file lies under counts.
ALLOWED = {
    "base": set(),
    "dicom": {"base", "pipeline/types"},
    "audit": {"base"},
    "pipeline/types": {"base"},
    "pipeline": {"base", "audit", "dicom", "pipeline/types"},
    "scp": {"base", "dicom", "pipeline/types"},
    "model/package": {"base", "pipeline/types"},
    "model/inference": {"base", "pipeline/types", "model/package"},
    "model": {"base", "dicom", "pipeline/types", "model/package"},
    "results/delivery": {"base", "dicom", "pipeline/types"},
    "results": {"base", "dicom", "pipeline/types"},
    "monitor": {"base", "audit", "pipeline", "pipeline/types"},
}
# Folders by length, so that model/inference is found before model.
FOLDERS = sorted(ALLOWED, key=len, reverse=True)
TORCH = re.compile(r'#include\s*[<"](torch/|ATen/|c10/)')
DCMTK = re.compile(r'#include\s*[<"]dcmtk/')
SQLITE = re.compile(r'#include\s*[<"](SQLiteCpp/|sqlite3)')


def folder_of(path):
    return next((folder for folder in FOLDERS if path.startswith(folder + "/")), None)


def own_files():
    for file in sorted(SOURCE.rglob("*")):
        if file.suffix in (".h", ".cpp"):
            yield file.relative_to(SOURCE).as_posix(), file.read_text(encoding="utf-8")


class StructureTest(unittest.TestCase):
    def test_includes_point_one_way(self):
        wrong, seen = [], 0
        for path, text in own_files():
            folder = folder_of(path)
            if folder is None:
                continue  # main_daemon.cpp, the composition root, sees every module
            for included in re.findall(r'#include "([^"]+)"', text):
                target = folder_of(included)
                seen += target is not None
                if target is not None and target != folder and target not in ALLOWED[folder]:
                    wrong.append(f"{path} includes {included}")
        self.assertEqual(wrong, [])
        self.assertGreater(seen, 100)

    def test_only_the_worker_includes_libtorch(self):
        users = {path for path, text in own_files() if TORCH.search(text)}
        self.assertTrue(users)
        self.assertEqual({path for path in users if folder_of(path) != "model/inference"}, set())

    def test_the_database_stays_in_pipeline(self):
        users = {path for path, text in own_files() if SQLITE.search(text)}
        self.assertTrue(users)
        self.assertEqual({path for path in users if folder_of(path) != "pipeline"}, set())

    def test_dcmtk_stays_out_of_base_pipeline_monitor_and_the_worker(self):
        users = {path for path, text in own_files() if DCMTK.search(text)}
        self.assertTrue(users)
        allowed = {"dicom", "scp", "model", "results", "results/delivery"}
        self.assertEqual({path for path in users if folder_of(path) not in allowed}, set())
