// `ocirt run --detach --monitor` and `ocirt wait`.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "native/monitored.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;

TEST(RunMonitor, LeavesTheLogAndTheExitStatus) {
    Monitored container;
    container.bundle.sh("echo out; echo err >&2; exit 3");
    const Finished run = container.run();
    ASSERT_EQ(run.status, 0) << run.err;
    EXPECT_EQ(run.err + run.out, "");
    EXPECT_EQ(container.wait(), "3");
    EXPECT_EQ(container.wait(), "3") << "also when it has ended long ago";
    const std::string log = container.log();
    EXPECT_TRUE(log.contains("T stdout F out\n") && log.contains("T stderr F err\n")) << log;
    const std::string listed = container.bundle.command_without_id({"list"}).out;
    EXPECT_TRUE(listed.contains("AGE") && listed.contains("EXIT\n") && listed.ends_with("s    3\n")) << listed;
    const Json json = Json::parse(container.bundle.command_without_id({"list", "--format", "json"}).out);
    EXPECT_EQ(json[0]["exit_status"], 3);
    EXPECT_EQ(container.bundle.remove().status, 0);
    EXPECT_NE(container.command("wait").status, 0) << "there is no such container any more";
}

TEST(RunMonitor, ReturnsWhileItRuns) {
    Monitored container;
    container.bundle.sh("echo begun; exec sleep 1000");
    const fs::path pid_file = container.bundle.scratch() / "pid";
    ASSERT_EQ(container.run({"--monitor", "--pid-file", pid_file}).status, 0);
    EXPECT_EQ(container.bundle.state()["status"], "running");
    EXPECT_EQ(read_file(pid_file), std::to_string(container.bundle.state()["pid"].get<int>()));
    EXPECT_TRUE(eventually([&] { return container.log() == "T stdout F begun\n"; })) << container.log();
    const fs::path state = container.bundle.scratch() / "state" / container.bundle.id();
    for (const char* name : {"attach", "monitor.json", "monitor.lock"})
        EXPECT_EQ(fs::status(state / name).permissions(), fs::perms(0600)) << name;
    // The monitor is nobody's: it holds nothing of the caller's, and is in no session of his.
    const std::string monitor = "/proc/" + std::to_string(container.monitor());
    EXPECT_EQ(fs::read_symlink(monitor + "/fd/1"), "/dev/null");
    EXPECT_EQ(::getsid(container.monitor()), container.monitor());
}

TEST(RunMonitor, SaysWhyNotAndLeavesNothing) {
    Monitored container;
    container.bundle.args({"/no/such/program"});
    const Finished run = container.run();
    EXPECT_NE(run.status, 0);
    EXPECT_TRUE(run.err.contains("/no/such/program")) << run.err;
    EXPECT_EQ(run.err.find("ocirt: "), run.err.rfind("ocirt: ")) << run.err;
    EXPECT_FALSE(fs::exists(container.bundle.scratch() / "state" / container.bundle.id()));
    const fs::path log = container.bundle.path() / (container.bundle.id() + ".log");
    EXPECT_FALSE(fs::exists(log));
    std::ofstream(log) << "";
    EXPECT_NE(container.run().status, 0);
    EXPECT_TRUE(fs::exists(log)) << "it was there before";
}

