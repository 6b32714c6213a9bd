// What happens to containers when containerd, or ocirt as its shim, is killed: the parts that need the real containerd.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "engines/engine.h"
#include "engines/image.h"
#include "support/gate.h"
#include "support/host.h"

namespace ocirt::engines {
namespace {

namespace fs = std::filesystem;
using test::Bundle;
using test::Gate;

constexpr const char* runtime = "--runtime io.containerd.ocirt.v2 ";

// containerd, killed and started again as a test likes.
class RestartedDaemon {
   public:
    RestartedDaemon() { start_again(); }
    ~RestartedDaemon() {
        if (!process_) return;
        process_->signal(SIGTERM);
        EXPECT_NE(process_->wait().status, -1) << "containerd does not end";
    }
    RestartedDaemon(const RestartedDaemon&) = delete;
    RestartedDaemon& operator=(const RestartedDaemon&) = delete;

    void die() {
        process_->signal(SIGKILL);
        (void)process_->wait();
        process_.reset();
    }
    void start_again() {
        process_.emplace(start("containerd --log-level=debug >>" + log_path().string() + " 2>&1"));
        ASSERT_TRUE(eventually([] { return sh("ctr version").status == 0; }))
            << ::testing::PrintToString(log_of("error"));
    }
    // Its lines with `words` in them.
    [[nodiscard]] static std::vector<std::string> log_of(const std::string& words) {
        std::vector<std::string> lines = test::split_lines(test::read_file(log_path()));
        std::erase_if(lines, [&words](const std::string& line) { return !line.contains(words); });
        return lines;
    }

   private:
    [[nodiscard]] static fs::path log_path() { return scratch() / "containerd-faults.log"; }

    std::optional<test::Process> process_;
};

class ShimFaults : public EngineTest {
   protected:
    static void SetUpTestSuite() {
        const fs::path directory = scratch() / "shim-bin";
        fs::create_directories(directory);
        fs::copy_file(test::runtime_path(), shim_binary());
        ::setenv("PATH", (directory.string() + ":" + std::getenv("PATH")).c_str(), 1);
    }
    void SetUp() override {
        fs::remove(scratch() / "containerd-faults.log");
        EngineTest::SetUp();
        daemon_.emplace();
        const Finished imported = sh("ctr image import " + (scratch() / "image.tar").string());
        ASSERT_EQ(imported.status, 0) << imported.err;
    }
    void TearDown() override {
        if (daemon_) {
            sh("ctr task ls -q | xargs -r ctr task rm -f; ctr container ls -q | xargs -r ctr container rm");
            EXPECT_EQ(sh("ctr container ls -q").out, "");
        }
        daemon_.reset();
        expect_nothing_left({"/default"}, {"/run/containerd/ocirt/default", "/run/containerd/s",
                                           "/run/containerd/io.containerd.runtime.v2.task/default"});
    }

    static fs::path shim_binary() { return scratch() / "shim-bin/containerd-shim-ocirt-v2"; }
    static void run_detached(const std::string& id, const std::string& words) {
        const Finished finished = sh("ctr run -d " + std::string(runtime) + image + " " + id + " " + words);
        ASSERT_EQ(finished.status, 0) << finished.err;
    }
    // Its line of `ctr task ls`: "c 123 RUNNING"; "" where there is none.
    static std::string listed(const std::string& id) {
        return trimmed(sh("ctr task ls | awk '$1 == \"" + id + "\" { print $1, $2, $3 }'").out);
    }
    static bool has_status(const std::string& id, const std::string& status) { return listed(id).ends_with(status); }
    static pid_t pid_of(const std::string& id) {
        const std::string pid = trimmed(sh("ctr task ls | awk '$1 == \"" + id + "\" { print $2 }'").out);
        const int number = std::atoi(pid.c_str());
        if (number <= 1) throw std::runtime_error("no task " + id);
        return number;
    }
    static void kill_shim_of(const std::string& id) {
        const std::string parent =
            sh("awk '/^PPid:/ { print $2 }' /proc/" + std::to_string(pid_of(id)) + "/status").out;
        kill_shim(std::atoi(parent.c_str()));
    }
    static void kill_shim(pid_t pid) {
        ASSERT_GT(pid, 1);
        ASSERT_EQ(test::read_trimmed("/proc/" + std::to_string(pid) + "/comm"), "ocirt-shim");
        ASSERT_EQ(::kill(pid, SIGKILL), 0);
    }
    // After the shim's death: what containerd's `delete` cleans up by itself.
    void expect_cleaned(const std::string& id) {
        const auto is_clean = [&id] {
            test::reap_orphans();  // as the host's init: before that a pid namespace does not end
            return listed(id).empty() && fs::is_empty("/run/containerd/s") &&
                   !fs::exists("/run/containerd/ocirt/default/" + id);
        };
        EXPECT_TRUE(eventually(is_clean)) << listed(id) << sh("find /run/containerd/s /run/containerd/ocirt").out;
        EXPECT_EQ(sh("ctr container rm " + id).status, 0);
        EXPECT_EQ(sh("mount | grep -c " + id + "/rootfs").out, "0\n");
    }

