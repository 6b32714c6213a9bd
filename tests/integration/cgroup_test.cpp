// /linux/resources and cgroupsPath: what the kernel's files say while the container stands.
#include <gtest/gtest.h>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

// A value of /linux/resources and the file that shows it, on v1 and on v2.
struct ResourceCase {
    const char* pointer;
    Json value;
    const char* controller;
    const char* v1_file;
    const char* v1_text;
    const char* v2_file;
    const char* v2_text;
};
void PrintTo(const ResourceCase& resource, std::ostream* stream) { *stream << resource.pointer; }

class Resource : public ::testing::TestWithParam<ResourceCase> {};

TEST_P(Resource, StandsInTheCgroup) {
    const ResourceCase& resource = GetParam();
    const std::optional<CgroupMount> mount = find_controller(resource.controller);
    if (!mount) GTEST_SKIP() << "SKIP: this host has no cgroup controller " << resource.controller;
    const char* file = mount->v2 ? resource.v2_file : resource.v1_file;
    if (file == nullptr) GTEST_SKIP() << "SKIP: not a setting of this cgroup version: " << resource.pointer;
    Bundle bundle;
    bundle.json(std::string("/linux/resources") + resource.pointer, resource.value);
    const Finished created = bundle.args({"/bin/sleep", "100"}).create();
    ASSERT_EQ(created.status, 0) << created.err << bundle.log();
    EXPECT_EQ(bundle.cgroup_file(resource.controller, file), mount->v2 ? resource.v2_text : resource.v1_text);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Resource,
    ::testing::Values(
        ResourceCase{
            "/memory", {{"limit", 33554432}}, "memory", "memory.limit_in_bytes", "33554432", "memory.max", "33554432"},
        ResourceCase{"/memory",
                     {{"reservation", 16777216}},
                     "memory",
                     "memory.soft_limit_in_bytes",
                     "16777216",
                     "memory.low",
                     "16777216"},
        ResourceCase{
            "/memory", {{"limit", -1}}, "memory", "memory.limit_in_bytes", "9223372036854771712", "memory.max", "max"},
        ResourceCase{"/memory", {{"swappiness", 7}}, "memory", "memory.swappiness", "7", nullptr, nullptr},
        ResourceCase{"/cpu", {{"shares", 512}}, "cpu", "cpu.shares", "512", "cpu.weight", "59"},
        ResourceCase{"/cpu",
                     {{"quota", 50000}, {"period", 100000}},
                     "cpu",
                     "cpu.cfs_quota_us",
                     "50000",
                     "cpu.max",
                     "50000 100000"},
        ResourceCase{"/cpu", {{"period", 200000}}, "cpu", "cpu.cfs_period_us", "200000", "cpu.max", "max 200000"},
        ResourceCase{"/cpu", {{"cpus", "0"}}, "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"},
        ResourceCase{"/cpu", {{"mems", "0"}}, "cpuset", "cpuset.mems", "0", "cpuset.mems", "0"},
        ResourceCase{"/pids", {{"limit", 77}}, "pids", "pids.max", "77", "pids.max", "77"},
        ResourceCase{"/pids", {{"limit", -1}}, "pids", "pids.max", "max", "pids.max", "max"},
        ResourceCase{"/network", {{"classID", 1048577}}, "net_cls", "net_cls.classid", "1048577", nullptr, nullptr}));

TEST(Cgroup, TheProcessIsInEveryHierarchy) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create().status, 0);
    const std::string pid = std::to_string(bundle.state()["pid"].get<int>());
    for (const CgroupMount& mount : cgroup_mounts()) {
        if (mount.v2 && !mount.controllers.empty()) continue;  // a hybrid's: where runtimes differ
        EXPECT_EQ(read_trimmed(mount.path / bundle.cgroups_path().substr(1) / "cgroup.procs"), pid) << mount.path;
    }
}

TEST(Cgroup, AreRemovedWithTheContainer) {
    Bundle bundle;
    ASSERT_EQ(bundle.run().status, 0);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

TEST(Cgroup, ADefaultPathWhenNoneIsGiven) {
    Bundle bundle;
    // An id that no other run of the tests uses: it is in the default path.
    bundle.id(cgroup_prefix() + "-default").erase("/linux/cgroupsPath").sh("echo in");
    EXPECT_EQ(bundle.run().out, "in\n");
    for (const CgroupMount& mount : cgroup_mounts())
        EXPECT_FALSE(std::filesystem::exists(mount.path / bundle.id())) << mount.path;
}

TEST(Cgroup, APathMustNotLeaveItsRoot) {
    ASSERT_EQ(Bundle().sh("echo in").run().out, "in\n");  // nothing else is wrong
    Bundle bundle;
    bundle.json("/linux/cgroupsPath", "/../../" + cgroup_prefix() + "-outside").run();
    for (const CgroupMount& mount : cgroup_mounts())
        EXPECT_FALSE(std::filesystem::exists(mount.path.parent_path() / (cgroup_prefix() + "-outside")));
}

// Podman's --cgroups=disabled.
TEST(Cgroup, WithoutOneTheHostsAreShownReadOnly) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc has no such option, and crun refuses hybrid hosts";
    Bundle bundle;
    bundle.global_option("--cgroup-manager").global_option("disabled").without_namespace("cgroup");
    const std::vector<std::string> shown = split_lines(bundle.sh("grep ' /sys/fs/cgroup' /proc/mounts").run().out);
    EXPECT_NE(shown.size(), 0U);
    for (const std::string& mount : shown) EXPECT_TRUE(mount.contains(" ro,")) << mount;
}

TEST(Cgroup, TheMemoryLimitKills) {
    if (!find_controller("memory")) GTEST_SKIP() << "SKIP: this host has no cgroup controller memory";
    Bundle bundle;
    bundle.json("/linux/resources/memory", {{"limit", 16777216}, {"swap", 16777216}});
    bundle.mount({.destination = "/big", .type = "tmpfs", .source = "tmpfs", .options = {"size=100m"}});
    const Finished finished =
        bundle.sh("echo begin; dd if=/dev/zero of=/big/file bs=1M count=64 2>/dev/null && echo all of it").run();
    EXPECT_EQ(finished.out, "begin\n") << finished.err;
}

TEST(Cgroup, ThePidsLimitHolds) {
    if (!find_controller("pids")) GTEST_SKIP() << "SKIP: this host has no cgroup controller pids";
    Bundle bundle;
    bundle.json("/linux/resources/pids", {{"limit", 3}});
    const Finished finished = bundle.sh("sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait").run();
    EXPECT_TRUE(finished.err.contains("fork")) << finished.err;
}

// A start must fit into a small limit: what a runtime leaves behind in the container's cgroup is charged to it.
TEST(Cgroup, StartsUnder512KiB) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers need more";
    for (int i = 0; i < 20; ++i) {
        Bundle bundle;
        bundle.json("/linux/resources/memory", {{"limit", 524288}});
        const Finished finished = bundle.sh("exit 0").run();
        EXPECT_EQ(finished.status, 0) << "start " << i << ": " << finished.err;
    }
}

}  // namespace
}  // namespace ocirt::test
