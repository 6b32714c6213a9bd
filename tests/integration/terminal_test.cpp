// Terminals: in the foreground, handed over by --console-socket, and what owns stdio.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <csignal>
#include <fstream>

#include "support/bundle.h"
#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

// `run` with a terminal of the test's as its stdio.
Process run_on(const Pty& pty, Bundle& bundle) {
    bundle.json("/process/terminal", true).write_config();
    Command command = bundle.make_command({"run", "--bundle", bundle.path(), bundle.id()});
    for (int fd = 0; fd < 3; ++fd) command.descriptors.emplace_back(pty.slave.get(), fd);
    return Process(command);
}

bool is_same(const termios& one, const termios& other) {
    return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_lflag == other.c_lflag &&
           one.c_cflag == other.c_cflag;
}

TEST(ForegroundTerminal, IsTheProgramsControllingTerminal) {
    Bundle bundle;
    Pty pty;
    bundle.sh("tty; ls -l /dev/console | cut -c1; echo to the tty >/dev/tty; exit 5");
    Process process = run_on(pty, bundle);
    EXPECT_EQ(process.wait().status, 5);
    pty.slave.reset();
    EXPECT_EQ(pty.screen.read_all(), "/dev/pts/0\r\nc\r\nto the tty\r\n");
}

TEST(ForegroundTerminal, PassesKeysOnAndIsRestored) {
    Bundle bundle;
    Pty pty;
    const termios before = pty.modes();
    bundle.sh("trap 'echo interrupted; exit 3' INT; echo ready; read line; echo \"got $line\"; sleep 100 & wait");
    Process process = run_on(pty, bundle);
    ASSERT_TRUE(pty.screen.wait_for("ready"));
    EXPECT_FALSE(is_same(pty.modes(), before));
    pty.screen.type("a line\r");
    ASSERT_TRUE(pty.screen.wait_for("got a line"));
    pty.screen.type("\x03");
    EXPECT_EQ(process.wait().status, 3) << pty.screen.text();
    EXPECT_TRUE(is_same(pty.modes(), before));
}

TEST(ForegroundTerminal, IsRestoredWhenTheContainerIsKilled) {
    Bundle bundle;
    Pty pty;
    const termios before = pty.modes();
    bundle.sh("echo ready; sleep 100");
    Process process = run_on(pty, bundle);
    ASSERT_TRUE(pty.screen.wait_for("ready"));
    ASSERT_EQ(bundle.kill("KILL").status, 0);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
    EXPECT_TRUE(is_same(pty.modes(), before));
}

TEST(ForegroundTerminal, SizeFollows) {
    Bundle bundle;
    Pty pty;
    pty.screen.resize(33, 101);
    bundle.json("/process/consoleSize", {{"height", 1}, {"width", 2}});
    bundle.sh("stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done");
    Process process = run_on(pty, bundle);
    ASSERT_TRUE(pty.screen.wait_for("ready"));
    EXPECT_TRUE(pty.screen.text().starts_with("33 101\r\n")) << pty.screen.text();
    pty.screen.resize(44, 88);
    process.signal(SIGWINCH);  // the kernel's to whose controlling terminal it is: it is nobody's here
    EXPECT_TRUE(pty.screen.wait_for("44 88")) << pty.screen.text();
    EXPECT_EQ(process.wait().status, 0);
}

TEST(ForegroundTerminal, WorksWithoutOneOutside) {
    Bundle bundle;
    bundle.json("/process/terminal", true).json("/process/consoleSize", {{"height", 11}, {"width", 22}});
    bundle.sh("stty -echo; stty size; cat; echo end").write_config();
    Command command = bundle.make_command({"run", "--bundle", bundle.path(), bundle.id()});
    command.input = "a line\n";
    const Finished finished = run(command);
    EXPECT_EQ(finished.status, 0) << finished.err;
    // The line may be echoed before echo is off. Its end is that of stdin, and no carriage return is added.
    EXPECT_TRUE(finished.out.ends_with("a line\nend\n")) << finished.out;
    EXPECT_NE(finished.out.find("11 22\n"), std::string::npos) << finished.out;
    EXPECT_EQ(finished.out.find('\r'), std::string::npos);
}

