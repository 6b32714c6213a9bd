// A container's log in the journal of a machine that has one.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "native/monitored.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

class LogsOfTheJournal : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!std::filesystem::exists("/run/systemd/journal/socket")) GTEST_SKIP() << "SKIP: there is no journal";
        // One that other tests had has entries of another boot's containers, too.
        container.bundle.id(container.bundle.id() + "-" + cgroup_prefix());
    }
    Monitored container;
};

TEST_F(LogsOfTheJournal, AreShownAfterTheEnd) {
    container.bundle.sh("echo one; echo two >&2; echo three");
    ASSERT_EQ(container.run({"--log-driver", "journald"}).status, 0);
    EXPECT_EQ(container.wait(), "0");
    EXPECT_TRUE(eventually([&] {
        const std::string shown = container.command("logs").out;
        return shown.contains("one\n") && shown.contains("two\n") && shown.contains("three\n");
    })) << container.command("logs").err;
    const std::string shown = container.command("logs").out;
    EXPECT_EQ(container.command("logs", {"--tail", "1"}).out, shown.substr(shown.find('\n', shown.find('\n') + 1) + 1));
}

TEST_F(LogsOfTheJournal, AreFollowedUntilTheEnd) {
    container.bundle.sh("echo begun; read line </tmp/go; echo ended");
    ASSERT_EQ(::mkfifo((container.bundle.rootfs() / "tmp/go").c_str(), 0666), 0);
    ASSERT_EQ(container.run({"--log-driver", "journald"}).status, 0);
    Process following(container.bundle.make_command({"logs", "--follow", container.bundle.id()}));
    ASSERT_TRUE(following.wait_for("begun\n", soon));
    std::ofstream(container.bundle.rootfs() / "tmp/go") << "go\n";
    const Finished finished = following.wait();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out, "begun\nended\n");
}

}  // namespace
}  // namespace ocirt::test
