// /linux/seccomp, rule by rule: each operator, action and flag, by what a filtered program still gets done.
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

Json profile(const Json& rule) {
    return {{"defaultAction", "SCMP_ACT_ALLOW"},
            {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
            {"syscalls", Json::array({rule})}};
}

const Json make_directory = {"mkdir", "mkdirat"};

// ---- Operators ------------------------------------------------------------------------------------------------------

struct OperatorCase {
    const char* op;
    int value;
    int value_two;
    const char* sent;  // of the signals 1, 2, 3, 10 and 12 those whose kill(2) the rule does not refuse
};
void PrintTo(const OperatorCase& row, std::ostream* stream) { *stream << row.op; }

class SeccompOperator : public ::testing::TestWithParam<OperatorCase> {};

TEST_P(SeccompOperator, DecidesByTheArgument) {
    const OperatorCase& row = GetParam();
    const Json arg = {{"index", 1}, {"value", row.value}, {"valueTwo", row.value_two}, {"op", row.op}};
    Bundle bundle;
    bundle.json("/linux/seccomp",
                profile({{"names", {"kill"}}, {"action", "SCMP_ACT_ERRNO"}, {"args", Json::array({arg})}}));
    bundle.sh(
        "(trap '' 1 2 3 10 12; exec sleep 100) & p=$!; until grep -q 'SigIgn:.*a07' /proc/$p/status; do :; done; "
        "for s in 1 2 3 10 12; do kill -$s $p 2>/dev/null && echo -n \"$s \"; done");
    EXPECT_EQ(bundle.run().out, row.sent);
}

const std::vector<OperatorCase>& operators() {
    static const std::vector<OperatorCase> all = {
        OperatorCase{"SCMP_CMP_EQ", 3, 0, "1 2 10 12 "},  OperatorCase{"SCMP_CMP_NE", 3, 0, "3 "},
        OperatorCase{"SCMP_CMP_LT", 3, 0, "3 10 12 "},    OperatorCase{"SCMP_CMP_LE", 3, 0, "10 12 "},
        OperatorCase{"SCMP_CMP_GE", 3, 0, "1 2 "},        OperatorCase{"SCMP_CMP_GT", 3, 0, "1 2 3 "},
        OperatorCase{"SCMP_CMP_MASKED_EQ", 2, 2, "1 12 "}};
    return all;
}
INSTANTIATE_TEST_SUITE_P(All, SeccompOperator, ::testing::ValuesIn(operators()),
                         [](const auto& info) { return std::string(info.param.op); });

// ---- Actions --------------------------------------------------------------------------------------------------------

struct ActionCase {
    const char* action;
    const char* out;  // of mkdir and the shell, its status, and whether the directory was made
};
void PrintTo(const ActionCase& row, std::ostream* stream) { *stream << row.action; }

class SeccompAction : public ::testing::TestWithParam<ActionCase> {};

TEST_P(SeccompAction, IsTakenAtTheCall) {
    Bundle bundle;
    bundle.json("/linux/seccomp", profile({{"names", make_directory}, {"action", GetParam().action}}));
    EXPECT_EQ(bundle.sh("mkdir /tmp/x 2>&1; echo $?; test -d /tmp/x && echo made").run().out, GetParam().out);
}

const std::vector<ActionCase>& actions() {
    static const std::vector<ActionCase> all = {
        ActionCase{"SCMP_ACT_ALLOW", "0\nmade\n"}, ActionCase{"SCMP_ACT_LOG", "0\nmade\n"},
        ActionCase{"SCMP_ACT_KILL", "Bad system call\n159\n"},
        ActionCase{"SCMP_ACT_KILL_THREAD", "Bad system call\n159\n"},
        ActionCase{"SCMP_ACT_KILL_PROCESS", "Bad system call\n159\n"},
        ActionCase{"SCMP_ACT_TRAP", "Bad system call\n159\n"},
        ActionCase{"SCMP_ACT_ERRNO", "mkdir: can't create directory '/tmp/x': Operation not permitted\n1\n"},
        // Nobody traces it.
        ActionCase{"SCMP_ACT_TRACE", "mkdir: can't create directory '/tmp/x': Function not implemented\n1\n"}};
    return all;
}
INSTANTIATE_TEST_SUITE_P(All, SeccompAction, ::testing::ValuesIn(actions()),
                         [](const auto& info) { return std::string(info.param.action); });

// ---- What is not listed ---------------------------------------------------------------------------------------------

// Calls of the shell and the programs that it runs here, but for mkdir.
const Json few_calls = {"access",
                        "arch_prctl",
                        "brk",
                        "clone",
                        "close",
                        "dup2",
                        "execve",
                        "exit",
                        "exit_group",
                        "fcntl",
                        "fork",
                        "fstat",
                        "futex",
                        "getcwd",
                        "geteuid",
                        "getegid",
                        "getgid",
                        "getpgrp",
                        "getpid",
                        "getppid",
                        "getrandom",
                        "getuid",
                        "ioctl",
                        "kill",
                        "lseek",
                        "lstat",
                        "mmap",
                        "mprotect",
                        "munmap",
                        "newfstatat",
                        "open",
                        "openat",
                        "poll",
                        "pread64",
                        "prlimit64",
                        "read",
                        "readlink",
                        "readlinkat",
                        "rseq",
                        "setgid",
                        "setuid",
                        "set_robust_list",
                        "rt_sigaction",
                        "rt_sigprocmask",
                        "rt_sigreturn",
                        "sigaltstack",
                        "set_tid_address",
                        "stat",
                        "umask",
                        "uname",
                        "vfork",
                        "wait4",
                        "write",
                        "writev",
                        "prctl",
                        "time",
                        "gettimeofday",
                        "clock_gettime",
                        "statx"};

TEST(SeccompDefault, IsOfEveryCallWithoutARule) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: a peer's own calls are filtered, too";
    const auto said = [](Json more) {
        Json filter = {{"defaultAction", "SCMP_ACT_ERRNO"},
                       {"architectures", {"SCMP_ARCH_X86_64"}},
                       {"syscalls", Json::array({{{"names", few_calls}, {"action", "SCMP_ACT_ALLOW"}}})}};
        filter.update(more);
        Bundle bundle;
        return bundle.json("/linux/seccomp", filter).args({"/bin/mkdir", "/tmp/x"}).run().err;
    };
    EXPECT_EQ(said(Json::object()), "mkdir: can't create directory '/tmp/x': Operation not permitted\n");
    EXPECT_EQ(said({{"defaultErrnoRet", 28}}), "mkdir: can't create directory '/tmp/x': No space left on device\n");
}

