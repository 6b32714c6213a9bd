#include <gtest/gtest.h>

#include "runtime/cgroup/cgroups_path.h"
#include "runtime/cgroup/layout.h"

namespace ocirt::cgroup {
namespace {

std::string describe(const Layout& layout) {
    std::string text;
    for (const Hierarchy& hierarchy : layout.hierarchies) {
        text += hierarchy.version == Version::v1 ? "v1" : "v2";
        for (const std::string& controller : hierarchy.controllers) (text += ' ') += controller;
        text.append(" at ").append(hierarchy.mount_point).append(" own ").append(hierarchy.own).append("\n");
    }
    return text;
}

constexpr const char* systemd_hybrid_mounts =
    "24 30 0:22 / /proc rw,nosuid - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
    "33 31 0:30 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd\n"
    "37 31 0:34 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
    "38 31 0:35 / /sys/fs/cgroup/memory rw,nosuid shared:16 - cgroup cgroup rw,memory\n";

TEST(CgroupLayout, SystemdHybridWithCoMountedControllers) {
    const Layout layout = parse_layout(systemd_hybrid_mounts,
                                       "5:cpu,cpuacct:/user.slice\n4:memory:/user.slice\n"
                                       "1:name=systemd:/user.slice/session-1.scope\n0::/user.slice/session-1.scope\n");
    EXPECT_EQ(describe(layout),
              "v1 cpu cpuacct at /sys/fs/cgroup/cpu,cpuacct own /user.slice\n"
              "v1 memory at /sys/fs/cgroup/memory own /user.slice\n"
              "v1 name=systemd at /sys/fs/cgroup/systemd own /user.slice/session-1.scope\n"
              "v2 at /sys/fs/cgroup/unified own /user.slice/session-1.scope\n");
    EXPECT_EQ(layout.find("cpuacct"), layout.find("cpu"));
    EXPECT_EQ(layout.find("pids"), nullptr);
    ASSERT_NE(layout.unified(), nullptr);
}

TEST(CgroupLayout, PureV2) {
    const Layout layout =
        parse_layout("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
                     "0::/system.slice/docker.service\n");
    EXPECT_EQ(describe(layout), "v2 at /sys/fs/cgroup own /system.slice/docker.service\n");
}

TEST(CgroupLayout, ControllerThatIsMountedNowhereIsAbsent) {
    const Layout layout = parse_layout("38 31 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
                                       "4:memory:/\n3:net_cls,net_prio:/\n0::/\n");
    EXPECT_EQ(describe(layout), "v1 memory at /sys/fs/cgroup/memory own /\n");
    EXPECT_EQ(layout.find("net_cls"), nullptr);
    EXPECT_EQ(layout.unified(), nullptr);
}

TEST(CgroupLayout, InsideAContainerWithoutACgroupNamespacePathsAreRelativeToTheMount) {
    const Layout layout = parse_layout(
        "38 31 0:35 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
        "39 31 0:36 /docker/ab /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n",
        "4:memory:/docker/abc/inner\n5:pids:/docker/abc\n");
    EXPECT_EQ(describe(layout),
              "v1 memory at /sys/fs/cgroup/memory own /inner\n"
              "v1 pids at /sys/fs/cgroup/pids own /\n");  // "/docker/ab" is no parent of "/docker/abc"
}

TEST(CgroupLayout, PrefersTheMountThatShowsOurOwnCgroup) {
    const Layout layout = parse_layout(
        "50 31 0:35 /other /var/lib/x/memory rw - cgroup cgroup rw,memory\n"
        "38 31 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "51 31 0:35 / /mnt/memory rw - cgroup cgroup rw,memory\n",
        "4:memory:/a\n");
    EXPECT_EQ(describe(layout), "v1 memory at /sys/fs/cgroup/memory own /a\n");
}

TEST(CgroupLayout, UnescapesMountPointsAndSurvivesNonsense) {
    const Layout layout =
        parse_layout("\n - cgroup\n1 2 - cgroup x\n38 31 0:35 / /mnt/a\\040b rw - cgroup cgroup rw,memory\n",
                     "nonsense\n4:memory\n4:memory:/a:b\n");
    EXPECT_EQ(describe(layout), "v1 memory at /mnt/a b own /a:b\n");
}

TEST(CgroupLayout, OutsideOfTheCgroupNamespace) {
    const Layout layout = parse_layout("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/../other\n");
    EXPECT_EQ(describe(layout), "v2 at /sys/fs/cgroup own /\n");
}

TEST(CgroupLayout, ParsesControllers) {
    EXPECT_EQ(parse_controllers("cpuset cpu io\n"), (std::vector<std::string>{"cpuset", "cpu", "io"}));
    EXPECT_TRUE(parse_controllers("\n").empty());
}

Layout two_trees() {
    return {
        .hierarchies = {{.version = Version::v1, .mount_point = "/c/memory", .controllers = {"memory"}, .own = "/a/b"},
                        {.version = Version::v2, .mount_point = "/c/unified", .controllers = {}, .own = "/s/own"}}};
}

std::string paths_of(std::string_view cgroups_path, const Layout& layout = two_trees()) {
    const auto paths = container_paths(layout, cgroups_path, "box");
    if (!paths)
        return std::string("refused at ").append(paths.error().pointer).append(": ").append(paths.error().detail);
    std::string text;
    for (const std::string& path : *paths) {
        if (!text.empty()) text += ' ';
        text += path;
    }
    return text;
}

TEST(CgroupsPath, AbsoluteIsBelowTheRoots) {
    EXPECT_EQ(paths_of("/kubepods/pod1"), "/c/memory/kubepods/pod1 /c/unified/kubepods/pod1");
    EXPECT_EQ(paths_of("//a/./b/../c//"), "/c/memory/a/c /c/unified/a/c");
}

TEST(CgroupsPath, RelativeIsBelowOurOwnOnV1AndBesideItOnV2) {
    EXPECT_EQ(paths_of("x/y"), "/c/memory/a/b/x/y /c/unified/s/x/y");
    EXPECT_EQ(paths_of("system.slice:docker:1"),
              "/c/memory/a/b/system.slice:docker:1 /c/unified/s/system.slice:docker:1");
}

TEST(CgroupsPath, AbsentIsTheId) {
    EXPECT_EQ(paths_of(""), "/c/memory/a/b/box /c/unified/s/box");
    Layout root = two_trees();
    for (Hierarchy& hierarchy : root.hierarchies) hierarchy.own = std::string("/");
    EXPECT_EQ(paths_of("", root), "/c/memory/box /c/unified/box");
}

TEST(CgroupsPath, RefusesWhatLeavesItsRoot) {
    for (const char* path : {"..", "/..", "/a/../../b", "a/../../b", "../sibling"})
        EXPECT_EQ(paths_of(path), "refused at /linux/cgroupsPath: leads out of its root") << path;
    for (const char* path : {"/", ".", "/a/..", "//"})
        EXPECT_EQ(paths_of(path), "refused at /linux/cgroupsPath: names the root itself") << path;
}

TEST(CgroupsPath, RefusesNamesThatTheKernelRefuses) {
    EXPECT_NE(paths_of("/a\nb").find("newline"), std::string::npos);
    EXPECT_NE(paths_of(std::string("/").append(256, 'a')).find("255"), std::string::npos);
    EXPECT_EQ(paths_of(std::string("/").append(255, 'a')).find("refused"), std::string::npos);
    std::string deep;
    for (int i = 0; i < 3000; ++i) deep += "/a";
    EXPECT_NE(paths_of(deep).find("4000"), std::string::npos);
}

TEST(CgroupsPath, SubCgroupStaysBelowTheContainer) {
    EXPECT_EQ(sub_cgroup_path("/c/x", "a/b").value(), "/c/x/a/b");
    EXPECT_EQ(sub_cgroup_path("/c/x", "/").value(), "/c/x");
    EXPECT_FALSE(sub_cgroup_path("/c/x", "../x-sibling"));
    EXPECT_EQ(sub_cgroup_path("/c/x", "-sibling").value(), "/c/x/-sibling");
}

}  // namespace
}  // namespace ocirt::cgroup
