// /linux/resources and cgroupsPath: what the kernel's files say while the container stands.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

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

// v1's blkio is v2's io.
std::string name_here(const std::string& controller) {
    return controller == "blkio" && !find_controller("blkio") ? "io" : controller;
}

// Whether a cgroup of the controller has such a file on this kernel.
bool kernel_has(const CgroupMount& mount, const std::string& file) {
    const std::filesystem::path place = mount.path / (cgroup_prefix() + "-probe");
    std::filesystem::create_directory(place);
    const bool found = std::filesystem::exists(place / file);
    remove_cgroups(place);
    return found;
}

TEST_P(Resource, StandsInTheCgroup) {
    const ResourceCase& resource = GetParam();
    const std::string controller = name_here(resource.controller);
    const std::optional<CgroupMount> mount = find_controller(controller);
    if (!mount) GTEST_SKIP() << "SKIP: this host has no cgroup controller " << controller;
    const char* file = mount->v2 ? resource.v2_file : resource.v1_file;
    if (file == nullptr) GTEST_SKIP() << "SKIP: not a setting of this cgroup version: " << resource.pointer;
    // v2 has another file for what only the BFQ scheduler brings.
    if (!mount->v2 && !kernel_has(*mount, file)) GTEST_SKIP() << "SKIP: this kernel has no " << file;
    Bundle bundle;
    bundle.json(std::string("/linux/resources") + resource.pointer, resource.value);
    const Finished created = bundle.args({"/bin/sleep", "100"}).create();
    ASSERT_EQ(created.status, 0) << created.err << bundle.log();
    const std::string found = bundle.cgroup_file(controller, file);
    // Without the BFQ scheduler v2 has a weight of another range.
    if (file == std::string("io.bfq.weight") && found.empty())
        EXPECT_EQ(bundle.cgroup_file(controller, "io.weight"), "default 2930");
    else
        EXPECT_EQ(found, mount->v2 ? resource.v2_text : resource.v1_text);
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
        ResourceCase{"/memory",
                     {{"limit", 33554432}, {"swap", 67108864}},
                     "memory",
                     "memory.memsw.limit_in_bytes",
                     "67108864",
                     "memory.swap.max",
                     "33554432"},
        ResourceCase{"/memory", {{"swappiness", 7}}, "memory", "memory.swappiness", "7", nullptr, nullptr},
        ResourceCase{"/memory",
                     {{"kernelTCP", 16777216}},
                     "memory",
                     "memory.kmem.tcp.limit_in_bytes",
                     "16777216",
                     nullptr,
                     nullptr},
        ResourceCase{"/memory",
                     {{"disableOOMKiller", true}},
                     "memory",
                     "memory.oom_control",
                     "oom_kill_disable 1\nunder_oom 0\noom_kill 0",
                     nullptr,
                     nullptr},
        ResourceCase{"/cpu", {{"shares", 512}}, "cpu", "cpu.shares", "512", "cpu.weight", "59"},
        ResourceCase{"/cpu",
                     {{"quota", 50000}, {"period", 100000}},
                     "cpu",
                     "cpu.cfs_quota_us",
                     "50000",
                     "cpu.max",
                     "50000 100000"},
        ResourceCase{"/cpu", {{"period", 200000}}, "cpu", "cpu.cfs_period_us", "200000", "cpu.max", "max 200000"},
        ResourceCase{"/cpu",
                     {{"quota", 50000}, {"period", 100000}, {"burst", 20000}},
                     "cpu",
                     "cpu.cfs_burst_us",
                     "20000",
                     "cpu.max.burst",
                     "20000"},
        ResourceCase{"/cpu", {{"idle", 1}}, "cpu", "cpu.idle", "1", "cpu.idle", "1"},
        ResourceCase{"/cpu", {{"realtimePeriod", 500000}}, "cpu", "cpu.rt_period_us", "500000", nullptr, nullptr},
        ResourceCase{"/cpu", {{"cpus", "0"}}, "cpuset", "cpuset.cpus", "0", "cpuset.cpus", "0"},
        ResourceCase{"/cpu", {{"mems", "0"}}, "cpuset", "cpuset.mems", "0", "cpuset.mems", "0"},
        ResourceCase{"/pids", {{"limit", 77}}, "pids", "pids.max", "77", "pids.max", "77"},
        ResourceCase{"/pids", {{"limit", -1}}, "pids", "pids.max", "max", "pids.max", "max"},
        ResourceCase{"/blockIO", {{"weight", 300}}, "blkio", "blkio.bfq.weight", "300", "io.bfq.weight", "default 300"},
        ResourceCase{"/hugepageLimits", Json::array({{{"pageSize", "2MB"}, {"limit", 4194304}}}), "hugetlb",
                     "hugetlb.2MB.limit_in_bytes", "4194304", "hugetlb.2MB.max", "4194304"},
        ResourceCase{"/network", {{"classID", 1048577}}, "net_cls", "net_cls.classid", "1048577", nullptr, nullptr}));