// ---- Flags and architectures ----------------------------------------------------------------------------------------

constexpr const char* flags[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                 "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

TEST(SeccompFlag, EachLeavesTheFilterInForce) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 takes no flags";
    for (const char* flag : flags) {
        Json filter = profile({{"names", make_directory}, {"action", "SCMP_ACT_ERRNO"}});
        filter["flags"] = Json::array({flag});
        Bundle bundle;
        const Finished finished = bundle.json("/linux/seccomp", filter).sh("mkdir /tmp/x").run();
        EXPECT_TRUE(finished.err.contains("Operation not permitted")) << flag << ": " << finished.err;
    }
}

// ---- The lists are whole --------------------------------------------------------------------------------------------

TEST(SeccompWords, EveryOneIsTested) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: about what ocirt says of itself";
    using Names = std::set<std::string>;
    const Json seccomp = Json::parse(Bundle().command_without_id({"features"}).out)["linux"]["seccomp"];
    Names tested = {"SCMP_ACT_NOTIFY"};  // by seccomp_agent_test
    for (const ActionCase& action : actions()) tested.insert(action.action);
    EXPECT_EQ(seccomp["actions"].get<Names>(), tested);
    tested.clear();
    for (const OperatorCase& row : operators()) tested.insert(row.op);
    EXPECT_EQ(seccomp["operators"].get<Names>(), tested);
    tested = Names(std::begin(flags), std::end(flags));
    EXPECT_EQ(seccomp["knownFlags"].get<Names>(), tested);
    for (const std::string& flag : seccomp["supportedFlags"].get<Names>()) EXPECT_TRUE(tested.contains(flag)) << flag;
}

}  // namespace
}  // namespace ocirt::test
