// /linux/netDevices: devices of the runtime's network namespace that a container gets (config-linux.md "Network
// Devices"). When the container ends, the kernel does with them what it does: virtual ones end with their namespace,
// physical ones come back.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "common/route_socket.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

class NetDevices {
   public:
    // Moves all devices into the network namespace of process `pid`: renamed, with their lasting addresses, up. Errors
    // have the pointer of the device; before the first device is moved it is known that all are there and that their
    // names are free.
    [[nodiscard]] Result<> move_in(const std::vector<plan::PlannedNetDevice>& devices, pid_t pid);

    // Back to where they were, as they were: for a container that is not made after all.
    void move_back();

   private:
    struct Moved {
        std::string host_name;
        std::string name;  // in the container
        bool was_up = false;
        std::vector<LinkAddress> addresses;
    };

    [[nodiscard]] Result<> connect(pid_t pid);
    [[nodiscard]] Result<NetworkLink> check(const plan::PlannedNetDevice& device);
    [[nodiscard]] Result<> move_one(const plan::PlannedNetDevice& device, const NetworkLink& link);
    [[nodiscard]] Result<std::string> free_name(const std::string& name);
    [[nodiscard]] Result<> settle(RouteSocket& there, const Moved& device, const std::string& name, bool up);

    Fd home_;    // the runtime's network namespace
    Fd inside_;  // the container's; it lives as long as this does
    std::optional<RouteSocket> host_;
    std::optional<RouteSocket> container_;
    std::vector<Moved> moved_;
};

}  // namespace ocirt::lifecycle
