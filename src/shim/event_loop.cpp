#include "shim/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

namespace ocirt::shim {

Result<EventLoop> EventLoop::make() {
    EventLoop loop;
    loop.epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!loop.epoll_) return fail_errno("epoll_create1", "wait for events");
    return loop;
}

Result<> EventLoop::watch(const Fd& fd, std::uint32_t events, Ready ready) {
    epoll_event event{.events = events, .data = {.fd = fd.get()}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
        return fail_errno("epoll_ctl", "wait for events");
    watches_[fd.get()] = std::make_shared<Watch>(std::move(ready));
    return {};
}

void EventLoop::change(const Fd& fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd.get()}};
    (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd.get(), &event);
}

void EventLoop::forget(const Fd& fd) {
    if (watches_.erase(fd.get()) != 0) (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
}

EventLoop::Timer EventLoop::after(std::chrono::milliseconds time, Task task) {
    const Timer timer{Clock::now() + time, next_timer_++};
    timers_.emplace(timer, std::move(task));
    return timer;
}

int EventLoop::milliseconds_to_wait() const {
    if (!deferred_.empty()) return 0;
    if (timers_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

void EventLoop::run_timers() {
    const Clock::time_point now = Clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        const Task task = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        task();
    }
}

void EventLoop::run_deferred() {
    const std::vector<Task> tasks = std::move(deferred_);
    deferred_.clear();
    for (const Task& task : tasks) task();
}

Result<> EventLoop::run() {
    constexpr int batch = 32;
    std::array<epoll_event, batch> events{};
    while (!stopped_) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), batch, milliseconds_to_wait());
        if (count < 0 && errno != EINTR) return fail_errno("epoll_wait", "wait for events");
        // Each is looked up when its turn comes: what ran before it may have forgotten it. A number that was closed and
        // is watched anew meanwhile is woken once for nothing.
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            const auto found = watches_.find(event.data.fd);
            if (found == watches_.end()) continue;
            const std::shared_ptr<Watch> watch = found->second;  // it may forget itself
            watch->ready(event.events);
        }
        run_timers();
        run_deferred();
    }
    return {};
}

}  // namespace ocirt::shim
