// What the parent does for a container with rights and namespaces of its own, done by the shim's workers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "common/fd.h"
#include "support/host.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr int ok = 0;

TEST(ShimMounts, AnIdmappedOne) {
    if (!shim_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1 has none";
    Bundle bundle;
    const fs::path source = bundle.scratch() / "source";
    fs::create_directory(source);
    ASSERT_TRUE(mount_mappable(source));
    std::ofstream(source / "file") << "text";
    const Json maps = {{{"containerID", 0}, {"hostID", 2000}, {"size", 10}}};
    bundle.mount({"/mnt", "bind", source, {"bind", "idmap"}});
    const std::string entry = "/mounts/" + std::to_string(bundle.mounts() - 1);
    bundle.json(entry + "/uidMappings", maps).json(entry + "/gidMappings", maps).sh("stat -c %u:%g /mnt/file");
    {
        Shim shim(bundle);
        FifoReader output(bundle.scratch() / "out");
        wire::CreateTaskRequest request;
        request.set_stdout(bundle.scratch() / "out");
        ASSERT_EQ(shim.create(request), ok) << shim.text();
        ASSERT_EQ(shim.start(), ok) << shim.text();
        EXPECT_EQ(output.read_all(), "2000:2000\n");
        EXPECT_EQ(shim.wait(), 0);
        EXPECT_EQ(shim.remove(), ok) << shim.text();
    }
    ::umount2(source.c_str(), MNT_DETACH);
}

TEST(ShimNetDevices, MovedByAWorker) {
    if (!shim_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1 has none";
    const auto ip = [](const std::string& words) {
        return run({.args = {"/bin/sh", "-c", "exec /usr/sbin/ip " + words}});
    };
    const Fd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    ASSERT_EQ(ip("link add mv0 type veth peer name p0").status, 0);
    {
        Bundle bundle;
        bundle.json("/linux/netDevices", {{"mv0", {{"name", "inner0"}}}}).args({"/bin/sleep", "100"});
        Shim shim(bundle);
        ASSERT_EQ(shim.create(), ok) << shim.text();
        ASSERT_EQ(shim.start(), ok) << shim.text();
        const std::string ns = "/proc/" + std::to_string(shim.state().pid()) + "/ns/net";
        EXPECT_EQ(run({.args = {"/usr/bin/nsenter", "--net=" + ns, "/usr/sbin/ip", "link", "show", "inner0"}}).status,
                  0);
        EXPECT_NE(ip("link show mv0").status, 0);
        EXPECT_EQ(shim.kill(SIGKILL), ok);
        EXPECT_EQ(shim.wait(), 137);
        EXPECT_EQ(shim.remove(), ok) << shim.text();
    }
    ASSERT_EQ(::setns(home.get(), CLONE_NEWNET), 0);
}

}  // namespace
}  // namespace ocirt::test
