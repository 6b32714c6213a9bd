// --manage-cgroups-mode of `restore`, as criu(8) carries it out; how to run it: criu_test.cpp. criu 3.17 saves no
// properties of cgroups on v2. To see those of v1 in the virtual machine: mount -t cgroup -o pids pids /mnt, before.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "support/criu_counter.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

class CriuCgroups : public CriuCounter {
   protected:
    // Of the cgroup, and nothing that a config could say.
    static constexpr const char* property = "notify_on_release";

    void SetUp() override {
        CriuCounter::SetUp();
        const std::optional<CgroupMount> mount = find_controller("pids");
        if (!IsSkipped() && !mount) GTEST_SKIP() << "SKIP: no pids controller";
        properties_ = mount && !mount->v2;
        bundle_.json("/linux/resources/pids", {{"limit", 50}});
    }
    [[nodiscard]] fs::path cgroup() const { return *bundle_.cgroup("pids"); }

    // With a cgroup and a property of its own; the config to restore it by has another limit. What it has counted to.
    int checkpoint_with(const std::vector<std::string>& mode) {
        Process first = start();
        fs::create_directory(cgroup() / "below");
        if (properties_) std::ofstream(cgroup() / property) << "1\n";
        EXPECT_EQ(checkpoint("image", mode).status, 0) << bundle_.log();
        bundle_.json("/linux/resources/pids", {{"limit", 60}});
        return last_number(first.wait(slow).out);
    }

    void expect_restored(const std::vector<std::string>& mode, int number, bool with_cgroups, bool with_properties) {
        Process again = restore("image", mode);
        ASSERT_TRUE(again.wait_for("n" + std::to_string(number + 1) + "\n", slow)) << bundle_.log();
        EXPECT_EQ(fs::exists(cgroup() / "below"), with_cgroups);
        const std::string expected = with_properties ? "1" : "0";
        if (properties_) {
            EXPECT_EQ(read_trimmed(cgroup() / property), expected);
        }
        EXPECT_EQ(bundle_.cgroup_file("pids", "pids.max"), "60") << "the config is what limits it";
        expect_counting_from(number, again);
    }

    bool properties_ = false;
};

TEST_F(CriuCgroups, SoftLeavesTheNewCgroupAsTheConfigMakesIt) {
    const std::vector<std::string> mode{"--manage-cgroups-mode", "soft"};
    expect_restored(mode, checkpoint_with(mode), true, false);
}

TEST_F(CriuCgroups, FullRestoresTheirProperties) {
    const std::vector<std::string> mode{"--manage-cgroups-mode", "full"};
    expect_restored(mode, checkpoint_with(mode), true, true);
}

TEST_F(CriuCgroups, StrictRestoresThemWhereThereAreNone) {
    const std::vector<std::string> mode{"--manage-cgroups-mode", "strict"};
    const int number = checkpoint_with(mode);
    fs::create_directory(cgroup());
    const Finished refused = restore("image", mode).wait(slow);
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find(cgroup().string() + " already"), std::string::npos) << refused.err;
    EXPECT_EQ(::rmdir(cgroup().c_str()), 0) << "it was not ocirt's to remove";
    expect_restored(mode, number, true, true);
}

TEST_F(CriuCgroups, IgnoreRestoresNone) {
    const std::vector<std::string> mode{"--manage-cgroups-mode", "ignore"};
    bundle_.without_namespace("cgroup");
    expect_restored(mode, checkpoint_with(mode), false, false);
}

TEST_F(CriuCgroups, IgnoreMakesNoNamespace) {
    const std::vector<std::string> mode{"--manage-cgroups-mode", "ignore"};
    (void)checkpoint_with(mode);
    const Finished refused = restore("image", mode).wait(slow);
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("criu makes no cgroup namespace"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace ocirt::test
