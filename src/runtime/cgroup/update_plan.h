// `update`: new limits for a cgroup that has some already, and the way back. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/resource_plan.h"

namespace ocirt::cgroup {

// What the cgroup says now, where a new value can only be written together with an old one.
struct CurrentLimits {
    std::optional<std::int64_t> memory_limit;  // v2's memory.max; -1: none
    std::optional<std::int64_t> quota;         // v2's cpu.max; -1: none
    std::optional<std::uint64_t> period;
    std::string device_list;  // v1's devices.list
};

// The values of v2's "max 100000" or "20000 100000" (cpu.max) and "max" or "4096" (memory.max).
void parse_cpu_max(std::string_view text, CurrentLimits& current);
void parse_memory_max(std::string_view text, CurrentLimits& current);

// Only what `resources` has changes; zero means "not set" for the limit of pids too. Device rules, where there are any,
// replace those of the container, and the implicit ones are added as at create: a v2 program, or on v1 the lines that
// lead from the current list to the new one, so that no device that stays allowed is refused meanwhile.
// Errors as make_resource_plan's.
[[nodiscard]] Result<ResourcePlan> make_update_plan(spec::Resources resources, const std::vector<Place>& places,
                                                    const CurrentLimits& current);

// The write that takes `write` to `file` back, which said `before`. std::nullopt: the kernel does not tell what it was.
[[nodiscard]] std::optional<Write> inverse(const Write& write, const std::string& file, std::string_view before);

}  // namespace ocirt::cgroup
