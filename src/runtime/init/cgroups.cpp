// init's own way into its cgroups.
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

Result perform(Machine& machine, const plan::EnterCgroups<Wire>& step) {
    for (uint32_t i = 0; i < step.count; ++i) {
        const plan::Slot slot = step.first_slot + i;
        TRY(sys::call(__NR_write, TRY(machine.in_slot(slot)), "0", 1));
        machine.slots[slot].reset();
    }
    return done;
}

}  // namespace ocirt::init
