// From the launch to the exit command. The same cases run on conmon: OCIRT_CONMON=/usr/bin/conmon.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "support/host.h"
#include "support/monitor.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

TEST(Monitor, FromTheLaunchToTheExitStatus) {
    Bundle bundle;
    Monitor monitor(bundle.sh("echo hello; echo wrong >&2; printf part; exit 3"));
    EXPECT_EQ(monitor.launched().status, 0) << monitor.launched().err;
    const Json answer = monitor.answer();
    EXPECT_GT(answer.value("data", 0), 0) << answer;
    EXPECT_EQ(bundle.state()["pid"], answer["data"]);
    EXPECT_EQ(read_trimmed(bundle.path() / "pidfile"), std::to_string(answer["data"].get<int>()));
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 3);
    EXPECT_TRUE(monitor.ends());
    const std::string log = monitor.log();
    for (const char* line : {"T stdout F hello\n", "T stderr F wrong\n", "T stdout P part\n"})
        EXPECT_TRUE(log.contains(line)) << log;
    EXPECT_FALSE(fs::exists(bundle.path() / "attach"));
}

TEST(Monitor, ACreateThatFailsIsTold) {
    Bundle bundle;
    Monitor monitor(bundle.args({"no-such-program"}));
    const Json answer = monitor.answer();
    EXPECT_EQ(answer.value("data", 0), -1) << answer;
    EXPECT_TRUE(answer.value("message", "").contains("no-such-program")) << answer;
    EXPECT_TRUE(monitor.answer().is_null());
    EXPECT_TRUE(monitor.ends());
    EXPECT_FALSE(fs::exists(monitor.path("exits") / bundle.id()));
}

TEST(Monitor, AnOptionThatDoesNotExist) {
    if (!monitor_is_ocirt()) GTEST_SKIP() << "SKIP: conmon tells its stderr alone";
    Bundle bundle;
    Monitor monitor(bundle.sh("true"), {.options = {"--no-such-option"}});
    EXPECT_EQ(monitor.launched().status, 1);
    EXPECT_TRUE(monitor.launched().err.contains("Unknown option --no-such-option")) << monitor.launched().err;
    EXPECT_TRUE(monitor.answer().value("message", "").contains("Unknown option --no-such-option"));
}

TEST(Monitor, ASignalIsPassedOn) {
    Bundle bundle;
    Monitor monitor(bundle.sh("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"));
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_TRUE(eventually([&] { return monitor.log().contains("up"); }));
    ::kill(monitor.pid(), SIGTERM);
    EXPECT_EQ(monitor.exit_status(), 5);
}

TEST(Monitor, TheTimeIsOver) {
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/sleep", "1000"}), {.options = {"--timeout", "1"}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), -1);
    EXPECT_TRUE(monitor.ends());
}

TEST(Monitor, TheExitCommand) {
    Bundle bundle;
    const std::string out = bundle.scratch() / "seen";
    fs::create_directories(bundle.scratch() / "persist");
    const std::string script = "cat $1/exit > " + out + "; echo >> " + out + "; cat /proc/self/oom_score_adj >> " +
                               out + "; for i in 3 4 5 6 7 8 9 10 11 12 40 41 42; do [ -e /proc/$$/fd/$i ] && echo " +
                               "descriptor $i >> " + out + "; done; touch " + out + ".end";
    Monitor monitor(bundle.sh("exit 4"),
                    {.options = {"--persist-dir", bundle.scratch() / "persist", "--exit-command", "/bin/sh",
                                 "--exit-command-arg", "-c", "--exit-command-arg", script, "--exit-command-arg", "sh",
                                 "--exit-command-arg", bundle.scratch() / "persist", "--exit-delay", "1"}});
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_TRUE(eventually([&] { return fs::exists(out + ".end"); }));
    EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(900));
    EXPECT_EQ(read_file(out), "4\n" + read_file("/proc/self/oom_score_adj"));
    EXPECT_TRUE(monitor.ends());
}

TEST(Monitor, AnExec) {
    Bundle bundle;
    Monitor container(bundle.args({"/bin/sleep", "1000"}));
    EXPECT_EQ(container.start(), 0);
    Monitor exec(bundle, {.process = process_of({"/bin/sh", "-c", "echo here; exit 7"})});
    EXPECT_GT(exec.answer().value("data", 0), 0);
    EXPECT_EQ(exec.answer().value("data", 0), 7);
    EXPECT_TRUE(exec.ends());
    Monitor failing(bundle, {.process = process_of({"/no/such"})});
    const Json answer = failing.answer();
    EXPECT_EQ(answer.value("data", 0), -1) << answer;
    EXPECT_TRUE(answer.value("message", "").contains("/no/such")) << answer;
    EXPECT_TRUE(failing.ends());
}

