// Containers whose cgroup systemd makes. Where PID 1 is another program only the refusal can be tried.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/bundle.h"
#include "support/host.h"
#include "support/systemd.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

std::string slice_directory() { return test_slice_above() + "/" + test_slice(); }

class Systemd : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!has_systemd()) GTEST_SKIP() << "SKIP: PID 1 is not systemd";
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: ocirt's own units";
        bundle.global_option("--systemd-cgroup").args({"/bin/sleep", "100"});
        bundle.json("/linux/cgroupsPath", test_slice() + ":pre:" + bundle.id());
    }
    void TearDown() override {
        if (IsSkipped()) return;
        (void)bundle.remove(true);
        EXPECT_TRUE(eventually([this] { return !is_loaded(unit()); })) << systemctl({"status", unit()}).out;
        stop_test_slices();
    }

    [[nodiscard]] std::string unit() const { return "pre-" + bundle.id() + ".scope"; }
    // Its directory where memory is.
    [[nodiscard]] fs::path directory() const { return find_controller("memory")->path / slice_directory() / unit(); }
    [[nodiscard]] std::string file(const std::string& name) const { return read_trimmed(directory() / name); }

    Bundle bundle;
};

#define SKIP_UNLESS_V2() \
    if (!find_controller("memory")->v2) GTEST_SKIP() << "SKIP: the files are cgroup v2's"

TEST_F(Systemd, MakesTheScopeInItsSlice) {
    const Finished created = bundle.create();
    ASSERT_EQ(created.status, 0) << created.err;
    EXPECT_EQ(show(unit(), "ActiveState"), "active");
    EXPECT_EQ(show(unit(), "Slice"), test_slice());
    EXPECT_EQ(show(unit(), "Delegate"), "yes");
    EXPECT_EQ(show(unit(), "ControlGroup"), "/" + slice_directory() + "/" + unit());
    EXPECT_EQ(show(unit(), "Description"), "ocirt container " + bundle.id());
    const std::string pid = std::to_string(bundle.state()["pid"].get<int>());
    EXPECT_EQ(file("cgroup.procs"), pid);
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_TRUE(bundle.wait_for_status("running"));
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_FALSE(is_loaded(unit()));
    EXPECT_FALSE(fs::exists(directory()));
}

// In every hierarchy of v1, whose processes systemd moves about when it is told of a controller that it had not heard
// of in that slice.
TEST_F(Systemd, ItsProcessStaysInTheScope) {
    const auto rules = {Json::array({{{"allow", false}, {"access", "rwm"}}}),
                        Json::array({{{"allow", true}, {"access", "rwm"}}})};
    for (const Json& devices : rules) {
        bundle.json("/linux/resources/devices", devices).json("/linux/resources/pids", {{"limit", 77}});
        ASSERT_TRUE(bundle.launch());
        ASSERT_EQ(bundle.command({"update", "--pids-limit", "78"}).status, 0);
        const std::string pid = std::to_string(bundle.state()["pid"].get<int>());
        for (const std::string& line : split_lines(read_file("/proc/" + pid + "/cgroup")))
            EXPECT_TRUE(line.ends_with(show(unit(), "ControlGroup"))) << devices << ": " << line;
        ASSERT_EQ(bundle.remove(true).status, 0);
        stop_test_slices();
    }
}

TEST_F(Systemd, NamesTheScopeByTheContainerWhereTheConfigDoesNot) {
    bundle.erase("/linux/cgroupsPath");
    const std::string own = "ocirt-" + bundle.id() + ".scope";
    const Finished created = bundle.create();
    ASSERT_EQ(created.status, 0) << created.err;
    EXPECT_EQ(show(own, "ControlGroup"), "/system.slice/" + own);
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_FALSE(is_loaded(own));
}

// A program that ends by itself takes the scope with it before `delete` comes.
TEST_F(Systemd, EndsWithItsProgram) {
    const Finished ran = bundle.sh("cat /proc/self/cgroup; exit 7").run();
    EXPECT_EQ(ran.status, 7) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_FALSE(is_loaded(unit()));
}

