// A container that criu(8) has saved goes on with a monitor as its parent, as Podman has it done.
#include <gtest/gtest.h>

#include "support/criu_counter.h"
#include "support/host.h"
#include "support/monitor.h"

namespace ocirt::test {
namespace {

using MonitorRestore = CriuCounter;

TEST_F(MonitorRestore, GoesOnWithItsLogAndItsExitStatus) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the container is saved by ocirt";
    Process first = start();
    ASSERT_EQ(checkpoint("image").status, 0) << bundle_.log();
    const int saved = last_number(first.wait(slow).out);
    (void)bundle_.remove(true);
    Monitor monitor(bundle_, {.options = {"--restore", path("image")}});
    ASSERT_GT(monitor.answer().value("data", -1), 0) << bundle_.log();
    EXPECT_TRUE(eventually([&] { return last_number(read_file(monitor.path("ctr.log"))) > saved; }, slow))
        << read_file(monitor.path("ctr.log"));
    EXPECT_EQ(bundle_.kill("KILL").status, 0);
    EXPECT_EQ(monitor.exit_status(), 137);
}

}  // namespace
}  // namespace ocirt::test
