// The only place that reaps: every child's end, once. A child may end before the shim knows what it is (its worker's
// message is still on the way); such an end is kept until it has been claimed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/state/exit_file.h"
#include "shim/event_loop.h"

namespace ocirt::shim {

using Exit = state::Exit;

class Reaper {
   public:
    using Ended = std::function<void(const Exit&)>;

    // Blocks SIGCHLD in this process.
    [[nodiscard]] static Result<std::unique_ptr<Reaper>> start(EventLoop& loop);
    ~Reaper();
    Reaper(const Reaper&) = delete;
    Reaper& operator=(const Reaper&) = delete;

    // Calls `ended` once, from the loop or, where the child has ended already, at once. `process` is a pidfd of it: a
    // kept end may be that of another process that had the same pid before.
    void expect(pid_t pid, const Fd& process, Ended ended);
    // The same for one that was made just now: it cannot have been reaped.
    void expect_new(pid_t pid, Ended ended) { expected_[pid] = std::move(ended); }

    // While anyone holds on, ends that nobody expects are kept.
    void hold() { ++holds_; }
    void release();

    // Looks for children that have ended without waiting for the signal.
    void sweep();

   private:
    [[nodiscard]] std::optional<Exit> take_end(pid_t pid, const Fd& process);

    explicit Reaper(EventLoop& loop) : loop_(loop) {}

    EventLoop& loop_;
    Fd signals_;
    std::unordered_map<pid_t, Ended> expected_;
    std::unordered_map<pid_t, Exit> unclaimed_;
    unsigned holds_ = 0;
};

}  // namespace ocirt::shim
