// What the monitor gives to the runtime: its words, descriptors, environment. The same cases run on conmon.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "support/host.h"
#include "support/monitor.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// A variable of the environment, as long as this lives.
class Variable {
   public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

   private:
    const char* name_;
};

// Writes down what it was given, and leaves a process behind as the container, which ends with 9 a little later.
class TalkingRuntime {
   public:
    explicit TalkingRuntime(Bundle& bundle) : bundle_(bundle) {
        std::ofstream(path()) << "#!/bin/sh\ncd '" << bundle.scratch().string() << R"sh('
for word; do
    echo "$word"
    [ "$previous" != --pid-file ] || pid_file=$word
    previous=$word
done > words
echo $LISTEN_FDS $LISTEN_FDNAMES $([ "$LISTEN_PID" = $$ ] && echo own || echo "$LISTEN_PID") > listen
for number in 3 4 5; do
    [ ! -e /proc/$$/fd/$number ] || eval "echo $number: \$(cat <&$number)"
done > descriptors
(sleep 0.3; echo the container; exit 9) &
echo $! > "$pid_file"
)sh";
        fs::permissions(path(), Bundle::executable);
    }
    [[nodiscard]] fs::path path() const { return bundle_.scratch() / "runtime"; }
    // What it wrote, line by line.
    [[nodiscard]] std::vector<std::string> words() const { return split_lines(read_file(bundle_.scratch() / "words")); }
    [[nodiscard]] std::string listen() const { return read_trimmed(bundle_.scratch() / "listen"); }
    [[nodiscard]] std::string descriptors() const { return read_file(bundle_.scratch() / "descriptors"); }

   private:
    Bundle& bundle_;
};

// A file with a word in it, opened under a number that the monitor's own pipes do not have.
Fd open_with(const Bundle& bundle, const std::string& word) {
    const fs::path path = bundle.scratch() / ("file-" + word);
    std::ofstream(path) << word << "\n";
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return Fd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 100));
}

TEST(MonitorRuntime, RestoresACheckpoint) {
    Bundle bundle;
    const TalkingRuntime runtime(bundle);
    Monitor monitor(bundle.sh("true"), {.options = {"-r", runtime.path(), "--no-pivot", "--no-new-keyring", "--restore",
                                                    bundle.scratch() / "image", "--runtime-opt", "--tcp-established",
                                                    "--restore-arg", "--file-locks"}});
    const Json answer = monitor.answer();
    EXPECT_EQ(std::to_string(answer.value("data", 0)), read_trimmed(bundle.path() / "pidfile")) << answer;
    const std::vector<std::string> expected{"--root",
                                            monitor.path("state"),
                                            "--log",
                                            monitor.path("log"),
                                            "restore",
                                            "--bundle",
                                            bundle.path(),
                                            "--pid-file",
                                            bundle.path() / "pidfile",
                                            "--no-pivot",
                                            "--no-new-keyring",
                                            "--detach",
                                            "--image-path",
                                            bundle.scratch() / "image",
                                            "--work-path",
                                            bundle.path(),
                                            "--tcp-established",
                                            "--file-locks",
                                            bundle.id()};
    EXPECT_EQ(runtime.words(), expected);
    EXPECT_EQ(monitor.exit_status(), 9);
    EXPECT_EQ(monitor.log(), "T stdout F the container\n");
    EXPECT_TRUE(monitor.ends());
}

TEST(MonitorRuntime, ARestoreThatFailsIsTold) {
    Bundle bundle;
    Monitor monitor(bundle.sh("true"), {.options = {"--restore", bundle.scratch() / "no-image"}});
    const Json answer = monitor.answer();
    EXPECT_EQ(answer.value("data", 0), -1) << answer;
    EXPECT_TRUE(answer.value("message", "").contains("no-image")) << answer;
    EXPECT_TRUE(monitor.ends());
    EXPECT_FALSE(fs::exists(monitor.path("exits") / bundle.id()));
}

