// Who reaches a monitor, and what lies in its way: sockets and FIFOs of a bundle, the service manager's socket, logs
// whose directory somebody swaps.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "common/socket.h"
#include "common/syscall.h"
#include "support/host.h"
#include "support/monitor.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

TEST(MonitorSockets, AreTheOwnersAlone) {
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/sleep", "1000"}));
    EXPECT_EQ(mode_of(bundle.path() / "attach") & 077, 0U);
    EXPECT_EQ(mode_of(bundle.path() / "ctl") & 07, 0U);
    EXPECT_EQ(mode_of(monitor.path("ctr.log")) & 0137, 0U);
}

TEST(MonitorSockets, WhatLiesInTheirWayIsReplaced) {
    Bundle bundle;
    const fs::path elsewhere = bundle.scratch() / "elsewhere";
    std::ofstream(elsewhere) << "kept";
    for (const char* name : {"attach", "ctl", "winsz"}) fs::create_symlink(elsewhere, bundle.path() / name);
    Monitor monitor(bundle.args({"/bin/cat"}), {.options = {"-i"}});
    EXPECT_EQ(monitor.start(), 0);
    AttachedClient client = monitor.attach();
    client.send("word\n");
    EXPECT_TRUE(client.receives("word\n"));
    EXPECT_TRUE(fs::is_fifo(fs::symlink_status(bundle.path() / "ctl")));
    EXPECT_EQ(read_file(elsewhere), "kept");
}

// As CRI-O has it: the way to the socket is a link, as the bundle's own path is too long for one.
TEST(MonitorSockets, ALinkToTheBundle) {
    Bundle bundle;
    const fs::path sockets = bundle.scratch() / "sockets";
    fs::create_directories(sockets);
    const fs::path link = sockets / (bundle.id() + "-uuid");
    {
        MonitorStart start{.options = {"--socket-dir-path", sockets, "-u", bundle.id() + "-uuid"}};
        start.full_attach = false;
        Monitor monitor(bundle.args({"/bin/sleep", "1000"}), start);
        EXPECT_EQ(fs::read_symlink(link), bundle.path());
        AttachedClient client(link);
        EXPECT_EQ(monitor.start(), 0);
        EXPECT_EQ(bundle.kill("KILL").status, 0);
        EXPECT_EQ(monitor.exit_status(), 137);
        EXPECT_TRUE(monitor.ends());
    }
    EXPECT_TRUE(!fs::exists(fs::symlink_status(link)) || !monitor_is_ocirt());
}

TEST(MonitorSockets, AForgedControlMessageChangesNothing) {
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/cat"}), {.options = {"-i"}});
    EXPECT_EQ(monitor.start(), 0);
    monitor.write_fifo("ctl", std::string(3000, 'x') + "\n9 9 9\n1 -1 70000\n2 0 0\n");
    AttachedClient client = monitor.attach();
    client.send("word\n");
    EXPECT_TRUE(client.receives("word\n"));
    client.end_input();
    EXPECT_EQ(monitor.exit_status(), 0);
}

TEST(MonitorSockets, TheServiceManagerIsTold) {
    Bundle bundle;
    fs::create_directories(bundle.path() / "notify");
    const Fd host = bind_datagram(bundle.scratch() / "host.sock");
    ASSERT_TRUE(host);
    Monitor monitor(bundle.args({"/bin/sleep", "1000"}),
                    {.options = {"--sdnotify-socket", bundle.scratch() / "host.sock"}});
    const Result<Fd> program = connect_datagram(bundle.path() / "notify/notify.sock");
    ASSERT_TRUE(program) << render(program.error());
    const std::string said = "READY=1\nMAINPID=1\nSTATUS=well\nFDSTORE=1";
    EXPECT_TRUE(send_message(*program, said.data(), said.size()));
    const Result<Datagram> heard = receive_datagram(host, 4096, soon);
    ASSERT_TRUE(heard);
    EXPECT_TRUE(heard->data.contains("READY=1")) << heard->data;
    EXPECT_TRUE(heard->data.contains("STATUS=well") || !monitor_is_ocirt()) << heard->data;
    EXPECT_FALSE(heard->data.contains("MAINPID=1\n") || heard->data.contains("FDSTORE")) << heard->data;
}

// Whoever owns the directory swaps it for a link while the log is rotated: nothing is written where it leads.
TEST(MonitorSockets, ALogDirectorySwappedForALink) {
    if (!monitor_is_ocirt()) GTEST_SKIP() << "SKIP: conmon 2.1.6 rotates by path";
    Bundle bundle;
    const fs::path logs = bundle.scratch() / "logs";
    const fs::path outside = bundle.scratch() / "outside";
    fs::create_directories(logs);
    fs::create_directories(outside);
    std::ofstream(outside / "ctr.log") << "kept";
    Monitor monitor(bundle.sh("while :; do echo line; done"),
                    {.options = {"--log-size-max", "2000", "--log-rotate"}, .logs = {"k8s-file:logs/ctr.log"}});
    EXPECT_EQ(monitor.start(), 0);
    const fs::path moved = bundle.scratch() / "moved";
    for (int i = 0; i < 100; ++i) {
        fs::rename(logs, moved);
        fs::create_directory_symlink(outside, logs);
        monitor.write_fifo("ctl", "2 0 0\n");
        ::usleep(2000);
        fs::remove(logs);
        fs::rename(moved, logs);
    }
    EXPECT_EQ(read_file(outside / "ctr.log"), "kept");
    EXPECT_EQ(std::distance(fs::directory_iterator(outside), {}), 1);
}

// The manager that has started it goes: the container does not notice.
TEST(MonitorSockets, TheManagerIsGone) {
    Bundle bundle;
    Monitor monitor(bundle.sh("read x; echo $x; exit 5"), {.options = {"-i"}});
    EXPECT_FALSE(is_process(monitor.pid())) << "it is not the child of whoever has started it";
    EXPECT_EQ(::getsid(monitor.pid()), monitor.pid());
    EXPECT_EQ(monitor.start(), 0);
    AttachedClient client = monitor.attach();
    client.send("word\n");
    EXPECT_EQ(monitor.exit_status(), 5);
    EXPECT_EQ(monitor.log(), "T stdout F word\n");
}

}  // namespace
}  // namespace ocirt::test