TEST_F(Systemd, ShowAgreesWithTheConfig) {
    SKIP_UNLESS_V2();
    bundle.json("/linux/resources/memory", {{"limit", 33554432}, {"reservation", 16777216}, {"swap", 67108864}})
        .json("/linux/resources/cpu",
              {{"shares", 512}, {"quota", 50000}, {"period", 200000}, {"cpus", "0"}, {"mems", "0"}})
        .json("/linux/resources/pids", {{"limit", 77}})
        .json("/linux/resources/unified", {{"memory.high", "20971520"}});
    const Finished created = bundle.create();
    ASSERT_EQ(created.status, 0) << created.err;
    const std::vector<std::pair<const char*, const char*>> expected = {{"MemoryMax", "33554432"},
                                                                       {"MemoryLow", "16777216"},
                                                                       {"MemoryHigh", "20971520"},
                                                                       {"MemorySwapMax", "33554432"},
                                                                       {"CPUWeight", "59"},
                                                                       {"CPUQuotaPerSecUSec", "250ms"},
                                                                       {"CPUQuotaPeriodUSec", "200ms"},
                                                                       {"AllowedCPUs", "0"},
                                                                       {"AllowedMemoryNodes", "0"},
                                                                       {"TasksMax", "77"}};
    for (const auto& [property, value] : expected) EXPECT_EQ(show(unit(), property), value) << property;
    EXPECT_EQ(file("memory.max"), "33554432");
    EXPECT_EQ(file("cpu.max"), "50000 200000");
    EXPECT_EQ(file("cpu.weight"), "59");
    EXPECT_EQ(file("cpuset.cpus"), "0");
}

// systemd rounds a quota to percents of a CPU: the file has what the config says.
TEST_F(Systemd, AQuotaIsExactInTheFile) {
    SKIP_UNLESS_V2();
    bundle.json("/linux/resources/cpu", {{"quota", 12345}, {"period", 100000}});
    ASSERT_EQ(bundle.create().status, 0);
    EXPECT_EQ(file("cpu.max"), "12345 100000");
    EXPECT_EQ(show(unit(), "CPUQuotaPerSecUSec"), "130ms");
    const Finished updated = bundle.command({"update", "--cpu-quota", "23456"});
    ASSERT_EQ(updated.status, 0) << updated.err;
    EXPECT_EQ(file("cpu.max"), "23456 100000");
    EXPECT_EQ(show(unit(), "CPUQuotaPerSecUSec"), "240ms");
}

TEST_F(Systemd, ADaemonReloadTakesNothingAway) {
    bundle.json("/linux/resources/memory", {{"limit", 33554432}})
        .json("/linux/resources/pids", {{"limit", 77}})
        .json("/linux/resources/devices",
              Json::array({{{"allow", false}, {"access", "rwm"}},
                           {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 11}, {"access", "rw"}}}));
    const bool v2 = find_controller("memory")->v2;
    if (v2) bundle.json("/linux/resources/unified", {{"memory.oom.group", "1"}});
    // /dev/kmsg and /dev/tty0.
    bundle.json("/linux/devices", Json::array({{{"path", "/dev/allowed"}, {"type", "c"}, {"major", 1}, {"minor", 11}},
                                               {{"path", "/dev/refused"}, {"type", "c"}, {"major", 4}, {"minor", 0}}}));
    ASSERT_TRUE(bundle.launch());
    const std::vector<std::string> opens = {
        "/bin/sh", "-c", "( : >/dev/allowed ) && echo allowed; ( : </dev/refused ) 2>&1 | grep -o 'not permitted'"};
    EXPECT_EQ(bundle.exec(opens).out, "allowed\nnot permitted\n");
    const auto read = [&] {
        return v2 ? file("memory.max") + " " + file("memory.oom.group") + " " + file("pids.max")
                  : file("memory.limit_in_bytes");
    };
    const std::string before = read();
    EXPECT_TRUE(before.starts_with("33554432")) << before;
    ASSERT_EQ(systemctl({"daemon-reload"}).status, 0);
    // systemd writes after it has answered: by the next answer it has.
    EXPECT_EQ(show(unit(), "ActiveState"), "active");
    EXPECT_EQ(read(), before);
    EXPECT_EQ(bundle.exec(opens).out, "allowed\nnot permitted\n");
}

