// How a process' end is told: when, in which order, and what ends with it.
#include <gtest/gtest.h>

#include "events.pb.h"
#include "support/host.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr int ok = 0;

// Nobody reads what it wrote, but somebody could.
class UnreadOutput : public ::testing::Test {
   protected:
    void SetUp() override {
        wire::CreateTaskRequest request;
        request.set_stdout(bundle.scratch() / "out");
        ASSERT_EQ(shim.create(request), ok) << shim.text();
        ASSERT_EQ(shim.start(), ok) << shim.text();
    }

    Bundle bundle;
    Shim shim{bundle.sh("echo unread")};
    FifoReader output{bundle.scratch() / "out"};
};

TEST_F(UnreadOutput, ItsReaderIsWaitedForButNotForLong) {
    EXPECT_EQ(shim.wait(), 0);
    const auto told = system_clock::now();
    const auto at = shim.state().exited_at();
    const system_clock::time_point ended(std::chrono::seconds(at.seconds()) + milliseconds(at.nanos() / 1'000'000));
    EXPECT_GE(told - ended, milliseconds(400));
    EXPECT_LT(told - ended, std::chrono::seconds(5));
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST_F(UnreadOutput, WaitingForItsReaderTakesNoTimeOfTheProcessor) {
    const auto used = [this] {  // nanoseconds
        return std::stoll(read_file("/proc/" + std::to_string(shim.pid()) + "/schedstat"));
    };
    ASSERT_TRUE(eventually([&] { return shim.state().status() == wire::STOPPED; }));
    const auto before = used();
    EXPECT_EQ(shim.wait(), 0);
    EXPECT_LT(used() - before, 50'000'000);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST_F(UnreadOutput, TheEndIsToldBeforeTheDelete) {
    ASSERT_TRUE(eventually([&] { return shim.state().status() == wire::STOPPED; }));
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    ASSERT_TRUE(shim.events().wait_for("/tasks/delete"));
    std::vector<std::string> topics;
    for (const Event& event : shim.events().events()) topics.push_back(event.topic);
    EXPECT_EQ(topics, (std::vector<std::string>{"/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"}));
}

// Only a PID namespace of its own ends all processes with the first; and a client waits for the output's end before it
// asks for the Delete.
TEST(ShimEnd, AllEndWithTheFirstInASharedPidNamespace) {
    Bundle bundle;
    bundle.without_namespace("pid").sh("sleep 1000 & exit 3");
    Shim shim(bundle);
    FifoReader output(bundle.scratch() / "out");
    wire::CreateTaskRequest request;
    request.set_stdout(bundle.scratch() / "out");
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 3);
    EXPECT_TRUE(eventually([&] { return bundle.cgroup_file("pids", "cgroup.procs").empty(); }));
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(output.read_all(), "");
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5)) << "the output does not end";
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

}  // namespace
}  // namespace ocirt::test
