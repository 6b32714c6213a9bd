// `ocirt attach`: what reaches a container and what comes of it, how one leaves it, and what becomes of the terminal.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "common/fd.h"
#include "common/syscall.h"
#include "support/bundle.h"
#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* detach_keys = "\x10\x11";

bool is_same(const termios& one, const termios& other) {
    return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_lflag == other.c_lflag &&
           one.c_cflag == other.c_cflag;
}

class Attach : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: a command of ocirt's";
    }
    void TearDown() override {
        const Finished removed = bundle.remove(true);
        EXPECT_EQ(removed.status, 0) << removed.err;
        // Its monitor ends by itself.
        EXPECT_TRUE(eventually([&] { return bundle.leaks().empty(); })) << ::testing::PrintToString(bundle.leaks());
    }

    // Runs the script with a monitor; clients may write to its stdin.
    void launch(const std::string& script, bool input = true, std::vector<std::string> more = {}) {
        bundle.sh(script).write_config();
        more.insert(more.begin(), {"run", "--detach", "--monitor", "--log-driver", "none", "--bundle", bundle.path()});
        if (input) more.emplace_back("--stdin");
        more.push_back(bundle.id());
        const Finished launched = bundle.command_without_id(more);
        ASSERT_EQ(launched.status, 0) << launched.err;
    }
    void launch_on_terminal(const std::string& script) {
        bundle.json("/process/terminal", true);
        launch(script);
    }
    [[nodiscard]] Command attach(std::vector<std::string> options = {}) const {
        options.insert(options.begin(), "attach");
        options.push_back(bundle.id());
        return bundle.make_command(options);
    }
    // With all of stdio on the terminal.
    [[nodiscard]] Process start_on(const Pty& pty, const std::vector<std::string>& options = {}) const {
        Command command = attach(options);
        for (int fd = 0; fd < 3; ++fd) command.descriptors.emplace_back(pty.slave.get(), fd);
        return Process(command);
    }
    // Returns once the terminal is raw.
    [[nodiscard]] Process attach_on(const Pty& pty, const std::vector<std::string>& options = {}) const {
        const termios before = pty.modes();
        Process process = start_on(pty, options);
        EXPECT_TRUE(eventually([&] { return !is_same(pty.modes(), before); }));
        return process;
    }
    [[nodiscard]] bool is_running() { return bundle.state()["status"] == "running"; }

    Bundle bundle;
};

TEST_F(Attach, PassesTheStreamsOnAndHasTheExitStatus) {
    launch("read word; echo out $word; echo err >&2; exit 7");
    Command command = attach();
    command.input = "word\n";
    const Finished finished = run(command);
    EXPECT_EQ(finished.status, 7);
    EXPECT_EQ(finished.out, "out word\n");
    EXPECT_EQ(finished.err, "err\n");
}

TEST_F(Attach, TheEndOfStdinIsTheContainers) {
    launch("cat; echo end; exit 7");
    Command command = attach();
    command.input = std::string(60000, 'x');
    const Finished finished = run(command);
    EXPECT_EQ(finished.status, 7);
    EXPECT_EQ(finished.out, command.input + "end\n");
}

TEST_F(Attach, WhereStdinIsNotTheContainersItIsNotRead) {
    for (const bool input : {false, true}) {
        launch("while :; do echo line; sleep 0.05; done", input);
        Result<sys::Pipe> pipe = sys::make_pipe();
        ASSERT_TRUE(pipe && ::write(pipe->writer.get(), "kept", 4) == 4);
        Command command = attach(input ? std::vector<std::string>{"--no-stdin"} : std::vector<std::string>{});
        command.descriptors = {{pipe->reader.get(), STDIN_FILENO}};
        Process process(command);
        ASSERT_TRUE(process.wait_for("line\nline\n"));
        process.signal(SIGTERM);
        EXPECT_EQ(process.wait().status, 128 + SIGTERM);
        pipe->writer.reset();
        std::array<char, 8> bytes{};
        EXPECT_EQ(::read(pipe->reader.get(), bytes.data(), bytes.size()), 4);
        EXPECT_EQ(bundle.remove(true).status, 0);
    }
}

