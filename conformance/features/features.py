"""The features structure. What it claims is tried out."""

import json
import re

from suite import hooks
from suite.case import Failure, case, check, equal
from suite.config import mount
from suite.test import Test

SECTION = "features.md#features-structure"
VERSION = "features.md#specification-version"
OPTIONAL = "a runtime MAY have the structure: these cases hold it to what it says there, and need it to say something"


def features_of(test: Test) -> dict:
    answer = test.expect("features")
    try:
        return json.loads(answer.output)
    except ValueError:
        raise Failure(f"features prints no JSON: {answer.output[:200]}") from None


@case(
    SECTION,
    "A runtime MAY provide a JSON structure about its implemented features to runtime callers.",
    broken="refuse features",
    note=OPTIONAL,
)
def is_provided(test: Test):
    check(isinstance(features_of(test), dict), "the structure is no object")


def version(text: str) -> tuple[int, ...]:
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(?:-[\w.-]+)?", text)
    check(found, f"the version {text!r}")
    return tuple(map(int, found.groups()))


@case(
    VERSION,
    "The value MUST NOT be less than the value of the `ociVersionMin` property.",
    broken=('answer features /ociVersionMax "0.9.0"', 'answer features /ociVersionMin "9.0.0"'),
    note=OPTIONAL,
)
def order_of_versions(test: Test):
    features = features_of(test)
    least, most = features.get("ociVersionMin", ""), features.get("ociVersionMax", "")
    check(version(least) <= version(most), f"the versions are {least} to {most}")


for field in ("ociVersionMin", "ociVersionMax"):

    @case(VERSION, f"**`{field}`** (string, REQUIRED)", broken=f"answer features /{field}", name=field, note=OPTIONAL)
    def is_there(test: Test, field=field):
        check(isinstance(features_of(test).get(field), str), f"there is no {field}")

    @case(
        VERSION,
        "The runtime MUST accept this value as the `ociVersion` property of `config.json`.",
        broken=f'answer features /{field} "none"',
        name=f"{field}-is-accepted",
        note=OPTIONAL,
    )
    def is_accepted(test: Test, field=field):
        test.config["ociVersion"] = features_of(test)[field]
        equal(test.ask("cwd"), "/", "a container of that ociVersion")


DEFINED = {
    "ociVersionMin",
    "ociVersionMax",
    "hooks",
    "mountOptions",
    "linux",
    "annotations",
    "potentiallyUnsafeConfigAnnotations",
}
DEFINED_LINUX = {
    "namespaces",
    "capabilities",
    "cgroup",
    "seccomp",
    "apparmor",
    "selinux",
    "intelRdt",
    "memoryPolicy",
    "mountExtensions",
    "netDevices",
}
NOT_DEFINED = (
    "The Features structure MUST NOT contain properties that are not defined in this version of the Open Container "
    "Initiative Runtime Specification."
)


@case(
    VERSION,
    NOT_DEFINED,
    broken=("answer features /toBeInvented 1", "answer features /linux/toBeInvented 1"),
    note=OPTIONAL,
)
def nothing_else(test: Test):
    features = features_of(test)
    equal(set(features) - DEFINED, set(), "properties that are not defined")
    equal(set(features.get("linux") or {}) - DEFINED_LINUX, set(), "properties of linux that are not defined")


@case(
    "features.md#hooks",
    "The runtime MUST support the elements in this array as the `hooks` property of `config.json`.",
    broken=('answer features /hooks ["preboot"]', "remove /hooks"),
    note=OPTIONAL,
)
def hooks_are_supported(test: Test):
    claimed = features_of(test).get("hooks") or []
    for kind in claimed:
        check(kind in hooks.KINDS, f"there is no hook {kind}")
        hooks.add(test, kind)
    container = test.start_holding()
    container.end()
    container.delete()
    equal(set(hooks.kinds(test)), set(claimed), "the hooks that are called")


@case(
    "features.md#mount-options",
    "The runtime MUST recognize the elements in this array as the `options` of `mounts` objects in `config.json`.",
    broken=('answer features /mountOptions ["sideways"]', "refuse run"),
    note=OPTIONAL,
)
def mount_options_are_recognised(test: Test):
    # On tmpfs, which refuses what a runtime does not know. Those that want another mount are left to config/mounts.
    apart = {"bind", "rbind", "remount", "idmap", "ridmap", "mand", "nomand", "acl", "noacl", "tmpcopyup"}
    claimed = sorted(set(features_of(test).get("mountOptions") or []) - apart)
    check(claimed, "there are no mountOptions")
    for number, option in enumerate(claimed):
        test.mounts.append(mount(f"/data{number}", "tmpfs", "tmpfs", option, "size=4k"))
    mounted = test.inside.mounts()
    missing = [option for number, option in enumerate(claimed) if f"/data{number}" not in mounted]
    equal(missing, [], "options whose mounts are not there")


MUST = {
    "async",
    "atime",
    "bind",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "iversion",
    "lazytime",
    "loud",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "noiversion",
    "nolazytime",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "private",
    "rbind",
    "relatime",
    "remount",
    "ro",
    "rprivate",
    "rshared",
    "rslave",
    "runbindable",
    "rw",
    "shared",
    "silent",
    "slave",
    "strictatime",
    "suid",
    "sync",
    "unbindable",
}


@case(
    "features.md#mount-options",
    "The recognized names of the mount options, including options that might not be supported by the host operating "
    "system.",
    broken='answer features /mountOptions ["ro","rw"]',
    note="among them all that `config.md#linux-mount-options` says MUST of. " + OPTIONAL,
)
def mount_options_that_must_be(test: Test):
    equal(MUST - set(features_of(test).get("mountOptions") or []), set(), "options that are missing")


@case(
    "features.md#annotations",
    "Annotations MUST be a key-value map that follows the same convention as the Key and Values "
    "of the `annotations` property of `config.json`.",
    broken=('answer features /annotations {"":"x"}', 'answer features /annotations {"a":1}'),
    note=OPTIONAL,
)
def annotations(test: Test):
    for key, value in (features_of(test).get("annotations") or {}).items():
        check(key and isinstance(value, str), f"the annotation {key!r}: {value!r}")


@case(
    "features.md#unsafe-annotations-in-configjson",
    "that may potentially change the behavior of the runtime.",
    broken='answer features /potentiallyUnsafeConfigAnnotations {"a":1}',
    note=OPTIONAL,
)
def unsafe_annotations(test: Test):
    listed = features_of(test).get("potentiallyUnsafeConfigAnnotations") or []
    check(isinstance(listed, list) and all(isinstance(name, str) and name for name in listed), f"it is {listed!r}")
