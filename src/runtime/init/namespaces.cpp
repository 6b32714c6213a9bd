// Namespaces, and what belongs to a new one: host and domain name, the loopback device, clock offsets.
#include <linux/sockios.h>

#include "runtime/init/channel.h"
#include "runtime/init/credentials.h"
#include "runtime/init/kernel.h"
#include "runtime/init/perform.h"
#include "runtime/init/procfs.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

struct InterfaceRequest {  // struct ifreq, as far as flags go: <linux/if.h> wants the C library
    char name[16];
    int16_t flags;
    char rest[22];
};
constexpr int16_t iff_up = 1;

Result enter_namespace(Machine& machine, int fd, uint32_t kind) {
    const uint64_t before = machine.now();
    TRY(sys::call(__NR_setns, fd, kind));
    if ((kind & CLONE_NEWTIME) != 0) machine.clock_shift += static_cast<int64_t>(machine.now() - before);
    return stay_invisible();
}

// The new process waits for one byte: the parent must know its pid before it does anything.
Result wait_for_leave(Fd& go) {
    char byte = 0;
    if (TRY(sys::call(__NR_read, go.get(), &byte, 1)) != 1) return refuse(EPIPE, Detail::channel_closed);
    go.reset();
    return done;
}

Result hand_over(Machine& machine, int64_t pid, Fd& pidfd, Fd& go) {
    plan::Message message;
    message.stage = plan::Stage::moved;
    message.descriptors = 1;
    message.pid = pid;
    TRY(send(machine.channel.get(), message, pidfd.get()));
    TRY(sys::call(__NR_write, go.get(), "", 1));
    machine.departed = true;
    return done;
}

}  // namespace

Result perform(Machine&, const plan::Unshare<Wire>& step) {
    TRY(sys::call(__NR_unshare, step.flags));
    return stay_invisible();
}

Result perform(Machine& machine, const plan::JoinNamespace<Wire>& step) {
    const Fd ns(TRY(machine.in_slot(step.slot)));
    static_cast<void>(machine.slots[step.slot].release());
    if (machine.program.has(plan::Op::leave)) TRY(keep_procfs(machine));
    return enter_namespace(machine, ns.get(), step.kind);
}

Result perform(Machine&, const plan::BecomeRoot<Wire>& step) {
    if (step.keep_groups == 0) {
        const Result groups = sys::call(__NR_setgroups, 0, nullptr);
        if (!groups.ok() && !groups.is(EPERM)) return groups;
    }
    TRY(sys::call(__NR_setresgid, 0, 0, 0));
    TRY(sys::call(__NR_setresuid, 0, 0, 0));
    return stay_invisible();
}

Result perform(Machine& machine, const plan::Respawn<Wire>& step) {
    int ends[2];
    TRY(sys::call(__NR_pipe2, ends, O_CLOEXEC));
    Fd reading(ends[0]);
    Fd writing(ends[1]);
    int pidfd_number = -1;
    clone_args arguments{};
    arguments.flags = step.flags | CLONE_PARENT | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<uintptr_t>(&pidfd_number);
    const long pid = TRY(sys::call(__NR_clone3, &arguments, sizeof arguments));
    if (pid == 0) {
        writing.reset();
        // It shows the pid namespace that is left, and the container could reach for it. (A program of mounts needs it
        // to take them back.)
        if (!machine.program.has(plan::Op::leave)) machine.procfs.reset();
        return wait_for_leave(reading);
    }
    Fd pidfd(pidfd_number);
    return hand_over(machine, pid, pidfd, writing);
}

Result perform(Machine& machine, const plan::SetTimeOffsets<Wire>& step) {
    TRY(sys::call(__NR_unshare, CLONE_NEWTIME));
    const Text offsets = machine.program.text(step.offsets);
    if (!offsets.empty()) {
        const Fd file(TRY(open_in_procfs(machine, "self/timens_offsets", O_WRONLY)));
        TRY(sys::call(__NR_write, file.get(), offsets.data, offsets.size));
    }
    const Fd links(TRY(open_in_procfs(machine, "self/ns", O_PATH | O_DIRECTORY)));
    const Fd ns(TRY(sys::call(__NR_openat, links.get(), "time_for_children", O_RDONLY | O_CLOEXEC)));
    return enter_namespace(machine, ns.get(), CLONE_NEWTIME);
}

Result perform(Machine& machine, const plan::SetHostname<Wire>& step) {
    const Text name = machine.program.text(step.name);
    return sys::call(__NR_sethostname, name.data, name.size);
}

Result perform(Machine& machine, const plan::SetDomainname<Wire>& step) {
    const Text name = machine.program.text(step.name);
    return sys::call(__NR_setdomainname, name.data, name.size);
}

Result perform(Machine&, const plan::RaiseLoopback<Wire>&) {
    // Any socket takes the call; a kernel without IPv4 has these.
    const Fd socket(TRY(sys::call(__NR_socket, af_unix, sock_dgram | sock_cloexec, 0)));
    const InterfaceRequest request{"lo", iff_up, {}};
    return sys::call(__NR_ioctl, socket.get(), SIOCSIFFLAGS, &request);
}

}  // namespace ocirt::init
