#include "runtime/security/seccomp.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "bpf_interpreter.h"
#include "runtime/security/seccomp_program.h"
#include "runtime/security/unknown_syscalls.h"

namespace ocirt::security {
namespace {

using Action = spec::SeccompAction;
using Operator = spec::SeccompOperator;
using Args = std::vector<std::uint64_t>;

constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t unknown = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t denied = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t killed = SECCOMP_RET_KILL_THREAD;

spec::SeccompSyscall rule(std::vector<std::string> names, Action action, std::vector<spec::SeccompArg> args = {}) {
    return {.names = std::move(names), .action = action, .errno_ret = {}, .args = std::move(args)};
}

// Default EPERM; execve and the newest system call that every libseccomp knows are allowed.
spec::Seccomp strict() {
    spec::Seccomp profile;
    profile.default_action = Action::errno_;
    profile.syscalls.push_back(rule({"execve", "openat2"}, Action::allow));
    return profile;
}

int number_of(const char* name, std::uint32_t token = seccomp_arch_native()) {
    return seccomp_syscall_resolve_name_arch(token, name);
}

std::uint32_t native_audit_arch() { return seccomp_arch_native(); }

std::uint32_t answer(const SeccompFilter& filter, std::uint32_t arch, int number, const Args& args = {}) {
    seccomp_data data{};
    data.nr = number;
    data.arch = arch;
    for (std::size_t i = 0; i < args.size(); ++i) data.args[i] = args[i];
    return test::run_filter(filter.program, data);
}

std::uint32_t answer(const SeccompFilter& filter, const char* name, const Args& args = {}) {
    return answer(filter, native_audit_arch(), number_of(name), args);
}

SeccompFilter build(const spec::Seccomp& profile) {
    Result<SeccompFilter> filter = build_seccomp(profile);
    if (!filter) throw std::runtime_error(render(filter.error()));
    return std::move(*filter);
}

std::string refusal(const spec::Seccomp& profile) {
    const Result<SeccompFilter> filter = build_seccomp(profile);
    return filter ? "" : filter.error().pointer;
}

TEST(Seccomp, DefaultAndAllow) {
    const SeccompFilter filter = build(strict());
    EXPECT_EQ(answer(filter, "execve"), allowed);
    EXPECT_EQ(answer(filter, "read"), denied);
    EXPECT_TRUE(filter.warnings.empty());
    EXPECT_FALSE(filter.needs_listener);
}

TEST(Seccomp, EveryAction) {
    const struct {
        Action action;
        std::optional<std::uint32_t> number;
        std::uint32_t answer;
    } table[] = {
        {Action::kill_thread, {}, SECCOMP_RET_KILL_THREAD},
        {Action::kill_process, {}, SECCOMP_RET_KILL_PROCESS},
        {Action::trap, {}, SECCOMP_RET_TRAP},
        {Action::errno_, {}, SECCOMP_RET_ERRNO | EPERM},
        {Action::errno_, 38, SECCOMP_RET_ERRNO | 38},
        {Action::errno_, 0, SECCOMP_RET_ERRNO},
        {Action::errno_, 4094, SECCOMP_RET_ERRNO | 4094},
        {Action::trace, {}, SECCOMP_RET_TRACE | EPERM},
        {Action::trace, 65535, SECCOMP_RET_TRACE | 65535},
        {Action::log, {}, SECCOMP_RET_LOG},
        {Action::notify, {}, SECCOMP_RET_USER_NOTIF},
    };
    for (const auto& row : table) {
        spec::Seccomp profile;
        profile.default_action = Action::allow;
        profile.listener_path = "/run/agent.sock";
        profile.syscalls.push_back(rule({"getppid"}, row.action));
        profile.syscalls.back().errno_ret = row.number;
        const SeccompFilter filter = build(profile);
        EXPECT_EQ(answer(filter, "getppid"), row.answer);
        EXPECT_EQ(answer(filter, "read"), allowed);

        profile.default_action = row.action;
        profile.default_errno_ret = row.number;
        profile.syscalls = {rule({"execve", "openat2"}, Action::allow)};
        const SeccompFilter inverse = build(profile);
        EXPECT_EQ(answer(inverse, "getppid"), row.answer);
        EXPECT_EQ(answer(inverse, "execve"), allowed);
    }
}

TEST(Seccomp, OperatorsCompare64Bits) {
    constexpr std::uint64_t big = 0x1'0000'0005;
    const struct {
        Operator op;
        bool below, same, above;
    } table[] = {
        {Operator::not_equal, true, false, true},        {Operator::less, true, false, false},
        {Operator::less_or_equal, true, true, false},    {Operator::equal, false, true, false},
        {Operator::greater_or_equal, false, true, true}, {Operator::greater, false, false, true},
    };
    for (const auto& row : table) {
        spec::Seccomp profile = strict();
        profile.syscalls.push_back(rule({"personality"}, Action::allow, {{2, big, 0, row.op}}));
        const SeccompFilter filter = build(profile);
        const auto passes = [&](std::uint64_t value) {
            return answer(filter, "personality", {9, 9, value}) == allowed;
        };
        EXPECT_EQ(passes(big - 1), row.below) << static_cast<int>(row.op);
        EXPECT_EQ(passes(big), row.same) << static_cast<int>(row.op);
        EXPECT_EQ(passes(big + 1), row.above) << static_cast<int>(row.op);
        EXPECT_EQ(passes(5), row.below) << "the high half must count: " << static_cast<int>(row.op);
    }
}

TEST(Seccomp, MaskedEqual) {
    constexpr std::uint64_t new_namespaces = 0x7E020000;  // CLONE_NEW*, as Docker's profile has it for clone
    spec::Seccomp profile = strict();
    profile.syscalls.push_back(rule({"clone"}, Action::allow, {{0, new_namespaces, 0, Operator::masked_equal}}));
    profile.syscalls.push_back(rule({"socket"}, Action::allow, {{0, 0xff, 16, Operator::masked_equal}}));
    const SeccompFilter filter = build(profile);
    EXPECT_EQ(answer(filter, "clone", {0x11}), allowed);
    EXPECT_EQ(answer(filter, "clone", {0x10000011}), denied);
    EXPECT_EQ(answer(filter, "socket", {16}), allowed);
    EXPECT_EQ(answer(filter, "socket", {0xf10}), allowed);
    EXPECT_EQ(answer(filter, "socket", {17}), denied);
}

TEST(Seccomp, ConditionsOnDifferentArgumentsAllHold) {
    spec::Seccomp profile = strict();
    profile.syscalls.push_back(
        rule({"socket"}, Action::allow, {{0, 1, 0, Operator::equal}, {1, 2, 0, Operator::equal}}));
    const SeccompFilter filter = build(profile);
    EXPECT_EQ(answer(filter, "socket", {1, 2}), allowed);
    EXPECT_EQ(answer(filter, "socket", {1, 3}), denied);
    EXPECT_EQ(answer(filter, "socket", {3, 2}), denied);
}

TEST(Seccomp, ConditionsOnOneArgumentAreAlternatives) {
    spec::Seccomp profile = strict();
    profile.syscalls.push_back(
        rule({"personality"}, Action::allow,
             {{0, 0, 0, Operator::equal}, {0, 8, 0, Operator::equal}, {1, 7, 0, Operator::equal}}));
    const SeccompFilter filter = build(profile);
    EXPECT_EQ(answer(filter, "personality", {0}), allowed);
    EXPECT_EQ(answer(filter, "personality", {8}), allowed);
    EXPECT_EQ(answer(filter, "personality", {1, 7}), allowed);
    EXPECT_EQ(answer(filter, "personality", {1}), denied);
}

TEST(Seccomp, YoungerSystemCallsAreUnknown) {
    const SeccompFilter filter = build(strict());
    const int newest = number_of("openat2");
    EXPECT_EQ(answer(filter, native_audit_arch(), newest), allowed);
    EXPECT_EQ(answer(filter, native_audit_arch(), newest + 1), unknown);
    EXPECT_EQ(answer(filter, native_audit_arch(), 100000), unknown);
    EXPECT_EQ(answer(filter, native_audit_arch(), newest - 1), denied);
}

TEST(Seccomp, UnknownDependsOnDefaultAction) {
    const struct {
        Action action;
        std::uint32_t answer;
    } table[] = {
        {Action::errno_, unknown},
        {Action::kill_thread, unknown},
        {Action::kill_process, unknown},
        {Action::trap, unknown},
        {Action::allow, allowed},
        {Action::log, SECCOMP_RET_LOG},
        {Action::trace, SECCOMP_RET_TRACE | EPERM},
        {Action::notify, SECCOMP_RET_USER_NOTIF},
    };
    for (const auto& row : table) {
        spec::Seccomp profile = strict();
        profile.default_action = row.action;
        profile.listener_path = "/run/agent.sock";
        profile.syscalls.push_back(rule({"getppid"}, Action::errno_));
        EXPECT_EQ(answer(build(profile), native_audit_arch(), 100000), row.answer) << static_cast<int>(row.action);
    }
}

TEST(Seccomp, RulesLikeTheDefaultRaiseTheCeiling) {
    spec::Seccomp profile = strict();
    profile.syscalls.push_back(rule({"pidfd_getfd", "faccessat2"}, Action::errno_));
    const SeccompFilter filter = build(profile);
    EXPECT_EQ(answer(filter, "faccessat2"), denied);
    EXPECT_EQ(answer(filter, native_audit_arch(), number_of("faccessat2") + 1), unknown);
}

#if defined(__x86_64__)
TEST(Seccomp, OtherEntriesAreKilledUnlessNamed) {
    const SeccompFilter filter = build(strict());
    EXPECT_EQ(answer(filter, AUDIT_ARCH_I386, 11), killed);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_AARCH64, 221), killed);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_X86_64, 0x40000000), killed) << "x32";
}

