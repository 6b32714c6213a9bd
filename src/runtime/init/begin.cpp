// The first moments of init, before the program is known.
#include "runtime/init/channel.h"
#include "runtime/init/kernel.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

struct Mapping {
    const char* data;
    uint64_t size;
};

Result map(const Machine& machine, plan::Slot slot, int protection, int flags, Mapping& mapping) {
    const int fd = static_cast<int>(TRY(machine.in_slot(slot)));
    struct statx file;
    TRY(sys::call(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &file));
    if (file.stx_size == 0 || file.stx_size > plan::program_size_limit) return refuse(EFBIG, Detail::bad_program);
    const long address = TRY(sys::call(__NR_mmap, 0, file.stx_size, protection, flags, fd, 0));
    mapping = {static_cast<const char*>(sys::pointer(address)), file.stx_size};
    return done;
}

// What the parent ignored or blocked must not reach hooks or the user's program.
void reset_signals() {
    constexpr int last_signal = 64;
    constexpr long mask_size = 8;
    const uint64_t nothing[4] = {};  // an empty mask, and the kernel's struct sigaction of SIG_DFL
    for (int signal = 1; signal <= last_signal; ++signal)
        if (signal != SIGKILL && signal != SIGSTOP)
            static_cast<void>(sys::call(__NR_rt_sigaction, signal, nothing, nullptr, mask_size));
    static_cast<void>(sys::call(__NR_rt_sigprocmask, SIG_SETMASK, nothing, nullptr, mask_size));
}

Result map_report(Machine& machine) {
    Mapping mapping{};
    TRY(map(machine, plan::slot_report, prot_read | prot_write, map_shared, mapping));
    if (mapping.size < sizeof(plan::Report)) return refuse(EINVAL, Detail::bad_program);
    auto* report = reinterpret_cast<plan::Report*>(const_cast<char*>(mapping.data));
    const uint64_t room = (mapping.size - sizeof(plan::Report)) / sizeof report->finished[0];
    if (report->magic != plan::report_magic || report->step_count > room) return refuse(EINVAL, Detail::bad_program);
    machine.report = report;
    report->started = machine.now();
    return done;
}

Result load_program(Machine& machine) {
    Mapping mapping{};
    TRY(map(machine, plan::slot_program, prot_read, map_private, mapping));
    machine.slots[plan::slot_program].reset();
    const bool good = machine.program.check(mapping.data, mapping.size);
    machine.step = machine.program.faulty_step();
    if (!good || machine.program.step_count() != machine.report->step_count) return refuse(EINVAL, Detail::bad_program);
    return done;
}

}  // namespace

Result begin(Machine& machine, int channel) {
    TRY(sys::call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
    static_cast<void>(sys::call(__NR_umask, 0));
    reset_signals();
    static_cast<void>(sys::call(__NR_prctl, PR_SET_NAME, "ocirt:[init]", 0, 0, 0));
    TRY(sys::call(__NR_fcntl, channel, F_SETFD, FD_CLOEXEC));
    machine.channel = Fd(channel);
    plan::Message message;
    TRY(receive(machine, plan::Stage::setup, message));
    TRY(map_report(machine));
    const Result loaded = load_program(machine);
    if (!loaded.ok()) machine.fail(loaded);
    return loaded;
}

}  // namespace ocirt::init
