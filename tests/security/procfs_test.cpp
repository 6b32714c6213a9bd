// Threats B: procfs, sysctls, masked and read-only paths.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "security/attack.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

// ---- B1: something else on /proc -----------------------------------------------------------------------------------

class B1 : public ::testing::TestWithParam<MountSpec> {};

TEST_P(B1, AFalseProcIsRefused) {
    Bundle bundle;
    const Decoy decoy(bundle);
    MountSpec mount = GetParam();
    if (mount.source == "@") mount.source = decoy.path();
    bundle.mount(mount).args({"/bin/true"});
    EXPECT_EQ(bundle.run().status, 1);
    without_mount(bundle, "/proc");
    EXPECT_EQ(bundle.mount(mount).run().status, 1) << "alone";
}

INSTANTIATE_TEST_SUITE_P(Mounts, B1,
                         ::testing::Values(MountSpec{"/proc", "tmpfs", "tmpfs"},
                                           MountSpec{"/proc", "bind", "@", {"bind"}},
                                           MountSpec{"/proc/", "bind", "@", {"rbind"}},
                                           MountSpec{"/x/../proc", "tmpfs", "tmpfs"},
                                           MountSpec{"//proc//.", "sysfs", "sysfs"}));

TEST(B1, ControlCrunTakesATmpfs) {
    Bundle bundle;
    bundle.mount({"/proc", "tmpfs", "tmpfs"}).args({"/bin/true"}).erase("/linux/maskedPaths");
    bundle.erase("/linux/readonlyPaths");
    const std::optional<Finished> finished = run_on_peer(bundle, "crun");
    NEEDS_PEER(finished, "crun");
    EXPECT_EQ(finished->status, 0) << finished->err;
}

// ---- B2: /proc or /sys is a link -----------------------------------------------------------------------------------

TEST(B2, LinksAtProcAndSysAreRefused) {
    for (const char* name : {"/proc", "/sys"})
        for (const char* target : {"/bad", "bad", "/", "..", "/none"}) {
            Bundle bundle;
            bundle.directory("/bad").symlink(target, name).args({"/bin/true"});
            const Finished finished = bundle.run();
            EXPECT_EQ(finished.status, 1) << name << " -> " << target;
            expect_clean(finished);
        }
}

// ---- B3: a false null device as the mask ---------------------------------------------------------------------------

enum class FalseNull { link_to_decoy, link_to_masked, file, other_device };

void with_false_null(Bundle& bundle, Decoy& decoy, FalseNull kind) {
    without_dev_mount(bundle);
    decoy.file("content", "not masked\n");
    fs::create_directories(bundle.rootfs() / "data");
    bundle.file("/decoy", "not masked\n");
    switch (kind) {
        case FalseNull::link_to_decoy: bundle.symlink("/decoy", "/dev/null"); break;
        case FalseNull::link_to_masked: bundle.symlink("/proc/version", "/dev/null"); break;
        case FalseNull::file: bundle.file("/dev/null", "not masked\n"); break;
        case FalseNull::other_device:
            ::mknod((bundle.rootfs() / "dev/null").c_str(), S_IFCHR | 0666, static_cast<dev_t>(1 << 8 | 5));
            break;
    }
    // Told by a file: with a false null device stdout is not to be believed.
    bundle.json("/linux/maskedPaths", {"/proc/version"}).sh("head -c 100 /proc/version > /data/out");
}

class B3 : public ::testing::TestWithParam<FalseNull> {};

TEST_P(B3, MaskedIsEmptyOrRefused) {
    Bundle bundle;
    Decoy decoy(bundle);
    with_false_null(bundle, decoy, GetParam());
    const Finished finished = bundle.run();
    expect_clean(finished);
    EXPECT_EQ(read_file(bundle.rootfs() / "data/out"), "");
    EXPECT_EQ(decoy.changes(), Strings{});
}

