// `ocirt logs`: the log of a container with a monitor.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <regex>

#include "common/fd.h"
#include "common/syscall.h"
#include "runtime/state/exit_file.h"
#include "shim/monitor/record.h"
#include "support/host.h"
#include "support/monitor.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using shim::monitor::Record;

// As they do while the one awaits the other's answer.
bool share_a_pipe(pid_t one, pid_t other) {
    const auto pipes = [](pid_t pid) {
        std::set<std::string> found;
        for (const fs::directory_entry& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
            if (std::error_code gone; fs::read_symlink(entry.path(), gone).string().starts_with("pipe:"))
                found.insert(fs::read_symlink(entry.path(), gone));
        return found;
    };
    return std::ranges::any_of(pipes(one),
                               [its = pipes(other)](const std::string& pipe) { return its.contains(pipe); });
}

class Logs : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: a command of ocirt's";
    }
    // The container, with a monitor.
    void launch(const std::string& script, const std::vector<std::string>& more = {}) {
        bundle.sh(script).write_config();
        std::vector<std::string> words{"run", "--detach", "--monitor", "--bundle", bundle.path()};
        words.insert(words.end(), more.begin(), more.end());
        words.push_back(bundle.id());
        const Finished launched = bundle.command_without_id(words);
        ASSERT_EQ(launched.status, 0) << launched.err;
        const auto found = shim::monitor::read_record(root(), bundle.id());
        ASSERT_TRUE(found && *found);
        record = **found;
    }
    void write_record() const { ASSERT_TRUE(shim::monitor::write_record(root(), bundle.id(), record)); }
    bool ends() {
        return eventually([&] { return !is_alive(record.monitor); });
    }
    Finished logs(std::vector<std::string> options = {}) {
        options.insert(options.begin(), "logs");
        return bundle.command(options);
    }
    Process follow(std::vector<std::string> options = {}) {
        options.insert(options.begin(), {"logs", "--follow"});
        options.push_back(bundle.id());
        return Process(bundle.make_command(options));
    }
    [[nodiscard]] std::string root() const { return bundle.scratch() / "state"; }
    [[nodiscard]] std::string path(const std::string& name) const { return bundle.scratch() / name; }

    Bundle bundle;
    Record record;
};

constexpr const char* loop = "i=0; while test -e /go || test $i = 0; do i=$((i+1)); echo line $i; sleep 0.01; done";

TEST_F(Logs, BothStreams) {
    launch("echo one; sleep 0.1; echo two >&2; sleep 0.1; printf 'a\\0b'; sleep 0.05; echo c");
    EXPECT_TRUE(ends());
    const Finished all = logs();
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.out, std::string("one\na\0bc\n", 9));
    EXPECT_EQ(all.err, "two\n");
    EXPECT_EQ(logs({"--tail", "1"}).out, std::string("a\0bc\n", 5));
    EXPECT_EQ(logs({"--tail", "1"}).err, "");
    EXPECT_EQ(logs({"--since", "1h"}).out, all.out);
    EXPECT_EQ(logs({"--until", "1h"}).out, "");
    const std::string timed = logs({"-t"}).out;
    EXPECT_TRUE(std::regex_search(timed, std::regex(R"(^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d one\n20)")))
        << timed;
    EXPECT_TRUE(bundle.remove().status == 0);
    EXPECT_TRUE(logs().err.contains("does not exist")) << logs().err;
}

TEST_F(Logs, OfAJsonFile) {
    bundle.id(bundle.id() + "-0123456789");  // as the journal wants it
    launch("echo one; echo two >&2; printf end",
           {"--log-driver", "none", "--log-driver", "journald", "--log-driver", "json-file"});
    EXPECT_TRUE(ends());
    EXPECT_EQ(logs().out, "one\nend");
    EXPECT_EQ(logs().err, "two\n");
}

