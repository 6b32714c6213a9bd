// systemd as a container's first process, as Podman's --systemd has it: a cgroup of its own that it passes on to its
// units, SIGRTMIN+3 to stop. Its root is this host's, under an overlay.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* systemd = "/lib/systemd/systemd";

std::string why_not() {
    if (!fs::exists(systemd)) return "this host has no systemd to start in a container";
    for (const CgroupMount& mount : cgroup_mounts())
        if (!mount.v2) return "systemd 252 wants cgroup v2 alone, or v1's rights of the host";
    return {};
}

class SystemdInside : public ::testing::Test {
   protected:
    void SetUp() override {
        if (const std::string reason = why_not(); !reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
        const fs::path top = bundle_.scratch() / "overlay";
        fs::create_directories(top);
        ASSERT_EQ(::mount("tmpfs", top.c_str(), "tmpfs", 0, nullptr), 0);
        for (const char* name : {"upper", "work"}) fs::create_directories(top / name);
        const std::string options =
            "lowerdir=/,upperdir=" + (top / "upper").string() + ",workdir=" + (top / "work").string();
        ASSERT_EQ(::mount("overlay", bundle_.rootfs().c_str(), "overlay", 0, options.c_str()), 0);
        bundle_.json("/mounts/" + std::to_string(bundle_.mounts() - 1) + "/options", {"nosuid", "noexec", "nodev"});
        for (const char* point : {"/run", "/run/lock", "/tmp", "/var/log/journal"})
            bundle_.mount({point, "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=755"}});
        bundle_.env("container=oci").args({systemd, "--unit=basic.target", "--log-target=null"});
        bundle_.capabilities({"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID",
                              "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID",
                              "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"});
        bundle_.erase("/linux/resources");
    }
    void TearDown() override {
        bundle_.remove(true);
        ::umount2(bundle_.rootfs().c_str(), MNT_DETACH);
        ::umount2((bundle_.scratch() / "overlay").c_str(), MNT_DETACH);
    }
    Bundle bundle_;
};

TEST_F(SystemdInside, StartsItsUnitsAndStopsOnItsSignal) {
    ASSERT_TRUE(bundle_.launch());
    // A process of an exec that came before would keep it from passing its controllers on.
    ASSERT_TRUE(
        eventually([&] { return bundle_.cgroup_file("memory", "cgroup.subtree_control").contains("memory"); }, 60s));
    Finished state;
    EXPECT_TRUE(eventually(
        [&] {
            state = bundle_.exec({"/bin/systemctl", "is-system-running"});
            return state.out == "running\n" || state.out == "degraded\n";
        },
        60s))
        << state.out << state.err << bundle_.log();
    const Finished unit =
        bundle_.exec({"/bin/systemd-run", "--wait", "--pipe", "-p", "MemoryMax=64M", "/bin/sh", "-c",
                      "cat /proc/self/cgroup /sys/fs/cgroup/$(cut -d: -f3 /proc/self/cgroup)/memory.max"});
    EXPECT_TRUE(unit.out.starts_with("0::/system.slice/run-")) << unit.out << unit.err;
    EXPECT_TRUE(unit.out.ends_with("\n67108864\n")) << unit.out << unit.err;
    ASSERT_EQ(bundle_.kill("RTMIN+3").status, 0);
    EXPECT_TRUE(bundle_.wait_for_status("stopped"));
}

}  // namespace
}  // namespace ocirt::test
