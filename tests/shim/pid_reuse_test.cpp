// A container's pid that is somebody else's by now: nobody signals that one.
#include <gtest/gtest.h>

#include <csignal>

#include "support/host.h"
#include "support/shim.h"
#include "support/stranger.h"

namespace ocirt::test {
namespace {

constexpr int ok = 0;
constexpr int not_found = 5;

pid_t start_sleeper(Shim& shim) {
    EXPECT_EQ(shim.create(), ok) << shim.text();
    EXPECT_EQ(shim.start(), ok) << shim.text();
    const auto pid = static_cast<pid_t>(shim.state().pid());
    if (pid <= 1) throw std::runtime_error("the container has no pid: " + shim.text());
    return pid;
}

TEST(ShimPidReuse, KillAndDelete) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    const pid_t init = start_sleeper(shim);
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    const Stranger stranger(init);
    EXPECT_EQ(shim.kill(SIGKILL), not_found);
    EXPECT_EQ(shim.kill(SIGKILL, "", true), ok) << shim.text();  // of what is left of it: nobody
    EXPECT_EQ(shim.state().pid(), static_cast<std::uint32_t>(init));
    EXPECT_EQ(shim.remove(), ok) << shim.text();
    EXPECT_TRUE(stranger.is_unharmed());
}

TEST(ShimPidReuse, Exec) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    (void)start_sleeper(shim);
    const Json process = {{"args", {"/bin/sleep", "100"}}, {"cwd", "/"}, {"user", {{"uid", 0}, {"gid", 0}}}};
    ASSERT_EQ(shim.exec("e", process), ok) << shim.text();
    ASSERT_EQ(shim.start("e"), ok) << shim.text();
    const auto pid = static_cast<pid_t>(shim.state("e").pid());
    EXPECT_EQ(shim.kill(SIGKILL, "e"), ok);
    EXPECT_EQ(shim.wait("e"), 137);
    {
        const Stranger stranger(pid);
        EXPECT_EQ(shim.kill(SIGKILL, "e"), not_found);
        EXPECT_EQ(shim.remove("e"), ok);
        EXPECT_EQ(shim.kill(SIGKILL), ok);
        EXPECT_EQ(shim.wait(), 137);
        EXPECT_EQ(shim.remove(), ok) << shim.text();
        EXPECT_TRUE(stranger.is_unharmed());
    }
}

TEST(ShimPidReuse, DeleteAfterTheShimsDeath) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    const pid_t init = start_sleeper(shim);
    shim.die();
    ASSERT_EQ(::kill(init, SIGKILL), 0);
    const Stranger stranger(init);
    EXPECT_EQ(shim.run_delete().status, 0);
    EXPECT_TRUE(stranger.is_unharmed());
}

TEST(ShimPidReuse, OcirtsOwnCommands) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    ASSERT_TRUE(bundle.launch());
    const pid_t init = bundle.state().value("pid", 0);
    ASSERT_GT(init, 1);
    ASSERT_EQ(::kill(init, SIGKILL), 0);
    const Stranger stranger(init);
    EXPECT_NE(bundle.kill("KILL").status, 0);
    EXPECT_NE(bundle.exec({"/bin/true"}).status, 0);
    EXPECT_EQ(bundle.state().value("status", ""), "stopped");
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_TRUE(stranger.is_unharmed());
}

}  // namespace
}  // namespace ocirt::test
