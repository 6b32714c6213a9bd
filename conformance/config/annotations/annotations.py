"""Annotations."""

from suite.case import case, equal
from suite.test import Test

SECTION = "config.md#annotations"
STATE = "contains the list of annotations associated with the container."
UNKNOWN = "Runtimes MUST handle unknown annotation keys like any other unknown property."


def annotations_of(test: Test, annotations) -> dict:
    test.config["annotations"] = annotations
    return test.create("hold").state().get("annotations")


@case("runtime.md#state", STATE, broken=("remove /annotations", "answer state /annotations"))
def shown_by_state(test: Test):
    given = {"com.example.key": "value", "com.example.other": 'ünïcode " and more'}
    equal(annotations_of(test, given), given, "the annotations in the state")


@case(SECTION, "Values MAY be an empty string.", broken="remove /annotations")
def empty_value(test: Test):
    equal(annotations_of(test, {"com.example.key": ""}), {"com.example.key": ""}, "the annotations in the state")


@case(
    SECTION,
    "If there are no annotations then this property MAY either be absent or an empty map.",
    broken="refuse create",
)
def empty_map(test: Test):
    equal(annotations_of(test, {}) or {}, {}, "the annotations in the state")


@case(SECTION, UNKNOWN, broken="refuse run")
def unknown_key(test: Test):
    test.config["annotations"] = {"org.opencontainers.to.be.invented": "1", "no-domain": "2"}
    equal(test.ask("cwd"), "/", "a container with annotations that nobody knows")


@case(SECTION, "Values MUST be strings.", broken="succeed create")
def value_is_a_number(test: Test):
    test.config["annotations"] = {"com.example.key": 1}
    test.refuse("an annotation that is a number")


@case(
    SECTION,
    "Keys MUST NOT be an empty string.",
    broken="succeed create",
    note="`config.md#valid-values`: an invalid value is an error",
)
def empty_key(test: Test):
    test.config["annotations"] = {"": "value"}
    test.refuse("an annotation without a key")


@case(SECTION, "Annotations MUST be a key-value map.", broken="succeed create")
def a_list(test: Test):
    test.config["annotations"] = ["com.example.key"]
    test.refuse("annotations that are a list")