TEST_F(Logs, WhatAnEarlierContainerWrote) {
    std::ofstream(path("output")) << "2020-11-23T13:16:15.000000001+01:00 stdout F earlier\nedited\n";
    launch("echo now", {"--log-path", path("output")});
    EXPECT_TRUE(ends());
    EXPECT_EQ(logs().out, "now\n");
    EXPECT_EQ(logs({"--tail", "5"}).out, "now\n");
    EXPECT_EQ(logs({"--since", "2019-01-01"}).out, "now\n");
}

TEST_F(Logs, WrongWordsAndNoLogs) {
    launch("sleep 1000");
    for (const auto& [words, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"--tail", "many"}, "use --tail \"many\": it is a number of lines, or all"},
             {{"--since", "yesterday"}, "use --since \"yesterday\": not a time"},
             {{"--until", "yesterday"}, "use --until \"yesterday\": not a time"}}) {
        const Finished refused = logs(words);
        EXPECT_EQ(refused.status, 1);
        EXPECT_TRUE(refused.err.contains(expected)) << refused.err;
    }
    for (const std::vector<std::string>& none : {std::vector<std::string>{"none"}, {"passthrough"}, {}}) {
        record.logs = none;
        write_record();
        const Finished refused = logs({"--follow"});
        EXPECT_EQ(refused.status, 1);
        EXPECT_TRUE(refused.err.contains(
            "it was started without a log (`ocirt run --detach --monitor` keeps one, unless with --log-driver none)"))
            << refused.err;
    }
    fs::remove(root() + "/" + bundle.id() + "/monitor.json");
    EXPECT_TRUE(logs().err.contains("it was started without a log")) << logs().err;
    record.logs = {"journald"};
    write_record();
    const Finished missing = bundle.through({"/usr/bin/env", "PATH=/nowhere"}).command({"logs"});
    EXPECT_EQ(missing.status, 1);
    EXPECT_TRUE(missing.err.contains("journalctl: no such file or directory (ENOENT)")) << missing.err;
}

TEST_F(Logs, FollowsToTheEnd) {
    bundle.file("/go", "");
    launch(loop);
    Process following = follow();
    EXPECT_TRUE(following.wait_for("line 3\n"));
    Process late = follow({"--tail", "0", "-t"});
    EXPECT_TRUE(late.wait_for(" line "));
    fs::remove(bundle.rootfs() / "go");
    const Finished all = following.wait();
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.err, "");
    EXPECT_TRUE(ends());
    EXPECT_EQ(all.out, logs().out);
    const Finished rest = late.wait();
    EXPECT_FALSE(rest.out.contains(" line 1\n"));
    EXPECT_TRUE(rest.out.ends_with(all.out.substr(all.out.rfind("line")))) << rest.out;
    EXPECT_EQ(logs({"--follow", "--tail", "1"}).out, all.out.substr(all.out.rfind("line")));
}

// A full file is thrown away, and many are in this time.
TEST_F(Logs, FollowsFilesThatAreThrownAway) {
    bundle.file("/go", "");
    launch(loop, {"--log-size-max", "300"});
    Process following = follow();
    EXPECT_TRUE(following.wait_for("line 50\n"));
    fs::remove(bundle.rootfs() / "go");
    const Finished all = following.wait();
    EXPECT_EQ(all.status, 0);
    std::istringstream lines(all.out);
    // The first file may be gone before anybody looked.
    int number = std::stoi(all.out.substr(5)) - 1;
    EXPECT_LT(number, 50);
    for (std::string line; std::getline(lines, line);) EXPECT_EQ(line, "line " + std::to_string(++number));
    EXPECT_GE(number, 50);
}

