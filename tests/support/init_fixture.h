// What every test of init alone has: a busybox rootfs, a driver, and the two ways it can end.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/init_driver.h"

namespace ocirt::test {

class InitFixture : public testing::Test {
   protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "SKIP: needs root";
        install_busybox(rootfs);
    }
    void expect_running() {
        EXPECT_EQ(init.report().outcome, plan::Outcome::executing)
            << "op " << static_cast<int>(init.failed_op()) << " syscall " << init.report().syscall << " errno "
            << init.report().errnum << " " << init.text();
        EXPECT_TRUE(WIFEXITED(init.status()));
    }
    void expect_failure(plan::Op op, int errnum, plan::Detail detail) {
        EXPECT_EQ(init.report().outcome, plan::Outcome::failed);
        EXPECT_EQ(init.failed_op(), op);
        EXPECT_EQ(init.report().errnum, errnum);
        EXPECT_EQ(init.report().detail, detail) << init.text();
        EXPECT_EQ(WEXITSTATUS(init.status()), 1);
    }

    TemporaryDirectory rootfs;
    InitDriver init;
};

}  // namespace ocirt::test
