// One thread, one epoll: descriptors, times, and what shall be done after all that is ready now.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::shim {

class EventLoop {
   public:
    using Clock = std::chrono::steady_clock;
    // `events`: what epoll_wait(2) tells: EPOLLIN, EPOLLHUP, …
    using Ready = std::function<void(std::uint32_t events)>;
    using Task = std::function<void()>;
    // Ordered by time, then by when it was asked for.
    using Timer = std::pair<Clock::time_point, std::uint64_t>;

    [[nodiscard]] static Result<EventLoop> make();

    // Calls `ready` as long as the descriptor is watched; level-triggered. The owner forgets it before it is closed.
    [[nodiscard]] Result<> watch(const Fd& fd, std::uint32_t events, Ready ready);
    void change(const Fd& fd, std::uint32_t events);
    void forget(const Fd& fd);

    Timer after(std::chrono::milliseconds time, Task task);
    void cancel(const Timer& timer) { timers_.erase(timer); }

    // Once what is ready now has been dealt with.
    void defer(Task task) { deferred_.push_back(std::move(task)); }

    // Until stop().
    [[nodiscard]] Result<> run();
    void stop() { stopped_ = true; }

   private:
    struct Watch {
        Ready ready;
    };

    [[nodiscard]] int milliseconds_to_wait() const;
    void run_timers();
    void run_deferred();

    Fd epoll_;
    std::unordered_map<int, std::shared_ptr<Watch>> watches_;
    std::map<Timer, Task> timers_;
    std::vector<Task> deferred_;
    std::uint64_t next_timer_ = 0;
    bool stopped_ = false;
};

}  // namespace ocirt::shim
