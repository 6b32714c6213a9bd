// Hosts that this one can be made to look like, in a mount namespace of the runtime's own.
#pragma once

#include <string>

#include "support/process.h"

namespace ocirt::test {

enum class CgroupHost { as_it_is, v1, v2 };

// Empty where this host can be made to look like it; else the reason, for a SKIP.
std::string why_not_like(CgroupHost host);

// The command, where /sys/fs/cgroup is such a host's.
Command on_host(CgroupHost host, Command command);

}  // namespace ocirt::test
