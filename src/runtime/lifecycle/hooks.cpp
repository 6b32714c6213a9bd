#include "runtime/lifecycle/hooks.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "common/exec.h"
#include "common/memfd.h"
#include "common/syscall.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::lifecycle {
namespace {

constexpr std::size_t output_shown = 1024;
// A hook without a timeout may run as long as it likes; a wait is still made of bounded ones.
constexpr std::chrono::milliseconds long_wait = std::chrono::hours(1);

Error hook_error(const spec::Hook& hook, std::string detail) {
    return {.fault = Fault::hook_failed, .operation = "run the hook", .object = hook.path, .detail = std::move(detail)};
}

// With the caller's blocked signals and ignored ones set back, as for any program.
Result<pid_t> spawn(const spec::Hook& hook, const Fd& input, const Fd& output, const std::string& bundle) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    ::posix_spawn_file_actions_addchdir_np(&actions, bundle.c_str());
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    const std::vector<std::string> args = hook.args.empty() ? std::vector{hook.path} : hook.args;
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, hook.path.c_str(), &actions, &attributes, exec_words(args).data(),
                                    exec_words(hook.env).data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error == 0) return pid;
    Error failure = hook_error(hook, {});
    failure.syscall = "execve";
    failure.errnum = error;
    return fail(std::move(failure));
}

// The end of what it wrote: that is where the reason stands.
std::string last_output(const Fd& output) {
    const off_t size = ::lseek(output.get(), 0, SEEK_END);
    const off_t from = std::max<off_t>(0, size - static_cast<off_t>(output_shown));
    std::array<char, output_shown> text{};
    const ssize_t got = ::pread(output.get(), text.data(), text.size(), from);
    std::string shown(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    while (shown.ends_with('\n')) shown.pop_back();
    return shown.empty() ? "" : ", and wrote: " + shown;
}

Result<> run_hook(const spec::Hook& hook, const Fd& input, const std::string& bundle) {
    const Fd output = TRY(make_shared_memfd("ocirt-hook-output", 0));
    if (::fcntl(output.get(), F_SETFL, O_APPEND) != 0) return fail_errno("fcntl", "prepare a hook's output");
    if (::lseek(input.get(), 0, SEEK_SET) != 0) return fail_errno("lseek", "prepare a hook's input");
    const pid_t pid = TRY(spawn(hook, input, output, bundle));
    const Fd pidfd = TRY(sys::open_pidfd(pid));
    const std::chrono::milliseconds deadline = hook.timeout ? *hook.timeout : long_wait;
    bool ended = TRY(wait_for_end(pidfd, deadline));
    while (!ended && !hook.timeout) ended = TRY(wait_for_end(pidfd, deadline));
    if (!ended) {
        (void)sys::send_signal(pidfd, SIGKILL);
        (void)TRY(reap(pidfd));
        return fail(hook_error(hook, "it took longer than " + std::to_string(hook.timeout->count()) +
                                         " s and was killed" + last_output(output)));
    }
    const int status = TRY(reap(pidfd));
    if (status == 0) return {};
    const std::string how = status > 128 ? "it was killed by signal " + std::to_string(status - 128)
                                         : "it exited with status " + std::to_string(status);
    return fail(hook_error(hook, how + last_output(output)));
}

Result<> run_listed(const std::vector<spec::Hook>& hooks, std::size_t index, const Fd& input, const std::string& bundle,
                    const std::string& list) {
    Result<> ran = run_hook(hooks[index], input, bundle);
    if (!ran) ran.error().pointer = list + "/" + std::to_string(index);
    return ran;
}

}  // namespace

Result<> run_hooks(const std::vector<spec::Hook>& hooks, const std::string& state, const std::string& bundle,
                   const std::string& list) {
    if (hooks.empty()) return {};
    const Fd input = TRY(make_sealed_memfd("ocirt-hook-state", state));
    for (std::size_t i = 0; i < hooks.size(); ++i) TRY(run_listed(hooks, i, input, bundle, list));
    return {};
}

std::vector<Error> run_poststop_hooks(const std::vector<spec::Hook>& hooks, const std::string& state,
                                      const std::string& bundle) {
    std::vector<Error> failures;
    if (hooks.empty()) return failures;
    const Result<Fd> input = make_sealed_memfd("ocirt-hook-state", state);
    if (!input) return {input.error()};
    for (std::size_t i = 0; i < hooks.size(); ++i)
        if (Result<> ran = run_listed(hooks, i, *input, bundle, "/hooks/poststop"); !ran)
            failures.push_back(std::move(ran).error());
    return failures;
}

}  // namespace ocirt::lifecycle
