// The last two steps. After the filter is installed no system call but execve may be made: everything else is done
// before, by whichever of the two comes first.
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "runtime/init/channel.h"
#include "runtime/init/kernel.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"
#include "runtime/init/vectors.h"

namespace ocirt::init {

namespace {

constexpr uint32_t first_above_stdio = 3;

Result prepare(Machine& machine, const plan::Exec<Wire>& step) {
    FoundEnvironment found;
    if (!machine.home.empty()) found.lines[0] = machine.home.c_str();
    if (step.listen_fds != 0) {
        const long pid = TRY(sys::call(__NR_getpid));
        machine.listen_pid.clear();
        machine.listen_pid.add("LISTEN_PID=").add_number(static_cast<uint64_t>(pid));
        found.lines[1] = machine.listen_pid.c_str();
    }
    Vectors vectors;
    TRY(make_vectors(machine.program, step.args, step.env, found, vectors));
    machine.argv = vectors.argv;
    machine.envp = vectors.envp;
    return sys::call(__NR_close_range, first_above_stdio + step.preserve_fds, UINT32_MAX, CLOSE_RANGE_CLOEXEC);
}

// A clock that is read without a system call, and ten seconds of it or so.
#if defined(__x86_64__)
uint64_t ticks() { return __builtin_ia32_rdtsc(); }
uint64_t patience() { return uint64_t{1} << 35; }
void relax() { __builtin_ia32_pause(); }
#elif defined(__aarch64__)
uint64_t ticks() {
    uint64_t count = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
}
uint64_t patience() {
    uint64_t each_second = 0;
    asm volatile("mrs %0, cntfrq_el0" : "=r"(each_second));
    return each_second * 10;
}
void relax() { asm volatile("isb"); }
#endif

// No system call from here on: the filter may hand any of them to the agent, who has nothing to hear them by yet. It
// takes a fraction of a millisecond; where whoever started us is gone, init gives up.
Result wait_until_taken(Machine& machine, long listener) {
    const uint64_t begin = ticks();
    machine.unattended = true;
    __atomic_store_n(&machine.report->listener, static_cast<uint32_t>(listener) + 1, __ATOMIC_RELEASE);
    while (ticks() - begin < patience()) {
        machine.unattended = __atomic_load_n(&machine.report->listener_taken, __ATOMIC_ACQUIRE) == 0;
        if (!machine.unattended) return done;
        relax();
    }
    return refuse(ETIMEDOUT, Detail::not_taken);
}

}  // namespace

// Its end and Exec's are stamped with the time before the filter: afterwards nobody may ask for the time.
Result perform(Machine& machine, const plan::InstallSeccomp<Wire>& step) {
    const uint32_t last = machine.step + 1;
    TRY(prepare(machine, machine.program.step<plan::Exec<Wire>>(last)));
    const bool listens = (step.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
    if (listens) TRY(announce_listener(machine));
    const uint64_t time = machine.now();
    const sock_fprog filter{
        static_cast<unsigned short>(step.filter.size / sizeof(sock_filter)),
        static_cast<sock_filter*>(const_cast<void*>(machine.program.bytes(step.filter))),
    };
    const long listener = TRY(sys::call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, step.flags, &filter));
    machine.sealed = true;
    machine.stamp(machine.step, time);
    machine.stamp(last, time);
    return listens ? wait_until_taken(machine, listener) : done;
}

Result perform(Machine& machine, const plan::Exec<Wire>& step) {
    if (!machine.sealed) {
        TRY(prepare(machine, step));
        machine.stamp(machine.step, machine.now());
    }
    const char* path = machine.program_path.empty() ? machine.argv[0] : machine.program_path.c_str();
    machine.finish(plan::Outcome::executing);
    const Result failure = sys::call(__NR_execve, path, machine.argv, machine.envp);
    machine.say(path);
    return failure.because(Detail::exec_failed);
}

Result perform(Machine& machine, const plan::Leave<Wire>&) {
    machine.departed = true;
    return done;
}

}  // namespace ocirt::init
