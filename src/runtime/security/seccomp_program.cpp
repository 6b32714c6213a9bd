#include "runtime/security/seccomp_program.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <span>

#include "common/fd.h"
#include "runtime/security/unknown_syscalls.h"

namespace ocirt::security {
namespace {

// libseccomp would find out by system calls what the kernel can do. Level 6 (kernel 5.7) is below ocirt's own floor.
constexpr unsigned int api_level = 6;
// From this many names on a binary tree of numbers is worth having. (libseccomp 2.5.4 makes a wrong one for no rules.)
constexpr std::size_t tree_threshold = 32;
constexpr std::uint32_t optimize_tree = 2;

using Context = std::unique_ptr<void, void (*)(void*)>;

std::optional<int> number_on(std::uint32_t token, const std::string& name) {
    if (name.contains('\0')) return std::nullopt;  // C would read another name
    const int number = seccomp_syscall_resolve_name_arch(token, name.c_str());
    if (number == __NR_SCMP_ERROR) return std::nullopt;
    return number;
}

std::uint32_t action_value(spec::SeccompAction action, std::optional<std::uint32_t> errno_ret) {
    switch (action) {
        case spec::SeccompAction::kill_thread: return SCMP_ACT_KILL_THREAD;
        case spec::SeccompAction::kill_process: return SCMP_ACT_KILL_PROCESS;
        case spec::SeccompAction::trap: return SCMP_ACT_TRAP;
        case spec::SeccompAction::errno_: return SCMP_ACT_ERRNO(errno_ret.value_or(EPERM));
        case spec::SeccompAction::trace: return SCMP_ACT_TRACE(errno_ret.value_or(EPERM));
        case spec::SeccompAction::allow: return SCMP_ACT_ALLOW;
        case spec::SeccompAction::log: return SCMP_ACT_LOG;
        case spec::SeccompAction::notify: return SCMP_ACT_NOTIFY;
    }
    return SCMP_ACT_KILL_PROCESS;
}

scmp_compare compare_value(spec::SeccompOperator op) {
    switch (op) {
        case spec::SeccompOperator::not_equal: return SCMP_CMP_NE;
        case spec::SeccompOperator::less: return SCMP_CMP_LT;
        case spec::SeccompOperator::less_or_equal: return SCMP_CMP_LE;
        case spec::SeccompOperator::equal: return SCMP_CMP_EQ;
        case spec::SeccompOperator::greater_or_equal: return SCMP_CMP_GE;
        case spec::SeccompOperator::greater: return SCMP_CMP_GT;
        case spec::SeccompOperator::masked_equal: return SCMP_CMP_MASKED_EQ;
    }
    return _SCMP_CMP_MIN;
}

// libseccomp answers with negative errno.
std::unexpected<Error> refused(int answer, std::string pointer, std::string operation, std::string object = {}) {
    return fail({.fault = Fault::unsupported,
                 .pointer = std::move(pointer),
                 .operation = std::move(operation),
                 .object = std::move(object),
                 .errnum = -answer});
}

// The native architecture first, each one once.
std::vector<std::uint32_t> architectures_of(const spec::Seccomp& profile) {
    std::vector<std::uint32_t> tokens{seccomp_arch_native()};
    for (const std::string& word : profile.architectures) {
        const std::optional<std::uint32_t> token = architecture_token(word);
        if (token && std::ranges::find(tokens, *token) == tokens.end()) tokens.push_back(*token);
    }
    return tokens;
}

bool repeats_an_argument(const std::vector<spec::SeccompArg>& args) {
    std::set<std::uint32_t> seen;
    return !std::ranges::all_of(args, [&seen](const spec::SeccompArg& arg) { return seen.insert(arg.index).second; });
}

// libseccomp takes one condition for each argument. More of them become a rule each, any of which will do: what runc
// and crun have always made of such profiles.
int add_rule(void* context, std::uint32_t action, int number, const std::vector<spec::SeccompArg>& args) {
    std::vector<scmp_arg_cmp> conditions;
    conditions.reserve(args.size());
    for (const spec::SeccompArg& arg : args)
        conditions.push_back({arg.index, compare_value(arg.op), arg.value, arg.value_two});
    if (!repeats_an_argument(args))
        return seccomp_rule_add_array(context, action, number, static_cast<unsigned int>(conditions.size()),
                                      conditions.data());
    for (const scmp_arg_cmp& condition : conditions)
        if (const int answer = seccomp_rule_add_array(context, action, number, 1, &condition); answer < 0)
            return answer;
    return 0;
}

Result<> add_rules(void* context, const spec::Seccomp& profile) {
    for (std::size_t i = 0; i < profile.syscalls.size(); ++i) {
        const spec::SeccompSyscall& rule = profile.syscalls[i];
        if (is_default(profile, rule)) continue;
        const std::uint32_t action = action_value(rule.action, rule.errno_ret);
        for (const std::string& name : rule.names) {
            const std::optional<int> number = syscall_number(name);
            if (!number) continue;
            if (const int answer = add_rule(context, action, *number, rule.args); answer < 0)
                return refused(answer, "/linux/seccomp/syscalls/" + std::to_string(i), "add seccomp rule for", name);
        }
    }
    return {};
}

// ENOSYS for the unknown is no answer where the default lets calls pass, and a tracer or a listener wants to see them.
bool answers_unknown(spec::SeccompAction default_action) {
    switch (default_action) {
        case spec::SeccompAction::kill_thread:
        case spec::SeccompAction::kill_process:
        case spec::SeccompAction::trap:
        case spec::SeccompAction::errno_: return true;
        case spec::SeccompAction::trace:
        case spec::SeccompAction::allow:
        case spec::SeccompAction::log:
        case spec::SeccompAction::notify: return false;
    }
    return false;
}

std::vector<sock_filter> unknown_prefix(const spec::Seccomp& profile, std::span<const std::uint32_t> tokens) {
    if (!answers_unknown(profile.default_action)) return {};
    std::vector<KnownRange> ranges;
    for (const std::uint32_t token : tokens) {
        KnownRange range = syscall_range(token);
        bool any = false;
        for (const spec::SeccompSyscall& rule : profile.syscalls) {
            for (const std::string& name : rule.names) {
                const int number = number_on(token, name).value_or(-1);
                if (number < 0 || static_cast<std::uint32_t>(number) > range.last) continue;
                range.highest = std::max(range.highest, static_cast<std::uint32_t>(number));
                any = true;
            }
        }
        if (any) ranges.push_back(range);
    }
    return answer_enosys(ranges);
}

Result<std::vector<std::byte>> export_program(void* context) {
    const Fd file(memfd_create("seccomp", MFD_CLOEXEC));
    if (!file) return fail_errno("memfd_create", "export seccomp program");
    if (const int answer = seccomp_export_bpf(context, file.get()); answer < 0)
        return refused(answer, "/linux/seccomp", "export seccomp program");
    struct stat status{};
    if (fstat(file.get(), &status) < 0) return fail_errno("fstat", "export seccomp program");
    std::vector<std::byte> program(static_cast<std::size_t>(status.st_size));
    const ssize_t size = pread(file.get(), program.data(), program.size(), 0);
    if (size < 0) return fail_errno("pread", "export seccomp program");
    program.resize(static_cast<std::size_t>(size));
    return program;
}

}  // namespace

std::optional<std::uint32_t> architecture_token(const std::string& word) {
    constexpr std::string_view prefix = "SCMP_ARCH_";
    if (!word.starts_with(prefix)) return std::nullopt;
    std::string name = word.substr(prefix.size());
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const std::uint32_t token = seccomp_arch_resolve_name(name.c_str());
    if (token == 0) return std::nullopt;
    return token;
}

std::optional<int> syscall_number(const std::string& name) { return number_on(seccomp_arch_native(), name); }

bool is_default(const spec::Seccomp& profile, const spec::SeccompSyscall& rule) {
    return action_value(rule.action, rule.errno_ret) == action_value(profile.default_action, profile.default_errno_ret);
}

Result<std::vector<std::byte>> generate_program(const spec::Seccomp& profile) {
    seccomp_api_set(api_level);
    const Context context(seccomp_init(action_value(profile.default_action, profile.default_errno_ret)),
                          seccomp_release);
    if (!context) return refused(-ENOMEM, "/linux/seccomp", "make seccomp filter");
    const std::vector<std::uint32_t> tokens = architectures_of(profile);
    for (const std::uint32_t token : tokens)
        if (const int answer = seccomp_arch_add(context.get(), token); answer < 0 && answer != -EEXIST)
            return refused(answer, "/linux/seccomp/architectures", "add architecture to the seccomp filter");

    std::size_t names = 0;
    for (const spec::SeccompSyscall& rule : profile.syscalls) names += rule.names.size();
    if (names > tree_threshold) seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, optimize_tree);
    TRY(add_rules(context.get(), profile));

    const std::vector<sock_filter> prefix = unknown_prefix(profile, tokens);
    const std::span<const std::byte> prefix_bytes = std::as_bytes(std::span(prefix));
    std::vector<std::byte> program = TRY(export_program(context.get()));
    program.insert(program.begin(), prefix_bytes.begin(), prefix_bytes.end());
    if (const std::size_t length = program.size() / sizeof(sock_filter); length > BPF_MAXINSNS)
        return fail({.fault = Fault::unsupported,
                     .pointer = "/linux/seccomp",
                     .detail = "the filter has " + std::to_string(length) + " instructions, the kernel takes " +
                               std::to_string(BPF_MAXINSNS)});
    return program;
}

}  // namespace ocirt::security