TEST(Seccomp, OtherEntriesHaveTheirOwnNumbersAndCeilings) {
    spec::Seccomp profile = strict();
    profile.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32"};
    profile.syscalls.push_back(rule({"read", "socketcall"}, Action::allow));
    const SeccompFilter filter = build(profile);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_X86_64, 0), allowed);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_X86_64, 1), denied);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_I386, 3), allowed);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_I386, 102), allowed) << "socketcall";
    EXPECT_EQ(answer(filter, AUDIT_ARCH_I386, 4), denied);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_I386, 438), unknown);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_X86_64, 0x40000000), allowed);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_X86_64, 0x40000001), denied);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_X86_64, 0x40000000 + 5000), unknown);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_X86_64, 5000), unknown);
    EXPECT_EQ(answer(filter, AUDIT_ARCH_AARCH64, 63), killed);
}

TEST(Seccomp, CallsOfOtherArchitecturesAreNoWarning) {
    spec::Seccomp profile = strict();
    profile.syscalls.push_back(rule({"socketcall", "arm_fadvise64_64"}, Action::allow));
    EXPECT_TRUE(build(profile).warnings.empty());
}
#endif

TEST(UnknownSyscalls, ArmKeepsItsPrivateNumbers) {
    KnownRange range = syscall_range(SCMP_ARCH_ARM);
    range.highest = 437;
    std::vector<sock_filter> program = answer_enosys(std::span(&range, 1));
    program.push_back({BPF_RET | BPF_K, 0, 0, allowed});
    const auto run = [&program](std::uint32_t arch, int number) {
        seccomp_data data{};
        data.arch = arch;
        data.nr = number;
        return test::run_filter(std::as_bytes(std::span(program)), data);
    };
    EXPECT_EQ(run(AUDIT_ARCH_ARM, 437), allowed);
    EXPECT_EQ(run(AUDIT_ARCH_ARM, 438), unknown);
    EXPECT_EQ(run(AUDIT_ARCH_ARM, 0xeffff), unknown);
    EXPECT_EQ(run(AUDIT_ARCH_ARM, 0xf0002), allowed);
    EXPECT_EQ(run(AUDIT_ARCH_AARCH64, 438), allowed);
}