INSTANTIATE_TEST_SUITE_P(Kinds, B3,
                         ::testing::Values(FalseNull::link_to_decoy, FalseNull::link_to_masked, FalseNull::file,
                                           FalseNull::other_device));

// With a true one the mask works: the tests above do not pass for lack of a mask.
TEST(B3, MaskedIsEmpty) {
    Bundle bundle;
    bundle.directory("/data").json("/linux/maskedPaths", {"/proc/version"}).sh("head -c 100 /proc/version > /data/out");
    EXPECT_EQ(bundle.run().status, 0);
    EXPECT_EQ(read_file(bundle.rootfs() / "data/out"), "");
    bundle.json("/linux/maskedPaths", Json::array());
    EXPECT_EQ(bundle.run().status, 0);
    EXPECT_NE(read_file(bundle.rootfs() / "data/out"), "");
}

TEST(B3, ControlFiresOnRunc) {
    Bundle bundle;
    Decoy decoy(bundle);
    with_false_null(bundle, decoy, FalseNull::link_to_decoy);
    NEEDS_PEER(run_on_peer(bundle, "runc"), "runc");
    EXPECT_NE(read_file(bundle.rootfs() / "data/out"), "") << "runc no longer falls for it";
}

// ---- B4: writes to procfs go to procfs -----------------------------------------------------------------------------

// The container's /proc is a directory of its image; the true one is mounted elsewhere, to look.
TEST(B4, WritesDoNotGoThroughTheContainersProc) {
    Bundle bundle;
    without_mount(bundle, "/proc");
    for (const char* name : {"/proc/sys/net/ipv4/ip_forward", "/proc/self/oom_score_adj", "/proc/self/attr/exec"})
        bundle.file(name, "decoy");
    bundle.mount({"/real", "proc", "proc"}).erase("/linux/maskedPaths").erase("/linux/readonlyPaths");
    bundle.json("/linux/sysctl", {{"net.ipv4.ip_forward", "1"}}).json("/process/oomScoreAdj", 321);
    bundle.sh("cat /real/sys/net/ipv4/ip_forward /real/self/oom_score_adj");
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.out, "1\n321\n") << finished.err;
    for (const char* name : {"proc/sys/net/ipv4/ip_forward", "proc/self/oom_score_adj", "proc/self/attr/exec"})
        EXPECT_EQ(read_file(bundle.rootfs() / name), "decoy") << name;
}

// The processes that /proc shows are those of the namespace that the container joined, not the host's.
TEST(B4, ProcIsOfTheJoinedPidNamespace) {
    for (const bool in_user_namespace : {false, true}) {
        const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
        Bundle first;
        if (in_user_namespace)
            first.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
        ASSERT_EQ(first.args({"/bin/sleep", "1000"}).create().status, 0) << first.log();
        const fs::path namespaces = "/proc/" + std::to_string(first.state()["pid"].get<int>()) + "/ns";
        Bundle second;
        second.namespace_path("pid", namespaces / "pid").sh("set -- /proc/[0-9]*; echo $#; cat /proc/1/comm");
        if (in_user_namespace) second.namespace_path("user", namespaces / "user");
        const Finished finished = second.run();
        expect_clean(finished);
        // In a user namespace the kernel may refuse it ("too revealing"): it never shows the host's.
        EXPECT_EQ(finished.out, finished.status == 0 ? "2\nocirt:[init]\n" : "");  // init and sh
        EXPECT_TRUE(finished.status == 0 || in_user_namespace) << finished.err;
        second.remove(true);
        first.remove(true);
    }
}

// ---- B5: mounts inside /proc ---------------------------------------------------------------------------------------

