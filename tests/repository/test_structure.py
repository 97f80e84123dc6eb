"""The borders that docs/architecture.md draws between the folders of src/."""

import pathlib
import re
import subprocess
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
    "model/process": {"base", "contract", "model/package"},
    "model/inference": {"base", "contract", "model/package"},
    "model/decoder": {"base", "contract", "dicom", "model/package"},
    "results/delivery": {"base", "contract", "dicom"},
    "results/activation": {"base", "contract"},
    "results": {"base", "contract", "dicom", "results/activation"},
    "syslog": {"base", "contract", "results/delivery"},
    "monitor": {"base", "contract", "store"},
    "phantom": {"base", "dicom"},
    "deidentification": {"base", "contract", "dicom"},
    "evaluation": {"base", "contract", "model/package"},
    "cli/terminal": {"base"},
    "cli": {"base", "contract", "dicom", "store", "pipeline", "model/package", "model/process", "results/activation",
            "results/delivery", "phantom", "evaluation", "deidentification", "cli/terminal"},
    "training/network": {"base"},
    "training/package": {"base", "contract", "model/package", "evaluation"},
    "training/data": {"base", "contract", "model/package", "model/process", "evaluation"},
    "training/fit": {"base", "contract", "model/package", "evaluation", "training/data", "training/network"},
    "training": {"base", "contract", "model/package", "evaluation", "cli/terminal", "training/data", "training/fit",
                 "training/network", "training/package"},
}
FOLDERS = sorted(ALLOWED, key=len, reverse=True)
MOST_PAIRS = 16  # of header and source in one folder: what one can hold in mind
MOST_LINES, MOST_FUNCTION_LINES = 400, 60
WRITTEN = {".h", ".cpp", ".c", ".py", ".sh", ".js", ".mjs", ".ts", ".cmake", ".sql", ""}  # by us: no data
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


def written_files():
    """Of programs and tests: code, and scripts without an ending."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src", "tests", "tools"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in listed:
        file = ROOT / name
        if file.suffix in WRITTEN and file.is_file() and not file.is_symlink():
            try:
                yield name, file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # bytes for a test


# What has braces that mean nothing: comments, then literals, whose quotes may hold the other's signs.
INERT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9A-Za-z])'(?:\\.|[^'\\\n])+'", re.DOTALL)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
# What opens a scope in which functions lie, rather than a function: the words since the last sign that ends something.
SCOPE = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b"
                   r"(?!.*\)\s*$)", re.DOTALL)


# Braces of a value: of a default argument, of a variable, of a member in a constructor's list.
VALUE = re.compile(r"=\s*$|\)\s*(?:noexcept\s*)?:(?!:)(?=.*[\w>]\s*$)"
                   r"(?!.*\b(?:const|noexcept|override|final)\s*$)", re.DOTALL)


def blanked(text):
    """The same lines without comments, literals and directives."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return PREPROCESSOR.sub(blank, INERT.sub(blank, text))


def functions_in(text):
    """(first line, lines) of each function, from its name's line to its last brace; closures count with theirs."""
    text, scopes, begin, inside = blanked(text), [], 0, 0
    for at, sign in enumerate(text):
        if sign == "{":
            head = text[begin:at]
            is_value = not inside and (head.count("(") > head.count(")") or VALUE.search(head) is not None)
            is_function = not inside and not is_value and "(" in head and not SCOPE.match(head)
            scopes.append((is_function, is_value, begin if is_value else begin + len(head) - len(head.lstrip())))
            inside += is_function
        elif sign == "}":
            was_function, was_value, first = scopes.pop()
            inside -= was_function
            if was_function:
                yield text.count("\n", 0, first) + 1, text.count("\n", first, at) + 1
            if was_value:  # what it belongs to goes on
                begin = first
                continue
        if sign in "{};":
            begin = at + 1


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

    def test_only_what_runs_or_trains_networks_includes_libtorch(self):
        users = {path for path, text in own_files() if TORCH.search(text)}
        self.assertTrue(users)
        allowed = {"model/inference", "training/network", "training/fit", "training"}
        self.assertEqual({path for path in users if folder_of(path) not in allowed}, set())

    def test_dcmtk_stays_with_what_reads_and_writes_dicom(self):
        users = {path for path, text in own_files() if DCMTK.search(text)}
        self.assertTrue(users)
        allowed = {"dicom", "scp", "model/decoder", "results", "results/delivery", "phantom",
                   "deidentification"}
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

    def test_no_file_is_longer_than_one_reads_at_once(self):
        lines = {name: text.count("\n") for name, text in written_files()}
        self.assertGreater(len(lines), 500)
        self.assertEqual({name: count for name, count in lines.items() if count > MOST_LINES}, {})

    def test_no_function_is_longer_than_one_thought(self):
        found = {f"{path}:{line}": count for path, text in own_files() for line, count in functions_in(text)}
        self.assertGreater(len(found), 2000)
        self.assertEqual({place: count for place, count in found.items() if count > MOST_FUNCTION_LINES}, {})

    def test_the_length_of_a_function_is_counted_as_a_reader_would(self):
        text = '''namespace a {
struct B {
    int c(int d = 1) const { return d; }
    std::vector<int> e{1, 2};
};
// void not_this() {
template <typename T>
auto f(T g) {
    const auto h = [&] { return "}"; };
    if (g) {
        h(R"x(}{)x", '{', 1'000'000);
    }
}
B::B(int i)
    : j_(i), k_{i} {
    l();
}
int m(T n = {},
      int o = 1) noexcept {
    return o;
}
}
'''
        self.assertEqual(list(functions_in(text)), [(3, 1), (7, 7), (14, 4), (18, 4)])

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
