// Real checkpoints and restores, by criu(8). Where `criu check` fails (it does under kernels that are newer than criu)
// each test is skipped. By hand in a virtual machine whose kernel criu knows (the build directory shared as /src):
//
//     modprobe tun; cp /src/ocirt /src/tests/integration /tmp/
//     OCIRT_BINARY=/tmp/ocirt /tmp/integration --gtest_filter='Criu*'
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/criu_counter.h"
#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

TEST_F(CriuCounter, GoesOnUnderTheSameId) {
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const Finished ended = first.wait(slow);
    EXPECT_EQ(ended.status, 128 + 9);
    EXPECT_TRUE(bundle_.leaks().empty()) << ::testing::PrintToString(bundle_.leaks());
    Process again = restore("image");
    expect_counting_from(last_number(ended.out), again);
}

TEST_F(CriuCounter, GoesOnUnderANewIdInItsOwnCgroup) {
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    bundle_.id("another").json("/linux/cgroupsPath", bundle_.cgroups_path() + "-another");
    Process again = restore("image");
    ASSERT_TRUE(again.wait_for("n" + std::to_string(number + 1) + "\n", slow)) << bundle_.log();
    const std::string pid = std::to_string(bundle_.state().value("pid", 0));
    EXPECT_NE(read_file("/proc/" + pid + "/cgroup").find("-another"), std::string::npos);
    expect_counting_from(number, again);
}

TEST_F(CriuCounter, LeftRunningCountsOnAndCanBeRestored) {
    Process first = start();
    ASSERT_EQ(checkpoint("image", {"--leave-running"}).status, 0) << bundle_.log();
    EXPECT_EQ(status(), "running");
    const int seen = last_number(first.drain(std::chrono::milliseconds(100)).out);
    ASSERT_TRUE(first.wait_for("n" + std::to_string(seen + 1) + "\n", slow)) << "it does not count on";
    ASSERT_EQ(bundle_.kill("KILL").status, 0);
    const int last = last_number(first.wait(slow).out);
    Process again = restore("image");
    ASSERT_TRUE(again.wait_for("n", slow));
    EXPECT_EQ(bundle_.kill("KILL").status, 0) << "it runs, and cannot be found";
    EXPECT_LE(first_number(again.wait(slow).out), last);
}

TEST_F(CriuCounter, IsDumpedAfterAPreDump) {
    Process first = start();
    ASSERT_EQ(checkpoint("before", {"--pre-dump"}).status, 0) << bundle_.log();
    EXPECT_EQ(status(), "running");
    ASSERT_EQ(checkpoint("image", {"--parent-path", "../before"}).status, 0) << bundle_.log();
    EXPECT_TRUE(fs::is_symlink(path("image/parent")));
    const int number = last_number(first.wait(slow).out);
    Process again = restore("image");
    expect_counting_from(number, again);
}

TEST_F(CriuCounter, DetachedWritesItsPidAndRunsHooks) {
    Process first = start();
    ASSERT_EQ(checkpoint("image", {"--work-path", path("work")}).status, 0) << bundle_.log();
    EXPECT_TRUE(fs::exists(path("work/dump.log")));
    (void)first.wait(slow);
    bundle_.hook("createRuntime", {"/bin/sh", "-c", "cat >" + path("hook")});
    Process again = restore("image", {"--detach", "--pid-file", path("pid"), "--work-path", path("work")});
    EXPECT_EQ(again.wait(slow).status, 0) << bundle_.log();
    EXPECT_EQ(status(), "running");
    EXPECT_EQ(read_file(path("pid")), std::to_string(bundle_.state()["pid"].get<int>()));
    const Json hooked = Json::parse(read_file(path("hook")), nullptr, false);
    ASSERT_TRUE(hooked.is_object());
    EXPECT_EQ(hooked["pid"], bundle_.state()["pid"]);
}

TEST_F(CriuCounter, KeepsItsTerminal) {
    expect_going_on_at_a_terminal([](const std::string& text) { EXPECT_EQ(text.find("n1\r\n"), std::string::npos); });
}

TEST_F(CriuCounter, HasTheBundlesMounts) {
    for (const char* name : {"one", "two", "two/below"}) fs::create_directory(path(name));
    std::ofstream(path("one/file")) << "one";
    std::ofstream(path("two/file")) << "two";
    bundle_.symlink("usr", "/link");
    bundle_.mount({.destination = "/link/data", .type = "bind", .source = path("one"), .options = {"rbind", "ro"}});
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    (void)first.wait(slow);
    // Another source is what the new config says.
    bundle_.json("/mounts/" + std::to_string(bundle_.mounts() - 1) + "/source", path("two"));
    Process again = restore("image", {"--detach"});
    ASSERT_EQ(again.wait(slow).status, 0) << bundle_.log();
    const std::string root = "/proc/" + std::to_string(bundle_.state()["pid"].get<int>()) + "/root";
    EXPECT_EQ(read_file(root + "/usr/data/file"), "two");
    EXPECT_FALSE(std::ofstream(root + "/usr/data/new").is_open());
}