TEST_F(Attach, ASignalEndsTheClientAlone) {
    launch("while :; do echo line; sleep 0.05; done", false);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        Process process(attach());
        ASSERT_TRUE(process.wait_for("line\n"));
        process.signal(signal);
        const Finished finished = process.wait();
        EXPECT_EQ(finished.status, 128 + signal);
        EXPECT_EQ(finished.err, "");
        EXPECT_TRUE(is_running());
    }
}

TEST_F(Attach, WhatItsCallerIgnoresItIgnores) {
    launch("while :; do echo line; sleep 0.05; done", false);
    Command command = attach();
    command.args.insert(command.args.begin(), {"/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh"});
    Process process(command);
    ASSERT_TRUE(process.wait_for("line\n"));
    process.signal(SIGHUP);
    EXPECT_TRUE(process.wait_for("line\nline\nline\nline\n"));
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
}

TEST_F(Attach, EndsWithItsReader) {
    launch("echo line; read word", true);
    Result<sys::Pipe> input = sys::make_pipe();
    Result<sys::Pipe> output = sys::make_pipe();
    ASSERT_TRUE(input && output);
    Command command = attach();
    command.descriptors = {{input->reader.get(), STDIN_FILENO}, {output->writer.get(), STDOUT_FILENO}};
    Process process(command);
    output->writer.reset();
    output->reader.reset();  // nothing has to be written for it to be seen
    const Finished finished = process.wait();
    EXPECT_EQ(finished.status, 128 + SIGPIPE);
    EXPECT_EQ(finished.err, "");
    EXPECT_TRUE(is_running());
}

TEST_F(Attach, ASlowReaderLosesNothing) {
    launch("read word; seq 200000; exit 7");
    Result<sys::Pipe> output = sys::make_pipe();
    ASSERT_TRUE(output);
    Command command = attach();
    command.input = "go\n";
    command.descriptors = {{output->writer.get(), STDOUT_FILENO}};
    Process process(command);
    output->writer.reset();
    std::size_t size = 0;
    std::array<char, 65536> bytes{};
    for (ssize_t got = 1; got > 0; size += static_cast<std::size_t>(got)) {
        if (size < (std::size_t{1} << 19)) ::usleep(20000);
        got = ::read(output->reader.get(), bytes.data(), bytes.size());
        ASSERT_GE(got, 0);
    }
    EXPECT_EQ(process.wait().status, 7);
    EXPECT_EQ(size, 1288895U);  // what `seq 200000` prints
}

TEST_F(Attach, ByALongPath) {
    bundle.id(std::string(200, 'x'));
    launch("read word; echo $word; exit 7");
    Command command = attach();
    command.input = "word\n";
    const Finished finished = run(command);
    EXPECT_EQ(finished.status, 7);
    EXPECT_EQ(finished.out, "word\n");
}

TEST_F(Attach, SaysWhyItCannotBe) {
    const auto refused = [&](const std::string& words) {
        const Finished finished = run(attach());
        EXPECT_EQ(finished.status, 1);
        EXPECT_TRUE(finished.err.contains(words)) << finished.err;
        EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    };
    refused("does not exist");
    bundle.sh("sleep 1000");
    ASSERT_TRUE(bundle.launch());
    refused("has no monitor (one that `ocirt run --detach --monitor` has made can be attached to)");
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    EXPECT_TRUE(bundle.wait_for_status("stopped"));
    refused("container not running: it is stopped");
    const Finished finished = run(attach({"--detach-keys", "ctrl-p,ctrl-1"}));
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(finished.err.contains("--detach-keys \"ctrl-1\": it is no key")) << finished.err;
}

TEST_F(Attach, StaysThroughARestart) {
    bundle.directory("/lives");
    launch("touch /lives/$(ls /lives | wc -l); read word; echo $word $(ls /lives | wc -l); exit 7", true,
           {"--restart", "on-failure:1"});
    Result<sys::Pipe> input = sys::make_pipe();
    ASSERT_TRUE(input);
    Command command = attach();
    command.descriptors = {{input->reader.get(), STDIN_FILENO}};
    Process process(command);
    ASSERT_EQ(::write(input->writer.get(), "one\n", 4), 4);
    ASSERT_TRUE(process.wait_for("one 1\n"));
    ASSERT_TRUE(eventually([&] { return fs::exists(bundle.rootfs() / "lives/1"); }));
    ASSERT_EQ(::write(input->writer.get(), "two\n", 4), 4);
    const Finished finished = process.wait();
    EXPECT_EQ(finished.out, "one 1\ntwo 2\n");
    EXPECT_EQ(finished.status, 7) << finished.err;
}