    std::optional<RestartedDaemon> daemon_;
};

// Waits for a signal and ends with its own status.
std::string ends_with(int status) {
    return "sh -c 'trap \"exit " + std::to_string(status) + "\" TERM; while :; do sleep 0.05; done'";
}

TEST_F(ShimFaults, ContainerdRestartedWhileContainersRunAndEnd) {
    run_detached("stays", "sleep 1000");
    std::vector<pid_t> ending;
    for (int i = 1; i <= 5; ++i) {
        run_detached("ends" + std::to_string(i), ends_with(i));
        ending.push_back(pid_of("ends" + std::to_string(i)));
    }
    const pid_t staying = pid_of("stays");
    daemon_->die();
    for (const pid_t pid : ending) ASSERT_EQ(::kill(pid, SIGTERM), 0);
    EXPECT_TRUE(eventually([&] { return std::ranges::none_of(ending, test::is_alive); }));
    EXPECT_EQ(RestartedDaemon::log_of("topic=/tasks/exit").size(), 0U);
    daemon_->start_again();
    EXPECT_EQ(listed("stays"), "stays " + std::to_string(staying) + " RUNNING");
    for (int i = 1; i <= 5; ++i) EXPECT_TRUE(has_status("ends" + std::to_string(i), "STOPPED"));
    EXPECT_TRUE(eventually([] { return RestartedDaemon::log_of("topic=/tasks/exit").size() == 5; }))
        << ::testing::PrintToString(RestartedDaemon::log_of("/tasks/exit"));
    for (int i = 1; i <= 5; ++i) {
        const std::string id = "ends" + std::to_string(i);
        EXPECT_TRUE(sh("ctr task rm " + id).err.contains("exit code " + std::to_string(i)));
    }
    EXPECT_EQ(sh("ctr task exec --exec-id e stays sh -c 'exit 3'").status, 3);
    EXPECT_TRUE(sh("ctr task rm -f stays").err.contains("exit code 137"));
    EXPECT_TRUE(eventually([] { return RestartedDaemon::log_of("topic=/tasks/exit").size() == 7; }));
}

// A container whose config.json is the test's: ctr makes no hooks.
class WithHook {
   public:
    explicit WithHook(const std::string& kind) : gate(bundle.scratch() / "gate") {
        bundle.args({"/bin/sleep", "1000"}).hook(kind, {"/bin/sh", "-c", Gate::script(bundle.scratch() / "gate")});
        bundle.json("/root/path", bundle.rootfs().string()).json("/linux/cgroupsPath", "/default/hooked");
        bundle.write_config();
        ctr.emplace(start("ctr run -d " + std::string(runtime) + "--config " +
                          (bundle.path() / "config.json").string() + " hooked"));
    }

    Bundle bundle;
    Gate gate;
    std::optional<test::Process> ctr;
};

// The shim that has a child in a hook.
pid_t shim_pid() {
    const std::string pid = sh("cat /run/containerd/io.containerd.runtime.v2.task/default/hooked/shim.pid").out;
    return std::atoi(pid.c_str());
}

TEST_F(ShimFaults, ContainerdRestartedWhileAContainerIsMade) {
    WithHook hooked("createRuntime");
    ASSERT_TRUE(hooked.gate.wait_until_reached());
    daemon_->die();
    EXPECT_NE(hooked.ctr->wait().status, 0);
    hooked.gate.open();
    daemon_->start_again();
    EXPECT_TRUE(eventually([] { return has_status("hooked", "CREATED") && pid_of("hooked") > 1; })) << listed("hooked");
    EXPECT_TRUE(sh("ctr task rm -f hooked").err.contains("exit code 137"));
    EXPECT_EQ(sh("ctr container rm hooked").status, 0);
    daemon_.reset();  // before the bundle looks for what is left
}

TEST_F(ShimFaults, TheShimKilled) {
    run_detached("c", "sleep 1000");
    kill_shim_of("c");
    expect_cleaned("c");
}

TEST_F(ShimFaults, TheShimKilledWithAnExec) {
    run_detached("c", "sleep 1000");
    test::Process exec = start("ctr task exec --exec-id e c sleep 1000");
    ASSERT_TRUE(eventually([] { return test::split_lines(sh("ctr task ps c").out).size() == 3; }));
    kill_shim_of("c");
    expect_cleaned("c");
    exec.signal(SIGKILL);
    (void)exec.wait();
}

TEST_F(ShimFaults, TheShimKilledWhileItMakesAContainer) {
    WithHook hooked("createRuntime");
    ASSERT_TRUE(hooked.gate.wait_until_reached());
    kill_shim(shim_pid());
    hooked.gate.open();
    EXPECT_NE(hooked.ctr->wait().status, 0);
    EXPECT_EQ(listed("hooked"), "");
    EXPECT_TRUE(eventually([] { return fs::is_empty("/run/containerd/s"); }));
    sh("ctr container rm hooked");
    daemon_.reset();
}

TEST_F(ShimFaults, TheShimKilledWhileContainerdIsAway) {
    run_detached("c", "sleep 1000");
    const std::string shim = sh("awk '/^PPid:/ { print $2 }' /proc/" + std::to_string(pid_of("c")) + "/status").out;
    daemon_->die();
    kill_shim(std::atoi(shim.c_str()));
    daemon_->start_again();
    expect_cleaned("c");
}

// As a package's update does it, with containers running.
TEST_F(ShimFaults, TheBinaryReplaced) {
    run_detached("old", "sleep 1000");
    run_detached("killed", "sleep 1000");
    const fs::path copy = shim_binary().string() + ".new";
    fs::copy_file(test::runtime_path(), copy);
    fs::rename(copy, shim_binary());
    EXPECT_EQ(sh("ctr task exec --exec-id e old sh -c 'exit 4'").status, 4);
    run_detached("new", "sleep 1000");
    EXPECT_EQ(sh("ctr task kill -s KILL old").status, 0);
    EXPECT_TRUE(eventually([] { return has_status("old", "STOPPED"); }));
    EXPECT_TRUE(sh("ctr task rm old").err.contains("exit code 137"));
    EXPECT_TRUE(has_status("new", "RUNNING"));
    EXPECT_TRUE(sh("ctr task rm -f new").err.contains("exit code 137"));
    kill_shim_of("killed");
    expect_cleaned("killed");
}

}  // namespace
}  // namespace ocirt::engines
