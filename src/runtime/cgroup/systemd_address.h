// Where systemd is reached over D-Bus. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/bus_connection.h"
#include "runtime/cgroup/unit.h"

namespace ocirt::cgroup {

// The caller's environment; what is not set is empty.
struct BusEnvironment {
    std::string system_bus{};   // DBUS_SYSTEM_BUS_ADDRESS
    std::string session_bus{};  // DBUS_SESSION_BUS_ADDRESS
    std::string runtime{};      // XDG_RUNTIME_DIR
};

// The bus of the system, or of the user's session, by the environment's word or else where it usually is; then
// systemd's own socket, for hosts where no bus runs. In the order in which they are to be tried.
[[nodiscard]] std::vector<BusAddress> systemd_addresses(const BusEnvironment& environment, const Session& session);

}  // namespace ocirt::cgroup