TEST(RunMonitor, WrongWordsAreTold) {
    Monitored container;
    const struct {
        std::vector<std::string> words;
        std::string expected;
    } table[] = {
        {{"--log-driver", "tape"}, "there is no log driver tape"},
        {{"--log-driver", "none", "--log-path", "x"}, "--log-path is for"},
        {{"--log-driver", "k8s-file", "--log-driver", "json-file"}, "one log file"},
        {{"--restart", "always"}, "it is no, on-failure or on-failure:TIMES"},
        {{"--restart", "on-failure:0"}, "it is no, on-failure or on-failure:TIMES"},
        {{"--log-path", "/no/such/directory/log"}, "/no/such/directory"},
        {{"--log-rate", "sometimes"}, "sometimes"},
        {{"--log-max-files", "1001"}, "--log-max-files 1001 is too much (1000 at most)"},
        {{"--log-max-files", "-1"}, "--log-max-files"},
        {{"--log-size-max", "10m"}, "--log-size-max"},
        {{"--monitor", "--console-socket", "/x"}, "--console-socket"},
    };
    for (const auto& [words, expected] : table) {
        const Finished run = container.run(words);
        EXPECT_NE(run.status, 0) << expected;
        EXPECT_TRUE(run.err.contains(expected)) << expected << ": " << run.err;
        EXPECT_FALSE(fs::exists(container.bundle.scratch() / "state" / container.bundle.id())) << expected;
    }
    const Finished foreground = container.bundle.run({"--monitor"});
    EXPECT_TRUE(foreground.err.contains("--detach")) << foreground.err;
}

TEST(RunMonitor, WritesTheLogThatIsAskedFor) {
    Monitored container;
    const fs::path path = container.bundle.scratch() / "its.json";
    ASSERT_EQ(container.bundle.sh("echo x").id(), container.bundle.id());
    ASSERT_EQ(container.run({"--log-driver", "json-file", "--log-path", path}).status, 0);
    EXPECT_EQ(container.wait(), "0");
    EXPECT_TRUE(read_file(path).starts_with(R"({"log":"x\n","stream":"stdout")")) << read_file(path);
    EXPECT_FALSE(fs::exists(container.bundle.path() / (container.bundle.id() + ".log")));
}

TEST(RunMonitor, ItsTerminalIsTheMonitors) {
    Monitored container;
    container.bundle.json("/process/terminal", true).sh("test -t 0 && test -t 1 && echo on a terminal");
    ASSERT_EQ(container.run().status, 0);
    EXPECT_EQ(container.wait(), "0");
    EXPECT_TRUE(container.log().contains("on a terminal")) << container.log();
}

TEST(RunMonitor, PassesDescriptorsOnAndKeepsNone) {
    Monitored container;
    container.bundle.sh("cat <&3; exec sleep 1000");
    container.bundle.write_config();
    const fs::path file = container.bundle.scratch() / "file";
    std::ofstream(file) << "from the caller\n";
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    Command run = container.bundle.make_command(
        {"run", "-d", "--monitor", "--preserve-fds", "1", "--bundle", container.bundle.path(), container.bundle.id()});
    run.descriptors = {{fd.get(), 3}, {fd.get(), 4}};
    ASSERT_EQ(test::run(run).status, 0);
    EXPECT_TRUE(eventually([&] { return container.log() == "T stdout F from the caller\n"; })) << container.log();
    for (const fs::directory_entry& entry :
         fs::directory_iterator("/proc/" + std::to_string(container.monitor()) + "/fd"))
        EXPECT_NE(fs::read_symlink(entry.path()), file) << entry.path();
}

TEST(RunMonitor, DeleteEndsBoth) {
    Monitored container;
    ASSERT_EQ(container.bundle.args({"/bin/sleep", "1000"}).id(), container.bundle.id());
    ASSERT_EQ(container.run().status, 0);
    const pid_t monitor = container.monitor();
    Process waiting(container.bundle.make_command({"wait", container.bundle.id()}));
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(container.bundle.remove(true).status, 0);
    EXPECT_TRUE(eventually([monitor] { return reap_orphans(), !is_alive(monitor); }));
    EXPECT_EQ(waiting.wait().out, "137\n");
}

// ---- `wait` --------------------------------------------------------------------------------------------------------