TEST_F(Attach, StaysThroughItsMonitorsDeath) {
    launch("while :; do echo line; sleep 0.05; done", false);
    Process process(attach());
    ASSERT_TRUE(process.wait_for("line\n"));
    const fs::path record = bundle.scratch() / "state" / bundle.id() / "monitor.json";
    const auto monitor = Json::parse(read_file(record))["monitor"].get<pid_t>();
    ASSERT_EQ(::kill(monitor, SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return reap_orphans(), Json::parse(read_file(record))["monitor"] != monitor; }));
    std::string lines = "line\n";
    for (int i = 0; i < 6; ++i) lines += lines;
    EXPECT_TRUE(process.wait_for(lines));
    process.signal(SIGINT);
    EXPECT_EQ(process.wait().status, 128 + SIGINT);
    EXPECT_TRUE(is_running());
}

TEST_F(Attach, ToOneThatIsKilledAndDeleted) {
    launch("while :; do echo line; sleep 0.05; done", false);
    Process process(attach());
    ASSERT_TRUE(process.wait_for("line\n"));
    EXPECT_EQ(bundle.remove(true).status, 0);
    const Finished finished = process.wait();
    EXPECT_TRUE(finished.status == 128 + SIGKILL || finished.err.contains("nobody saw its exit status"))
        << finished.status << finished.err;
}

TEST_F(Attach, OnATerminalKeysPassAndItIsRestored) {
    Pty pty;
    const termios before = pty.modes();
    launch_on_terminal("trap 'echo interrupted; exit 7' INT; while :; do read line; echo \"got $line\"; done");
    Process process = attach_on(pty);
    pty.screen.type("a line\r");
    ASSERT_TRUE(pty.screen.wait_for("got a line"));
    pty.screen.type("\x03");
    EXPECT_EQ(process.wait().status, 7) << pty.screen.text();
    EXPECT_TRUE(is_same(pty.modes(), before));
    pty.slave.reset();
    EXPECT_TRUE(pty.screen.read_all().contains("interrupted")) << pty.screen.text();
}

TEST_F(Attach, DetachesAndComesBack) {
    launch_on_terminal("while :; do read line; echo \"got $line\"; done");
    for (const char* word : {"one", "two"}) {
        Pty pty;
        const termios before = pty.modes();
        Process process = attach_on(pty);
        pty.screen.type(std::string(word) + "\r");
        ASSERT_TRUE(pty.screen.wait_for("got " + std::string(word))) << pty.screen.text();
        pty.screen.type(detach_keys);
        EXPECT_EQ(process.wait().status, 0);
        EXPECT_TRUE(is_same(pty.modes(), before));
        EXPECT_TRUE(pty.screen.wait_for("\r\ndetached from \"" + bundle.id() + "\", which goes on\r\n"));
        EXPECT_TRUE(is_running());
    }
}

TEST_F(Attach, DetachKeysMayBeOthersOrNone) {
    launch_on_terminal("stty raw -echo; touch /ready; while :; do dd bs=1 count=1 2>/dev/null | od -An -tx1; done");
    ASSERT_TRUE(eventually([&] { return fs::exists(bundle.rootfs() / "ready"); }));
    {
        Pty pty;
        Process process = attach_on(pty, {"--detach-keys", "a,ctrl-]"});
        pty.screen.type("\x10\x11");
        ASSERT_TRUE(pty.screen.wait_for("10")) << pty.screen.text();
        ASSERT_TRUE(pty.screen.wait_for("11")) << pty.screen.text();
        pty.screen.type("ab");
        ASSERT_TRUE(pty.screen.wait_for("62")) << pty.screen.text();
        pty.screen.type("a\x1d");
        EXPECT_EQ(process.wait().status, 0);
    }
    Pty pty;
    Process process = attach_on(pty, {"--detach-keys", ""});
    pty.screen.type(std::string(detach_keys) + "z");
    ASSERT_TRUE(pty.screen.wait_for("7a")) << pty.screen.text();
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
}

