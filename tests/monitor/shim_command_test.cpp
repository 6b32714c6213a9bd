// `ocirt shim`: a monitor for managers that others write.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "common/fd.h"
#include "support/host.h"
#include "support/monitor.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

class ShimCommand : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt() || !monitor_is_ocirt()) GTEST_SKIP() << "SKIP: a command of ocirt's";
    }
    // Every file that it knows beside the bundle, and these words.
    Finished shim(std::vector<std::string> more = {}) {
        bundle.write_config();
        std::vector<std::string> words = {"shim",
                                          "--id",
                                          bundle.id(),
                                          "--bundle",
                                          bundle.path(),
                                          "--log-path",
                                          "k8s-file:" + path("log"),
                                          "--exit-file",
                                          path("exit"),
                                          "--container-pidfile",
                                          path("pid"),
                                          "--monitor-pidfile",
                                          path("monitor")};
        words.insert(words.end(), more.begin(), more.end());
        return bundle.command_without_id(words);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return bundle.scratch() / name; }
    bool ends() {
        const std::string pid = read_trimmed(path("monitor"));
        return eventually([&] { return pid.empty() || !is_alive(std::stoi(pid)); });
    }

    Bundle bundle;
};

TEST_F(ShimCommand, StaysBehindUntilTheExitStatusIsThere) {
    bundle.sh("echo out; echo err >&2; exit 3");
    const Finished launched = shim({"--attach-socket", path("clients")});
    ASSERT_EQ(launched.status, 0) << launched.err;
    EXPECT_EQ(read_trimmed(path("pid")), std::to_string(bundle.state()["pid"].get<int>()));
    EXPECT_TRUE(fs::is_socket(path("clients")));
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_TRUE(eventually([&] { return read_file(path("exit")) == "3"; }));
    EXPECT_TRUE(ends());
    const std::string log = read_file(path("log"));
    EXPECT_TRUE(log.contains(" stdout F out\n") && log.contains(" stderr F err\n")) << log;
    for (const char* name : {"attach", "ctl", "winsz"}) EXPECT_FALSE(fs::exists(bundle.path() / name)) << name;
    EXPECT_FALSE(fs::exists(path("clients")));
    EXPECT_EQ(bundle.remove().status, 0);
    EXPECT_TRUE(bundle.leaks().empty()) << ::testing::PrintToString(bundle.leaks());
}

TEST_F(ShimCommand, NeedsNoFileButTheContainers) {
    bundle.sh("exit 4").write_config();
    ASSERT_EQ(bundle.command_without_id({"shim", "--id", bundle.id(), "--bundle", bundle.path(), "--log-path", "none"})
                  .status,
              0);
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_TRUE(bundle.wait_for_status("stopped"));
    EXPECT_TRUE(eventually([&] { return !fs::exists(bundle.path() / "attach"); }));
}

TEST_F(ShimCommand, TellsTheDescriptor) {
    const Fd told(::open(path("told").c_str(), O_WRONLY | O_CREAT, 0600));  // not close-on-exec: the command gets it
    bundle.sh("exit 5");
    ASSERT_EQ(shim({"--sync-fd", std::to_string(told.get())}).status, 0);
    const std::string pid = std::to_string(bundle.state()["pid"].get<int>());
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_TRUE(ends());
    EXPECT_EQ(read_file(path("told")), "{\"pid\":" + pid + "}\n{\"exit_code\":5}\n");
}

TEST_F(ShimCommand, TellsItsStandardOutput) {
    bundle.sh("exit 5").write_config();
    Process launched(bundle.make_command({"shim", "--id", bundle.id(), "--bundle", bundle.path(), "--sync-fd", "1"}));
    ASSERT_TRUE(launched.wait_for("{\"pid\":")) << bundle.log();
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_TRUE(launched.wait_for("}\n{\"exit_code\":5}\n"));
}

