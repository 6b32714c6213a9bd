// systemd, asked over D-Bus to make, limit and end the unit that a container's cgroup belongs to
// (org.freedesktop.systemd1(5)). The class that does things; what to ask is decided in unit.h, unit_limits.h and
// unit_annotations.h.
//
//   connect ─ start(init's pid) ─ set(limits) ─ …     connect ─ set     connect ─ stop
//
// systemd keeps no empty scope: it is made around a process, and is gone when its last one has ended. Every call is
// answered within 30 seconds, or is an error (timed_out).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <span>
#include <string>

#include "common/bus_connection.h"
#include "common/error.h"
#include "runtime/cgroup/unit.h"

namespace ocirt::cgroup {

class Systemd {
   public:
    // Errors: unsupported where nobody answers, with the sockets that were tried.
    [[nodiscard]] static Result<Systemd> connect(const Session& session);

    // Makes the scope with the process in it, and returns once it is there. A failed unit of that name is forgotten
    // first; first limits that this systemd does not know are left out. Errors: already_exists where a unit of that
    // name runs; system with systemd's own words.
    [[nodiscard]] Result<> start(const UnitPlan& plan, const std::string& id, pid_t process);

    // Sets properties of a running unit, until the next boot. Those that this systemd does not know are left out. Once
    // it returns, systemd has written to the cgroup what it will.
    [[nodiscard]] Result<> set(const std::string& unit, std::span<const BusProperty> limits);

    // Stops the unit and forgets that it failed; none of that name is fine. Its processes should have ended.
    [[nodiscard]] Result<> stop(const std::string& unit);

   private:
    explicit Systemd(BusConnection connection) : connection_(std::move(connection)) {}

    [[nodiscard]] Result<BusMessage> call(const char* member, const BusArguments& arguments);
    [[nodiscard]] Result<> wait_for_job(const BusMessage& answer, const char* operation, const std::string& unit);
    [[nodiscard]] Result<> settle();
    void reset_failed(const std::string& unit);

    BusConnection connection_;
};

// Where a container ends without a connection at hand.
[[nodiscard]] Result<> stop_unit(const Unit& unit);

}  // namespace ocirt::cgroup