TEST(MonitorRuntime, GetsTheDescriptorsThatAreToBePreserved) {
    Bundle bundle;
    const TalkingRuntime runtime(bundle);
    const Fd three = open_with(bundle, "three");
    const Fd four = open_with(bundle, "four");
    const Fd five = open_with(bundle, "five");
    Monitor monitor(bundle.sh("true"),
                    {.options = {"-r", runtime.path(), "--runtime-opt", "--preserve-fds", "--runtime-opt", "2"},
                     .descriptors = {{three.get(), 3}, {four.get(), 4}, {five.get(), 5}}});
    EXPECT_EQ(monitor.exit_status(), 9);
    const std::string five_too = monitor_is_ocirt() ? "" : "5: five\n";  // conmon 2.1.6 keeps nothing back
    EXPECT_EQ(runtime.descriptors(), "3: three\n4: four\n" + five_too);
    EXPECT_EQ(runtime.listen(), "");
}

TEST(MonitorRuntime, GetsTheSocketsOfTheServiceManager) {
    const Variable count("LISTEN_FDS", "1");
    const Variable names("LISTEN_FDNAMES", "web");
    const Variable pid("LISTEN_PID", "1");
    for (const bool replace : {true, false}) {
        Bundle bundle;
        const TalkingRuntime runtime(bundle);
        const Fd three = open_with(bundle, "three");
        MonitorStart start{.options = {"-r", runtime.path()}, .descriptors = {{three.get(), 3}}};
        if (replace) start.options.emplace_back("--replace-listen-pid");
        Monitor monitor(bundle.sh("true"), start);
        EXPECT_EQ(monitor.exit_status(), 9);
        EXPECT_EQ(runtime.descriptors(), "3: three\n");
        EXPECT_EQ(runtime.listen(), replace ? "1 web own" : "1 web 1");
    }
}

// The runtime that is no program of its own.
TEST(MonitorRuntime, DescriptorsReachTheContainer) {
    const Variable count("LISTEN_FDS", "1");
    const Variable pid("LISTEN_PID", "1");
    Bundle bundle;
    const Fd three = open_with(bundle, "three");
    const Fd four = open_with(bundle, "four");
    const Fd five = open_with(bundle, "five");
    Monitor monitor(bundle.sh("echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4; [ -e /proc/$$/fd/5 ]"),
                    {.options = {"--replace-listen-pid", "--runtime-opt", "--preserve-fds", "--runtime-opt", "1"},
                     .descriptors = {{three.get(), 3}, {four.get(), 4}, {five.get(), 5}}});
    EXPECT_EQ(monitor.start(), 0) << monitor.answer();
    EXPECT_EQ(monitor.exit_status(), 1);
    EXPECT_EQ(monitor.log(), "T stdout F 1 1\nT stdout F three\nT stdout F four\n");
}

TEST(MonitorRuntime, DescriptorsReachAnExec) {
    Bundle bundle;
    Monitor container(bundle.args({"/bin/sleep", "1000"}));
    EXPECT_EQ(container.start(), 0);
    const Fd three = open_with(bundle, "three");
    const Fd four = open_with(bundle, "four");
    Monitor exec(bundle, {.options = {"--runtime-opt", "--preserve-fds", "--runtime-opt", "1"},
                          .logs = {"k8s-file:exec.log"},
                          .process = process_of({"/bin/sh", "-c", "cat <&3; [ -e /proc/$$/fd/4 ]"}),
                          .descriptors = {{three.get(), 3}, {four.get(), 4}}});
    EXPECT_GT(exec.answer().value("data", 0), 0);
    EXPECT_EQ(exec.answer().value("data", -1), 1);
    EXPECT_EQ(exec.log("exec.log"), "T stdout F three\n");
    EXPECT_TRUE(exec.ends());
}

}  // namespace
}  // namespace ocirt::test
