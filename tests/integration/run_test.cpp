// Commands and the life of a container, as their users see them.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "support/bundle.h"
#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

TEST(Run, ExitCodeIsTheContainers) {
    Bundle bundle;
    EXPECT_EQ(bundle.sh("exit 42").run().status, 42);
}

TEST(Run, ExitCodeOfASignalIs128Plus) {
    Bundle bundle;
    // pid 1 of a namespace ignores its own signals: its child is killed, and the shell reports it.
    EXPECT_EQ(bundle.sh("sh -c 'kill -KILL $$'; exit $?").run().status, 128 + SIGKILL);
}

TEST(Run, StdoutAndStderrPassThrough) {
    Bundle bundle;
    const Finished finished = bundle.sh("echo out; echo err >&2").run();
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out, "out\n");
    EXPECT_EQ(finished.err, "err\n");
}

TEST(Run, SuccessSaysNothing) {
    Bundle bundle;
    const Finished finished = bundle.args({"/bin/true"}).run();
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err, "");
}

TEST(Run, SignalsAreForwarded) {
    Bundle bundle;
    bundle.sh("trap 'echo got term; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    Process process = bundle.run_in_background();
    ASSERT_TRUE(process.wait_for("ready\n"));
    process.signal(SIGTERM);
    const Finished finished = process.wait();
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(finished.out, "ready\ngot term\n");
}

TEST(Run, PidFileHoldsThePid) {
    Bundle bundle;
    const std::string pid_file = bundle.scratch() / "pid";
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create({"--pid-file", pid_file}).status, 0);
    EXPECT_EQ(read_file(pid_file), std::to_string(bundle.state().value("pid", 0)));
}

TEST(Run, PidfdGoesOverItsSocket) {
    Bundle bundle;
    const DescriptorSocket socket(bundle.scratch() / "pidfd.sock");
    bundle.args({"/bin/sleep", "100"});
    ASSERT_EQ(bundle.create({"--pidfd-socket", socket.path()}).status, 0) << bundle.log();
    const DescriptorSocket::Received received = socket.receive();
    EXPECT_EQ(received.name, "pidfd");
    const std::string info = read_file("/proc/self/fdinfo/" + std::to_string(received.descriptor.get()));
    EXPECT_NE(info.find("Pid:\t" + std::to_string(bundle.state().value("pid", 0)) + "\n"), std::string::npos) << info;
}

// As systemd's socket activation starts a service: the number of the process itself is known only to the shell.
TEST(Run, SocketsOfTheCallerAreListenedOn) {
    Bundle bundle;
    const std::string file = bundle.scratch() / "given";
    std::ofstream(file) << "given\n";
    bundle.sh("echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; cat <&3").env("LISTEN_FDS=77");
    bundle.write_config();
    const Command ocirt = bundle.make_command({"run", "--bundle", bundle.path(), bundle.id()});
    std::string line = "export LISTEN_FDS=1 LISTEN_FDNAMES=web; exec 3<" + file + "; LISTEN_PID=$$ exec";
    for (const std::string& word : ocirt.args) line += " '" + word + "'";
    const Finished finished = run({.args = {"/bin/sh", "-c", line}});
    EXPECT_EQ(finished.out, "1 1 web\ngiven\n") << finished.err;
    const Finished closed = run({.args = {"/bin/sh", "-c", line + " 3<&-"}});
    EXPECT_EQ(closed.status, 1);
    EXPECT_NE(closed.err.find("LISTEN_FDS=1"), std::string::npos) << closed.err;
}

TEST(Life, EveryStatusInTurn) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    ASSERT_EQ(bundle.create().status, 0);
    EXPECT_EQ(bundle.state()["status"], "created");
    EXPECT_EQ(bundle.start().status, 0);
    EXPECT_EQ(bundle.state()["status"], "running");
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    EXPECT_TRUE(bundle.wait_for_status("stopped"));
    EXPECT_EQ(bundle.remove().status, 0);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
    EXPECT_NE(bundle.command({"state"}).status, 0);
}

TEST(Life, StateIsTheSpecs) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"}).json("/annotations", {{"org.example.key", "a value"}});
    ASSERT_EQ(bundle.create().status, 0);
    const Json state = bundle.state();
    EXPECT_TRUE(state["ociVersion"].is_string());
    EXPECT_EQ(state["id"], bundle.id());
    EXPECT_GT(state["pid"].get<int>(), 1);
    EXPECT_EQ(state["bundle"], bundle.path().string());
    EXPECT_EQ(state["annotations"]["org.example.key"], "a value");
}

// As with runc and crun, and against the letter of the specification (docs/spec.md).
TEST(Life, DeleteOfACreatedContainerNeedsNoForce) {
    Bundle bundle;
    const std::string mark = bundle.scratch() / "mark";
    bundle.hook("poststop", {"/bin/sh", "-c", "echo poststop >> " + mark}).sh("echo program >> /tmp/mark; sleep 100");
    ASSERT_EQ(bundle.create().status, 0);
    const Finished removed = bundle.remove();
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
    EXPECT_FALSE(std::filesystem::exists(bundle.rootfs() / "tmp/mark"));
    EXPECT_EQ(read_file(mark), "poststop\n");
}