TEST(ForegroundTerminal, AllOutputArrives) {
    Bundle bundle;
    bundle.json("/process/terminal", true).sh("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done");
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out.size(), 220000u);
}

TEST(ForegroundTerminal, AReaderThatLeavesStopsNothing) {
    Bundle bundle;
    bundle.json("/process/terminal", true)
        .sh("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; exit 4");
    bundle.write_config();
    Command command = bundle.make_command({"run", "--bundle", bundle.path(), bundle.id()});
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    { const Fd reading(ends[0]); }
    const Fd writing(ends[1]);
    command.descriptors = {{writing.get(), 1}};
    EXPECT_EQ(run(command).status, 4);
}

TEST(ForegroundTerminal, WithAReadonlyRootAndAUserNamespace) {
    Bundle bundle;
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    bundle.json("/root/readonly", true).json("/process/terminal", true).user(7, 8);
    const Finished finished = bundle.sh("tty; stat -c %u $(tty); echo x >/dev/tty").run();
    EXPECT_EQ(finished.out, "/dev/pts/0\n7\nx\n") << finished.err;
}

TEST(ConsoleSocketOption, HandsTheTerminalOver) {
    Bundle bundle;
    const ConsoleSocket socket(bundle.scratch() / "console.sock");
    bundle.json("/process/terminal", true).json("/process/consoleSize", {{"height", 40}, {"width", 120}});
    bundle.sh("stty size; echo done");
    ASSERT_EQ(bundle.create({"--console-socket", socket.path()}).status, 0) << bundle.log();
    ConsoleSocket::Console console = socket.receive();
    EXPECT_EQ(console.name, "/dev/pts/0");
    Screen screen(std::move(console.master));
    ASSERT_EQ(bundle.start().status, 0);
    // Nobody changes its modes: whoever got it does.
    EXPECT_EQ(screen.read_all(), "40 120\r\ndone\r\n");
}

TEST(ConsoleSocketOption, WorksWithADetachedRun) {
    Bundle bundle;
    const ConsoleSocket socket(bundle.scratch() / "console.sock");
    bundle.json("/process/terminal", true).sh("read line; echo \"got $line\"");
    ASSERT_EQ(bundle.run({"--detach", "--console-socket", socket.path()}).status, 0) << bundle.log();
    Screen screen(socket.receive().master);
    screen.type("x\n");
    EXPECT_TRUE(screen.wait_for("got x"));
}

TEST(ConsoleSocketOption, NobodyToHoldTheTerminalIsRefused) {
    Bundle bundle;
    bundle.json("/process/terminal", true).args({"/bin/true"});
    const Finished finished = bundle.create();
    EXPECT_EQ(finished.status, 1);
    EXPECT_NE(finished.err.find("/process/terminal"), std::string::npos) << finished.err;
    EXPECT_NE(finished.err.find("console socket"), std::string::npos) << finished.err;
    EXPECT_EQ(bundle.run({"--detach"}).status, 1);
    EXPECT_TRUE(bundle.leaks().empty());
}

TEST(ConsoleSocketOption, WithoutATerminalIsRefused) {
    Bundle bundle;
    const ConsoleSocket socket(bundle.scratch() / "console.sock");
    const Finished finished = bundle.args({"/bin/true"}).create({"--console-socket", socket.path()});
    EXPECT_EQ(finished.status, 1);
    EXPECT_NE(finished.err.find("cannot use console socket"), std::string::npos) << finished.err;
}

TEST(ConsoleSocketOption, ThatNobodyListensOnIsNamed) {
    Bundle bundle;
    const std::string path = bundle.scratch() / "nobody.sock";
    const Finished finished =
        bundle.json("/process/terminal", true).args({"/bin/true"}).create({"--console-socket", path});
    EXPECT_EQ(finished.status, 1);
    EXPECT_NE(finished.err.find(path), std::string::npos) << finished.err;
    EXPECT_NE(finished.err.find("no such file or directory"), std::string::npos) << finished.err;
    EXPECT_TRUE(bundle.leaks().empty());
}

