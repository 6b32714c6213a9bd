"""The option strings of Linux that are for one mount."""

from suite import linux
from suite.case import case, check, equal
from suite.config import bind, mount
from suite.test import Test

SECTION = "config.md#linux-mount-options"
TABLE = "Runtimes MUST/SHOULD/MAY implement the following option strings for Linux:"
LAST = "remove /mounts/-/options/-"  # the runtime overlooks the last option
UNKNOWN = 'set /mounts/-/options/- "not-{0}"'  # the runtime does not know it: the filesystem gets it


def options_of_tmpfs(test: Test, *options: str) -> frozenset[str]:
    """What mountinfo says of a tmpfs with these options."""
    test.mounts.append(mount("/data", "tmpfs", "tmpfs", *options))
    mounted = test.inside.mounts().get("/data")
    check(mounted, "nothing is mounted")
    return mounted.all_options


# Those that set something, with what mountinfo calls it.
for option, shown in {
    "ro": "ro",
    "nosuid": "nosuid",
    "nodev": "nodev",
    "noexec": "noexec",
    "noatime": "noatime",
    "nodiratime": "nodiratime",
    "sync": "sync",
    "dirsync": "dirsync",
    "lazytime": "lazytime",
    "nosymfollow": "nosymfollow",
}.items():

    @case(SECTION, f"{TABLE} `{option}`", broken=LAST, name=f"option-{option}")
    def sets(test: Test, option=option, shown=shown):
        check(shown in options_of_tmpfs(test, option), f"the mount is not {shown}")


# Those that take back what came before.
for option, first, shown in [
    ("rw", "ro", "ro"),
    ("suid", "nosuid", "nosuid"),
    ("dev", "nodev", "nodev"),
    ("exec", "noexec", "noexec"),
    ("atime", "noatime", "noatime"),
    ("diratime", "nodiratime", "nodiratime"),
    ("async", "sync", "sync"),
    ("nolazytime", "lazytime", "lazytime"),
    ("symfollow", "nosymfollow", "nosymfollow"),
]:

    @case(SECTION, f"{TABLE} `{option}`", broken=LAST, name=f"option-{option}")
    def takes_back(test: Test, option=option, first=first, shown=shown):
        check(shown not in options_of_tmpfs(test, first, option), f"the mount is {shown} after {first},{option}")


@case(SECTION, f"{TABLE} `strictatime`", broken=LAST, name="option-strictatime")
def strictatime(test: Test):
    check("relatime" not in options_of_tmpfs(test, "strictatime"), "the mount is relatime")


@case(SECTION, f"{TABLE} `nostrictatime`", broken=LAST, name="option-nostrictatime")
def nostrictatime(test: Test):
    check("relatime" in options_of_tmpfs(test, "strictatime", "nostrictatime"), "the mount is not relatime")


@case(SECTION, f"{TABLE} `relatime`", broken=LAST, name="option-relatime")
def relatime(test: Test):
    found = options_of_tmpfs(test, "noatime", "atime", "strictatime", "relatime")
    check("relatime" in found, "the mount is not relatime after strictatime,relatime")


# Those that show nowhere: a filesystem would refuse them, so the runtime must have understood them.
for option in ("defaults", "iversion", "noiversion", "loud", "silent", "norelatime"):

    @case(
        SECTION,
        f"{TABLE} `{option}`",
        broken=UNKNOWN.format(option),
        name=f"option-{option}",
        note="has no effect that could be seen: the runtime must not hand it on to a filesystem that does not know it",
    )
    def understood(test: Test, option=option):
        options_of_tmpfs(test, option)


@case(SECTION, f"{TABLE} `remount`", broken="remove /mounts/-", name="option-remount")
def remount(test: Test):
    test.mounts.append(mount("/data", "tmpfs", "tmpfs"))
    test.mounts.append(mount("/data", "tmpfs", "tmpfs", "remount", "ro"))
    check("ro" in test.inside.mounts()["/data"].all_options, "the mount is not ro after remount,ro")


@case(
    SECTION,
    f"{TABLE} `tmpcopyup`",
    broken=LAST,
    name="option-tmpcopyup",
    note="MAY: where a runtime does not have it, it must not pass it on to tmpfs, which does not know it",
)
def tmpcopyup(test: Test):
    (test.rootfs / "data").mkdir()
    (test.rootfs / "data" / "file").write_text("of the rootfs")
    test.mounts.append(mount("/data", "tmpfs", "tmpfs", "tmpcopyup"))
    facts = test.ask_all(["read", "/data/file"], ["read", "/proc/self/mountinfo"])
    kinds = {each.target: each.kind for each in linux.parse_mountinfo(facts[1])}
    equal((facts[0], kinds.get("/data")), ("of the rootfs", "tmpfs"), "a file below the mount and its filesystem")


FILESYSTEM_SPECIFIC = "Runtimes SHOULD treat unknown options as filesystem-specific ones"


@case(SECTION, FILESYSTEM_SPECIFIC, broken=LAST)
def filesystem_specific(test: Test):
    found = options_of_tmpfs(test, "nosuid", "size=128k")
    check({"nosuid", "size=128k"} <= found, f"the mount's options are {sorted(found)}")


@case(SECTION, "and pass those as a comma-separated string to the fifth", broken="remove /mounts/-/options/0")
def filesystem_specific_several(test: Test):
    found = options_of_tmpfs(test, "nr_inodes=77", "mode=710", "size=64k")
    check({"nr_inodes=77", "mode=710", "size=64k"} <= found, f"the mount's options are {sorted(found)}")


@case(SECTION, FILESYSTEM_SPECIFIC, broken=(LAST, "succeed create"))
def unknown_to_the_filesystem(test: Test):
    test.mounts.append(mount("/data", "tmpfs", "tmpfs", "nosuchoption=1"))
    test.refuse("an option that neither the runtime nor the filesystem knows")


# Options of a bind mount are the mount's, not its filesystem's.
for option in ("ro", "nosuid", "nodev", "noexec"):

    @case(SECTION, f"{TABLE} `{option}`", broken=LAST, name=f"option-{option}-of-bind")
    def of_a_bind_mount(test: Test, option=option):
        test.mounts.append(bind("/data", test.bundle, option))
        check(option in test.inside.mounts()["/data"].options, f"the bind mount is not {option}")


# What the options do, beyond what the kernel writes down.


@case(SECTION, f"{TABLE} `ro`", broken=LAST)
def ro_forbids_writing(test: Test):
    test.mounts.append(bind("/data", test.bundle, "ro"))
    equal(test.ask("write", "/data/file", "text"), {"errno": "EROFS"}, "writing to a bind mount that is ro")


@case(SECTION, f"{TABLE} `nodev`", broken=LAST)
def nodev_forbids_devices(test: Test):
    test.linux["devices"] = [{"path": "/data/null", "type": "c", "major": 1, "minor": 3}]
    (test.bundle / "data").mkdir()
    test.mounts.append(bind("/data", test.bundle / "data", "nodev"))
    equal(test.ask("open", "/data/null", "r"), {"errno": "EACCES"}, "opening a device on a mount that is nodev")
