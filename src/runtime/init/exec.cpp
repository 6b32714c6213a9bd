// The last two steps. After the filter is installed no system call but execve may be made: everything else is done
// before, by whichever of the two comes first.
#include <linux/filter.h>
#include <linux/seccomp.h>

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

}  // namespace

// Its end and Exec's are stamped with the time before the filter: afterwards nobody may ask for the time.
Result perform(Machine& machine, const plan::InstallSeccomp<Wire>& step) {
    const uint32_t last = machine.step + 1;
    TRY(prepare(machine, machine.program.step<plan::Exec<Wire>>(last)));
    const uint64_t time = machine.now();
    const sock_fprog filter{
        static_cast<unsigned short>(step.filter.size / sizeof(sock_filter)),
        static_cast<sock_filter*>(const_cast<void*>(machine.program.bytes(step.filter))),
    };
    const long listener = TRY(sys::call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, step.flags, &filter));
    machine.sealed = true;
    machine.stamp(machine.step, time);
    machine.stamp(last, time);
    if ((step.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) machine.report->value = listener;
    return done;
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
