#include "runtime/init/machine.h"

#include "runtime/init/kernel.h"
#include "runtime/init/mounts.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

Result perform_step(Machine& machine) {
    Result result = refuse(ENOSYS, Detail::bad_program);
    plan::with_op<Wire>(machine.program.op(machine.step),
                        [&]<class Step>() { result = perform(machine, machine.program.step<Step>(machine.step)); });
    return result;
}

}  // namespace

Result Machine::in_slot(plan::Slot slot) const {
    if (!slots[slot]) return refuse(EBADF, Detail::bad_message);
    return {slots[slot].get()};
}

Result Machine::root() {
    if (!slots[plan::slot_root])
        slots[plan::slot_root] = Fd(TRY(sys::call(__NR_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
    return {slots[plan::slot_root].get()};
}

uint64_t Machine::now() const {
    __kernel_timespec time{};
    static_cast<void>(sys::call(__NR_clock_gettime, clock_monotonic, &time));
    return static_cast<uint64_t>(time.tv_sec * 1'000'000'000 + time.tv_nsec - clock_shift);
}

void Machine::say(Text words) {
    const size_t room = sizeof report->text - report->text_size;
    const size_t size = words.size < room ? words.size : room;
    __builtin_memcpy(report->text + report->text_size, words.data, size);
    report->text_size += static_cast<uint32_t>(size);
}

void Machine::fail(Result failure) {
    report->step = step;
    report->syscall = failure.syscall;
    report->errnum = static_cast<int32_t>(-failure.value);
    report->detail = failure.detail;
    report->value = value;
    finish(plan::Outcome::failed);
}

void Machine::finish(plan::Outcome outcome) { __atomic_store(&report->outcome, &outcome, __ATOMIC_RELEASE); }

int run(Machine& machine) {
    for (machine.step = 0; machine.step < machine.program.step_count(); ++machine.step) {
        machine.report->text_size = 0;
        machine.value = 0;
        const Result result = perform_step(machine);
        if (!result.ok()) {
            machine.fail(result);
            take_back_mounts(machine);
            return 1;
        }
        if (machine.departed) return 0;
        if (!machine.sealed) machine.stamp(machine.step, machine.now());
    }
    return 1;  // not reached: the last step is exec, which does not come back but in failure
}

}  // namespace ocirt::init