// The kernel gives no real-time budget to a cgroup whose parent has none.
TEST(Resource, RealtimeRuntimeOfTheParentsBudget) {
    const std::optional<CgroupMount> cpu = find_controller("cpu");
    if (!cpu || cpu->v2) GTEST_SKIP() << "SKIP: a setting of cgroup v1";
    const std::filesystem::path parent = cpu->path / cgroup_prefix() / "realtime";
    std::filesystem::create_directories(parent);
    for (const std::filesystem::path& place : {parent.parent_path(), parent}) {
        if (!std::filesystem::exists(place / "cpu.rt_runtime_us")) GTEST_SKIP() << "SKIP: no real-time cgroups here";
        std::ofstream(place / "cpu.rt_runtime_us") << 20000;
    }
    Bundle bundle;
    bundle.json("/linux/cgroupsPath", "/" + cgroup_prefix() + "/realtime/in");
    bundle.json("/linux/resources/cpu", {{"realtimePeriod", 500000}, {"realtimeRuntime", 7000}});
    const Finished created = bundle.args({"/bin/sleep", "100"}).create();
    EXPECT_EQ(created.status, 0) << created.err;
    EXPECT_EQ(read_trimmed(parent / "in/cpu.rt_runtime_us"), "7000");
    EXPECT_EQ(read_trimmed(parent / "in/cpu.rt_period_us"), "500000");
    EXPECT_EQ(bundle.remove(true).status, 0);
    std::filesystem::remove(parent);
    std::ofstream(parent.parent_path() / "cpu.rt_runtime_us") << 0;
}

// "254:0" of a whole disk; empty where there is none.
std::string some_disk() {
    std::error_code error;
    for (const auto& disk : std::filesystem::directory_iterator("/sys/block", error))
        if (read_trimmed(disk.path() / "size") != "0") return read_trimmed(disk.path() / "dev");
    return {};
}

TEST(Resource, ThrottlesStandInTheCgroup) {
    const std::string disk = some_disk();
    const std::optional<CgroupMount> mount = find_controller(name_here("blkio"));
    if (!mount || disk.empty()) GTEST_SKIP() << "SKIP: this host has no disk, or no cgroup controller blkio or io";
    const Json number = {{"major", std::stoi(disk)}, {"minor", std::stoi(disk.substr(disk.find(':') + 1))}};
    const auto limit = [&number](int rate) {
        Json device = number;
        device["rate"] = rate;
        return Json::array({device});
    };
    Bundle bundle;
    bundle.json("/linux/resources/blockIO", {{"throttleReadBpsDevice", limit(1048576)},
                                             {"throttleWriteBpsDevice", limit(2097152)},
                                             {"throttleReadIOPSDevice", limit(300)},
                                             {"throttleWriteIOPSDevice", limit(400)}});
    const Finished created = bundle.args({"/bin/sleep", "100"}).create();
    ASSERT_EQ(created.status, 0) << created.err;
    if (mount->v2) {
        EXPECT_EQ(bundle.cgroup_file("io", "io.max"), disk + " rbps=1048576 wbps=2097152 riops=300 wiops=400");
        return;
    }
    EXPECT_EQ(bundle.cgroup_file("blkio", "blkio.throttle.read_bps_device"), disk + " 1048576");
    EXPECT_EQ(bundle.cgroup_file("blkio", "blkio.throttle.write_bps_device"), disk + " 2097152");
    EXPECT_EQ(bundle.cgroup_file("blkio", "blkio.throttle.read_iops_device"), disk + " 300");
    EXPECT_EQ(bundle.cgroup_file("blkio", "blkio.throttle.write_iops_device"), disk + " 400");
}

