// What the kernel keeps of a process and its program inherits. Set at start, after the startContainer hooks (these
// attributes are the program's, and a process of SCHED_DEADLINE could not fork them), while init has still the
// capabilities that some of it needs.
#include <utility>

#include "runtime/plan/draft.h"
#include "runtime/spec/number_list.h"

namespace ocirt::plan {
namespace {

void plan_scheduling(Draft& draft, const spec::Process& process) {
    if (const std::optional<spec::Scheduler>& scheduler = process.scheduler)
        draft.add(SetScheduler<Hosted>{.policy = scheduler->policy,
                                       .nice = static_cast<std::uint32_t>(scheduler->nice),
                                       .priority = static_cast<std::uint32_t>(scheduler->priority),
                                       .scheduler_flags = scheduler->flags,
                                       .runtime = scheduler->runtime,
                                       .deadline = scheduler->deadline,
                                       .period = scheduler->period},
                  "/process/scheduler");
    if (const std::optional<spec::IoPriority>& priority = process.io_priority)
        draft.add(SetIoPriority<Hosted>{.io_class = static_cast<std::uint32_t>(priority->io_class),
                                        .priority = static_cast<std::uint32_t>(priority->priority)},
                  "/process/ioPriority");
}

}  // namespace

// config.md: initial before the cgroups are entered, final after it. Where there is no final one the kernel decides.
void plan_exec_affinity(Draft& draft) {
    const spec::Process& process = *draft.config.process;
    if (!process.exec_cpu_affinity) return;
    const std::string pointer = "/process/execCPUAffinity";
    if (std::vector<std::uint64_t> cpus = spec::number_mask(process.exec_cpu_affinity->initial); !cpus.empty())
        draft.plan.initial_affinity = {.cpus = std::move(cpus), .pointer = pointer + "/initial"};
    if (std::vector<std::uint64_t> cpus = spec::number_mask(process.exec_cpu_affinity->final); !cpus.empty())
        draft.add(SetCpuAffinity<Hosted>{.cpus = std::move(cpus)}, pointer + "/final");
}

void plan_attributes(Draft& draft) {
    plan_scheduling(draft, *draft.config.process);
    if (const std::optional<spec::Personality>& personality = draft.config.linux.personality)
        draft.add(SetPersonality<Hosted>{.domain = personality->domain}, "/linux/personality");
    if (const std::optional<spec::MemoryPolicy>& policy = draft.config.linux.memory_policy)
        draft.add(SetMemoryPolicy<Hosted>{.mode = static_cast<std::uint32_t>(policy->mode | policy->flags),
                                          .nodes = spec::number_mask(policy->nodes)},
                  "/linux/memoryPolicy");
}

}  // namespace ocirt::plan
