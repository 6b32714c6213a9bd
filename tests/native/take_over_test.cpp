// A monitor that is killed: the container goes on, and the next command that looks for it starts another monitor.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "native/monitored.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

TEST(TakeOver, NothingIsLostAndTheStatusIsTold) {
    Monitored container;
    constexpr int lines = 200'000;
    container.bundle.sh("read go </tmp/go; /bin/busybox seq 1 " + std::to_string(lines) + "; exit 7");
    ASSERT_EQ(::mkfifo((container.bundle.rootfs() / "tmp/go").c_str(), 0666), 0);
    ASSERT_EQ(container.run({"--monitor", "--log-rate", "block"}).status, 0);
    const pid_t first = container.monitor();
    std::ofstream(container.bundle.rootfs() / "tmp/go") << "go\n";
    container.kill_monitor();
    EXPECT_EQ(container.bundle.state()["status"], "running") << "it waits for a reader";
    ASSERT_EQ(container.bundle.command_without_id({"list"}).status, 0);
    EXPECT_NE(container.monitor(), first);
    EXPECT_EQ(container.wait(), kernel_tells_exit_status() ? "7" : "unknown");
    // At most what the killed one had read and not written.
    const std::string log = container.log();
    EXPECT_TRUE(log.ends_with(" " + std::to_string(lines) + "\n"));
    constexpr std::ptrdiff_t a_read = 65536 / 8;
    EXPECT_GE(std::ranges::count(log, '\n'), lines - a_read);
}

TEST(TakeOver, ByEachCommandThatLooksForIt) {
    for (const char* command : {"list", "wait"}) {
        Monitored container;
        container.bundle.sh("trap 'exit 3' TERM; while :; do echo on; sleep 0.05; done");
        ASSERT_EQ(container.run().status, 0);
        container.kill_monitor();
        Process looking(container.bundle.make_command(command == std::string("list")
                                                          ? std::vector<std::string>{"list"}
                                                          : std::vector<std::string>{command, container.bundle.id()}));
        const std::string before = container.log();
        EXPECT_TRUE(eventually([&] { return container.log().size() > before.size() + 20; })) << command;
        EXPECT_EQ(container.bundle.kill("TERM").status, 0);
        EXPECT_EQ(container.wait(), kernel_tells_exit_status() ? "3" : "unknown") << command;
    }
}

TEST(TakeOver, OnceByWhoeverIsFirst) {
    Monitored container;
    container.bundle.args({"/bin/sleep", "1000"});
    ASSERT_EQ(container.run().status, 0);
    container.kill_monitor();
    std::vector<Process> lists;
    for (int i = 0; i < 8; ++i) lists.emplace_back(container.bundle.make_command({"list"}));
    for (Process& list : lists) EXPECT_EQ(list.wait().status, 0);
    int monitors = 0;
    for (const pid_t child : descendants())
        monitors +=
            is_alive(child) && read_trimmed("/proc/" + std::to_string(child) + "/comm") == "ocirt-monitor" ? 1 : 0;
    EXPECT_EQ(monitors, 1);
}

TEST(TakeOver, NobodyGoesWhileAnotherTakesOver) {
    Monitored container;
    container.bundle.sh("while :; do echo on; sleep 0.02; done");
    ASSERT_EQ(container.run().status, 0);
    std::vector<Process> following;
    std::vector<Process> waiting;
    for (int i = 0; i < 4; ++i) {
        following.emplace_back(container.bundle.make_command({"logs", "--follow", container.bundle.id()}));
        waiting.emplace_back(container.bundle.make_command({"wait", container.bundle.id()}));
    }
    for (int i = 0; i < 5; ++i) {
        const pid_t before = container.monitor();
        container.kill_monitor();
        ASSERT_TRUE(eventually([&] { return container.monitor() != before && is_alive(container.monitor()); }));
    }
    for (const auto* all : {&following, &waiting})
        for (const Process& one : *all) EXPECT_TRUE(is_alive(one.pid()));
    EXPECT_EQ(container.bundle.remove(true).status, 0);
    for (Process& one : following) EXPECT_EQ(one.wait().status, 0);
    for (Process& one : waiting) EXPECT_EQ(one.wait().out, kernel_tells_exit_status() ? "137\n" : "unknown\n");
}

// Root may look at a user's containers; what they ask a monitor to do is not done with root's rights.
TEST(TakeOver, NotWithTheRightsOfAnotherUser) {
    Monitored container;
    container.bundle.args({"/bin/sleep", "1000"});
    ASSERT_EQ(container.run().status, 0);
    container.kill_monitor();
    const pid_t killed = container.monitor();
    const fs::path record = container.bundle.scratch() / "state" / container.bundle.id() / "monitor.json";
    ASSERT_EQ(::chown(record.c_str(), 1000, 1000), 0);
    EXPECT_EQ(container.bundle.command_without_id({"list"}).status, 0);
    EXPECT_EQ(container.command("logs").status, 0);
    EXPECT_EQ(container.monitor(), killed);
    ASSERT_EQ(::chown(record.c_str(), 0, 0), 0);
    EXPECT_EQ(container.bundle.command_without_id({"list"}).status, 0);
    EXPECT_NE(container.monitor(), killed);
}

TEST(TakeOver, WhatEndedInBetweenIsUnknown) {
    Monitored container;
    container.bundle.args({"/bin/sleep", "1000"});
    ASSERT_EQ(container.run().status, 0);
    container.kill_monitor();
    ASSERT_EQ(container.bundle.kill("KILL").status, 0);
    ASSERT_TRUE(container.bundle.wait_for_status("stopped"));
    EXPECT_EQ(container.wait(), "unknown");
    EXPECT_TRUE(container.bundle.command_without_id({"list"}).out.ends_with("unknown\n"));
}

TEST(TakeOver, ItIsRestartedByTheNewOne) {
    if (!kernel_tells_exit_status()) GTEST_SKIP() << "SKIP: the kernel does not tell how others' children ended";
    Monitored container;
    container.bundle.sh("echo life; sleep 0.5; exit 1");
    ASSERT_EQ(container.run({"--restart", "on-failure:1"}).status, 0);
    ASSERT_TRUE(eventually([&] { return container.log().contains("life"); }));
    container.kill_monitor();
    EXPECT_EQ(container.wait(), "1");
    EXPECT_EQ(container.log(), "T stdout F life\nT stdout F life\n");
}

TEST(TakeOver, TheNewOneKnowsHowToMakeTheContainer) {
    Monitored container;
    container.bundle.args({"/bin/sleep", "1000"});
    ASSERT_EQ(container.run({"--restart", "on-failure", "--no-pivot", "--no-new-keyring"}).status, 0);
    container.kill_monitor();
    ASSERT_EQ(container.bundle.command_without_id({"list"}).status, 0);
    const std::string record = read_file(container.bundle.scratch() / "state" / container.bundle.id() / "monitor.json");
    for (const char* word : {"--no-pivot", "--no-new-keyring"}) EXPECT_TRUE(record.contains(word)) << record;
}

TEST(TakeOver, OfAContainerWithATerminalItsEndIsTold) {
    Monitored container;
    container.bundle.json("/process/terminal", true).sh("trap '' HUP; sleep 1; exit 6");
    ASSERT_EQ(container.run().status, 0);
    container.kill_monitor();
    EXPECT_EQ(container.wait(), kernel_tells_exit_status() ? "6" : "unknown");
}

}  // namespace
}  // namespace ocirt::test
