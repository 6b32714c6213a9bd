"""What is mounted, where, in which order. The options have files of their own."""

from suite.case import case, check, equal
from suite.config import bind, mount
from suite.test import Test

SECTION = "config.md#mounts"
ORDER = "The runtime MUST mount entries in the listed order."
SOURCE = "Path values for bind mounts are either absolute or relative to the bundle."
IS_BIND = "A mount is a bind mount if it has either `bind` or `rbind` in the options."


@case(SECTION, ORDER, broken="reverse /mounts")
def order_of_nested(test: Test):
    test.mounts.append(mount("/outer", "tmpfs", "tmpfs", "mode=700"))
    test.mounts.append(mount("/outer/inner", "tmpfs", "tmpfs", "mode=750"))
    found = test.ask("stat", "/outer/inner")
    equal(found.get("mode"), 0o750, "the mode of a mount within an earlier one")


@case(SECTION, ORDER, broken="reverse /mounts")
def order_on_one_destination(test: Test):
    test.mounts.append(mount("/there", "tmpfs", "tmpfs", "mode=700"))
    test.mounts.append(mount("/there", "tmpfs", "tmpfs", "mode=750"))
    equal(test.ask("stat", "/there")["mode"], 0o750, "the mode of the last mount on a destination")


@case(SECTION, "Destination of mount point: path inside container.", broken="remove /mounts/-")
def absolute_destination(test: Test):
    test.mounts.append(mount("/a/b", "tmpfs", "tmpfs"))
    check("/a/b" in test.inside.mounts(), "nothing is mounted on the destination")


@case(
    SECTION,
    "For compatibility with old tools and configurations, it MAY be a relative path, in which case it MUST be "
    'interpreted as relative to "/".',
    broken="remove /mounts/-",
    note="MAY is the config's right: a runtime has to take such a path",
)
def relative_destination(test: Test):
    test.mounts.append(mount("a/b", "tmpfs", "tmpfs"))
    check("/a/b" in test.inside.mounts(), 'nothing is mounted on the destination "a/b", below "/"')


def make_source(test: Test, name: str = "source"):
    source = test.bundle / name
    source.mkdir()
    (source / "file").write_text("of the source")
    return source


@case(SECTION, SOURCE, broken='set /mounts/-/source "/"')
def absolute_source(test: Test):
    test.mounts.append(bind("/data", make_source(test)))
    equal(test.ask("read", "/data/file"), "of the source", "a file of a bind mount with an absolute source")


@case(SECTION, SOURCE, broken='set /mounts/-/source "/"')
def relative_source(test: Test):
    make_source(test)
    test.mounts.append(bind("/data", "source"))
    equal(
        test.ask("read", "/data/file"), "of the source", "a file of a bind mount with a source relative to the bundle"
    )


@case(SECTION, "can also be a file or directory name for bind mounts", broken='set /mounts/-/source "/probe"')
def file_as_source(test: Test):
    source = make_source(test) / "file"
    test.mounts.append(bind("/etc/name", source))
    equal(test.ask("read", "/etc/name"), "of the source", "a bind mount of a file")


@case(SECTION, IS_BIND, broken="remove /mounts/-/options/0")
def bind_of_any_type(test: Test):
    test.mounts.append(mount("/data", "tmpfs", str(make_source(test)), "bind"))
    equal(test.ask("read", "/data/file"), "of the source", 'a file of a mount of the type tmpfs with "bind"')


@case(SECTION, IS_BIND, broken="remove /mounts/-/options/0")
def bind_without_type(test: Test):
    test.mounts.append(mount("/data", None, str(make_source(test)), "rbind"))
    equal(test.ask("read", "/data/file"), "of the source", 'a file of a mount without a type with "rbind"')


@case(
    "runtime.md#create",
    "If the runtime cannot apply a property as specified in the configuration, it MUST generate an error and a new "
    "container MUST NOT be created.",
    broken=("remove /mounts/-", "succeed create"),
)
def source_does_not_exist(test: Test):
    test.mounts.append(bind("/data", "/nowhere/to/be/found"))
    test.refuse("a bind mount of what does not exist")


@case(
    "config.md#posix-platform-mounts",
    "filesystem types supported by the kernel as listed in */proc/filesystems*",
    broken=("remove /mounts/-", "succeed create"),
)
def unknown_type(test: Test):
    test.mounts.append(mount("/data", "nosuchfs", "none"))
    test.refuse("a filesystem that the kernel does not know")


for kind in ("mqueue", "ramfs"):

    @case(
        "config.md#posix-platform-mounts",
        "filesystem types supported by the kernel as listed in */proc/filesystems*",
        broken="remove /mounts/-",
        name=f"type-{kind}",
    )
    def type_of_filesystem(test: Test, kind=kind):
        test.mounts.append(mount("/data", kind, kind))
        mounted = test.inside.mounts().get("/data")
        equal(mounted and mounted.kind, kind, "the filesystem on /data")


@case("config.md#mounts", "**`destination`** (string, REQUIRED)", broken="succeed create")
def without_destination(test: Test):
    test.mounts.append({"type": "tmpfs", "source": "tmpfs"})
    test.refuse("a mount without a destination")
