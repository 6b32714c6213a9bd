#include "runtime/cgroup/systemd_address.h"

namespace ocirt::cgroup {

std::vector<BusAddress> systemd_addresses(const BusEnvironment& environment, const Session& session) {
    std::vector<BusAddress> addresses = parse_bus_addresses(session ? environment.session_bus : environment.system_bus);
    if (!session) {
        if (addresses.empty()) addresses.push_back({.socket = "/run/dbus/system_bus_socket"});
        addresses.push_back({.socket = "/run/systemd/private", .direct = true});
        return addresses;
    }
    const std::string runtime =
        environment.runtime.empty() ? "/run/user/" + std::to_string(*session) : environment.runtime;
    if (addresses.empty()) addresses.push_back({.socket = runtime + "/bus"});
    addresses.push_back({.socket = runtime + "/systemd/private", .direct = true});
    return addresses;
}

}  // namespace ocirt::cgroup