TEST(Life, NothingOfTheProgramRunsBeforeStart) {
    Bundle bundle;
    ASSERT_EQ(bundle.sh("echo running > /tmp/mark; echo done").create().status, 0);
    EXPECT_FALSE(std::filesystem::exists(bundle.rootfs() / "tmp/mark"));
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_EQ(bundle.output().out, "done\n");
    EXPECT_TRUE(std::filesystem::exists(bundle.rootfs() / "tmp/mark"));
}

TEST(Life, WrongStatesAreRefused) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    EXPECT_NE(bundle.start().status, 0) << "start before create";
    ASSERT_EQ(bundle.create().status, 0);
    EXPECT_NE(bundle.create().status, 0) << "the id is in use";
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_NE(bundle.start().status, 0) << "start twice";
    EXPECT_NE(bundle.remove().status, 0) << "delete while it runs";
    EXPECT_EQ(bundle.state()["status"], "running");
}

TEST(Life, DeleteForceEndsARunningContainer) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create().status, 0);
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

TEST(Life, DeleteForceOfNothingIsNoError) {
    Bundle bundle;
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_NE(bundle.remove(false).status, 0);
}

// A created container is killed: it never ran.
TEST(Life, KillOfACreatedContainer) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create().status, 0);
    EXPECT_EQ(bundle.kill("KILL").status, 0);
    EXPECT_TRUE(bundle.wait_for_status("stopped"));
    EXPECT_EQ(bundle.remove().status, 0);
}

class KillSignal : public ::testing::TestWithParam<std::pair<const char*, int>> {};

TEST_P(KillSignal, ByNameAndNumber) {
    Bundle bundle;
    const auto [name, number] = GetParam();
    bundle.sh(
        "for s in 15 10 34 37; do trap \"echo got $s; exit 0\" $s; done; echo ready; while :; do sleep 0.05; done");
    Process process = bundle.run_in_background();
    ASSERT_TRUE(process.wait_for("ready\n"));
    EXPECT_EQ(bundle.kill(name).status, 0);
    EXPECT_EQ(process.wait().out, "ready\ngot " + std::to_string(number) + "\n");
}

INSTANTIATE_TEST_SUITE_P(Forms, KillSignal,
                         ::testing::Values(std::pair{"TERM", 15}, std::pair{"SIGTERM", 15}, std::pair{"15", 15},
                                           std::pair{"USR1", 10}, std::pair{"37", 37}));

TEST(Kill, UnknownSignalIsRefused) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create().status, 0);
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_NE(bundle.kill("SIGNONSENSE").status, 0);
    EXPECT_NE(bundle.kill("0x9").status, 0);
    EXPECT_EQ(bundle.state()["status"], "running");
}

// All processes of a container that shares the host's pid namespace end with its init.
TEST(Kill, ASharedPidNamespaceLeavesNoProcess) {
    Bundle bundle;
    bundle.without_namespace("pid").sh("sleep 1000 & echo ready; wait");
    Process process = bundle.run_in_background();
    ASSERT_TRUE(process.wait_for("ready\n"));
    EXPECT_EQ(bundle.kill("KILL", {"--all"}).status, 0);
    process.wait();
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

TEST(List, NamesTheContainers) {
    Bundle bundle;
    EXPECT_EQ(bundle.command_without_id({"list", "--quiet"}).out, "");
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create().status, 0);
    EXPECT_EQ(bundle.command_without_id({"list", "--quiet"}).out, bundle.id() + "\n");
    const Json all = Json::parse(bundle.command_without_id({"list", "--format", "json"}).out);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]["id"], bundle.id());
    EXPECT_EQ(all[0]["status"], "created");
    EXPECT_TRUE(bundle.command_without_id({"list"}).out.starts_with("ID "));
}

TEST(Create, TellsAMissingProgram) {
    Bundle bundle;
    const Finished finished = bundle.args({"/bin/no-such-program"}).run();
    EXPECT_NE(finished.status, 0);
    EXPECT_TRUE(finished.err.contains("no such file or directory")) << finished.err;
    EXPECT_EQ(finished.status, runtime_is_ocirt() ? 127 : 1);
}

TEST(Create, TellsAProgramThatIsNotInPath) {
    Bundle bundle;
    const Finished finished = bundle.args({"no-such-program"}).run();
    EXPECT_NE(finished.status, 0);
    EXPECT_TRUE(finished.err.contains("executable file not found in $PATH")) << finished.err;
    EXPECT_EQ(finished.status, runtime_is_ocirt() ? 127 : 1);
}

TEST(Create, TellsAProgramThatIsNotExecutable) {
    Bundle bundle;
    bundle.file("/bin/data", "text", std::filesystem::perms(0644));
    const Finished finished = bundle.args({"/bin/data"}).run();
    EXPECT_NE(finished.status, 0);
    EXPECT_TRUE(finished.err.contains("permission denied")) << finished.err;
    EXPECT_EQ(finished.status, runtime_is_ocirt() ? 126 : 1);
}

// Only execve itself knows: start says so before it returns.
TEST(Start, TellsWhatFailsAtExecve) {
    Bundle bundle;
    bundle.file("/bin/garbage", "\177ELFgarbage").args({"/bin/garbage"});
    ASSERT_EQ(bundle.create().status, 0);
    const Finished started = bundle.start();
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the peer's start returns before execve";
    EXPECT_NE(started.status, 0);
    EXPECT_TRUE(started.err.contains("exec format error")) << started.err;
}

}  // namespace
}  // namespace ocirt::test
