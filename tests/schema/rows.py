#!/usr/bin/python3
"""docs/spec.md has a row for every field of the specification's schema, and each row names tests that exist."""

import fnmatch
import re
import sys
import unittest

import schemas

ROW = re.compile(r"^\| `(/[^`]*)` \|(.*)\|$", re.MULTILINE)
GTEST = re.compile(r"\bTEST(?:_[FP])?\((\w+), (\w+)\)")
CASE = re.compile(r"^def (?:case|test)_(\w+)|^\s+def (test_\w+)", re.MULTILINE)


def rows() -> dict[str, list[str]]:
    """The table's first column (`/hooks/*/path`: "*" is one step) and the other columns of its row."""
    text = (schemas.SOURCE / "docs/spec.md").read_text()
    return {pointer: [cell.strip() for cell in cells.split("|")] for pointer, cells in ROW.findall(text)}


def tests() -> set[str]:
    """Names of all tests: Suite.Name of GoogleTest's, and the functions of the Python ones."""
    names: set[str] = set()
    for path in (schemas.SOURCE / "tests").rglob("*_test.cpp"):
        names |= {f"{suite}.{name}" for suite, name in GTEST.findall(path.read_text())}
    for path in (schemas.SOURCE / "tests/schema").glob("*.py"):
        names |= {f"{path.name}:{name}" for _, name in CASE.findall(path.read_text()) if name}
    return names


def covers(row: str, pointer: str) -> bool:
    """A row of an array or of a map is that of its elements too, where they have no members of their own."""
    steps, wanted = row.split("/"), pointer.split("/")
    if len(wanted) == len(steps) + 1 and wanted[-1] in ("0", "*"):
        wanted.pop()
    return len(steps) == len(wanted) and all(map(fnmatch.fnmatchcase, wanted, steps))


class Table(unittest.TestCase):
    def test_every_field_has_one_row(self):
        for field in schemas.fields():
            pointer = field.pointer
            with self.subTest(pointer):
                found = [row for row in rows() if covers(row, pointer)]
                self.assertEqual(len(found), 1, found)

    def test_every_row_is_of_a_field(self):
        if not schemas.is_current():
            self.skipTest("SKIP: Debian's schemas are 1.0.2, and the rows are those of 1.3")
        pointers = [field.pointer for field in schemas.fields()]
        for row in rows():
            with self.subTest(row):
                self.assertTrue(any(covers(row, pointer) for pointer in pointers))

    def test_every_row_has_tests_that_exist(self):
        existing = tests()
        for row, (planned, applied, seen, without) in rows().items():
            with self.subTest(row):
                named = re.findall(r"`([^`]+)`", seen)
                self.assertTrue(named, "no test")
                self.assertEqual([name for name in named if name not in existing], [])
                self.assertTrue(planned and applied and without)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
