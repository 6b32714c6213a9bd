// What the kernel keeps of init and the user's program inherits.
#include <linux/sched/types.h>

#include "runtime/init/kernel.h"
#include "runtime/init/perform.h"

namespace ocirt::init {

Result perform(Machine&, const plan::SetScheduler<Wire>& step) {
    sched_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.sched_policy = step.policy;
    attributes.sched_flags = step.scheduler_flags;
    attributes.sched_nice = static_cast<int32_t>(step.nice);
    attributes.sched_priority = step.priority;
    attributes.sched_runtime = step.runtime;
    attributes.sched_deadline = step.deadline;
    attributes.sched_period = step.period;
    return sys::call(__NR_sched_setattr, 0, &attributes, 0);
}

Result perform(Machine&, const plan::SetIoPriority<Wire>& step) {
    constexpr int this_process = 1;  // IOPRIO_WHO_PROCESS
    constexpr uint32_t class_shift = 13;
    return sys::call(__NR_ioprio_set, this_process, 0, step.io_class << class_shift | step.priority);
}

Result perform(Machine& machine, const plan::SetCpuAffinity<Wire>& step) {
    return sys::call(__NR_sched_setaffinity, 0, step.cpus.count * sizeof(uint64_t), machine.program.numbers(step.cpus));
}

Result perform(Machine&, const plan::SetPersonality<Wire>& step) { return sys::call(__NR_personality, step.domain); }

Result perform(Machine& machine, const plan::SetMemoryPolicy<Wire>& step) {
    constexpr unsigned long word_bits = 64;
    // The kernel takes one number less than it is told.
    if (step.nodes.count == 0) return sys::call(__NR_set_mempolicy, step.mode, nullptr, 0);
    return sys::call(__NR_set_mempolicy, step.mode, machine.program.numbers(step.nodes),
                     step.nodes.count * word_bits + 1);
}

}  // namespace ocirt::init