// Who writes on, faster than it is read, does not keep it.
TEST_F(Logs, EndsWithWhatThereWasAtItsBeginning) {
    constexpr std::size_t lines = 100'000;
    constexpr std::size_t wanted = 90'000;
    const std::string line = "123456789\n";
    launch("yes 123456789 | head -n 100000; sleep 1000", {"--log-max-files", "1", "--log-path", path("log")});
    ASSERT_TRUE(eventually([&] { return logs().out.size() == lines * line.size(); }));
    const auto write_log = [&](const std::string& text, std::ios::openmode mode) {
        std::ofstream log(path("log"), mode);
        for (std::size_t i = 0; i < lines; ++i) log << "2126-11-23T13:16:15.000000001+01:00 stdout F " << text;
    };
    enum class Rotation : std::uint8_t { none, kept, removed };
    for (const Rotation rotation : {Rotation::none, Rotation::kept, Rotation::removed}) {
        write_log(line, std::ios::trunc);
        fs::remove(path("log.1"));
        Process reading(bundle.make_command({"logs", "--tail", std::to_string(wanted), bundle.id()}));
        const std::string where = "/proc/" + std::to_string(reading.pid()) + "/wchan";
        ASSERT_TRUE(eventually([&] { return read_file(where).contains("pipe_write"); }));
        if (rotation == Rotation::kept) fs::rename(path("log"), path("log.1"));
        if (rotation == Rotation::removed) fs::remove(path("log"));
        write_log("late\n", std::ios::app);
        const std::string out = reading.wait().out;
        const std::size_t late = out.find('l');
        EXPECT_EQ(std::min(late, out.size()), wanted * line.size());
        // What was read with the last of it.
        EXPECT_LT(out.size(), wanted * line.size() + (rotation == Rotation::none ? 50'000 : 1));
    }
}

TEST_F(Logs, TheExitStatusOnDiskIsTheEnd) {
    launch("echo one; sleep 1000");
    Process following = follow();
    EXPECT_TRUE(following.wait_for("one\n"));
    ASSERT_TRUE(state::write_exit(root(), bundle.id(), {.pid = 1, .status = 0, .at = {}}));
    EXPECT_EQ(following.wait(soon).status, 0);
}

TEST_F(Logs, EndsWithTheContainersDirectory) {
    launch("echo one; sleep 1000");
    Process following = follow();
    EXPECT_TRUE(following.wait_for("one\n"));
    EXPECT_EQ(bundle.remove(true).status, 0);
    Finished all = following.wait(soon);
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.err, "");
}

// journalctl knows nothing of containers: it has to be ended.
TEST_F(Logs, FollowsTheJournal) {
    bundle.id(bundle.id() + "-0123456789").file("/go", "");
    launch(loop, {"--log-driver", "journald"});
    const std::string program = path("journalctl");
    std::ofstream(program) << "#!/bin/sh\ncase \"$*\" in *--sync*) exit;; *--reverse*) echo '{\"__CURSOR\":\"its "
                              "cursor\"}'; exit;; esac\necho \"$@\"\nexec /bin/sleep 1000\n";
    fs::permissions(program, fs::perms(0755));
    bundle.through({"/usr/bin/env", "PATH=" + bundle.scratch().string()});
    Process following = follow({"--tail", "3"});
    EXPECT_TRUE(
        following.wait_for(" CONTAINER_ID_FULL=" + bundle.id() + " --output=cat --cursor=its cursor --lines=all"));
    fs::remove(bundle.rootfs() / "go");
    const Finished all = following.wait(soon);
    EXPECT_EQ(all.status, 0);
    EXPECT_TRUE(all.out.ends_with(" --lines=all --follow\n")) << all.out;
    fs::remove(program);
    const Finished missing = logs({"--follow"});
    EXPECT_EQ(missing.status, 1);
    EXPECT_TRUE(missing.err.contains("journalctl: no such file or directory (ENOENT)")) << missing.err;
}

// A monitor that waits until it starts the container again stays for a while.
TEST_F(Logs, EndsWithTheContainersDirectoryBetweenTwoLives) {
    launch("echo one; exit 1", {"--restart", "on-failure"});
    Process following = follow();
    EXPECT_TRUE(following.wait_for("one\none\none\none\none\none\n"));  // it waits for three seconds by then
    EXPECT_TRUE(eventually([&] { return bundle.remove().status == 0; }));
    EXPECT_EQ(following.wait(soon).status, 0);
    EXPECT_TRUE(is_alive(record.monitor));
    EXPECT_TRUE(ends());
}

TEST_F(Logs, GoesOnThroughRestarts) {
    launch("echo life; sleep 0.5; exit 1", {"--restart", "on-failure:3"});
    Process following = follow();
    const Finished all = following.wait();
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.out, "life\nlife\nlife\nlife\n");
    EXPECT_EQ(logs().out, all.out);
}

