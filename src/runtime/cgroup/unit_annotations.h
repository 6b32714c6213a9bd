// Annotations that set properties of the container's systemd unit: "org.systemd.property.TimeoutStopUSec" with a value
// in GVariant's text form ("uint64 30000000", "'inactive-or-failed'", "['crio.service']"), as runc and crun take them.
// Pure.
//
// In a cluster whoever may start a pod may write annotations, and a unit can reboot the host (SuccessAction,
// CVE-2024-3154). So only those are taken that tell how the unit itself ends and is kept:
//   After  CollectMode  DefaultDependencies  Description  KillSignal  SendSIGHUP  TimeoutStopUSec
// and those that the administrator allows by name. "TimeoutStopSec" is the same in seconds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/bus_message.h"
#include "common/error.h"
#include "runtime/spec/config.h"

namespace ocirt::cgroup {

inline constexpr std::string_view property_prefix = "org.systemd.property.";

// `allowed` are whole names of annotations, beyond those above.
// Errors, with the annotation's pointer: unsupported for a property that is not allowed; invalid_config for a value
// that is none, or of another type than the property's.
[[nodiscard]] Result<std::vector<BusProperty>> annotated_properties(const spec::StringMap& annotations,
                                                                    const std::vector<std::string>& allowed);

}  // namespace ocirt::cgroup
