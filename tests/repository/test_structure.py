"""The borders that docs/architecture.md draws between the folders of src/."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE, UNIT_TESTS = ROOT / "src", ROOT / "tests" / "unit"

# What each folder may include of the others; the longest name that a file lies under counts.
ALLOWED = {
    "base": set(),
    "contract": {"base"},
    "dicom": {"base", "contract"},
    "store": {"base", "contract"},
    "pipeline": {"base", "contract", "store"},
    "scp": {"base", "contract", "dicom"},
    "model/package": {"base", "contract"},
    "model/inference": {"base", "contract", "model/package"},
    "model/decoder": {"base", "contract", "dicom", "model/package"},
    "results/delivery": {"base", "contract", "dicom"},
    "results": {"base", "contract", "dicom"},
    "monitor": {"base", "contract", "store"},
    "phantom": {"base", "dicom"},
    "evaluation": {"base", "contract", "model/package"},
    "cli": {"base", "contract", "dicom", "store", "pipeline", "model/package", "results/delivery", "phantom",
            "evaluation"},
}
FOLDERS = sorted(ALLOWED, key=len, reverse=True)
MOST_PAIRS = 16  # of header and source in one folder: what one can hold in mind
TORCH = re.compile(r'#include\s*[<"](torch/|ATen/|c10/)')
DCMTK = re.compile(r'#include\s*[<"]dcmtk/')
SQLITE = re.compile(r'#include\s*[<"](SQLiteCpp/|sqlite3)|\bSQLite::|\bsqlite3_')
SPEAKS_SQL = re.compile(r'#include "store/database/(sql|json_rows)\.h"|"\s*(SELECT|INSERT|UPDATE|DELETE|PRAGMA|SAVEPOINT'
                        r'|BEGIN|COMMIT|ROLLBACK|CREATE|ALTER|DROP|WITH)\s')


def folder_of(path):
    return next((folder for folder in FOLDERS if path.startswith(folder + "/")), None)


def own_files():
    for file in sorted(SOURCE.rglob("*")):
        if file.suffix in (".h", ".cpp"):
            yield file.relative_to(SOURCE).as_posix(), file.read_text(encoding="utf-8")


def stems_in(folder):
    return {file.stem for file in folder.iterdir() if file.suffix in (".h", ".cpp")}


class StructureTest(unittest.TestCase):
    def test_includes_point_one_way(self):
        wrong, seen = [], 0
        for path, text in own_files():
            folder = folder_of(path)
            if folder is None:
                self.assertEqual(path, "main_daemon.cpp")  # the composition root sees every module
                continue
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

    def test_dcmtk_stays_with_what_reads_and_writes_dicom(self):
        users = {path for path, text in own_files() if DCMTK.search(text)}
        self.assertTrue(users)
        allowed = {"dicom", "scp", "model/decoder", "results", "results/delivery", "phantom"}
        self.assertEqual({path for path in users if folder_of(path) not in allowed}, set())

    def test_the_databases_engine_stays_behind_the_transaction(self):
        users = {path for path, text in own_files() if SQLITE.search(text)}
        self.assertTrue(users)
        self.assertEqual({path for path in users if not path.startswith("store/database/")}, set())

    def test_nobody_but_the_store_speaks_sql(self):
        speakers = {path for path, text in own_files() if SPEAKS_SQL.search(text)}
        self.assertGreater(len(speakers), 10)
        self.assertEqual({path for path in speakers if not path.startswith("store/")}, set())

    def test_no_folder_holds_more_than_one_can_keep_in_mind(self):
        folders = [SOURCE, *(folder for folder in SOURCE.rglob("*") if folder.is_dir())]
        crowded = {folder.relative_to(SOURCE).as_posix(): len(stems_in(folder)) for folder in folders}
        self.assertGreater(len(crowded), 20)
        self.assertEqual({folder: pairs for folder, pairs in crowded.items() if pairs > MOST_PAIRS}, {})

    def test_unit_tests_lie_where_their_subjects_do(self):
        tests = sorted(UNIT_TESTS.rglob("*_test.cpp"))
        self.assertGreater(len(tests), 50)
        stray = []
        for test in tests:
            subject, folder = test.stem.removesuffix("_test"), SOURCE / test.parent.relative_to(UNIT_TESTS)
            stems = stems_in(folder) if folder.is_dir() else set()
            if not any(subject == stem or subject.startswith(stem + "_") for stem in stems):
                stray.append(test.relative_to(UNIT_TESTS).as_posix())
        self.assertEqual(stray, [])
