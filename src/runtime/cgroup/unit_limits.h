// What systemd is told of a container's limits. Pure.
//
// systemd writes a unit's cgroup files anew whenever it sees fit: at daemon-reload, and when another property of the
// unit is set. A limit that it does not know is gone then. So every write that systemd has a property for is told to it
// as well. The writes themselves come after: they are exact where systemd rounds, and the kernel's refusal is told.
#pragma once

#include <string_view>
#include <vector>

#include "common/bus_message.h"
#include "runtime/cgroup/device_rules.h"
#include "runtime/cgroup/resource_plan.h"

namespace ocirt::cgroup {

// The properties of systemd.resource-control(5) that say what the plan's writes do, each once: the last write counts,
// as it does in the file. `unified` keys are writes like the others. What systemd has no property for is left out.
[[nodiscard]] std::vector<BusProperty> unit_limits(const ResourcePlan& plan);

// Those that a unit takes at its beginning only: OOMPolicy (systemd 253, and Debian's 252), for memory.oom.group.
[[nodiscard]] std::vector<BusProperty> unit_first_limits(const ResourcePlan& plan);

// The device rules of v1 (device_lines): there systemd allows every device at daemon-reload unless it knows better.
// `proc_devices` is the host's /proc/devices, as systemd wants the names of majors. Of rules that allow by default it
// is told that every device is allowed; an exception that systemd cannot say is left out, as by runc.
//
// v2's are not told: systemd then has no program of its own beside ocirt's, and what a hook allows later (GPU stacks)
// is not taken back by daemon-reload. (runc tells them, and its containers lose their GPUs there.)
[[nodiscard]] std::vector<BusProperty> unit_device_rules(const std::vector<DeviceLine>& lines,
                                                         std::string_view proc_devices);

// Where those are to be told, a unit has this from its beginning: every device is allowed, by a rule. A systemd that
// hears of devices for the first time in a slice moves all processes below it out of their own cgroups of devices into
// the slice's, where no rule is theirs (seen of 252; runc's are moved so).
[[nodiscard]] std::vector<BusProperty> unit_first_device_rules();

}  // namespace ocirt::cgroup