TEST_F(Systemd, UpdateChangesBothOrNeither) {
    SKIP_UNLESS_V2();
    bundle.json("/linux/resources/memory", {{"limit", 33554432}});
    ASSERT_TRUE(bundle.launch());
    const Finished updated = bundle.command({"update", "--memory", "67108864", "--pids-limit", "9"});
    EXPECT_EQ(updated.status, 0) << updated.err;
    EXPECT_EQ(file("memory.max"), "67108864");
    EXPECT_EQ(show(unit(), "MemoryMax"), "67108864");
    EXPECT_EQ(show(unit(), "TasksMax"), "9");
    const Finished refused = bundle.command({"update", "--memory", "50331648", "--cpuset-cpus", "4000"});
    EXPECT_NE(refused.status, 0);
    EXPECT_TRUE(refused.err.contains("cpuset.cpus")) << refused.err;
    EXPECT_EQ(file("memory.max"), "67108864");
    EXPECT_EQ(show(unit(), "MemoryMax"), "67108864");
}

TEST_F(Systemd, ExecPauseAndStatisticsFindIt) {
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(bundle.exec({"/bin/sh", "-c", "echo in"}).out, "in\n");
    Process other(bundle.make_command(bundle.exec_words({"/bin/sh", "-c", "echo ready; sleep 100"})));
    ASSERT_TRUE(other.wait_for("ready"));
    EXPECT_EQ(split_lines(read_file(directory() / "cgroup.procs")).size(), 2U);
    EXPECT_EQ(bundle.command({"pause"}).status, 0);
    EXPECT_EQ(bundle.state()["status"], "paused");
    EXPECT_EQ(bundle.command({"resume"}).status, 0);
    const Finished stats = bundle.command({"events", "--stats"});
    EXPECT_EQ(stats.status, 0) << stats.err;
    EXPECT_TRUE(stats.out.contains("\"pids\":{\"current\":2")) << stats.out;
}

TEST_F(Systemd, APausedOneIsDeleted) {
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(bundle.command({"pause"}).status, 0);
    const Finished removed = bundle.remove(true);
    EXPECT_EQ(removed.status, 0);
    EXPECT_EQ(removed.err, "");
    EXPECT_FALSE(is_loaded(unit()));
}

// The record knows who made the cgroup: no command needs to be told again.
TEST_F(Systemd, DeleteNeedsNoOption) {
    ASSERT_TRUE(bundle.launch());
    Command command = bundle.make_command({"delete", "--force", bundle.id()});
    ASSERT_EQ(std::erase(command.args, "--systemd-cgroup"), 1U);
    const Finished removed = run(command);
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_FALSE(is_loaded(unit()));
}

TEST_F(Systemd, ANameInUseIsRefusedAndItsOwnerKeptAlive) {
    ASSERT_TRUE(bundle.launch());
    Bundle second;
    second.global_option("--systemd-cgroup").json("/linux/cgroupsPath", test_slice() + ":pre:" + bundle.id());
    const Finished created = second.create();
    EXPECT_EQ(created.status, 1);
    EXPECT_TRUE(created.err.contains("start the systemd unit " + unit() + ": systemd: Unit " + unit())) << created.err;
    EXPECT_TRUE(second.leaks().empty());
    EXPECT_EQ(bundle.state()["status"], "running");
    EXPECT_TRUE(is_loaded(unit()));
}

TEST_F(Systemd, AFailedUnitOfItsNameIsForgotten) {
    // A scope fails when its processes have to be killed.
    Process scope(
        {.args = {"/usr/bin/systemd-run", "--quiet", "--scope", "--unit=" + unit(), "-p", "TimeoutStopSec=100ms",
                  "/bin/sh", "-c", "trap '' TERM; echo ready; sleep 100 & wait; wait"}});
    ASSERT_TRUE(scope.wait_for("ready"));
    EXPECT_EQ(systemctl({"stop", unit()}).status, 0);
    (void)scope.wait();
    ASSERT_EQ(show(unit(), "ActiveState"), "failed");
    const Finished created = bundle.create();
    EXPECT_EQ(created.status, 0) << created.err;
    EXPECT_EQ(show(unit(), "ActiveState"), "active");
}

TEST_F(Systemd, ACreateThatFailsLeavesNoUnit) {
    const Finished created = bundle.json("/linux/resources/unified", {{"memory.high", "no number"}}).create();
    EXPECT_EQ(created.status, 1);
    EXPECT_FALSE(is_loaded(unit()));
    EXPECT_FALSE(fs::exists(directory()));
    EXPECT_TRUE(bundle.leaks().empty());
}

