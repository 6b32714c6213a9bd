// A container's own cgroup in its own hands: config-linux.md "Cgroup ownership", and crun's run.oci.delegate-cgroup.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/bundle.h"
#include "support/cgroup_host.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* owners = "cd /sys/fs/cgroup; stat -c %u . cgroup.procs cgroup.max.depth | xargs echo";

class CgroupOwnership : public ::testing::Test {
   protected:
    void SetUp() override {
        if (const std::string reason = why_not_like(CgroupHost::v2); !reason.empty())
            GTEST_SKIP() << "SKIP: " << reason;
        options({"nosuid", "noexec", "nodev"});
        bundle_.user(1000, 1000);
    }
    void options(const std::vector<std::string>& words) {
        bundle_.json("/mounts/" + std::to_string(bundle_.mounts() - 1) + "/options", words);
    }
    std::string run(const std::string& script, CgroupHost host = CgroupHost::v2) {
        bundle_.sh(script).write_config();
        const Finished finished =
            Process(on_host(host, bundle_.make_command({"run", "--bundle", bundle_.path(), bundle_.id()}))).wait();
        EXPECT_EQ(finished.status, 0) << finished.err << bundle_.log();
        return finished.out;
    }
    Bundle bundle_;
};

TEST_F(CgroupOwnership, IsTheUsersWhoMayWriteThere) {
    EXPECT_EQ(run(owners), "1000 1000 0\n");
    EXPECT_EQ(run("cd /sys/fs/cgroup; mkdir web && echo 0 > web/cgroup.procs && grep ^0: /proc/self/cgroup"),
              "0::/web\n");
    EXPECT_EQ(run("echo 1 2>&1 >/sys/fs/cgroup/cgroup.max.depth | grep -c denied"), "1\n");
}

TEST_F(CgroupOwnership, OfAMappedUserIsTheHostsWhoStandsForHim) {
    bundle_.namespace_path("user", "");
    for (const char* map : {"/linux/uidMappings", "/linux/gidMappings"})
        bundle_.json(map, {{{"containerID", 0}, {"hostID", 0}, {"size", 1}},
                           {{"containerID", 1}, {"hostID", 100001}, {"size", 65535}}});
    EXPECT_EQ(run(owners), "1000 1000 0\n");
}

TEST_F(CgroupOwnership, StaysWhereTheMountIsReadonly) {
    options({"ro"});
    EXPECT_EQ(run(owners), "0 0 0\n");
}

TEST_F(CgroupOwnership, StaysWhereTheContainerSeesTheHosts) {
    bundle_.without_namespace("cgroup");
    EXPECT_EQ(run(owners), "0 0 0\n");
}

TEST_F(CgroupOwnership, StaysWhereV1IsInUse) {
    if (const std::string reason = why_not_like(CgroupHost::v1); !reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
    EXPECT_EQ(run("stat -c %u /sys/fs/cgroup/*/cgroup.procs | sort -u", CgroupHost::as_it_is), "0\n");
}

class DelegatedCgroup : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: an annotation of crun's, which has it otherwise";
        if (const std::string reason = why_not_like(CgroupHost::v2); !reason.empty())
            GTEST_SKIP() << "SKIP: " << reason;
    }
    void delegate(const std::string& name) { bundle_.json("/annotations", {{"run.oci.delegate-cgroup", name}}); }
    Bundle bundle_;
};

TEST_F(DelegatedCgroup, IsBelowTheContainersOwn) {
    delegate("payload");
    bundle_.user(1000, 1000).sh("grep ^0: /proc/self/cgroup; >/dev/shm/told; while :; do sleep 1; done");
    ASSERT_TRUE(bundle_.launch());
    const std::string pid = std::to_string(bundle_.state()["pid"].get<int>());
    for (const CgroupMount& mount : cgroup_mounts()) {
        if (!mount.v2) continue;
        const fs::path below = mount.path / fs::path(bundle_.cgroups_path()).relative_path() / "payload";
        EXPECT_EQ(split_lines(read_file(below / "cgroup.procs")).at(0), pid);
        struct stat status{};
        EXPECT_EQ(::stat(below.c_str(), &status), 0);
        EXPECT_EQ(status.st_uid, 1000U);
    }
    EXPECT_EQ(bundle_.exec({"/bin/true"}).status, 0);
    EXPECT_TRUE(eventually([&] { return fs::exists("/proc/" + pid + "/root/dev/shm/told"); }));
    bundle_.kill("KILL");
    EXPECT_EQ(bundle_.output().out, "0::/payload\n");
}

TEST_F(DelegatedCgroup, WhatIsNoNameIsAWarning) {
    for (const char* name : {"..", "a/b", ""}) {
        delegate(name);
        const Finished finished = bundle_.sh("grep ^0: /proc/self/cgroup").run();
        EXPECT_EQ(finished.out, "0::/\n");
        EXPECT_TRUE((finished.err + bundle_.log()).contains("run.oci.delegate-cgroup: ignored: its value is not"))
            << finished.err << bundle_.log();
    }
}

}  // namespace
}  // namespace ocirt::test
