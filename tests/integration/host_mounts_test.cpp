// Containers without a mount namespace of their own: what is mounted for them is mounted on the host, and taken away.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

class HostMounts : public testing::Test {
   protected:
    HostMounts() {
        bundle_.without_namespace("mount")
            .json("/linux/maskedPaths", Json::array())
            .json("/linux/readonlyPaths", Json::array());
    }
    // In the rootfs, as the host sees them.
    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            mount_points(), [this](const std::string& path) { return path.starts_with(bundle_.rootfs().string()); }));
    }
    Bundle bundle_;
};

TEST_F(HostMounts, AreThereForTheContainerAlone) {
    const Finished finished =
        bundle_.sh("readlink /proc/self/ns/mnt; cat /proc/self/status | grep -c Name; ls /dev").run();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(finished.out.starts_with(fs::read_symlink("/proc/self/ns/mnt").string() + "\n1\n")) << finished.out;
    EXPECT_TRUE(finished.out.contains("null")) << finished.out;
    EXPECT_EQ(count(), 0U);
}

TEST_F(HostMounts, AreTheHostsUntilDelete) {
    ASSERT_EQ(bundle_.sh("sleep 100").create().status, 0) << bundle_.log();
    EXPECT_GT(count(), 3U);
    EXPECT_EQ(bundle_.start().status, 0);
    EXPECT_EQ(bundle_.exec({"/bin/cat", "/proc/1/comm"}).out, "sleep\n");
    EXPECT_EQ(bundle_.remove(true).status, 0);
    EXPECT_EQ(count(), 0U);
}

// What the rootfs held before is the container's too, and is not taken away with its own.
TEST_F(HostMounts, LeaveTheHostsOwn) {
    const fs::path data = bundle_.rootfs() / "tmp";
    ASSERT_EQ(::mount("none", data.c_str(), "tmpfs", 0, nullptr), 0);
    std::ofstream(data / "file") << "kept\n";
    EXPECT_EQ(bundle_.sh("cat /tmp/file; mount | grep -c ' /proc '").run().out, "kept\n1\n");
    EXPECT_TRUE(fs::exists(data / "file"));
    EXPECT_EQ(count(), 1U);
    EXPECT_EQ(::umount2(data.c_str(), 0), 0);
}

TEST_F(HostMounts, GoWithACreateThatFails) {
    EXPECT_NE(bundle_.args({"/no/such/program"}).create().status, 0);
    EXPECT_EQ(count(), 0U);
}

TEST_F(HostMounts, AReadOnlyRootIsSoForTheContainerAlone) {
    const Finished finished = bundle_.json("/root/readonly", true).sh("echo x >/file || echo refused").run();
    EXPECT_TRUE(finished.out.contains("refused")) << finished.out << finished.err;
    std::ofstream(bundle_.rootfs() / "file") << "x";
    EXPECT_TRUE(fs::exists(bundle_.rootfs() / "file"));
}

}  // namespace
}  // namespace ocirt::test
