// What the options of `exec` change in a container's process, and what they leave.
#include <gtest/gtest.h>

#include "runtime/spec/process_overlay.h"

namespace ocirt::spec {
namespace {

using Strings = std::vector<std::string>;

Process usual() {
    Process process;
    process.terminal = true;
    process.args = {"/bin/server"};
    process.env = {"PATH=/bin", "A=1"};
    process.cwd = "/srv";
    process.user = {.uid = 5, .gid = 6, .umask = 0077, .additional_gids = {7}};
    process.capabilities =
        Capabilities{.bounding = {"CAP_KILL"}, .effective = {}, .inheritable = {}, .permitted = {}, .ambient = {}};
    process.no_new_privileges = true;
    return process;
}

TEST(ProcessOverlay, LeavesWhatItDoesNotName) {
    const Result<Process> process = lay_over(usual(), {.args = {"ls", "-l"}});
    ASSERT_TRUE(process);
    EXPECT_EQ(process->args, (Strings{"ls", "-l"}));
    EXPECT_EQ(process->env, (Strings{"PATH=/bin", "A=1"}));
    EXPECT_EQ(process->cwd, "/srv");
    EXPECT_EQ(process->user.uid, 5U);
    EXPECT_TRUE(process->no_new_privileges);
    EXPECT_FALSE(process->terminal) << "a terminal is asked for each time";
}

TEST(ProcessOverlay, ReplacesAndAppends) {
    const Result<Process> process =
        lay_over(usual(), {.args = {"ls"},
                           .cwd = "/tmp",
                           .env = {"B=2", "A=3", "C=", "B=4"},
                           .user = User{.uid = 1, .gid = 2, .umask = {}, .additional_gids = {3}},
                           .additional_gids = {8},
                           .capabilities = {"CAP_SYS_TIME", "chown"},
                           .no_new_privileges = false});
    ASSERT_TRUE(process);
    EXPECT_EQ(process->cwd, "/tmp");
    EXPECT_EQ(process->env, (Strings{"PATH=/bin", "A=3", "C=", "B=4"}));
    EXPECT_EQ(process->user.uid, 1U);
    EXPECT_EQ(process->user.additional_gids, (std::vector<std::uint32_t>{3, 8}));
    EXPECT_EQ(process->user.umask, 0077U);
    EXPECT_EQ(process->capabilities->bounding, (Strings{"CAP_KILL", "CAP_SYS_TIME", "chown"}));
    EXPECT_EQ(process->capabilities->effective, (Strings{"CAP_SYS_TIME", "chown"}));
    EXPECT_EQ(process->capabilities->inheritable, Strings{}) << "threat D1";
    EXPECT_EQ(process->capabilities->ambient, Strings{});
    EXPECT_FALSE(process->no_new_privileges);
}

struct Wrong {
    ProcessOverlay overlay;
    const char* option;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.option; }

class WrongOverlay : public testing::TestWithParam<Wrong> {};
TEST_P(WrongOverlay, NamesTheOption) {
    const Result<Process> process = lay_over(usual(), GetParam().overlay);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().fault, Fault::invalid_argument);
    EXPECT_EQ(process.error().pointer, GetParam().option);
}
INSTANTIATE_TEST_SUITE_P(Options, WrongOverlay,
                         testing::Values(Wrong{{.args = {"a"}, .cwd = "tmp"}, "--cwd"},
                                         Wrong{{.args = {"a"}, .env = {"HOSTSECRET"}}, "--env"},
                                         Wrong{{.args = {"a"}, .env = {"=x"}}, "--env"},
                                         Wrong{{.args = {"a"}, .env = {"*"}}, "--env"},
                                         Wrong{{.args = {"a"}, .capabilities = {"CAP_NONE"}}, "--cap"},
                                         Wrong{{.args = {"a"}, .capabilities = {""}}, "--cap"}));

TEST(InheritedProcess, TakesWhatTheFileLeavesOut) {
    Process file;
    Process container = usual();
    container.oom_score_adj = 500;
    container.scheduler = Scheduler{.policy = 3, .nice = 5};
    container.io_priority = IoPriority{.io_class = 2, .priority = 6};
    container.exec_cpu_affinity = ExecCpuAffinity{.initial = "0", .final = "1"};
    inherit(file, container);
    EXPECT_EQ(file.capabilities->bounding, Strings{"CAP_KILL"});
    EXPECT_EQ(file.oom_score_adj, 500);
    EXPECT_EQ(file.scheduler->nice, 5);
    EXPECT_EQ(file.io_priority->priority, 6);
    EXPECT_EQ(file.exec_cpu_affinity->final, "1");
    EXPECT_FALSE(file.no_new_privileges) << "the file said no";
    file.capabilities = Capabilities{};
    file.oom_score_adj = 0;
    inherit(file, container);
    EXPECT_EQ(file.capabilities->bounding, Strings{}) << "the file said none";
    EXPECT_EQ(file.oom_score_adj, 0);
}

}  // namespace
}  // namespace ocirt::spec
