// When a container that has ended is started again.
#pragma once

#include <chrono>
#include <optional>

#include "shim/monitor/record.h"

namespace ocirt::shim::monitor {

class Restarts {
   public:
    Restarts(const RestartPolicy& policy, unsigned so_far) : policy_(policy), count_(so_far) {}

    // How long to wait before the next start; std::nullopt: there is none. It is a failure unless the status is 0, that
    // of a signal by which somebody asked for the end (HUP, INT, PIPE, TERM: systemd's rule), or unknown. The wait
    // doubles each time, to a minute at most, and begins anew once a container has lived for ten seconds. Pure.
    [[nodiscard]] std::optional<std::chrono::milliseconds> next(int status, std::chrono::milliseconds lived);
    [[nodiscard]] unsigned count() const { return count_; }

   private:
    static constexpr std::chrono::milliseconds first_wait{100};

    RestartPolicy policy_;
    unsigned count_;
    std::chrono::milliseconds wait_ = first_wait;
};

}  // namespace ocirt::shim::monitor
