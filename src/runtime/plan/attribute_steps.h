// Steps (steps.h): what the kernel keeps of a process and its program inherits: how it is scheduled, where it runs,
// where its memory comes from, and what confines it. Freestanding.
#pragma once

#include "runtime/plan/step.h"

namespace ocirt::plan {

// sched_setattr(2) on itself.
template <class R>
struct SetScheduler {
    static constexpr Op op = Op::set_scheduler;
    uint32_t policy = 0;  // SCHED_*
    uint32_t nice = 0;    // as two's complement: -20..19
    uint32_t priority = 0;
    uint64_t scheduler_flags = 0;  // SCHED_FLAG_*
    uint64_t runtime = 0;          // ns, as the two below
    uint64_t deadline = 0;
    uint64_t period = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("policy", s.policy);
        v("nice", s.nice);
        v("priority", s.priority);
        v("schedulerFlags", s.scheduler_flags);
        v("runtime", s.runtime);
        v("deadline", s.deadline);
        v("period", s.period);
    }
};

// ioprio_set(2) on itself.
template <class R>
struct SetIoPriority {
    static constexpr Op op = Op::set_io_priority;
    uint32_t io_class = 0;  // IOPRIO_CLASS_*
    uint32_t priority = 0;  // 0..7
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("class", s.io_class);
        v("priority", s.priority);
    }
};

// sched_setaffinity(2) of itself.
template <class R>
struct SetCpuAffinity {
    static constexpr Op op = Op::set_cpu_affinity;
    typename R::Numbers cpus{};  // as bits: 64 to a word, the lowest first
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("cpus", s.cpus);
    }
};

// personality(2).
template <class R>
struct SetPersonality {
    static constexpr Op op = Op::set_personality;
    uint32_t domain = 0;  // PER_*
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("domain", s.domain);
    }
};

// set_mempolicy(2).
template <class R>
struct SetMemoryPolicy {
    static constexpr Op op = Op::set_memory_policy;
    uint32_t mode = 0;            // MPOL_* and MPOL_F_*
    typename R::Numbers nodes{};  // as bits: 64 to a word, the lowest first
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("mode", s.mode);
        v("nodes", s.nodes);
    }
};

// Writes to one of its own attributes in procfs, /proc/self/attr/<attribute> (proc_pid_attr(5)); `old_attribute` where
// that one is missing. The label of "exec" is taken at execve.
template <class R>
struct SetLabel {
    static constexpr Op op = Op::set_label;
    typename R::Text attribute{};
    typename R::Text old_attribute{};
    typename R::Text label{};  // empty: none any more
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("attribute", s.attribute);
        v("oldAttribute", s.old_attribute);
        v("label", s.label);
    }
};

}  // namespace ocirt::plan
