#include "runtime/init/credentials.h"

#include "runtime/init/kernel.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr int capability_limit = 64;  // bits of the masks

struct Capabilities {
    uint64_t effective = 0;
    uint64_t permitted = 0;
    uint64_t inheritable = 0;
};

constexpr uint32_t low(uint64_t mask) { return static_cast<uint32_t>(mask); }
constexpr uint32_t high(uint64_t mask) { return static_cast<uint32_t>(mask >> 32); }
constexpr uint64_t joined(uint32_t low_half, uint32_t high_half) { return uint64_t{high_half} << 32 | low_half; }

Result held_capabilities(Capabilities& held) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    TRY(sys::call(__NR_capget, &header, data));
    held.effective = joined(data[0].effective, data[1].effective);
    held.permitted = joined(data[0].permitted, data[1].permitted);
    held.inheritable = joined(data[0].inheritable, data[1].inheritable);
    return done;
}

Result set_capabilities(const Capabilities& wanted) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct data[2]{
        {low(wanted.effective), low(wanted.permitted), low(wanted.inheritable)},
        {high(wanted.effective), high(wanted.permitted), high(wanted.inheritable)},
    };
    return sys::call(__NR_capset, &header, data);
}

Result set_groups(const uint64_t* groups, uint32_t count) {
    constexpr uint32_t usual = 64;
    uint32_t few[usual];
    uint32_t* ids = few;
    const size_t size = count * sizeof(uint32_t);
    if (count > usual) {
        const long block =
            TRY(sys::call(__NR_mmap, 0, size, prot_read | prot_write, map_private | map_anonymous, -1, 0));
        ids = static_cast<uint32_t*>(sys::pointer(block));
    }
    for (uint32_t at = 0; at < count; ++at) ids[at] = static_cast<uint32_t>(groups[at]);
    const Result set = sys::call(__NR_setgroups, count, ids);
    if (ids != few) static_cast<void>(sys::call(__NR_munmap, ids, size));
    return set;
}

}  // namespace

Result stay_invisible() { return sys::call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); }

Result perform(Machine&, const plan::DropBounding<Wire>& step) {
    for (int capability = 0; capability < capability_limit; ++capability) {
        if ((step.keep >> capability & 1) != 0) continue;
        const Result dropped = sys::call(__NR_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
        if (dropped.is(EINVAL)) break;  // beyond what this kernel knows
        // Without CAP_SETPCAP nothing can be dropped; what is absent already need not be.
        if (!dropped.ok() && TRY(sys::call(__NR_prctl, PR_CAPBSET_READ, capability, 0, 0, 0)) != 0) return dropped;
    }
    return done;
}

Result perform(Machine& machine, const plan::SetUser<Wire>& step) {
    TRY(sys::call(__NR_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0));
    if (step.set_groups != 0) {
        const Result set = set_groups(machine.program.numbers(step.groups), step.groups.count);
        // A user namespace may deny it ("deny" in /proc/PID/setgroups): where none are asked for, none are missed.
        if (!set.ok() && !(set.is(EPERM) && step.groups.count == 0)) return set;
    }
    TRY(sys::call(__NR_setresgid, step.gid, step.gid, step.gid));
    TRY(sys::call(__NR_setresuid, step.uid, step.uid, step.uid));
    TRY(sys::call(__NR_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0));
    return stay_invisible();
}

Result perform(Machine& machine, const plan::SetCapabilities<Wire>& step) {
    Capabilities held;
    TRY(held_capabilities(held));
    Capabilities granted;
    granted.permitted = step.permitted & held.permitted;
    granted.effective = step.effective & granted.permitted;
    granted.inheritable = step.inheritable & (held.inheritable | held.permitted);
    const uint64_t ambient = step.ambient & granted.permitted & granted.inheritable;
    machine.report->warnings = (step.permitted & ~granted.permitted) | (step.effective & ~granted.effective) |
                               (step.inheritable & ~granted.inheritable) | (step.ambient & ~ambient);
    TRY(set_capabilities(granted));
    TRY(sys::call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    for (int capability = 0; capability < capability_limit; ++capability)
        if ((ambient >> capability & 1) != 0)
            TRY(sys::call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
    return stay_invisible();
}

}  // namespace ocirt::init