TEST(Seccomp, UnknownWordsAreWarnings) {
    spec::Seccomp profile = strict();
    profile.architectures = {"SCMP_ARCH_SHEB"};
    profile.syscalls.push_back(rule({"read", "no_such_call", std::string("write\0x", 7)}, Action::allow));
    profile.syscalls.push_back(rule({"nor_this_one"}, Action::errno_));
    const SeccompFilter filter = build(profile);
    ASSERT_EQ(filter.warnings.size(), 3U) << "none for the rule that does nothing";
    EXPECT_EQ(filter.warnings[0].pointer, "/linux/seccomp/architectures/0");
    EXPECT_EQ(filter.warnings[1].pointer, "/linux/seccomp/syscalls/1/names/1");
    EXPECT_EQ(filter.warnings[1].object, "no_such_call");
    EXPECT_EQ(filter.warnings[2].pointer, "/linux/seccomp/syscalls/1/names/2");
    EXPECT_EQ(answer(filter, "read"), allowed);
    EXPECT_EQ(answer(filter, "write"), denied);
}

TEST(Seccomp, Flags) {
    using Words = std::optional<std::vector<std::string>>;
    const struct {
        Words words;
        bool notify;
        std::uint64_t flags;
        std::size_t warnings;
    } table[] = {
        {{}, false, SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0},
        {Words(std::in_place), false, 0, 0},
        {{{"SECCOMP_FILTER_FLAG_TSYNC"}}, false, 0, 0},
        {{{"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"}},
         false,
         SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
         0},
        {{{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}}, false, 0, 1},
        {{{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}},
         true,
         SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER,
         0},
    };
    for (const auto& row : table) {
        spec::Seccomp profile = strict();
        profile.flags = row.words;
        if (row.notify) {
            profile.syscalls.push_back(rule({"mkdir", "mkdirat"}, Action::notify));
            profile.listener_path = "/run/agent.sock";
        }
        const SeccompFilter filter = build(profile);
        EXPECT_EQ(filter.flags, row.flags);
        EXPECT_EQ(filter.needs_listener, row.notify);
        EXPECT_EQ(filter.warnings.size(), row.warnings);
    }
}