TEST_F(Attach, ASignalRestoresTheTerminal) {
    launch_on_terminal("sleep 1000");
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        Pty pty;
        const termios before = pty.modes();
        Process process = attach_on(pty);
        process.signal(signal);
        EXPECT_EQ(process.wait().status, 128 + signal);
        EXPECT_TRUE(is_same(pty.modes(), before));
    }
    EXPECT_TRUE(is_running());
}

TEST_F(Attach, TheTerminalsSizeFollowsAndIsToldAnew) {
    launch_on_terminal("trap 'stty size' WINCH; while :; do sleep 0.02; done");
    {
        Pty pty;
        pty.screen.resize(33, 101);
        Process process = attach_on(pty);
        EXPECT_TRUE(pty.screen.wait_for("33 101")) << pty.screen.text();
        pty.screen.resize(44, 88);
        process.signal(SIGWINCH);  // the kernel's to whose controlling terminal it is: it is nobody's here
        EXPECT_TRUE(pty.screen.wait_for("44 88")) << pty.screen.text();
        pty.screen.type(detach_keys);
        EXPECT_EQ(process.wait().status, 0);
    }
    // The second one finds it as the first one has left it.
    Pty pty;
    pty.screen.resize(44, 88);
    Process process = attach_on(pty);
    EXPECT_TRUE(pty.screen.wait_for("44 88")) << pty.screen.text();
    EXPECT_EQ(bundle.exec({"sh", "-c", "stty size </dev/console"}).out, "44 88\n");
    pty.screen.type(detach_keys);
    EXPECT_EQ(process.wait().status, 0);
}

TEST_F(Attach, OneWhoOnlyLooksHasHisTerminalAsItIs) {
    launch_on_terminal("while :; do echo line; sleep 0.05; done");
    Pty pty;
    const termios before = pty.modes();
    Process process = start_on(pty, {"--no-stdin"});
    ASSERT_TRUE(pty.screen.wait_for("line"));
    EXPECT_TRUE(is_same(pty.modes(), before));
    process.signal(SIGINT);
    EXPECT_EQ(process.wait().status, 128 + SIGINT);
}

// Nobody reads what it shows, and it can be left all the same.
TEST_F(Attach, AStoppedTerminalStopsNoKeys) {
    launch_on_terminal("while :; do echo a line that is quite long; done");
    Pty pty;
    const termios before = pty.modes();
    Process process = attach_on(pty);
    ::usleep(300000);
    pty.screen.type(detach_keys);
    EXPECT_TRUE(eventually([&] { return is_same(pty.modes(), before); }));
    std::array<char, 4096> bytes{};
    ::fcntl(pty.screen.master().get(), F_SETFL, O_NONBLOCK);
    EXPECT_TRUE(eventually([&] {
        while (::read(pty.screen.master().get(), bytes.data(), bytes.size()) > 0) {}
        return !is_alive(process.pid());
    }));
    EXPECT_EQ(process.wait().status, 0);
}

TEST_F(Attach, AProgramThatReadsNothingStopsNoKeys) {
    launch_on_terminal("stty raw -echo; touch /ready; sleep 1000");
    ASSERT_TRUE(eventually([&] { return fs::exists(bundle.rootfs() / "ready"); }));
    Pty pty;
    Process process = attach_on(pty);
    const int master = pty.screen.master().get();
    ::fcntl(master, F_SETFL, O_NONBLOCK);
    const auto type = [master](const std::string& keys) {
        ASSERT_TRUE(eventually([&] { return ::write(master, keys.data(), keys.size()) > 0; }));
    };
    for (int i = 0; i < 200 && !HasFatalFailure(); ++i) type(std::string(1000, 'x'));
    for (const char* key : {"\x10", "\x11"}) type(key);
    EXPECT_EQ(process.wait().status, 0);
}

}  // namespace
}  // namespace ocirt::test
