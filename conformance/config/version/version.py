"""`ociVersion`."""

from suite.case import case, equal
from suite.test import Test

SECTION = "config.md#specification-version"
SEMVER = (
    "MUST be in SemVer v2.0.0 format and specifies the version of the Open Container Initiative Runtime Specification "
    "with which the bundle complies."
)
COMPATIBLE = (
    "The Open Container Initiative Runtime Specification follows semantic versioning and retains forward and backward "
    "compatibility within major versions."
)

for version in ("1.0.0", "1.1.0", "1.2.1", "1.3.0"):

    @case(SECTION, COMPATIBLE, broken='set /ociVersion "none"', name=f"accepts-{version}")
    def accepts(test: Test, version=version):
        test.config["ociVersion"] = version
        equal(test.ask("cwd"), "/", f"a container of ociVersion {version}")


@case(SECTION, SEMVER, broken="succeed create")
def not_semantic_versioning(test: Test):
    test.config["ociVersion"] = "one"
    test.refuse('the ociVersion "one"')


@case(SECTION, "**`ociVersion`** (string, REQUIRED)", broken="succeed create")
def without_version(test: Test):
    del test.config["ociVersion"]
    test.refuse("a config without ociVersion")
