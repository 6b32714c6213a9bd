// A client's connection to a D-Bus bus, or straight to a peer that speaks D-Bus. Blocking; every wait has a deadline.
//
// ocirt's own, in place of libdbus: as root of a user namespace libdbus says to be uid 0 ("AUTH EXTERNAL 30") and has
// no other way, where the bus sees the user's own uid and refuses: every rootless engine is such a root. Here nothing
// is said, and the bus goes by what the kernel tells it of the socket's peer. (libdbus in a static program is 600 KiB,
// too.)
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus_message.h"
#include "common/error.h"
#include "common/fd.h"

namespace ocirt {

struct BusAddress {
    std::string socket;   // a path, or an abstract name after "@"
    bool direct = false;  // a peer of its own: there is no bus in between that would have to be greeted
    friend bool operator==(const BusAddress&, const BusAddress&) = default;
};

// "unix:path=/run/user/1000/bus,guid=…;unix:abstract=…" (D-Bus Specification, "Server Addresses"): the sockets among
// them. Pure. What is no socket of this host is left out.
[[nodiscard]] std::vector<BusAddress> parse_bus_addresses(std::string_view text);

class BusConnection {
   public:
    using Time = std::chrono::steady_clock::time_point;

    // Connected, authenticated, and known to the bus. Errors: system, with the socket; timed_out; unsupported where it
    // does not let this user in.
    [[nodiscard]] static Result<BusConnection> open(const BusAddress& address, Time deadline);

    // From here on the bus passes on the signals of this rule ("type='signal',member='JobRemoved'").
    [[nodiscard]] Result<> watch(const std::string& rule, Time deadline);

    // The answer: a reply or an error of the peer's. Signals that arrive meanwhile are kept for wait_for().
    [[nodiscard]] Result<BusMessage> call(const BusCall& call, Time deadline);

    // The first signal that `is_it` says yes to, among those kept, then among those to come.
    [[nodiscard]] Result<BusMessage> wait_for(const std::function<bool(const BusMessage&)>& is_it, Time deadline);

   private:
    explicit BusConnection(Fd socket) : socket_(std::move(socket)) {}

    [[nodiscard]] Result<> authenticate(Time deadline);
    [[nodiscard]] Result<std::string> read_line(Time deadline);
    [[nodiscard]] Result<BusMessage> read_message(Time deadline);
    [[nodiscard]] Result<> read_some(Time deadline);
    [[nodiscard]] Result<> write(std::string_view bytes, Time deadline);
    void keep(BusMessage message);

    Fd socket_;
    bool direct_ = false;
    std::uint32_t serial_ = 0;
    std::string arrived_{};
    std::vector<BusMessage> signals_{};
};

}  // namespace ocirt