TEST(Wait, EveryoneIsToldTheSame) {
    Monitored container;
    container.bundle.sh("read line </tmp/go; exit 9");
    ASSERT_EQ(::mkfifo((container.bundle.rootfs() / "tmp/go").c_str(), 0666), 0);
    ASSERT_EQ(container.run().status, 0);
    std::vector<Process> waiting;
    waiting.reserve(5);
    for (int i = 0; i < 5; ++i) waiting.emplace_back(container.bundle.make_command({"wait", container.bundle.id()}));
    std::this_thread::sleep_for(100ms);
    std::ofstream(container.bundle.rootfs() / "tmp/go") << "go\n";
    for (Process& one : waiting) EXPECT_EQ(one.wait().out, "9\n");
}

TEST(Wait, OfAContainerWithoutAMonitor) {
    Monitored container;
    ASSERT_TRUE(container.bundle.sh("sleep 0.3; exit 5").launch());
    EXPECT_EQ(container.wait(), kernel_tells_exit_status() ? "5" : "unknown");
    const Finished late = container.command("wait");
    EXPECT_EQ(late.out, "unknown\n");
    EXPECT_NE(late.status, 0);
    EXPECT_TRUE(late.err.contains("nobody saw how it ended")) << late.err;
}

TEST(Wait, OfNone) {
    Monitored container;
    const Finished wait = container.command("wait");
    EXPECT_NE(wait.status, 0);
    EXPECT_TRUE(wait.err.contains("does not exist")) << wait.err;
}

// ---- restarts ------------------------------------------------------------------------------------------------------

TEST(Restart, AsOftenAsItIsToAndThenTheStatusIsTold) {
    Monitored container;
    container.bundle.sh("echo life; exit 4");
    ASSERT_EQ(container.run({"--restart", "on-failure:2"}).status, 0);
    EXPECT_EQ(container.wait(), "4");
    EXPECT_EQ(container.log(), "T stdout F life\nT stdout F life\nT stdout F life\n");
}

TEST(Restart, NotOnceItHasSucceeded) {
    Monitored container;
    container.bundle.sh("test -e /tmp/before && exit 0; touch /tmp/before; exit 1");
    ASSERT_EQ(container.run({"--restart", "on-failure"}).status, 0);
    EXPECT_EQ(container.wait(), "0");
}

TEST(Restart, NotAfterASignalThatAsksForTheEnd) {
    Monitored container;
    container.bundle.sh("trap 'exit 143' TERM; echo ready; while :; do sleep 0.1; done");
    ASSERT_EQ(container.run({"--restart", "on-failure"}).status, 0);
    ASSERT_TRUE(eventually([&] { return container.log().contains("ready"); }));
    ASSERT_EQ(container.bundle.kill("TERM").status, 0);
    EXPECT_EQ(container.wait(), "143");
}

TEST(Restart, NotOnceItIsDeleted) {
    Monitored container;
    container.bundle.sh("exit 1");
    ASSERT_EQ(container.run({"--restart", "on-failure"}).status, 0);
    const pid_t monitor = container.monitor();
    ASSERT_TRUE(eventually([&] {
        const std::string log = container.bundle.command_without_id({"list"}).out;
        return log.contains("stopped");
    }));
    EXPECT_EQ(container.bundle.remove(true).status, 0);
    EXPECT_TRUE(eventually([monitor] { return reap_orphans(), !is_alive(monitor); }));
    EXPECT_FALSE(fs::exists(container.bundle.scratch() / "state" / container.bundle.id()));
}

TEST(Restart, NobodySeesTheNameFreeInBetween) {
    Monitored container;
    container.bundle.sh("exit 1");
    ASSERT_EQ(container.run({"--restart", "on-failure:4"}).status, 0);
    while (!fs::exists(container.bundle.scratch() / "state" / container.bundle.id() / "exit.json")) {
        const Finished state = container.command("state");
        EXPECT_EQ(state.status, 0) << state.err;
    }
}