// Only a disk that the BFQ scheduler serves has one.
TEST(Resource, TheWeightOfADiskStandsOrIsRefused) {
    const std::string disk = some_disk();
    const std::optional<CgroupMount> mount = find_controller(name_here("blkio"));
    if (!mount || disk.empty()) GTEST_SKIP() << "SKIP: this host has no disk, or no cgroup controller blkio or io";
    Bundle bundle;
    bundle.json(
        "/linux/resources/blockIO/weightDevice",
        Json::array(
            {{{"major", std::stoi(disk)}, {"minor", std::stoi(disk.substr(disk.find(':') + 1))}, {"weight", 200}}}));
    const Finished created = bundle.args({"/bin/sleep", "100"}).create();
    if (created.status == 0) {
        const std::string file = mount->v2 ? bundle.cgroup_file("io", "io.bfq.weight")
                                           : bundle.cgroup_file("blkio", "blkio.bfq.weight_device");
        EXPECT_TRUE(file.contains(disk + " 200")) << file;
    } else if (runtime_is_ocirt()) {
        EXPECT_TRUE(created.err.contains("/linux/resources/blockIO/weightDevice/0")) << created.err;
        EXPECT_TRUE(created.err.contains("weights need the BFQ scheduler")) << created.err;
    }
}

TEST(Resource, UnifiedIsFilesOfTheV2Tree) {
    if (!runtime_is_ocirt() && find_controller("devices")) GTEST_SKIP() << "SKIP: runc writes no v2 files on a v1 host";
    Bundle bundle;
    bundle.json("/linux/resources/unified", {{"cgroup.max.depth", "3"}, {"cgroup.max.descendants", "7"}});
    const Finished created = bundle.args({"/bin/sleep", "100"}).create();
    for (const CgroupMount& mount : cgroup_mounts()) {
        if (!mount.v2) continue;
        EXPECT_EQ(created.status, 0) << created.err;
        const std::filesystem::path place = mount.path / bundle.cgroups_path().substr(1);
        EXPECT_EQ(read_trimmed(place / "cgroup.max.depth"), "3");
        EXPECT_EQ(read_trimmed(place / "cgroup.max.descendants"), "7");
        return;
    }
    EXPECT_TRUE(created.err.contains("this host has no cgroup v2 tree")) << created.err;
}

// What the kernel has no file for is refused with the field's name; what it does by itself, or no more, is said.
TEST(Resource, WhatTheKernelLacksIsNamed) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers ignore some of them";
    const struct {
        const char* pointer;
        Json value;
        const char* controller;
    } table[] = {
        {"/network/classID", 5, "net_cls"},
        {"/network/priorities", Json::array({{{"name", "lo"}, {"priority", 5}}}), "net_prio"},
        {"/rdma", {{"mlx5_1", {{"hcaHandles", 3}, {"hcaObjects", 100}}}}, "rdma"},
    };
    for (const auto& row : table) {
        if (find_controller(row.controller)) continue;
        Bundle bundle;
        const Finished created = bundle.json(std::string("/linux/resources") + row.pointer, row.value).create();
        EXPECT_EQ(created.status, 1) << row.pointer;
        EXPECT_TRUE(created.err.contains(std::string("/linux/resources") + row.pointer)) << created.err;
        EXPECT_TRUE(created.err.contains(std::string("controller ") + row.controller + " is not available"))
            << created.err;
    }
    if (const auto blkio = find_controller(name_here("blkio"))) {
        Bundle bundle;
        const Finished created = bundle.json("/linux/resources/blockIO", {{"leafWeight", 300}}).create();
        EXPECT_EQ(created.status, 1);
        EXPECT_TRUE(created.err.contains("/linux/resources/blockIO/leafWeight")) << created.err;
        EXPECT_TRUE(created.err.contains(blkio->v2 ? "cgroup v2 has no such setting" : "Linux 5.0")) << created.err;
    }
}