TEST_F(CriuCounter, KeepsEstablishedConnections) {
    // What is printed has come through the connection.
    bundle_.namespace_path("network", "");
    bundle_.sh(
        "sleep 1000 | busybox nc -l -p 99 & sleep 2; i=0; while :; do i=$((i+1)); echo n$i; sleep 0.1; done | "
        "busybox nc 127.0.0.1 99");
    Process first = start();
    const Finished dumped = checkpoint("image", {"--tcp-established"});
    if (dumped.err.find("tables") != std::string::npos) GTEST_SKIP() << "SKIP: no iptables: " << dumped.err;
    ASSERT_EQ(dumped.status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    Process again = restore("image", {"--tcp-established"});
    expect_counting_from(number, again);
}

TEST_F(CriuCounter, MayHaveAChildThatNobodyReaped) {
    // sleep waits for no child; the shell, before it becomes that, would.
    bundle_.sh("while grep -q sh /proc/1/comm; do :; done & echo n3; exec sleep 1000");
    Process first = start();
    const std::string children = "/proc/" + std::to_string(bundle_.state().value("pid", 0)) + "/task/" +
                                 std::to_string(bundle_.state().value("pid", 0)) + "/children";
    const std::string child = read_trimmed(children);
    ASSERT_NE(child, "");
    ASSERT_TRUE(eventually([&] { return !is_alive(std::stoi(child)); }));
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    (void)first.wait(slow);
    EXPECT_EQ(restore("image", {"--detach"}).wait(slow).status, 0) << bundle_.log();
    EXPECT_EQ(status(), "running");
    EXPECT_EQ(bundle_.remove(true).status, 0);
}

// Threat F3: what a process may do is the new config's to say.
TEST_F(CriuCounter, IsNoMoreThanTheConfigLetsIt) {
    bundle_.capabilities({"CAP_CHOWN", "CAP_KILL"});
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    bundle_.capabilities({"CAP_KILL"});
    expect_refused("image", "/process/capabilities/bounding");
    bundle_.capabilities({"CAP_CHOWN", "CAP_KILL"}).json("/process/noNewPrivileges", true);
    EXPECT_EQ(restore("image", {"--detach"}).wait(slow).status, 0) << bundle_.log();
    const std::string pid = std::to_string(bundle_.state().value("pid", 0));
    EXPECT_NE(read_file("/proc/" + pid + "/status").find("NoNewPrivs:\t1"), std::string::npos);
    EXPECT_EQ(bundle_.remove(true).status, 0);
    bundle_.json("/process/noNewPrivileges", false).json("/root/readonly", true);
    EXPECT_EQ(restore("image", {"--detach"}).wait(slow).status, 0) << bundle_.log();
    const std::string readonly = std::to_string(bundle_.state().value("pid", 0));
    EXPECT_FALSE(std::ofstream("/proc/" + readonly + "/root/new").is_open()) << "the image's root was writable";
    EXPECT_EQ(bundle_.remove(true).status, 0);
    bundle_.json("/root/readonly", false);
    Process again = restore("image");
    expect_counting_from(number, again);
}

TEST_F(CriuCounter, HasItsReadonlyRoot) {
    bundle_.json("/root/readonly", true);
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    Process again = restore("image");
    ASSERT_TRUE(again.wait_for("n" + std::to_string(number + 1) + "\n", slow)) << bundle_.log();
    const std::string root = "/proc/" + std::to_string(bundle_.state().value("pid", 0)) + "/root";
    EXPECT_FALSE(std::ofstream(root + "/new").is_open());
    expect_counting_from(number, again);
}

TEST_F(CriuCounter, IsNoOtherUserThanTheConfigs) {
    bundle_.capabilities({"CAP_KILL"}).json("/process/noNewPrivileges", true);
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    (void)first.wait(slow);
    bundle_.user(1000, 1000);
    expect_refused("image", "/process/user/uid");
}

TEST_F(CriuCounter, HasNoMountThatTheConfigDoesNotName) {
    bundle_.mount({.destination = "/extra", .type = "tmpfs", .source = "tmpfs"});
    bundle_.capabilities({"CAP_KILL"});
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    (void)first.wait(slow);
    bundle_.drop_mount();
    expect_refused("image", "/extra");
}

}  // namespace
}  // namespace ocirt::test
