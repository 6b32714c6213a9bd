// /linux/namespaces, hostname, domainname, sysctl, user namespaces: new ones and ones by path.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

std::string link_of(const std::string& path) {
    std::error_code error;
    return std::filesystem::read_symlink(path, error).string();
}

TEST(Namespaces, TheNewOnesAreNew) {
    Bundle bundle;
    const std::string out =
        bundle.sh("for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done").run().out;
    const std::vector<std::string> inside = split_lines(out);
    ASSERT_EQ(inside.size(), 6U) << out;
    const char* const names[] = {"pid", "net", "ipc", "uts", "mnt", "cgroup"};
    for (std::size_t i = 0; i < inside.size(); ++i)
        EXPECT_NE(inside[i], link_of(std::string("/proc/self/ns/") + names[i]));
}

TEST(Namespaces, OnesThatAreNotListedAreTheRuntimes) {
    Bundle bundle;
    bundle.without_namespace("network").without_namespace("ipc").without_namespace("cgroup");
    const std::vector<std::string> inside =
        split_lines(bundle.sh("for n in net ipc cgroup; do readlink /proc/self/ns/$n; done").run().out);
    EXPECT_EQ(inside, (std::vector<std::string>{link_of("/proc/self/ns/net"), link_of("/proc/self/ns/ipc"),
                                                link_of("/proc/self/ns/cgroup")}));
}

TEST(Namespaces, HostnameAndDomainname) {
    Bundle bundle;
    bundle.json("/hostname", "web-1").sh("hostname; cat /proc/sys/kernel/domainname");
    if (!runtime_is_ocirt()) {  // runc 1.1.5 does not know domainname
        EXPECT_EQ(bundle.run().out, "web-1\n(none)\n");
        return;
    }
    EXPECT_EQ(bundle.json("/domainname", "example.org").run().out, "web-1\nexample.org\n");
}

TEST(Namespaces, TheLoopbackIsUp) {
    Bundle bundle;
    EXPECT_TRUE(bundle.sh("ip -o link show lo").run().out.contains("LOOPBACK,UP"));
}

TEST(Namespaces, CgroupNamespaceBeginsAtTheContainer) {
    Bundle bundle;
    const std::string out = bundle.sh("cat /proc/self/cgroup").run().out;
    EXPECT_FALSE(out.contains(cgroup_prefix())) << out;
    EXPECT_TRUE(out.contains("memory:/\n") || out.contains("0::/\n")) << out;
}

class JoinByPath : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// A first container lends its namespace to a second one.
TEST_P(JoinByPath, IsTheSame) {
    const auto [type, file] = GetParam();
    if (std::string(type) == "time" && !runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 has no time namespaces";
    Bundle first;
    first.namespace_path(type, "").sh("readlink /proc/self/ns/" + std::string(file) + "; sleep 100");
    ASSERT_EQ(first.create().status, 0);
    const std::string path = "/proc/" + std::to_string(first.state()["pid"].get<int>()) + "/ns/" + file;
    Bundle second;
    second.namespace_path(type, path).sh("readlink /proc/self/ns/" + std::string(file));
    if (std::string(type) == "uts") second.erase("/hostname");
    const Finished finished = second.run();
    EXPECT_EQ(finished.out, link_of(path) + "\n") << finished.err;
    first.remove(true);  // the second shares what it would leave
}

INSTANTIATE_TEST_SUITE_P(Kinds, JoinByPath,
                         ::testing::Values(std::pair{"network", "net"}, std::pair{"ipc", "ipc"},
                                           std::pair{"uts", "uts"}, std::pair{"pid", "pid"},
                                           std::pair{"cgroup", "cgroup"}, std::pair{"time", "time"}));

// Of these kinds the second needs something more: a mapped root that may use the first's, or a program that holds it.
TEST(JoinByPath, OfAUserNamespaceIsTheSame) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc cannot mount the host's mqueue in one";
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    Bundle first;
    first.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    ASSERT_EQ(first.sh("sleep 100").create().status, 0);
    const std::string path = "/proc/" + std::to_string(first.state()["pid"].get<int>()) + "/ns/user";
    Bundle second;
    second.namespace_path("user", path).sh("readlink /proc/self/ns/user");
    const Finished finished = second.run();
    EXPECT_EQ(finished.out, link_of(path) + "\n") << finished.err;
}

TEST(JoinByPath, OfAMountNamespaceIsTheSame) {
    Process holder({.args = {"/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
                             "echo ready; exec sleep 100"}});
    ASSERT_TRUE(holder.wait_for("ready"));
    const std::string path = "/proc/" + std::to_string(holder.pid()) + "/ns/mnt";
    Bundle bundle;
    bundle.namespace_path("mount", path).sh("readlink /proc/self/ns/mnt");
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.out, link_of(path) + "\n") << finished.err;
}

// Its processes, not the host's; and the program leads its session there as anywhere.
TEST(Namespaces, ProcShowsTheJoinedPidNamespace) {
    Bundle first;
    ASSERT_EQ(first.sh("sleep 100").create().status, 0);
    Bundle second;
    second.namespace_path("pid", "/proc/" + std::to_string(first.state()["pid"].get<int>()) + "/ns/pid");
    second.sh("test -e /proc/" + std::to_string(::getpid()) +
              " && echo the host; test -e /proc/1 && test \"$(cut -d' ' -f6 /proc/$$/stat)\" = $$ && echo leader");
    const Finished finished = second.run();
    EXPECT_EQ(finished.out, "leader\n") << finished.err;
    first.remove(true);
}

