// Hooks that run inside: a process of their own each, watched through its pidfd.
#include "runtime/init/kernel.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"
#include "runtime/init/vectors.h"

namespace ocirt::init {

namespace {

constexpr uint64_t ns_per_ms = 1'000'000;
constexpr uint64_t ns_per_s = 1'000'000'000;
constexpr int p_pidfd = 3;  // <linux/wait.h> has it as P_PIDFD, but not where it is older
constexpr uint32_t first_above_stdio = 3;

// In the child. Comes back only when the hook cannot be executed.
Result execute_hook(const char* path, const Vectors& vectors, long state) {
    TRY(sys::call(__NR_lseek, state, 0, SEEK_SET));
    TRY(sys::call(__NR_dup3, state, 0, 0));
    TRY(sys::call(__NR_close_range, first_above_stdio, UINT32_MAX, CLOSE_RANGE_CLOEXEC));
    return sys::call(__NR_execve, path, vectors.argv, vectors.envp);
}

// The child and its parent share the report: what the child could not do stands there when it has exited.
[[noreturn]] void run_child(Machine& machine, const char* path, const Vectors& vectors, long state) {
    const Result failure = execute_hook(path, vectors, state);
    machine.report->syscall = failure.syscall;
    machine.report->errnum = static_cast<int32_t>(-failure.value);
    for (;;) {
        static_cast<void>(sys::call(__NR_exit_group, 127));
        __builtin_trap();
    }
}

enum class Event { ended, late, abandoned };

// Waits until the hook has ended, its deadline (0: none) has passed, or the parent has gone away.
Event watch(const Machine& machine, int pidfd, uint64_t deadline) {
    for (;;) {
        pollfd ready[2] = {{pidfd, POLLIN, 0}, {machine.channel.get(), POLLRDHUP, 0}};
        __kernel_timespec left{};
        if (deadline != 0) {
            const uint64_t now = machine.now();
            const uint64_t rest = now < deadline ? deadline - now : 0;
            left.tv_sec = static_cast<int64_t>(rest / ns_per_s);
            left.tv_nsec = static_cast<int64_t>(rest % ns_per_s);
        }
        const Result count = sys::call(__NR_ppoll, ready, 2, deadline != 0 ? &left : nullptr, nullptr, 0);
        if (ready[0].revents != 0) return Event::ended;
        if (ready[1].revents != 0) return Event::abandoned;
        if (count.value == 0) return Event::late;
    }
}

// Reaps the hook and judges how it ended.
Result judge(Machine& machine, const char* path, int pidfd) {
    siginfo_t info{};
    TRY(sys::call(__NR_waitid, p_pidfd, pidfd, &info, WEXITED, nullptr));
    if (machine.report->errnum != 0) {
        machine.say(path);
        return {-machine.report->errnum, machine.report->syscall, Detail::exec_failed};
    }
    machine.value = info.si_status;
    if (info.si_code != CLD_EXITED) return refuse(ECHILD, Detail::hook_killed);
    return info.si_status == 0 ? done : refuse(ECHILD, Detail::hook_exited);
}

Result end_hook(int pidfd) {
    siginfo_t info{};
    TRY(sys::call(__NR_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0));
    return sys::call(__NR_waitid, p_pidfd, pidfd, &info, WEXITED, nullptr);
}

Result supervise(Machine& machine, const plan::RunHook<Wire>& step, int pidfd) {
    uint64_t deadline = 0;
    if (step.timeout_ms != 0 && step.timeout_ms < UINT64_MAX / ns_per_ms / 2)
        deadline = machine.now() + step.timeout_ms * ns_per_ms;
    switch (watch(machine, pidfd, deadline)) {
        case Event::ended: return judge(machine, machine.program.text(step.path).data, pidfd);
        case Event::late:
            TRY(end_hook(pidfd));
            machine.value = static_cast<int64_t>(step.timeout_ms);
            return refuse(ETIMEDOUT, Detail::hook_timed_out);
        case Event::abandoned: break;
    }
    TRY(end_hook(pidfd));
    return refuse(EPIPE, Detail::channel_closed);
}

}  // namespace

Result perform(Machine& machine, const plan::RunHook<Wire>& step) {
    const long state = TRY(machine.in_slot(plan::slot_state));
    Vectors vectors;
    TRY(make_vectors(machine.program, step.args, step.env, {}, vectors));
    machine.report->errnum = 0;
    int pidfd_number = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<uintptr_t>(&pidfd_number);
    arguments.exit_signal = SIGCHLD;
    const long pid = TRY(sys::call(__NR_clone3, &arguments, sizeof arguments));
    if (pid == 0) run_child(machine, machine.program.text(step.path).data, vectors, state);
    const Fd pidfd(pidfd_number);
    TRY(supervise(machine, step, pidfd.get()));
    return sys::call(__NR_munmap, vectors.block, vectors.size);
}

}  // namespace ocirt::init
