// The network devices of one network namespace, over rtnetlink(7): found, moved, given addresses, brought up.
//
// Written out here rather than by libnl-route-3, which adds 370 KiB and five static initialisers to every start.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt {

struct NetworkLink {
    std::uint32_t index = 0;
    bool up = false;
};

// An address of a link: struct ifaddrmsg and the attributes that say who it is, as the kernel gave them.
struct LinkAddress {
    std::uint8_t family = 0;
    std::uint8_t prefix_length = 0;
    std::string attributes{};  // struct rtattr, each padded to 4 bytes
};

class RouteSocket {
   public:
    // Of the network namespace that this process is in.
    [[nodiscard]] static Result<RouteSocket> open();
    // Of another: this process goes there and comes back. For a process with one thread.
    [[nodiscard]] static Result<RouteSocket> open_in(const Fd& network_namespace);

    // std::nullopt: there is none of that name.
    [[nodiscard]] Result<std::optional<NetworkLink>> find(const std::string& name);

    // The link's addresses that outlive a move: permanent ones (IFA_F_PERMANENT) of global scope (RT_SCOPE_UNIVERSE).
    [[nodiscard]] Result<std::vector<LinkAddress>> lasting_addresses(const NetworkLink& link);

    // Into another network namespace and to another name at once. It loses its addresses and goes down.
    [[nodiscard]] Result<> move(const NetworkLink& link, const std::string& name, const Fd& network_namespace);

    // One that it has already is no error.
    [[nodiscard]] Result<> add_address(const NetworkLink& link, const LinkAddress& address);
    [[nodiscard]] Result<> bring_up(const NetworkLink& link);

   private:
    explicit RouteSocket(Fd socket) : socket_(std::move(socket)) {}

    // Sends one request and gives its answers to `each`, until the last one. The error has the kernel's own words.
    template <class Each>
    [[nodiscard]] Result<> ask(class RouteRequest& request, const char* operation, Each each);

    Fd socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace ocirt
