#!/usr/bin/python3
"""Bad values for every field: each is put into everything.json, and `ocirt validate` must name its JSON pointer.

What a field may hold is read off the specification's schema; for a field that the schema at hand does not know yet
(Debian's are 1.0.2) off the value that everything.json has there.
"""

import copy
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import schemas

OCIRT = os.environ["OCIRT_BINARY"]
EVERYTHING = json.loads((schemas.SOURCE / "tests/schema/everything.json").read_text())

WRONG_TYPES = {
    "string": [1, True, {}, ["x"]],
    "integer": ["1", True, 1.5, {}, [1]],
    "boolean": ["true", 1, 0, {}, []],
    "array": ["x", 5, True, {}],
    "object": ["x", 5, True, []],
}
# A string that is not of the pattern or among the words.
NO_WORD = "no such word"
# Missing here, it is no limit: runc takes that, and engines write it.
MAY_BE_MISSING = {"/linux/resources/pids/limit"}
# Empty here, it is not set: the specification's own Go types leave it out, and engines write what those hold.
MAY_BE_EMPTY = {"/linux/rootfsPropagation", "/linux/intelRdt/memBwSchema"}
# The schema stops at 0777; engines pass on what stat(2) said of a device, its type among the bits.
LARGEST = {"/linux/devices/0/fileMode": 0o177777}
# Of no integer type.
BEYOND_EVERYTHING = 10**30


def keys(pointer: str) -> list[str | int]:
    """The way to the value in everything.json; "*" is the only key that is there."""
    way: list[str | int] = []
    node = EVERYTHING
    for part in pointer.split("/")[1:]:
        key = int(part) if isinstance(node, list) else next(iter(node)) if part == "*" else part
        way.append(key)
        try:
            node = node[key]
        except (KeyError, IndexError):
            node = {}
    return way


def value_at(way: list[str | int], config: dict):
    return functools.reduce(lambda node, key: node[key], way, config)


def own_fields(node=EVERYTHING, pointer: str = "") -> list[str]:
    """The pointers of everything.json itself, the first of each array."""
    inner = node.items() if isinstance(node, dict) else enumerate(node[:1]) if isinstance(node, list) else []
    return [path for key, value in inner for path in (f"{pointer}/{key}", *own_fields(value, f"{pointer}/{key}"))]


def kind_of(value) -> str:
    kinds = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}
    return kinds[type(value)]


def bad_values(field: schemas.Field) -> list:
    schema = field.schema
    bad = list(WRONG_TYPES[schema["type"]])
    if schema["type"] == "integer":
        bad += [BEYOND_EVERYTHING, -BEYOND_EVERYTHING]
        bad += [LARGEST.get(field.pointer, schema["maximum"]) + 1] if "maximum" in schema else []
        bad += [schema["minimum"] - 1] if "minimum" in schema else []
    if "enum" in schema or "pattern" in schema:
        bad.append(NO_WORD)
        if field.pointer not in MAY_BE_EMPTY and not re.search(schema.get("pattern", "."), ""):
            bad.append("")
    return bad


def errors(text: str) -> list[tuple[str, str]]:
    """(pointer, message) of every error that `ocirt validate` finds in the text."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([OCIRT, "validate", file.name], capture_output=True, text=True, timeout=20, check=False)
    found = re.findall(r"^[^:]+:\d+:\d+: (?!warning: )(/[^ ]*): (.*)$", done.stdout + done.stderr, re.MULTILINE)
    assert (done.returncode == 0) == (not found), done
    return found


class Fields(unittest.TestCase):
    known = {field.pointer: field for field in schemas.fields()}

    def every(self) -> list[schemas.Field]:
        """The schema's fields, and those of everything.json that are newer than the schema."""
        named = {"/" + "/".join(map(str, keys(pointer))) for pointer in self.known}
        newer = [path for path in own_fields() if path not in named]
        if schemas.is_current():
            self.assertEqual(newer, [], "everything.json has what the specification does not know")
        return list(self.known.values()) + [
            schemas.Field(path, {"type": kind_of(value_at(keys(path), EVERYTHING))}, False) for path in newer
        ]

    def test_everything_has_every_field(self):
        """But one of a list that has no words yet."""
        for pointer in self.known.keys() - {"/linux/personality/flags/0"}:
            with self.subTest(pointer):
                value_at(keys(pointer), EVERYTHING)

    def test_everything_is_good(self):
        self.assertEqual(errors(json.dumps(EVERYTHING)), [])

    def test_each_bad_value_is_named(self):
        tried = 0
        for field in self.every():
            way = keys(field.pointer)
            for value in bad_values(field):
                config = copy.deepcopy(EVERYTHING)
                parent = value_at(way[:-1], config)
                if isinstance(parent, list) and not parent:
                    parent.append(value)
                else:
                    parent[way[-1]] = value
                pointer = "/" + "/".join(str(key) for key in way)
                tried += 1
                with self.subTest(pointer, value=value):
                    named = [found for found, _ in errors(json.dumps(config))]
                    self.assertIn(pointer, named)
        self.assertGreater(tried, 900)

    def test_each_missing_field_is_named(self):
        for field in self.known.values():
            way = keys(field.pointer)
            if not field.required or field.pointer in MAY_BE_MISSING:
                continue
            config = copy.deepcopy(EVERYTHING)
            del value_at(way[:-1], config)[way[-1]]
            pointer = "/" + "/".join(str(key) for key in way)
            with self.subTest(pointer):
                self.assertIn((pointer, "is missing"), errors(json.dumps(config)))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=1)