TEST(ExecTerminal, IsTheProcesssOwn) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).run({"--detach"}).status, 0);
    Pty pty;
    pty.screen.resize(33, 101);
    const termios before = pty.modes();
    Command command = bundle.make_command(
        {"exec", "--tty", bundle.id(), "/bin/sh", "-c", "tty; stty size; echo x >/dev/tty; read line; exit 6"});
    for (int fd = 0; fd < 3; ++fd) command.descriptors.emplace_back(pty.slave.get(), fd);
    Process process(command);
    ASSERT_TRUE(pty.screen.wait_for("x\r\n")) << pty.screen.text();
    EXPECT_EQ(pty.screen.text(), "/dev/pts/0\r\n33 101\r\nx\r\n");
    pty.screen.type("\r");
    EXPECT_EQ(process.wait().status, 6);
    EXPECT_TRUE(is_same(pty.modes(), before));
}

TEST(ExecTerminal, IsHandedOver) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).run({"--detach"}).status, 0);
    const ConsoleSocket socket(bundle.scratch() / "console.sock");
    const std::filesystem::path file = bundle.scratch() / "process.json";
    const Json process = {{"terminal", true},
                          {"consoleSize", {{"height", 40}, {"width", 120}}},
                          {"args", {"/bin/sh", "-c", "stty size; read line; echo \"got $line\""}},
                          {"cwd", "/"}};
    std::ofstream(file) << process.dump();
    const Finished finished =
        bundle.command({"exec", "--detach", "--process", file, "--console-socket", socket.path()});
    ASSERT_EQ(finished.status, 0) << finished.err;
    Screen screen(socket.receive().master);
    ASSERT_TRUE(screen.wait_for("40 120\r\n"));
    screen.type("a line\n");
    EXPECT_TRUE(screen.wait_for("got a line"));
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    EXPECT_TRUE(bundle.wait_for_status("stopped"));  // which reaps what comes to this process
}

TEST(ExecTerminal, ThatNobodyHoldsIsRefused) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).run({"--detach"}).status, 0);
    const Finished finished = bundle.command_without_id({"exec", "--tty", "--detach", bundle.id(), "/bin/true"});
    EXPECT_EQ(finished.status, 255);
    EXPECT_NE(finished.err.find("--tty"), std::string::npos) << finished.err;
}

TEST(Terminal, NeedsADevpts) {
    Bundle bundle;
    bundle.json("/process/terminal", true).args({"/bin/true"});
    bundle.mount({.destination = "/dev/pts", .type = "tmpfs", .source = "tmpfs"});
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.status, 1);
    EXPECT_NE(finished.err.find("/process/terminal"), std::string::npos) << finished.err;
    EXPECT_NE(finished.err.find("devpts"), std::string::npos) << finished.err;
}

TEST(Stdio, BelongsToTheUser) {
    Bundle bundle;
    const Finished finished = bundle.user(1000, 1000).sh("echo again >/dev/stdout").run();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out, "again\n");
}

TEST(Stdio, TheHostsNullDeviceIsLeftAlone) {
    Bundle bundle;
    struct stat before{};
    ASSERT_EQ(::stat("/dev/null", &before), 0);
    bundle.user(1000, 1000).sh("cat").write_config();
    Command command = bundle.make_command({"run", "--bundle", bundle.path(), bundle.id()});
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int fd = 0; fd < 3; ++fd) command.descriptors.emplace_back(null.get(), fd);
    EXPECT_EQ(run(command).status, 0);
    struct stat after{};
    ASSERT_EQ(::stat("/dev/null", &after), 0);
    EXPECT_EQ(after.st_uid, before.st_uid);
    EXPECT_EQ(after.st_rdev, makedev(1, 3));
    EXPECT_EQ(after.st_mode, before.st_mode);
}

}  // namespace
}  // namespace ocirt::test
