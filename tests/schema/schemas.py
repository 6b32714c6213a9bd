"""The specification's JSON schemas, and the fields that they give a Linux config.json.

Looked for in $OCIRT_SPEC_SCHEMA, beside the checkout (../shared/spec-schema), and where Debian's package
golang-github-opencontainers-specs-dev puts them. Debian's are 1.0.2: they know fewer fields, and what is tested against
them says so.
"""

import dataclasses
import functools
import json
import os
import pathlib
from collections.abc import Iterator

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DEBIAN = pathlib.Path("/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema")
OTHER_PLATFORMS = {"solaris", "windows", "vm", "zos", "freebsd"}
# Windows' own words among those of all platforms (config.md, "process").
WINDOWS_ONLY = {"/process/commandLine", "/process/user/username"}
# Withdrawn by 1.3.
WITHDRAWN = {"/linux/intelRdt/enableCMT", "/linux/intelRdt/enableMBM"}


def directory() -> pathlib.Path:
    places = [pathlib.Path(os.environ.get("OCIRT_SPEC_SCHEMA", "/nonexistent")), SOURCE.parent / "shared/spec-schema", DEBIAN]
    return next(place for place in places if (place / "config-schema.json").exists())


def is_current() -> bool:
    """Whether these are the schemas of 1.3: Debian's have no network devices."""
    return "netDevices" in document("config-linux.json")["linux"]["properties"]


@functools.cache
def document(name: str) -> dict:
    """One of the files, its references made absolute: "defs.json#/definitions/int32"."""

    def absolute(value: dict) -> dict:
        if str(value.get("$ref", "")).startswith("#"):
            value["$ref"] = name + value["$ref"]
        return value

    return json.loads((directory() / name).read_text(), object_hook=absolute)


@dataclasses.dataclass(frozen=True)
class Field:
    pointer: str  # "/mounts/0/options/0"; the first of each array, and "*" for a key that is the user's
    schema: dict
    required: bool


def _resolved(schema: dict) -> dict:
    """The schema that a reference means, with what allOf and anyOf add to it."""
    while "$ref" in schema:
        file, _, path = schema["$ref"].partition("#/")
        schema = functools.reduce(lambda node, key: node[key], path.split("/"), document(file))
    whole = dict(schema)
    for part in map(_resolved, schema.get("allOf", []) + schema.get("anyOf", [])):
        whole["type"] = part["type"]
        whole["properties"] = whole.get("properties", {}) | part["properties"]
        whole["required"] = whole.get("required", []) + part.get("required", [])
    return whole


def _walk(pointer: str, schema: dict, required: bool) -> Iterator[Field]:
    schema = _resolved(schema)
    yield Field(pointer, schema, required)
    for name, inner in schema.get("properties", {}).items():
        path = f"{pointer}/{name}"
        if name not in OTHER_PLATFORMS and path not in WINDOWS_ONLY | WITHDRAWN:
            yield from _walk(path, inner, name in schema.get("required", []))
    if "items" in schema:
        yield from _walk(f"{pointer}/0", schema["items"], False)
    for inner in [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]:
        if isinstance(inner, dict):
            yield from _walk(f"{pointer}/*", inner, False)


def fields() -> list[Field]:
    """Every field of a Linux config.json, the document itself left out."""
    return list(_walk("", document("config-schema.json"), True))[1:]