TEST_F(Systemd, ACreatorThatIsKilledLeavesNoUnit) {
    const fs::path there = bundle.scratch() / "there";
    bundle.hook("createContainer", {"/bin/sh", "-c", "echo x >" + there.string() + "; sleep 100"});
    bundle.write_config();
    Process creator(bundle.make_command({"create", "--bundle", bundle.path().string(), bundle.id()}));
    ASSERT_TRUE(eventually([&] { return fs::exists(there); })) << creator.wait(std::chrono::seconds(1)).err;
    EXPECT_TRUE(is_loaded(unit()));
    creator.signal(SIGKILL);
    (void)creator.wait();
    EXPECT_TRUE(eventually([this] { return !is_loaded(unit()); }));
    EXPECT_EQ(bundle.remove(true).status, 0);
}

TEST_F(Systemd, AnnotationsSetWhatIsHarmless) {
    bundle.json("/annotations", {{"org.systemd.property.TimeoutStopSec", "7"},
                                 {"org.systemd.property.CollectMode", "'inactive-or-failed'"},
                                 {"org.systemd.property.After", "['network.target']"}});
    const Finished created = bundle.create();
    ASSERT_EQ(created.status, 0) << created.err;
    EXPECT_EQ(show(unit(), "TimeoutStopUSec"), "7s");
    EXPECT_EQ(show(unit(), "CollectMode"), "inactive-or-failed");
    EXPECT_TRUE(show(unit(), "After").contains("network.target"));
}

// Threat D7.
TEST_F(Systemd, AnnotationsThatReachTheHostAreRefused) {
    bundle.json("/annotations", {{"org.systemd.property.SuccessAction", "'reboot'"}});
    const Finished created = bundle.create();
    EXPECT_EQ(created.status, 1);
    EXPECT_TRUE(created.err.contains("/annotations/org.systemd.property.SuccessAction")) << created.err;
    EXPECT_FALSE(is_loaded(unit()));
    EXPECT_TRUE(bundle.leaks().empty());
}

TEST_F(Systemd, ReadsNoPathsAsUnits) {
    const std::vector<std::pair<const char*, const char*>> refusals = {
        {"/a/b", "not of the form SLICE:PREFIX:NAME"},
        {"a--b.slice:p:n", "none may be empty"},
        {"a.slice:p:n.slice", "keeps no processes in a slice"}};
    for (const auto& [path, why] : refusals) {
        const Finished created = bundle.json("/linux/cgroupsPath", path).create();
        EXPECT_EQ(created.status, 1) << path;
        EXPECT_TRUE(created.err.contains("/linux/cgroupsPath: systemd unit")) << created.err;
        EXPECT_TRUE(created.err.contains(why)) << created.err;
    }
}

// Where the sockets of `hidden` are covered.
Finished create_without(const Bundle& bundle, const std::string& hidden) {
    bundle.write_config();
    Command command = bundle.make_command({"create", "--bundle", bundle.path().string(), bundle.id()});
    const std::string cover =
        "for d in " + hidden + "; do if [ -d $d ]; then mount -t tmpfs none $d || exit 99; fi; done; exec \"$@\"";
    std::vector<std::string> args = {"/usr/bin/unshare", "--mount", "/bin/sh", "-c", cover, "sh"};
    args.insert(args.end(), command.args.begin(), command.args.end());
    command.args = args;
    return run(command);
}

// systemd's own socket does where no bus runs.
TEST_F(Systemd, NeedsNoBus) {
    const Finished created = create_without(bundle, "/run/dbus");
    EXPECT_EQ(created.status, 0) << created.err;
    EXPECT_TRUE(is_loaded(unit()));
}

TEST(WithoutSystemd, TheSocketsAreNamed) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: ocirt's own message";
    Bundle bundle;
    bundle.global_option("--systemd-cgroup").erase("/linux/cgroupsPath");
    const Finished created = create_without(bundle, "/run/dbus /run/systemd");
    EXPECT_EQ(created.status, 1);
    EXPECT_TRUE(
        created.err.contains("connect to systemd at /run/dbus/system_bus_socket, /run/systemd/private: no such "
                             "file or directory (ENOENT)"))
        << created.err;
    EXPECT_TRUE(created.err.contains("--cgroup-manager=cgroupfs")) << created.err;
    EXPECT_TRUE(bundle.leaks().empty());
}

}  // namespace
}  // namespace ocirt::test
