// Checkpoints of containers whose cgroup systemd makes; how to run them: criu_test.cpp.
#include <gtest/gtest.h>

#include "support/criu_counter.h"
#include "support/host.h"
#include "support/systemd.h"

namespace ocirt::test {
namespace {

class CriuSystemd : public CriuCounter {
   protected:
    void SetUp() override {
        if (!has_systemd()) GTEST_SKIP() << "SKIP: PID 1 is not systemd";
        CriuCounter::SetUp();
        if (IsSkipped()) return;
        bundle_.global_option("--systemd-cgroup").json("/linux/resources/memory", {{"limit", 67108864}});
        name_it(bundle_.id());
    }
    void TearDown() override {
        if (IsSkipped()) return;
        (void)bundle_.remove(true);
        EXPECT_TRUE(eventually([this] { return !is_loaded(unit()); })) << systemctl({"status", unit()}).out;
        stop_test_slices();
    }

    [[nodiscard]] std::string unit() const { return "criu-" + bundle_.id() + ".scope"; }
    void name_it(const std::string& id) {
        bundle_.id(id).json("/linux/cgroupsPath", test_slice() + ":criu:" + bundle_.id());
    }

    // The container's process is in the scope, and what systemd says of it is the config.
    void expect_in_scope(const std::string& memory) {
        const std::string pid = std::to_string(bundle_.state().value("pid", 0));
        const std::string cgroup = read_trimmed("/proc/" + pid + "/cgroup");
        EXPECT_TRUE(cgroup.ends_with(show(unit(), "ControlGroup"))) << cgroup;
        EXPECT_EQ(show(unit(), "ActiveState"), "active");
        EXPECT_EQ(show(unit(), "Slice"), test_slice());
        EXPECT_EQ(show(unit(), "Delegate"), "yes");
        EXPECT_EQ(show(unit(), find_controller("memory")->v2 ? "MemoryMax" : "MemoryLimit"), memory);
    }
    void expect_no_unit() {
        EXPECT_TRUE(eventually([this] { return !is_loaded(unit()); })) << systemctl({"status", unit()}).out;
    }
};

TEST_F(CriuSystemd, GoesOnInANewScope) {
    Process first = start();
    expect_in_scope("67108864");
    const std::string invocation = show(unit(), "InvocationID");
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    expect_no_unit();
    bundle_.json("/linux/resources/memory", {{"limit", 134217728}});
    Process again = restore("image");
    ASSERT_TRUE(again.wait_for("n" + std::to_string(number + 1) + "\n", slow)) << bundle_.log();
    expect_in_scope("134217728");
    EXPECT_NE(show(unit(), "InvocationID"), invocation);
    expect_counting_from(number, again);
    expect_no_unit();
}

TEST_F(CriuSystemd, OutlivesADaemonReload) {
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    (void)first.wait(slow);
    ASSERT_EQ(restore("image", {"--detach"}).wait(slow).status, 0) << bundle_.log();
    ASSERT_EQ(systemctl({"daemon-reload"}).status, 0);
    expect_in_scope("67108864");
    EXPECT_EQ(status(), "running");
    EXPECT_EQ(bundle_.exec({"/bin/sh", "-c", "echo in"}).out, "in\n");
    EXPECT_EQ(bundle_.remove(true).status, 0) << bundle_.log();
    expect_no_unit();
}

TEST_F(CriuSystemd, GoesOnUnderANewId) {
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    expect_no_unit();
    name_it("another");
    Process again = restore("image");
    ASSERT_TRUE(again.wait_for("n" + std::to_string(number + 1) + "\n", slow)) << bundle_.log();
    expect_in_scope("67108864");
    expect_counting_from(number, again);
}

TEST_F(CriuSystemd, TwoGoOnFromOneImage) {
    Process first = start();
    ASSERT_EQ(checkpoint("image", {"--leave-running"}).status, 0) << bundle_.log();
    expect_in_scope("67108864");
    const std::string original = bundle_.id();
    name_it("another");
    ASSERT_EQ(restore("image", {"--detach"}).wait(slow).status, 0) << bundle_.log();
    expect_in_scope("67108864");
    EXPECT_EQ(bundle_.remove(true).status, 0) << bundle_.log();
    expect_no_unit();
    name_it(original);
    expect_in_scope("67108864");
    EXPECT_EQ(bundle_.kill("KILL").status, 0);
    (void)first.wait(slow);
}

TEST_F(CriuSystemd, IsDumpedAfterAPreDump) {
    Process first = start();
    ASSERT_EQ(checkpoint("before", {"--pre-dump"}).status, 0) << bundle_.log();
    expect_in_scope("67108864");
    ASSERT_EQ(checkpoint("image", {"--parent-path", "../before"}).status, 0) << bundle_.log();
    const int number = last_number(first.wait(slow).out);
    expect_no_unit();
    Process again = restore("image");
    expect_counting_from(number, again);
}

TEST_F(CriuSystemd, KeepsItsTerminal) {
    expect_going_on_at_a_terminal([this](const std::string&) { expect_in_scope("67108864"); });
}

TEST_F(CriuSystemd, ARestoreThatFailsLeavesNoUnit) {
    bundle_.capabilities({"CAP_CHOWN", "CAP_KILL"});
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    (void)first.wait(slow);
    bundle_.capabilities({"CAP_KILL"});
    expect_refused("image", "/process/capabilities/bounding");
    expect_no_unit();
}

}  // namespace
}  // namespace ocirt::test
