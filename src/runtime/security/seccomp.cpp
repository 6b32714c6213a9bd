#include "runtime/security/seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <optional>

#include "runtime/security/seccomp_program.h"

namespace ocirt::security {
namespace {

constexpr std::string_view root = "/linux/seccomp";
// Docker's profile has about 400. libseccomp's work grows with the square of their number, and a rule is an instruction
// at the least, of which the kernel takes 4096.
constexpr std::size_t rule_limit = 4096;
constexpr std::uint32_t argument_count = 6;
constexpr std::uint32_t errno_limit = 4094;   // libseccomp takes less than MAX_ERRNO
constexpr std::uint32_t trace_limit = 65535;  // SECCOMP_RET_DATA

std::string pointer_to(std::string_view member) { return std::string(root) + "/" + std::string(member); }

std::string pointer_to(std::size_t rule, std::string_view member) {
    return pointer_to("syscalls/" + std::to_string(rule) + "/" + std::string(member));
}

std::unexpected<Error> invalid(std::string pointer, std::string detail) {
    return fail({.fault = Fault::invalid_config, .pointer = std::move(pointer), .detail = std::move(detail)});
}

Result<> check_errno_ret(spec::SeccompAction action, std::optional<std::uint32_t> errno_ret, std::string pointer) {
    if (!errno_ret) return {};
    std::uint32_t limit = 0;
    switch (action) {
        case spec::SeccompAction::errno_: limit = errno_limit; break;
        case spec::SeccompAction::trace: limit = trace_limit; break;
        default: return invalid(std::move(pointer), "only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a number");
    }
    if (*errno_ret <= limit) return {};
    return invalid(std::move(pointer), std::to_string(*errno_ret) + " is out of range 0.." + std::to_string(limit));
}

Result<> check_rules(const spec::Seccomp& profile) {
    TRY(check_errno_ret(profile.default_action, profile.default_errno_ret, pointer_to("defaultErrnoRet")));
    std::size_t rules = 0;
    for (std::size_t i = 0; i < profile.syscalls.size(); ++i) {
        const spec::SeccompSyscall& syscall = profile.syscalls[i];
        TRY(check_errno_ret(syscall.action, syscall.errno_ret, pointer_to(i, "errnoRet")));
        for (std::size_t arg = 0; arg < syscall.args.size(); ++arg) {
            const std::uint32_t index = syscall.args[arg].index;
            if (index < argument_count) continue;
            return invalid(pointer_to(i, "args/" + std::to_string(arg) + "/index"),
                           std::to_string(index) + " is out of range 0..5");
        }
        rules += syscall.names.size() * std::max<std::size_t>(syscall.args.size(), 1);
        if (rules > rule_limit)
            return invalid(pointer_to("syscalls"), "more than " + std::to_string(rule_limit) + " rules");
    }
    return {};
}

bool ends_execve(spec::SeccompAction action) {
    switch (action) {
        case spec::SeccompAction::kill_thread:
        case spec::SeccompAction::kill_process:
        case spec::SeccompAction::trap:
        case spec::SeccompAction::errno_: return true;
        case spec::SeccompAction::trace:  // a tracer may let it pass
        case spec::SeccompAction::allow:
        case spec::SeccompAction::log:
        case spec::SeccompAction::notify: return false;
    }
    return false;
}

// init's only system call under the filter is execve. A profile is refused only where no rule could let it pass: what
// conditions on its arguments come to is not known here.
Result<> check_execve(const spec::Seccomp& profile) {
    bool unconditional = false;
    for (const spec::SeccompSyscall& syscall : profile.syscalls) {
        if (std::ranges::find(syscall.names, "execve") == syscall.names.end()) continue;
        if (!ends_execve(syscall.action)) return {};
        unconditional |= syscall.args.empty();
    }
    if (!unconditional && !ends_execve(profile.default_action)) return {};
    return fail({.fault = Fault::invalid_config,
                 .pointer = std::string(root),
                 .detail = "the profile forbids execve: the container's program could never be executed",
                 .hint = "allow execve in the profile"});
}

// Absent flags are runc's and crun's default, SPEC_ALLOW. TSYNC is accepted and does nothing: init has one thread.
void set_flags(const spec::Seccomp& profile, SeccompFilter& filter) {
    if (filter.needs_listener) filter.flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if (!profile.flags) {
        filter.flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        return;
    }
    for (std::size_t i = 0; i < profile.flags->size(); ++i) {
        const std::string& flag = (*profile.flags)[i];
        if (flag == "SECCOMP_FILTER_FLAG_LOG") filter.flags |= SECCOMP_FILTER_FLAG_LOG;
        if (flag == "SECCOMP_FILTER_FLAG_SPEC_ALLOW") filter.flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        if (flag != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") continue;
        if (filter.needs_listener) {
            filter.flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
            continue;
        }
        // The kernel refuses it without a listener (EINVAL).
        filter.warnings.push_back({.fault = Fault::unsupported,
                                   .pointer = pointer_to("flags/" + std::to_string(i)),
                                   .operation = "leave out flag",
                                   .object = flag,
                                   .detail = "no rule notifies"});
    }
}

// On a cache hit too: a warning is about the profile, not about the work it made.
void warn_of_unknown_words(const spec::Seccomp& profile, std::vector<Error>& warnings) {
    const std::string unknown = "libseccomp " + libseccomp_version() + " does not know it";
    const auto warn = [&](std::string pointer, const char* operation, const std::string& word) {
        warnings.push_back({.fault = Fault::unsupported,
                            .pointer = std::move(pointer),
                            .operation = operation,
                            .object = word,
                            .detail = unknown});
    };
    for (std::size_t i = 0; i < profile.architectures.size(); ++i)
        if (!architecture_token(profile.architectures[i]))
            warn(pointer_to("architectures/" + std::to_string(i)), "leave out architecture", profile.architectures[i]);
    for (std::size_t i = 0; i < profile.syscalls.size(); ++i) {
        const spec::SeccompSyscall& syscall = profile.syscalls[i];
        if (is_default(profile, syscall)) continue;
        for (std::size_t name = 0; name < syscall.names.size(); ++name)
            if (!syscall_number(syscall.names[name]))
                warn(pointer_to(i, "names/" + std::to_string(name)), "leave out system call", syscall.names[name]);
    }
}

}  // namespace

std::string libseccomp_version() {
    const scmp_version& version = *seccomp_version();
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.micro);
}

bool notifies(const spec::Seccomp& profile) {
    const auto notify = spec::SeccompAction::notify;
    return profile.default_action == notify ||
           std::ranges::find(profile.syscalls, notify, &spec::SeccompSyscall::action) != profile.syscalls.end();
}

Result<SeccompFilter> build_seccomp(const spec::Seccomp& profile, const SeccompCache* cache) {
    TRY(check_rules(profile));
    TRY(check_execve(profile));
    SeccompFilter filter;
    filter.needs_listener = notifies(profile);
    if (filter.needs_listener && profile.listener_path.empty())
        return invalid(pointer_to("listenerPath"), "SCMP_ACT_NOTIFY needs a listener's path");
    set_flags(profile, filter);
    warn_of_unknown_words(profile, filter.warnings);

    const std::string key = cache != nullptr ? seccomp_key(profile) : std::string();
    if (cache != nullptr) {
        if (std::optional<std::vector<std::byte>> program = cache->find(key)) {
            filter.program = std::move(*program);
            return filter;
        }
    }
    filter.program = TRY(generate_program(profile));
    if (cache != nullptr) cache->store(key, filter.program);
    return filter;
}

}  // namespace ocirt::security