TEST(Replace, TakesThePlaceOfOneThatHasEnded) {
    Bundle bundle;
    const fs::path poststop = bundle.scratch() / "poststop";
    ASSERT_EQ(bundle.args({"/bin/sleep", "1000"}).hook("poststop", {"/bin/touch", poststop}).create().status, 0);
    EXPECT_TRUE(bundle.create({"--replace"}).err.contains("container not stopped: it is created"));
    ASSERT_EQ(bundle.start().status, 0);
    const Json before = bundle.state();
    EXPECT_TRUE(bundle.create({"--replace"}).err.contains("container not stopped: it is running"));
    EXPECT_EQ(bundle.state(), before);
    ASSERT_EQ(bundle.kill("KILL").status, 0);
    ASSERT_TRUE(bundle.wait_for_status("stopped"));
    EXPECT_FALSE(fs::exists(poststop));
    const Finished replaced = bundle.sh("echo anew").run({"--replace"});
    EXPECT_EQ(replaced.out, "anew\n") << replaced.err;
    EXPECT_TRUE(fs::exists(poststop));
    const Finished first = bundle.run({"--replace"});
    EXPECT_EQ(first.out, "anew\n") << "also where the name is free: " << first.err;
}

TEST(Replace, NothingOfAMonitorStays) {
    Monitored container;
    ASSERT_EQ(container.bundle.sh("exit 3").id(), container.bundle.id());
    ASSERT_EQ(container.run().status, 0);
    EXPECT_EQ(container.wait(), "3");
    const fs::path state = container.bundle.scratch() / "state" / container.bundle.id();
    const pid_t monitor = container.monitor();
    ASSERT_TRUE(eventually([monitor] { return reap_orphans(), !is_alive(monitor); }));
    ASSERT_EQ(container.bundle.args({"/bin/sleep", "1000"}).id(), container.bundle.id());
    ASSERT_EQ(container.run({"--replace"}).status, 0);
    for (const char* name : {"exit.json", "monitor.json", "monitor.lock", "attach"})
        EXPECT_FALSE(fs::exists(state / name)) << name;
    ASSERT_EQ(container.bundle.kill("KILL").status, 0);
    ASSERT_TRUE(container.bundle.wait_for_status("stopped"));
    ASSERT_EQ(container.bundle.sh("exit 4").id(), container.bundle.id());
    ASSERT_EQ(container.run({"--monitor", "--replace"}).status, 0);
    EXPECT_EQ(container.wait(), "4");
}

TEST(RunMonitor, ALogMayBeLarge) {
    Monitored container;
    container.bundle.sh("echo out");
    const Finished run = container.run({"--monitor", "--log-size-max", "9223372036854775807"});
    ASSERT_EQ(run.status, 0) << run.err;
    EXPECT_EQ(container.wait(), "0");
    EXPECT_EQ(container.log(), "T stdout F out\n");
}

TEST(RunMonitor, ATakenNameLeavesTheLogAlone) {
    Monitored container;
    ASSERT_EQ(container.bundle.args({"/bin/sleep", "1000"}).id(), container.bundle.id());
    ASSERT_EQ(container.run({"--log-driver", "none"}).status, 0);
    const Finished again = container.run();
    EXPECT_TRUE(again.err.contains("already exists")) << again.err;
    EXPECT_FALSE(fs::exists(container.bundle.path() / (container.bundle.id() + ".log")));
    const Finished elsewhere = container.bundle.command_without_id({"run", "-d", "--monitor", "-b", "/no/such", "x"});
    EXPECT_TRUE(elsewhere.err.contains("/no/such/config.json")) << elsewhere.err;
}

TEST(Restart, WhatDoesNotStartAgainSaysWhyInTheLog) {
    Monitored container;
    container.bundle.sh("rm -f /bin/sh; exit 1");
    ASSERT_EQ(container.run({"--restart", "on-failure"}).status, 0);
    EXPECT_TRUE(eventually([&] { return container.log().contains("/bin/sh"); })) << container.log();
}

}  // namespace
}  // namespace ocirt::test
