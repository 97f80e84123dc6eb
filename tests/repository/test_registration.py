"""A test that is not built or not run is worse than none: every test file must be part of the build."""

import json
import os
import pathlib
import re
import subprocess
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ["HILUM_BUILD"])


class RegistrationTest(unittest.TestCase):
    def test_every_cpp_file_under_tests_is_compiled(self):
        commands = json.loads((BUILD / "compile_commands.json").read_text())
        compiled = {pathlib.Path(command["directory"], command["file"]).resolve() for command in commands}
        missing = [str(file) for file in sorted(TESTS.rglob("*.cpp")) if file not in compiled]
        self.assertEqual(missing, [])
        self.assertGreater(len(compiled), 50)

    def test_every_python_test_is_registered_with_ctest(self):
        listed = subprocess.run(["ctest", "--test-dir", str(BUILD), "--show-only=json-v1"], capture_output=True,
                                text=True, check=True)
        commands = [" ".join(test.get("command", [])) for test in json.loads(listed.stdout)["tests"]]
        files = sorted(TESTS.rglob("test_*.py"))
        self.assertGreater(len(files), 5)
        missing = [str(file) for file in files if not any(str(file) in command for command in commands)]
        self.assertEqual(missing, [])

    def test_every_message_between_processes_is_fuzzed(self):
        headers = (TESTS.parent / "src" / "contract" / "messages").glob("*.h")
        declared = {name for header in headers for name in re.findall(r"(?m)^HILUM_MESSAGE\((\w+)\)", header.read_text())}
        self.assertIn("ForbiddenCall", declared)
        read = re.findall(r"\w+", " ".join(re.findall(r"read_as<([^>]*)>", (TESTS / "fuzz" / "fuzz_messages.cpp").read_text())))
        self.assertEqual(declared - set(read), set())

    def test_every_built_test_program_is_run_by_ctest(self):
        listed = subprocess.run(["ctest", "--test-dir", str(BUILD), "--show-only=json-v1"], capture_output=True,
                                text=True, check=True)
        tests = json.loads(listed.stdout)["tests"]
        self.assertEqual([test["name"] for test in tests if test["name"].endswith("_NOT_BUILT")], [])
        run = {pathlib.Path(test["command"][0]).name for test in tests if test.get("command")}
        programs = {file.name for file in (BUILD / "bin").glob("*_test")}
        self.assertGreater(len(programs), 3)
        self.assertEqual(programs - run, set())
