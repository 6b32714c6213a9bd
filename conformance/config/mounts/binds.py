"""Bind mounts: recursive or not, their propagation, and the options for whole trees."""

from suite import linux
from suite.case import case, check, equal
from suite.config import mount
from suite.test import Test

SECTION = "config.md#linux-mount-options"
TABLE = "Runtimes MUST/SHOULD/MAY implement the following option strings for Linux:"

CUSTOM = "Runtimes MAY also implement custom option strings that are not listed in the table above."


def make_tree(test: Test, top: int = 0, below: int = 0) -> str:
    """A mount with a mount below it, on the host; with these flags of mount(2)."""
    source = test.work / "tree"
    source.mkdir()
    linux.mount("tree", source, "tmpfs", top)
    if top & linux.MS_RDONLY:
        linux.mount("tree", source, "", linux.MS_REMOUNT, "")
    (source / "below").mkdir()
    linux.mount("below", source / "below", "tmpfs", below)
    for directory in (source, source / "below"):
        linux.mount("", directory, "", linux.MS_PRIVATE)
    return str(source)


def of_tree(test: Test, *options: str) -> tuple[linux.Mount | None, linux.Mount | None]:
    """The tree's two mounts in the container, bound with these options."""
    test.mounts.append(mount("/data", "none", str(test.work / "tree"), *options))
    mounts = test.inside.mounts()
    return mounts.get("/data"), mounts.get("/data/below")


@case(SECTION, f"{TABLE} `bind`", broken='set /mounts/-/options/0 "rbind"', name="option-bind")
def option_bind(test: Test):
    make_tree(test)
    top, below = of_tree(test, "bind")
    check(top and not below, "with bind, the tree's second mount is there, too, or the first is not")


@case(SECTION, f"{TABLE} `rbind`", broken='set /mounts/-/options/0 "bind"', name="option-rbind")
def option_rbind(test: Test):
    make_tree(test)
    top, below = of_tree(test, "rbind")
    check(top and below, "with rbind, not both mounts of the tree are there")


@case(
    SECTION,
    "Runtimes SHOULD treat unknown options as filesystem-specific ones",
    broken="refuse run",
    note="and mount(2) takes no notice of them where it binds",
)
def unknown_option_of_a_bind(test: Test):
    make_tree(test)
    top, _ = of_tree(test, "bind", "mode=755")
    check(top, "the bind mount is not there")


# Propagation.


def propagation_of(mounted: linux.Mount | None) -> str:
    """The kind that mountinfo shows. What is shared may be slave, too, of the host's mount."""
    check(mounted, "the mount is not there")
    fields = {field.split(":")[0] for field in mounted.propagation}
    return "shared" if "shared" in fields else "slave" if "master" in fields else "unbindable" if fields else "private"


for option in ("private", "unbindable", "shared", "slave"):
    other = "private" if option != "private" else "shared"

    @case(SECTION, f"{TABLE} `{option}`", broken=f'set /mounts/-/options/- "{other}"', name=f"option-{option}")
    def propagation(test: Test, option=option):
        source = make_tree(test)
        linux.mount("", source, "", linux.MS_SHARED)
        top, _ = of_tree(test, "bind", option)
        equal(propagation_of(top), option, "the mount's propagation")

    @case(SECTION, f"{TABLE} `r{option}`", broken=f'set /mounts/-/options/- "r{other}"', name=f"option-r{option}")
    def recursive_propagation(test: Test, option=option):
        source = make_tree(test)
        linux.mount("", source, "", linux.MS_SHARED | linux.MS_REC)
        top, below = of_tree(test, "rbind", f"r{option}")
        found = [propagation_of(top), propagation_of(below)]
        equal(found, [option, option], "the propagation of the tree's two mounts")


# Options for all mounts of a tree.

for option, shown in {
    "rro": "ro",
    "rnosuid": "nosuid",
    "rnodev": "nodev",
    "rnoexec": "noexec",
    "rnoatime": "noatime",
    "rnodiratime": "nodiratime",
    "rnosymfollow": "nosymfollow",
    "rrelatime": "relatime",
}.items():
    # The table of 1.3.0 has rdev and has forgotten rnodev, which features.md names.
    sentence = CUSTOM if option == "rnodev" else f"{TABLE} `{option}`"

    @case(SECTION, sentence, broken="remove /mounts/-/options/-", name=f"option-{option}")
    def sets_for_all(test: Test, option=option, shown=shown):
        flags = 1 << 24 if option == "rrelatime" else 0  # a tree that is strictatime
        make_tree(test, flags, flags)
        top, below = of_tree(test, "rbind", option)
        equal((shown in top.options, shown in below.options), (True, True), f"the tree's two mounts are {shown}")


for option, flag, shown in [
    ("rrw", linux.MS_RDONLY, "ro"),
    ("rsuid", linux.MS_NOSUID, "nosuid"),
    ("rdev", linux.MS_NODEV, "nodev"),
    ("rexec", linux.MS_NOEXEC, "noexec"),
    ("ratime", linux.MS_NOATIME, "noatime"),
    ("rdiratime", linux.MS_NODIRATIME, "nodiratime"),
    ("rsymfollow", linux.MS_NOSYMFOLLOW, "nosymfollow"),
    ("rstrictatime", 0, "relatime"),
]:

    @case(SECTION, f"{TABLE} `{option}`", broken="remove /mounts/-/options/-", name=f"option-{option}")
    def takes_back_for_all(test: Test, option=option, flag=flag, shown=shown):
        make_tree(test)
        for directory in (test.work / "tree", test.work / "tree" / "below"):
            if flag:
                linux.mount("", directory, "", linux.MS_REMOUNT | linux.MS_BIND | flag)
        top, below = of_tree(test, "rbind", option)
        equal((shown in top.options, shown in below.options), (False, False), f"the tree's two mounts are {shown}")


for option, other in {"rnorelatime": "relatime", "rnostrictatime": "strictatime"}.items():

    @case(
        SECTION,
        f"{TABLE} `{option}`",
        broken='set /mounts/-/options/- "rnoatime"',
        name=f"option-{option}",
        note="leaves nothing but the kernel's default, relatime",
    )
    def default_for_all(test: Test, option=option):
        make_tree(test)
        top, below = of_tree(test, "rbind", option)
        equal(("relatime" in top.options, "relatime" in below.options), (True, True), "the tree's mounts are relatime")