TEST(Seccomp, RefusedWhereExecveCannotPass) {
    for (const Action action : {Action::errno_, Action::kill_thread, Action::kill_process, Action::trap}) {
        spec::Seccomp by_default;
        by_default.default_action = action;
        by_default.syscalls.push_back(rule({"read", "execveat"}, Action::allow));
        EXPECT_EQ(refusal(by_default), "/linux/seccomp");

        spec::Seccomp by_rule;
        by_rule.default_action = Action::allow;
        by_rule.syscalls.push_back(rule({"execve"}, action));
        EXPECT_EQ(refusal(by_rule), "/linux/seccomp");
        by_rule.syscalls[0].args = {{2, 0, 0, Operator::equal}};
        EXPECT_EQ(refusal(by_rule), "") << "execve with an environment passes";
    }
    spec::Seccomp logged;
    logged.default_action = Action::log;
    EXPECT_EQ(refusal(logged), "");
}

TEST(Seccomp, BadNumbers) {
    const auto with = [](auto&& change) {
        spec::Seccomp profile = strict();
        profile.syscalls.push_back(rule({"read"}, Action::errno_));
        change(profile);
        return refusal(profile);
    };
    EXPECT_EQ(with([](auto& p) { p.syscalls[1].errno_ret = 4095; }), "/linux/seccomp/syscalls/1/errnoRet");
    EXPECT_EQ(with([](auto& p) { p.default_errno_ret = 65536 + 1; }), "/linux/seccomp/defaultErrnoRet");
    EXPECT_EQ(with([](auto& p) { p.syscalls[0].errno_ret = 1; }), "/linux/seccomp/syscalls/0/errnoRet");
    EXPECT_EQ(with([](auto& p) { p.syscalls[1].args = {{0, 0, 0, Operator::equal}, {6, 0, 0, Operator::equal}}; }),
              "/linux/seccomp/syscalls/1/args/1/index");
    EXPECT_EQ(with([](auto& p) { p.syscalls[1].action = Action::notify; }), "/linux/seccomp/listenerPath");
    EXPECT_EQ(with([](auto& p) { p.syscalls[1].names.assign(4097, "read"); }), "/linux/seccomp/syscalls");
}

TEST(Seccomp, ProgramsTooLongForTheKernel) {
    spec::Seccomp profile = strict();
    for (std::uint64_t value = 0; value < 4090; ++value)
        profile.syscalls.push_back(rule({"personality"}, Action::allow, {{0, value * 3, 0, Operator::equal}}));
    const Result<SeccompFilter> filter = build_seccomp(profile);
    ASSERT_FALSE(filter);
    EXPECT_EQ(filter.error().fault, Fault::unsupported);
    EXPECT_EQ(filter.error().pointer, "/linux/seccomp");
}

TEST(Seccomp, TheSameRuleTwice) {
    spec::Seccomp profile = strict();
    profile.syscalls.push_back(rule({"read", "read"}, Action::allow));
    profile.syscalls.push_back(rule({"read"}, Action::allow, {{0, 1, 0, Operator::equal}}));
    EXPECT_EQ(answer(build(profile), "read", {2}), allowed);
}

// The kernel's own checker and the program at work: 0 as expected, else which step was not.
int try_on_kernel(const SeccompFilter& filter) {
    std::vector<std::byte> code = filter.program;
    const sock_fprog program{static_cast<unsigned short>(code.size() / sizeof(sock_filter)),
                             reinterpret_cast<sock_filter*>(code.data())};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter.flags, &program) != 0) return 2;
    if (syscall(SYS_getppid) != -1 || errno != EXDEV) return 3;
    if (syscall(100000) != -1 || errno != ENOSYS) return 4;
    return 0;
}

TEST(Seccomp, TheKernelTakesIt) {
    spec::Seccomp profile = strict();
    profile.default_errno_ret = EXDEV;
    profile.syscalls.push_back(rule({"exit", "exit_group"}, Action::allow));
    const SeccompFilter filter = build(profile);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    // Not _exit(3): a sanitizer would look for leaks there, by system calls that the filter denies.
    if (child == 0) syscall(SYS_exit_group, try_on_kernel(filter));
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ocirt::security
