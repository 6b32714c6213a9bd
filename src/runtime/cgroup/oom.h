// Out-of-memory events of a container: v1's eventfd on memory.oom_control, v2's memory.events.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/cgroup/cgroup.h"

namespace ocirt::cgroup {

class OomWatch {
   public:
    // From now on. An idle watch, whose fd() is invalid, where no cgroup of the container has the memory controller.
    // Errors: system.
    [[nodiscard]] static Result<OomWatch> open(std::span<const Place> places);

    // To poll(2) for events().
    [[nodiscard]] const Fd& fd() const { return fd_; }
    [[nodiscard]] short events() const;

    // How many there were since the last time. v1 tells a removed cgroup as one more event, v2 as an error of the
    // file: neither counts.
    [[nodiscard]] std::uint64_t take();

    // The cgroup whose limit was hit: the container's own, or the nearest above it; "" where none says so.
    [[nodiscard]] std::string limiting_cgroup() const;

   private:
    [[nodiscard]] Result<> open_v1();
    [[nodiscard]] Result<> open_v2();
    [[nodiscard]] std::uint64_t read_kills() const;

    Version version_ = Version::v1;
    std::string path_;
    Fd directory_;
    Fd fd_;  // v1: the eventfd; v2: memory.events
    std::uint64_t kills_ = 0;
};

}  // namespace ocirt::cgroup