TEST(B5, OnlyKnownFilesInProcAreCovered) {
    for (const char* target :
         {"/proc/self/attr", "/proc/sys/kernel", "/proc/1", "/proc/../proc/sys", "/proc/sysrq-trigger"}) {
        Bundle bundle;
        EXPECT_EQ(bundle.mount({target, "tmpfs", "tmpfs"}).run().status, 1) << target;
        Bundle bind;
        EXPECT_EQ(bind.mount({target, "bind", "/etc", {"bind"}}).run().status, 1) << target;
    }
    Bundle allowed;
    allowed.file("/fake", "MemTotal: 1 kB\n");
    allowed.mount({"/proc/meminfo", "bind", allowed.rootfs() / "fake", {"bind"}}).args({"/bin/cat", "/proc/meminfo"});
    EXPECT_EQ(allowed.run().out, "MemTotal: 1 kB\n");
}

TEST(B5, NorThroughALink) {
    for (const char* target : {"/proc/sys/kernel", "proc/self/attr", "/proc/self", "/proc/thread-self"}) {
        Bundle bundle;
        bundle.symlink(target, "/link").mount({"/link", "tmpfs", "tmpfs"}).args({"/bin/true"});
        const Finished finished = bundle.run();
        EXPECT_EQ(finished.status, 1) << target;
        expect_clean(finished);
    }
}

// ---- B6: sysctls of the host ---------------------------------------------------------------------------------------

TEST(B6, TheHostsSysctlsAreOutOfReach) {
    const std::string before = read_file("/proc/sys/kernel/core_pattern");
    const std::pair<const char*, const char*> attempts[] = {{"kernel.core_pattern", "|/tmp/x"},
                                                            {"net/ipv4/../../kernel/core_pattern", "|/tmp/x"},
                                                            {"net.ipv4...kernel.core_pattern", "|/tmp/x"},
                                                            {"kernel..core_pattern", "|/tmp/x"},
                                                            {"/kernel/core_pattern", "|/tmp/x"},
                                                            {"net.", "1"},
                                                            {"net", "1"},
                                                            {"", "1"},
                                                            {"vm.swappiness", "60"}};
    for (const auto& [key, value] : attempts) {
        Bundle bundle;
        const Finished finished = bundle.json("/linux/sysctl", {{key, value}}).args({"/bin/true"}).run();
        EXPECT_EQ(finished.status, 1) << key;
        expect_clean(finished);
        EXPECT_EQ(read_file("/proc/sys/kernel/core_pattern"), before);
    }
    // A second one in a value goes nowhere, whether the kernel takes the first or not.
    for (const char* value : {"1+kernel.core_pattern=|/tmp/x", "1\nkernel.core_pattern=|/tmp/x"}) {
        Bundle bundle;
        expect_clean(bundle.json("/linux/sysctl", {{"net.ipv4.ip_forward", value}}).args({"/bin/true"}).run());
        EXPECT_EQ(read_file("/proc/sys/kernel/core_pattern"), before);
    }
    const std::pair<const char*, const char*> owners[] = {
        {"network", "net.ipv4.ip_forward"}, {"ipc", "kernel.shmmax"}, {"uts", "kernel.domainname"}};
    for (const auto& [kind, key] : owners) {
        Bundle bundle;
        bundle.without_namespace(kind).erase("/hostname");
        EXPECT_EQ(bundle.json("/linux/sysctl", {{key, "1"}}).run().status, 1) << key << " without its namespace";
    }
}

// ---- B8: many masks ------------------------------------------------------------------------------------------------

TEST(B8, TwoHundredMaskedDirectories) {
    Bundle bundle;
    Json masked = Json::array();
    for (int i = 0; i < 200; ++i) {
        const std::string name = "/many/d" + std::to_string(i);
        bundle.file(name + "/inside", "secret");
        masked.push_back(name);
    }
    masked.push_back("/many/d0");
    masked.push_back("/many/d199");
    bundle.json("/linux/maskedPaths", masked);
    bundle.sh(
        "find /many -type f; for d in /many/*; do touch $d/x 2>&1; done | grep -vc 'Read-only'; "
        "stat -c %d /many/* | sort -u | wc -l");
    EXPECT_EQ(bundle.run().out, "0\n1\n");
}

}  // namespace
}  // namespace ocirt::test
