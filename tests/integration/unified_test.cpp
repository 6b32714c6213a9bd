// What only the v2 tree has.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

std::optional<CgroupMount> unified() {
    for (CgroupMount& mount : cgroup_mounts())
        if (mount.v2) return mount;
    return std::nullopt;
}

// Below one a new cgroup is "domain invalid": no process can be born there, nor moved in before it is threaded, too.
TEST(Unified, BelowAThreadedCgroup) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers do not enter one";
    const auto mount = unified();
    if (!mount) GTEST_SKIP() << "SKIP: this host has no v2 tree";
    const std::string above = "/" + cgroup_prefix() + "-threaded";
    const fs::path directory = mount->path / above.substr(1);
    fs::create_directories(directory);
    std::ofstream(directory / "cgroup.type") << "threaded";
    ASSERT_EQ(read_trimmed(directory / "cgroup.type"), "threaded");
    {
        Bundle bundle;
        bundle.json("/linux/cgroupsPath", above + "/one").without_namespace("cgroup").drop_mount();
        bundle.erase("/linux/resources");
        EXPECT_EQ(bundle.sh("grep ^0: /proc/self/cgroup").run().out, "0::" + above + "/one\n") << bundle.log();
        EXPECT_FALSE(fs::exists(directory / "one"));
    }
    for (const CgroupMount& each : cgroup_mounts()) remove_cgroups(each.path / above.substr(1));
}

// It cannot pass on all controllers; with some it would be the root of a threaded tree, and no place for anyone below.
TEST(Unified, ACgroupWithProcessesStaysADomain) {
    const auto pids = find_controller("pids");
    if (!pids || !pids->v2) GTEST_SKIP() << "SKIP: the pids controller is not in the v2 tree";
    const std::string above = "/" + cgroup_prefix() + "-occupied";
    const fs::path directory = pids->path / above.substr(1);
    fs::create_directories(directory);
    {
        Process sleeper({.args = {"/bin/sleep", "1000"}});
        std::ofstream(directory / "cgroup.procs") << sleeper.pid();
        Bundle bundle;
        bundle.json("/linux/cgroupsPath", above + "/one").json("/linux/resources/pids", {{"limit", 20}});
        const Finished finished = bundle.run();
        EXPECT_NE(finished.status, 0);
        EXPECT_TRUE(!runtime_is_ocirt() || finished.err.contains("/linux/resources/pids/limit")) << finished.err;
        EXPECT_EQ(read_trimmed(directory / "cgroup.type"), "domain");
        sleeper.signal(SIGKILL);
        (void)sleeper.wait();
    }
    remove_cgroups(directory);
}

// memory.oom.group: where one of its processes has to end, all of them do.
TEST(Unified, AnOomGroupEndsAsOne) {
    const auto memory = find_controller("memory");
    if (!memory || !memory->v2) GTEST_SKIP() << "SKIP: the memory controller is not in the v2 tree";
    const auto runs = [](const char* group) {
        Bundle bundle;
        bundle.json("/linux/resources/memory", {{"limit", 33554432}, {"swap", 33554432}});
        bundle.json("/linux/resources/unified", {{"memory.oom.group", group}});
        return bundle.sh("tail /dev/zero; echo $?").run();
    };
    EXPECT_EQ(runs("0").out, "137\n");
    const Finished together = runs("1");
    EXPECT_EQ(together.out, "");
    EXPECT_EQ(together.status, 137) << together.err;
}

}  // namespace
}  // namespace ocirt::test