TEST(Namespaces, APathOfAnotherKindIsRefused) {
    Bundle bundle;
    EXPECT_NE(bundle.namespace_path("network", "/proc/self/ns/ipc").run().status, 0);
    Bundle missing;
    EXPECT_NE(missing.namespace_path("network", "/run/no-such-namespace").run().status, 0);
}

TEST(Namespaces, TwoOfOneKindAreRefused) {
    Bundle bundle;
    const Finished finished = bundle.json("/linux/namespaces/-", {{"type", "pid"}}).run();
    EXPECT_NE(finished.status, 0);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

TEST(UserNamespace, MapsAndRootInside) {
    Bundle bundle;
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    std::filesystem::permissions(bundle.rootfs() / "tmp", std::filesystem::perms(01777));
    const Finished finished =
        bundle.sh("id -u; cat /proc/self/uid_map | tr -s ' '; echo x > /tmp/owned; grep CapEff /proc/self/status")
            .run();
    EXPECT_TRUE(finished.out.starts_with("0\n 0 100000 65536\n")) << finished.out << finished.err << bundle.log();
    EXPECT_TRUE(finished.out.contains("0000000020000420")) << finished.out;
    struct stat status{};
    ASSERT_EQ(::stat((bundle.rootfs() / "tmp/owned").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 100000U);
}

TEST(UserNamespace, AnotherUserInside) {
    Bundle bundle;
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    const Finished finished = bundle.user(1000, 1000).sh("id -u; id -g; cat /proc/self/setgroups").run();
    EXPECT_EQ(finished.out, "1000\n1000\nallow\n") << finished.err << bundle.log();
}

// Each of several maps has ids of its own; between them there is nobody.
TEST(UserNamespace, SeveralMaps) {
    Bundle bundle;
    bundle.namespace_path("user", "")
        .json("/linux/uidMappings", {{{"containerID", 0}, {"hostID", 100000}, {"size", 10}},
                                     {{"containerID", 10}, {"hostID", 300000}, {"size", 1}},
                                     {{"containerID", 1000}, {"hostID", 200000}, {"size", 5}}})
        .json("/linux/gidMappings", {{{"containerID", 0}, {"hostID", 100000}, {"size", 1}},
                                     {{"containerID", 5}, {"hostID", 400000}, {"size", 2000}}});
    std::filesystem::permissions(bundle.rootfs() / "tmp", std::filesystem::perms(01777));
    const Finished finished = bundle.user(1003, 1001)
                                  .sh("cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; echo x > /tmp/owned; "
                                      "stat -c '%u %g' /tmp/owned")
                                  .run();
    EXPECT_EQ(finished.out, " 0 100000 10\n 10 300000 1\n 1000 200000 5\n 0 100000 1\n 5 400000 2000\n1003 1001\n")
        << finished.err << bundle.log();
    struct stat status{};
    ASSERT_EQ(::stat((bundle.rootfs() / "tmp/owned").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 200003U);
    EXPECT_EQ(status.st_gid, 400996U);
}

TEST(TimeNamespace, BothClocksToTheNanosecond) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 has no time namespaces";
    Bundle bundle;
    bundle.namespace_path("time", "")
        .json("/linux/timeOffsets", {{"boottime", {{"secs", 1000000}, {"nanosecs", 5}}},
                                     {"monotonic", {{"secs", -1}, {"nanosecs", 999999999}}}});
    const Finished finished = bundle.sh("tr -s ' ' < /proc/self/timens_offsets").run();
    EXPECT_EQ(finished.out, "monotonic -1 999999999\nboottime 1000000 5\n") << finished.err;
}

TEST(TimeNamespace, Offsets) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 has no time namespaces";
    Bundle bundle;
    bundle.namespace_path("time", "").json("/linux/timeOffsets", {{"boottime", {{"secs", 1000000}, {"nanosecs", 0}}}});
    const Finished finished = bundle.sh("cut -d. -f1 /proc/uptime").run();
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_GE(std::stol(finished.out), 1000000);
}

TEST(Sysctl, IsWrittenInTheNamespaces) {
    Bundle bundle;
    bundle.json("/linux/sysctl", {{"net.ipv4.ip_forward", "1"}, {"kernel.shm_rmid_forced", "1"}});
    EXPECT_EQ(bundle.sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced").run().out, "1\n1\n");
}

TEST(Sysctl, TheHostsAreRefused) {
    for (const char* name : {"kernel.core_pattern", "net.ipv4/../../kernel/core_pattern", "vm.swappiness"}) {
        Bundle bundle;
        const std::string before = read_file("/proc/sys/kernel/core_pattern");
        EXPECT_NE(bundle.json("/linux/sysctl", {{name, "1"}}).run().status, 0) << name;
        EXPECT_EQ(read_file("/proc/sys/kernel/core_pattern"), before);
    }
    Bundle shared;  // net.* is the host's when the network namespace is
    EXPECT_NE(shared.without_namespace("network").json("/linux/sysctl", {{"net.ipv4.ip_forward", "1"}}).run().status,
              0);
}

}  // namespace
}  // namespace ocirt::test
