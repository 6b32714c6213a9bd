// The output of a command that goes on until somebody ends it: SIGINT or SIGTERM, or that nobody reads it any more.
#pragma once

#include <chrono>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::cli {

class LiveOutput {
   public:
    // Blocks the two signals and ignores SIGPIPE, for this process and for good.
    [[nodiscard]] static Result<LiveOutput> open();

    // Something to read once it is ended.
    [[nodiscard]] const Fd& ended() const { return ended_; }

    // All of it, or as much as could be written until it was ended. Errors: the output can take no more (ENOSPC).
    [[nodiscard]] Result<> write(std::string_view text) const;

    // False: it was ended before.
    [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point time) const;

   private:
    Fd output_;
    Fd signals_;
    Fd ended_;  // an epoll of the signals, and of the output's errors
};

}  // namespace ocirt::cli
