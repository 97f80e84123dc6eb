"""Runs one file of unittest tests for ctest: exit 1 when something failed or nothing ran, 77 (which ctest shows as
skipped) when something was skipped, 0 when all of it ran and passed. `-k PATTERN` as for unittest."""

import importlib.util
import pathlib
import sys
import unittest

file = pathlib.Path(sys.argv[1]).resolve()
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(file.parent)]
spec = importlib.util.spec_from_file_location(file.stem, file)
module = importlib.util.module_from_spec(spec)
sys.modules[file.stem] = module
try:
    spec.loader.exec_module(module)
except unittest.SkipTest as reason:
    print(f"SKIPPED {file.name}: {reason}")
    sys.exit(77)

program = unittest.main(module=module, argv=[file.name, "-v", *sys.argv[2:]], exit=False)
result = program.result
for test, reason in result.skipped:
    print(f"SKIPPED {test}: {reason}")
if not result.wasSuccessful() or (result.testsRun == 0 and not result.skipped):
    sys.exit(1)
sys.exit(77 if result.skipped else 0)
