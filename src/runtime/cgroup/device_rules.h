// linux.resources.devices with runc's implicit rules, as v1 writes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "runtime/spec/config.h"

namespace ocirt::cgroup {

// The config's rules in their order, then what every container may do: mknod of anything; null, zero, full, random,
// urandom, tty, console, ptmx, pts, and net/tun (runc took it out in 1.2.0 and had to put it back). They come last, so
// that the usual first rule, "deny all", does not take them away. A container starts with nothing allowed.
[[nodiscard]] std::vector<spec::DeviceRule> effective_device_rules(const std::vector<spec::DeviceRule>& rules);

// One line for devices.allow or devices.deny.
struct DeviceLine {
    bool allow = false;
    std::string text;  // "a", "c 1:3 rwm", "b *:* m"
};

// The shortest list of lines that brings a v1 devices cgroup, whatever its state, to what the rules say: the default,
// then the exceptions to it, each device once. v1 keeps a default and exceptions only: a rule that would take a part
// out of a wider exception is silently ignored by the kernel and refused here (invalid_config, pointer
// /linux/resources/devices/N), as in runc.
[[nodiscard]] Result<std::vector<DeviceLine>> device_lines(const std::vector<spec::DeviceRule>& rules);

// The lines that lead from `current`, the text of a v1 devices.list, to what the rules say: what goes away is denied,
// what is new allowed, the rest not touched. Where the default itself changes, device_lines(). Errors as there.
[[nodiscard]] Result<std::vector<DeviceLine>> device_changes(const std::vector<spec::DeviceRule>& rules,
                                                             std::string_view current);

// The rules as one word each, for the state record: two configs that say the same have the same text.
[[nodiscard]] std::string device_rules_text(const std::vector<spec::DeviceRule>& rules);

}  // namespace ocirt::cgroup