TEST(Resource, WhatTheKernelDoesNoMoreIsAWarning) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the words are ocirt's";
    Bundle bundle;
    bundle.json("/linux/resources/memory", {{"kernel", 33554432}, {"useHierarchy", false}});
    const Finished finished = bundle.sh("echo in").run();
    EXPECT_EQ(finished.out, "in\n") << finished.err;
    EXPECT_TRUE(bundle.log().contains("/linux/resources/memory/kernel")) << bundle.log();
    EXPECT_TRUE(bundle.log().contains("/linux/resources/memory/useHierarchy")) << bundle.log();
}

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

// Before 1.3 a config that spoke of pids had to have a limit.
TEST(Cgroup, ZeroPidsOfAnOldConfigAreNoLimit) {
    if (!find_controller("pids")) GTEST_SKIP() << "SKIP: this host has no cgroup controller pids";
    Bundle bundle;
    bundle.json("/ociVersion", "1.2.1").json("/linux/resources/pids", {{"limit", 0}});
    EXPECT_EQ(bundle.sh("echo $(echo forked)").run().out, "forked\n");
}

TEST(Cgroup, ZeroPidsAreALimit) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers are of an earlier specification";
    if (!find_controller("pids")) GTEST_SKIP() << "SKIP: this host has no cgroup controller pids";
    Bundle bundle;
    bundle.json("/ociVersion", "1.3.0").json("/linux/resources/pids", {{"limit", 0}});
    const Finished finished = bundle.sh("echo began; echo $(echo forked)").run();
    EXPECT_EQ(finished.out, "began\n") << finished.err;
}

TEST(Cgroup, ThePidsLimitHolds) {
    if (!find_controller("pids")) GTEST_SKIP() << "SKIP: this host has no cgroup controller pids";
    Bundle bundle;
    bundle.json("/linux/resources/pids", {{"limit", 3}});
    const Finished finished = bundle.sh("sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait").run();
    EXPECT_TRUE(finished.err.contains("fork")) << finished.err;
}

// What a runtime leaves behind in the container's cgroup is charged to it: here most of it is the kernel's own, for the
// namespaces and mounts.
TEST(Cgroup, IsChargedLittleBeforeTheProgram) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers need more";
    const std::optional<CgroupMount> memory = find_controller("memory");
    if (!memory || !memory->v2) GTEST_SKIP() << "SKIP: only cgroup v2 tells what is used and not only set aside";
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create().status, 0) << bundle.log();
    std::istringstream stat(bundle.cgroup_file("memory", "memory.stat"));
    std::map<std::string, std::uint64_t> bytes;
    std::uint64_t value = 0;
    for (std::string name; stat >> name >> value;) bytes[name] = value;
    EXPECT_GT(bytes.at("kernel"), 0U);
    EXPECT_LT(bytes.at("anon") + bytes.at("file") + bytes.at("kernel"), 262'144U);
}

// So that a start fits into a small limit. Linux sets memory aside for a cgroup, up to 256 KiB on each processor that
// it has been on, and asks the others for theirs without waiting for it: where they are busy it kills at half the
// limit. That a start meets this each time is not to be seen.
TEST(Cgroup, StartsUnder512KiB) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers need more";
    constexpr int killed = 137;
    constexpr int attempts = 5;
    for (int i = 0; i < 20; ++i) {
        Bundle bundle;
        bundle.json("/linux/resources/memory", {{"limit", 524288}}).sh("exit 0");
        Finished finished = bundle.run();
        for (int attempt = 1; finished.status == killed && attempt < attempts; ++attempt) finished = bundle.run();
        EXPECT_EQ(finished.status, 0) << "start " << i << ": " << finished.err;
    }
}

}  // namespace
}  // namespace ocirt::test
