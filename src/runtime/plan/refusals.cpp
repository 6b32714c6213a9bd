// What the spec has and ocirt does not have yet: refused by name, never ignored.
#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

std::unexpected<Error> not_built(std::string pointer, const std::string& what) {
    return fail({.fault = Fault::unsupported,
                 .pointer = std::move(pointer),
                 .operation = "plan the container",
                 .detail = what + " is not supported by this version of ocirt"});
}

Result<> refuse_in_process(const spec::Process& process) {
    if (!process.apparmor_profile.empty()) return not_built("/process/apparmorProfile", "an AppArmor profile");
    if (!process.selinux_label.empty()) return not_built("/process/selinuxLabel", "an SELinux label");
    if (process.scheduler) return not_built("/process/scheduler", "a scheduling policy");
    if (process.io_priority) return not_built("/process/ioPriority", "an I/O priority");
    if (process.exec_cpu_affinity) return not_built("/process/execCPUAffinity", "a CPU affinity for exec");
    return {};
}

}  // namespace

Result<> refuse_unbuilt(const spec::Config& config) {
    if (config.process) TRY(refuse_in_process(*config.process));
    const spec::Linux& linux = config.linux;
    if (!linux.mount_label.empty()) return not_built("/linux/mountLabel", "an SELinux mount label");
    if (linux.personality) return not_built("/linux/personality", "an execution domain");
    if (linux.memory_policy) return not_built("/linux/memoryPolicy", "a NUMA memory policy");
    return {};
}

}  // namespace ocirt::plan
