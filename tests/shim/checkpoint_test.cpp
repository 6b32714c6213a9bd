// Checkpoint, and Create with one, by criu(8): where `criu check` fails the test is skipped (criu_test.cpp says how to
// run it in a virtual machine).
#include "support/criu_counter.h"
#include "support/shim.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr int ok = 0;

class ShimCheckpoint : public CriuCounter {
   protected:
    int save(Shim& shim, bool exit) {
        fs::create_directory(path("image"));
        wire::CheckpointOptions options;
        options.set_exit(exit);
        wire::CheckpointTaskRequest request;
        request.set_id(shim.id());
        request.set_path(path("image"));
        request.mutable_options()->set_type_url("containerd.runc.v1.CheckpointOptions");
        request.mutable_options()->set_value(options.SerializeAsString());
        reply_ = shim.client().receive(shim.client().send("Checkpoint", request.SerializeAsString()), slow);
        return reply_.code;
    }
    [[nodiscard]] wire::CreateTaskRequest request(const std::string& checkpoint = {}) const {
        wire::CreateTaskRequest request;
        request.set_stdout(path("out"));
        request.set_checkpoint(checkpoint);
        return request;
    }
    TtrpcReply reply_;
};

TEST_F(ShimCheckpoint, GoesOnWhereItWas) {
    Shim shim(bundle_);
    FifoReader output(path("out"));
    ASSERT_EQ(shim.create(request()), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    ASSERT_TRUE(output.wait_for("n3\n", slow));
    ASSERT_EQ(save(shim, true), ok) << reply_.message;
    EXPECT_TRUE(shim.events().wait_for("/tasks/checkpointed"));
    EXPECT_EQ(shim.wait(), 128 + SIGKILL);
    const std::string before = output.read_all();
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    ASSERT_EQ(shim.create(request(path("image"))), ok) << shim.text();
    EXPECT_EQ(shim.state().pid(), 0U);
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_GT(shim.state().pid(), 0U);
    ASSERT_TRUE(output.wait_for("n" + std::to_string(last_number(before) + 3) + "\n", slow));
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 128 + SIGKILL);
    EXPECT_GE(first_number(output.read_all()), last_number(before));
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST_F(ShimCheckpoint, LeavesItRunning) {
    Shim shim(bundle_);
    FifoReader output(path("out"));
    ASSERT_EQ(shim.create(request()), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    ASSERT_TRUE(output.wait_for("n3\n", slow));
    ASSERT_EQ(save(shim, false), ok) << reply_.message;
    EXPECT_EQ(shim.state().status(), wire::RUNNING);
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 128 + SIGKILL);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

}  // namespace
}  // namespace ocirt::test
