// Counts programs that are executed, without a look into them: the kernel's tracepoint of execve, inherited by whatever
// this thread starts from then on.
#pragma once

#include <cstdint>
#include <optional>

#include "common/fd.h"

namespace ocirt::test {

class ExecCounter {
   public:
    // Nothing where the kernel has no tracepoints, or none for us.
    static std::optional<ExecCounter> start();
    // Successful execve calls of this thread's descendants since then.
    [[nodiscard]] std::uint64_t count() const;

   private:
    explicit ExecCounter(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
};

}  // namespace ocirt::test
