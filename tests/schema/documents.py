#!/usr/bin/python3
"""What ocirt writes (features, spec, state) is valid by the specification's schemas, and so is what it takes and refuses."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import jsonschema
import schemas

OCIRT = os.environ["OCIRT_BINARY"]
# Why each of the specification's own bad documents for Linux is one: the pointer, or a part of the message.
BAD = {
    "invalid-json.json": "syntax error",
    "linux-hugepage.json": "/linux/resources/hugepageLimits/0/pageSize:",
    "linux-netdevice.json": "/linux/netDevices/eth0/name:",
    "linux-rdma.json": "/linux/resources/rdma/mlx5_1/hcaHandles:",
}
OTHER_PLATFORMS = re.compile(r"^(freebsd|solaris|vm|windows|zos)-")
BUSYBOX = pathlib.Path("/bin/busybox")


def ocirt(*words: str | pathlib.Path) -> str:
    return subprocess.run([OCIRT, *words], capture_output=True, text=True, timeout=20, check=True).stdout


def faults(document: object, name: str) -> list[str]:
    """What one of the schemas has to say against the document."""
    schema = schemas.document(name)
    resolver = jsonschema.RefResolver(base_uri=f"{schemas.directory().as_uri()}/", referrer=schema)
    found = jsonschema.Draft4Validator(schema, resolver=resolver).iter_errors(document)
    return [f"/{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in found]


class Outputs(unittest.TestCase):
    def test_features(self):
        if not (schemas.directory() / "features-schema.json").exists():
            self.skipTest("SKIP: Debian's schemas are 1.0.2, which has none of features")
        self.assertEqual(faults(json.loads(ocirt("features")), "features-schema.json"), [])

    def test_spec(self):
        for options in [[], ["--rootless"]]:
            with self.subTest(options), tempfile.TemporaryDirectory() as bundle:
                ocirt("spec", "--bundle", bundle, *options)
                config = json.loads(pathlib.Path(bundle, "config.json").read_text())
                self.assertEqual(faults(config, "config-schema.json"), [])
                ocirt("validate", pathlib.Path(bundle, "config.json"))

    def test_everything(self):
        """The config of values.py."""
        if not schemas.is_current():
            self.skipTest("SKIP: Debian's schemas are 1.0.2, and everything.json has the fields of 1.3")
        config = json.loads((schemas.SOURCE / "tests/schema/everything.json").read_text())
        self.assertEqual(faults(config, "config-schema.json"), [])

    @unittest.skipIf(os.geteuid() != 0, "SKIP: making a container takes root")
    def test_state(self):
        with tempfile.TemporaryDirectory() as scratch:
            rootfs = pathlib.Path(scratch, "rootfs")
            rootfs.mkdir()
            shutil.copy(BUSYBOX, rootfs / "sleep")
            ocirt("spec", "--bundle", scratch)
            path = pathlib.Path(scratch, "config.json")
            config = json.loads(path.read_text())
            config["process"] |= {"terminal": False, "args": ["/sleep", "100"]}
            config["annotations"] = {"org.example.key": "value"}
            config["linux"]["cgroupsPath"] = f"/ocirt-schema-{os.getpid()}"
            path.write_text(json.dumps(config))
            root, name = f"--root={scratch}/state", f"schema-{os.getpid()}"
            subprocess.run([OCIRT, root, "create", "--bundle", scratch, name], stdin=subprocess.DEVNULL, check=True)
            try:
                for status, word in [("created", ["start"]), ("running", ["kill", "KILL"]), ("stopped", None)]:
                    if status == "stopped":
                        self.wait_until_stopped(root, name)
                    state = json.loads(ocirt(root, "state", name))
                    self.assertEqual(state["status"], status)
                    self.assertEqual(faults(state, "state-schema.json"), [])
                    if word:
                        ocirt(root, word[0], name, *word[1:])
            finally:
                ocirt(root, "delete", "--force", name)

    def wait_until_stopped(self, root: str, name: str):
        for _ in range(1000):
            if json.loads(ocirt(root, "state", name))["status"] == "stopped":
                return
        self.fail("killed, and still running after a thousand looks")


@unittest.skipIf(
    not (schemas.directory() / "test").exists(), "SKIP: Debian has the schemas without the documents they are tested with"
)
class Examples(unittest.TestCase):
    def test_good_ones_are_taken(self):
        taken = 0
        for path in sorted((schemas.directory() / "test/config/good").iterdir()):
            if not OTHER_PLATFORMS.match(path.name):
                with self.subTest(path.name):
                    ocirt("validate", path)
                taken += 1
        self.assertGreaterEqual(taken, 5)

    def test_bad_ones_are_refused_for_what_is_bad(self):
        for path in sorted((schemas.directory() / "test/config/bad").iterdir()):
            if OTHER_PLATFORMS.match(path.name):
                continue
            with self.subTest(path.name):
                done = subprocess.run([OCIRT, "validate", path], capture_output=True, text=True, timeout=20, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(BAD[path.name], done.stdout + done.stderr)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
