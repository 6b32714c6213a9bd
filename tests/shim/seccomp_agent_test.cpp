// SCMP_ACT_NOTIFY under the shim: a worker hands the listener over, for the task and for processes put into it.
#include "support/seccomp_agent.h"

#include <gtest/gtest.h>

#include <csignal>

#include "support/fifo.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

constexpr int ok = 0;

TEST(ShimSeccomp, TheAgentAnswersForTasksAndTheirProcesses) {
    Bundle bundle;
    const std::filesystem::path socket = bundle.scratch() / "agent.sock";
    SeccompAgent agent(socket, {});
    bundle.sh("mkdir /tmp/made && echo made; exec sleep 1000");
    bundle.json("/linux/seccomp",
                {{"defaultAction", "SCMP_ACT_ALLOW"},
                 {"listenerPath", socket.string()},
                 {"syscalls", {{{"names", {"mkdir", "mkdirat", "execve"}}, {"action", "SCMP_ACT_NOTIFY"}}}}});
    Shim shim(bundle);
    FifoReader output(bundle.scratch() / "out");
    wire::CreateTaskRequest request;
    request.set_stdout(bundle.scratch() / "out");
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_TRUE(output.wait_for("made\n"));
    const Json task = agent.state();
    EXPECT_EQ(task["pid"], shim.state().pid());
    EXPECT_EQ(task["state"]["id"], bundle.id());

    ASSERT_EQ(shim.exec("e", process_of({"/bin/sh", "-c", "mkdir /tmp/more && exit 7"})), ok) << shim.text();
    ASSERT_EQ(shim.start("e"), ok) << shim.text();
    const Json process = agent.state();
    EXPECT_EQ(process["pid"], shim.state("e").pid());
    EXPECT_EQ(process["state"]["pid"], task["pid"]);
    EXPECT_EQ(shim.wait("e"), 7);
    EXPECT_EQ(shim.remove("e"), ok) << shim.text();
    EXPECT_EQ(shim.kill(SIGKILL), ok);
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

}  // namespace
}  // namespace ocirt::test