TEST_F(ShimCommand, AContainerThatCannotBeMadeIsItsOwnError) {
    bundle.args({"no-such-program"});
    const Finished launched = shim({"--attach-socket", path("clients")});
    EXPECT_EQ(launched.status, 1);
    EXPECT_TRUE(launched.err.starts_with("ocirt: config.json:")) << launched.err;
    EXPECT_TRUE(launched.err.contains("executable file not found in $PATH")) << launched.err;
    EXPECT_EQ(std::ranges::count(launched.err, '\n'), 1) << launched.err;
    EXPECT_TRUE(ends());
    for (const char* name : {"exit", "clients"}) EXPECT_FALSE(fs::exists(path(name))) << name;
    EXPECT_FALSE(fs::exists(bundle.path() / "ctl"));
    EXPECT_TRUE(bundle.leaks().empty()) << ::testing::PrintToString(bundle.leaks());
}

TEST_F(ShimCommand, WrongWordsAreTold) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
        {{"--sync-fd", "77"}, "--sync-fd, 77: bad file descriptor (EBADF)"},
        {{"--log-path", "tape:x"}, "No such log driver tape"},
        {{"--attach-socket", "/no/such/directory/socket"}, "/no/such/directory: no such file or directory (ENOENT)"},
        {{"--log-rate", "sometimes"}, "sometimes"},
        {{"--exit-file", "/no/such/directory/exit"}, "/no/such/directory: no such file or directory (ENOENT)"},
        {{"--container-pidfile", "/no/such/directory/pid"}, "/no/such/directory"},
        {{"--monitor-pidfile", "/no/such/directory/pid"}, "/no/such/directory"},
        {{"--id", ""}, "--id"},
    };
    for (const auto& [words, expected] : table) {
        const Finished launched = shim(words);
        EXPECT_EQ(launched.status, 1) << words.back();
        EXPECT_TRUE(launched.err.contains(expected)) << launched.err;
        EXPECT_TRUE(ends());
    }
    EXPECT_TRUE(bundle.leaks().empty()) << ::testing::PrintToString(bundle.leaks());
}

TEST_F(ShimCommand, KeepsNothingOfItsCallersOpen) {
    int ends_of_pipe[2];
    ASSERT_EQ(::pipe(ends_of_pipe), 0);  // not close-on-exec
    const Fd reader(ends_of_pipe[0]);
    Fd writer(ends_of_pipe[1]);
    bundle.sh("sleep 1000");
    ASSERT_EQ(shim().status, 0);
    writer.reset();
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    char byte = 0;
    EXPECT_TRUE(eventually([&] { return ::read(reader.get(), &byte, 1) == 0; })) << "somebody holds the pipe";
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_TRUE(ends());
    EXPECT_EQ(read_file(path("exit")), "137");
}

// docs/manager.sh, as it stands there.
TEST_F(ShimCommand, IsEnoughForAManagerInShell) {
    if (!fs::exists("/usr/bin/socat")) GTEST_SKIP() << "SKIP: no socat";
    bundle.sh("trap 'exit 6' TERM; read line; echo heard $line; while :; do sleep 0.05; done").write_config();
    const std::string wrapper = path("ocirt");
    std::ofstream(wrapper) << "#!/bin/sh\nexec '" << runtime_path() << "' --root " << path("root") << " \"$@\"\n";
    fs::permissions(wrapper, fs::perms(0755));
    const auto manager = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"/usr/bin/env", "OCIRT=" + wrapper, "STATE=" + path("state"), OCIRT_MANAGER});
        return run({.args = words});
    };
    const Finished started = manager({"start", "web", bundle.path()});
    ASSERT_EQ(started.status, 0) << started.err;
    EXPECT_EQ(manager({"say", "web", "hello"}).status, 0);
    EXPECT_TRUE(eventually([&] { return manager({"log", "web"}).out == "heard hello\n"; }));
    EXPECT_EQ(manager({"stop", "web"}).status, 0);
    EXPECT_EQ(manager({"wait", "web"}).status, 6);
    EXPECT_TRUE(read_file(path("state/web/events")).ends_with("{\"exit_code\":6}\n"));
    EXPECT_EQ(manager({"remove", "web"}).status, 0);
    EXPECT_FALSE(fs::exists(path("state/web")));
}

}  // namespace
}  // namespace ocirt::test
