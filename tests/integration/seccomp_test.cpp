// /linux/seccomp, seen by what the program may still call.
#include <gtest/gtest.h>

#include <csignal>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

Json allow_all_but(const Json& rule) {
    return {{"defaultAction", "SCMP_ACT_ALLOW"},
            {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
            {"syscalls", {rule}}};
}

TEST(Seccomp, FilterIsOn) {
    Bundle bundle;
    bundle.json("/linux/seccomp", allow_all_but({{"names", {"mkdir"}}, {"action", "SCMP_ACT_ERRNO"}}));
    EXPECT_EQ(bundle.sh("grep Seccomp: /proc/self/status").run().out, "Seccomp:\t2\n");
}

TEST(Seccomp, NoneWithoutTheField) {
    Bundle bundle;
    EXPECT_EQ(bundle.sh("grep Seccomp: /proc/self/status").run().out, "Seccomp:\t0\n");
}

TEST(Seccomp, ErrnoIsEpermUnlessSaid) {
    Bundle bundle;
    bundle.json("/linux/seccomp", allow_all_but({{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}}));
    EXPECT_TRUE(bundle.sh("mkdir /tmp/x").run().err.contains("Operation not permitted"));
}

TEST(Seccomp, ErrnoRet) {
    Bundle bundle;
    bundle.json("/linux/seccomp",
                allow_all_but({{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 28}}));
    EXPECT_TRUE(bundle.sh("mkdir /tmp/x").run().err.contains("No space left on device"));
}

TEST(Seccomp, ArgumentsAreCompared) {
    Bundle bundle;  // kill(_, SIGUSR1) only
    bundle.json("/linux/seccomp",
                allow_all_but({{"names", {"kill"}},
                               {"action", "SCMP_ACT_ERRNO"},
                               {"args", {{{"index", 1}, {"value", SIGUSR1}, {"op", "SCMP_CMP_EQ"}}}}}));
    EXPECT_EQ(bundle.sh("sleep 9 & kill -USR1 $! 2>/dev/null || echo refused; kill -TERM $! && echo sent").run().out,
              "refused\nsent\n");
}

TEST(Seccomp, KillProcess) {
    Bundle bundle;
    bundle.json("/linux/seccomp",
                allow_all_but({{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_KILL_PROCESS"}}));
    EXPECT_EQ(bundle.sh("mkdir /tmp/x; echo $?").run().out, std::to_string(128 + SIGSYS) + "\n");
}

// With noNewPrivileges false the filter is installed with privilege that the program must not keep.
TEST(Seccomp, WithoutNoNewPrivileges) {
    Bundle bundle;
    bundle.json("/linux/seccomp", allow_all_but({{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}}));
    bundle.json("/process/noNewPrivileges", false).user(1000, 1000);
    const Finished finished = bundle.sh("mkdir /tmp/x; grep CapEff /proc/self/status").run();
    EXPECT_TRUE(finished.err.contains("Operation not permitted")) << finished.err;
    EXPECT_EQ(finished.out, "CapEff:\t0000000000000000\n");
}

TEST(Seccomp, UnknownActionAndOperatorAreRefused) {
    Bundle action;
    action.json("/linux/seccomp", {{"defaultAction", "SCMP_ACT_NONSENSE"}});
    EXPECT_NE(action.run().status, 0);
    Bundle comparison;
    comparison.json("/linux/seccomp",
                    allow_all_but({{"names", {"kill"}},
                                   {"action", "SCMP_ACT_ERRNO"},
                                   {"args", {{{"index", 1}, {"value", 1}, {"op", "SCMP_CMP_NONSENSE"}}}}}));
    EXPECT_NE(comparison.run().status, 0);
}

// Names that this kernel or library does not know are skipped.
TEST(Seccomp, UnknownNamesAreSkipped) {
    Bundle bundle;
    bundle.json("/linux/seccomp",
                allow_all_but({{"names", {"no_such_syscall", "mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}}));
    EXPECT_TRUE(bundle.sh("mkdir /tmp/x").run().err.contains("Operation not permitted"));
}

}  // namespace
}  // namespace ocirt::test
