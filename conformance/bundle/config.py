"""Where the config is."""

from suite.case import case, check
from suite.test import Test


@case(
    "bundle.md#container-format",
    "This REQUIRED file MUST reside in the root of the bundle directory and MUST be named `config.json`.",
    broken="succeed create",
)
def without_config(test: Test):
    answer = test.call("create", "--bundle", str(test.bundle), test.id)
    check(answer.code != 0, "create accepts a bundle without config.json")


@case(
    "bundle.md#container-format",
    "This REQUIRED file MUST reside in the root of the bundle directory and MUST be named `config.json`.",
    broken="succeed create",
)
def config_is_not_json(test: Test):
    (test.bundle / "config.json").write_text("{")
    answer = test.call("create", "--bundle", str(test.bundle), test.id)
    check(answer.code != 0, "create accepts a config.json that is not JSON")