TEST(Monitor, AnExecThatTakesTooLong) {
    Bundle bundle;
    Monitor container(bundle.args({"/bin/sleep", "1000"}));
    EXPECT_EQ(container.start(), 0);
    Monitor exec(bundle, {.options = {"--timeout", "1"}, .process = process_of({"/bin/sleep", "1000"})});
    EXPECT_GT(exec.answer().value("data", 0), 0);
    const Json answer = exec.answer();
    EXPECT_EQ(answer.value("data", 0), -1) << answer;
    EXPECT_EQ(answer.value("message", ""), "command timed out");
    EXPECT_TRUE(exec.ends());
}

TEST(Monitor, MemoryRunsOut) {
    Bundle bundle;
    fs::create_directories(bundle.scratch() / "persist");
    bundle.json("/linux/resources/memory", {{"limit", 16 << 20}});
    Monitor monitor(bundle.sh("tail /dev/zero"), {.options = {"--persist-dir", bundle.scratch() / "persist"}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_TRUE(monitor.exit_status());
    EXPECT_TRUE(fs::exists(bundle.path() / "oom"));
    EXPECT_TRUE(fs::exists(bundle.scratch() / "persist/oom"));
}

// Nothing of the monitor's reaches the runtime, and nothing that its caller forgot.
TEST(Monitor, AnotherRuntimeIsExecuted) {
    if (!monitor_is_ocirt()) GTEST_SKIP() << "SKIP: conmon 2.1.6 passes on what its caller left open";
    Bundle bundle;
    const fs::path runtime = bundle.scratch() / "runtime";
    std::ofstream(runtime) << "#!/bin/sh\nls -l /proc/$$/fd > '" << (bundle.scratch() / "fds").string() << "'\nexec '"
                           << runtime_path() << "' \"$@\"\n";
    fs::permissions(runtime, Bundle::executable);
    Monitor monitor(bundle.sh("exit 6"), {.options = {"-r", runtime}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 6);
    // stdin is /dev/null, stdout and stderr are pipes; what else is there is the shell's own, of files.
    const std::string descriptors = read_file(bundle.scratch() / "fds");
    std::size_t pipes = 0;
    for (const std::string& line : split_lines(descriptors)) pipes += line.contains("pipe:") ? 1 : 0;
    EXPECT_EQ(pipes, 2U) << descriptors;
    for (const char* kind : {"socket:", "anon_inode:"}) EXPECT_FALSE(descriptors.contains(kind)) << descriptors;
}

// Whoever has started it waits for the container's end, and is told the status.
TEST(Monitor, StaysTheCallersChild) {
    Bundle bundle;
    Monitor monitor(bundle.sh("echo hello; exit 4"), {.options = {"--sync"}, .stays = true});
    EXPECT_GT(monitor.answer().value("data", 0), 0);
    EXPECT_TRUE(is_process(monitor.pid()));
    EXPECT_TRUE(monitor.is_alive());
    EXPECT_FALSE(fs::exists(bundle.path() / "conmon.pid"));  // the caller knows it
    EXPECT_EQ(::getsid(monitor.pid()), monitor.pid());
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(monitor.exit_status(), 4);
    EXPECT_EQ(monitor.wait().status, 4);
    EXPECT_EQ(monitor.log(), "T stdout F hello\n");
}

// Ends come at any time: none is lost, and no monitor stays ($OCIRT_TEST_MONITORS of them).
TEST(Monitor, ManyShortContainers) {
    for (int i = 0, count = asked("OCIRT_TEST_MONITORS", 50); i < count; ++i) {
        Bundle bundle;
        Monitor monitor(bundle.sh("echo " + std::to_string(i) + "; exit " + std::to_string(i % 200)));
        ASSERT_EQ(monitor.start(), 0);
        ASSERT_EQ(monitor.exit_status(), i % 200);
        ASSERT_EQ(monitor.log(), "T stdout F " + std::to_string(i) + "\n");
    }
}

}  // namespace
}  // namespace ocirt::test