TEST_F(Logs, GoesOnWithTheMonitorThatTakesOver) {
    bundle.file("/go", "");
    launch(loop);
    Process following = follow();
    EXPECT_TRUE(following.wait_for("line 3\n"));
    const pid_t killed = record.monitor;
    ASSERT_EQ(::kill(killed, SIGKILL), 0);
    EXPECT_TRUE(eventually([&] {
        const auto found = shim::monitor::read_record(root(), bundle.id());
        if (found && *found) record = **found;
        return record.monitor != killed;
    }));
    EXPECT_TRUE(eventually([&] { return !share_a_pipe(following.pid(), record.monitor); }))
        << "it keeps something of the command's open";
    fs::remove(bundle.rootfs() / "go");
    // The end of an orphan is seen once somebody has reaped it.
    EXPECT_TRUE(eventually([&] {
        reap_orphans();
        return state::read_exit(root(), bundle.id()).has_value();
    }));
    const Finished all = following.wait();
    EXPECT_EQ(all.status, 0);
    EXPECT_EQ(all.out, logs().out);
    EXPECT_TRUE(all.out.starts_with("line 1\nline 2\n"));
}

TEST_F(Logs, EndsWithItsReader) {
    launch(
        "echo one; i=0; while test $i -lt 3000; do i=$((i+1)); echo $i: a line that fills the pipe; done; sleep 1000");
    EXPECT_TRUE(eventually([&] { return logs({"--tail", "1"}).out.starts_with("3000:"); }));
    for (const std::string more : {"", "--follow", "--follow --tail 3000"}) {
        const std::string line = "trap '' PIPE; { '" + runtime_path() + "' --root " + root() + " logs " + more + " " +
                                 bundle.id() + "; echo $? >" + path("status") + "; } | head -n 1";
        const Finished seen = run({.args = {"/bin/sh", "-c", line}});
        EXPECT_TRUE(seen.out == "one\n" || seen.out == "1: a line that fills the pipe\n") << seen.out;
        EXPECT_EQ(seen.err, "");
        EXPECT_TRUE(eventually([&] { return read_trimmed(path("status")) == "0"; }));
        fs::remove(path("status"));
    }
    // Also where there is nothing to write.
    const std::string line =
        "'" + runtime_path() + "' --root " + root() + " logs -f --tail 0 " + bundle.id() + " | true";
    EXPECT_EQ(run({.args = {"/bin/sh", "-c", line}}).status, 0);
}

// Follows with nothing to do: no CPU time.
TEST_F(Logs, WaitsWithoutLooking) {
    launch("echo one; sleep 1000");
    Process following = follow();
    EXPECT_TRUE(following.wait_for("one\n"));
    const std::string stat = "/proc/" + std::to_string(following.pid()) + "/status";
    const auto switches = [&stat] {
        const std::string text = read_file(stat);
        return std::stol(text.substr(text.find("voluntary_ctxt_switches:") + 24));
    };
    EXPECT_TRUE(eventually([&] {
        const long before = switches();
        ::usleep(300'000);
        return switches() == before;
    }));
}

}  // namespace
}  // namespace ocirt::test
