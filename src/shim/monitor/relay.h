// A process's output on its way to the logs and to the clients, and what makes it wait: a log that takes nothing, a
// client that does not read, a rate.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/fd.h"
#include "shim/event_loop.h"
#include "shim/monitor/attach_socket.h"
#include "shim/monitor/logs.h"
#include "shim/monitor/process_output.h"
#include "shim/monitor/rate.h"

namespace ocirt::shim::monitor {

class Relay {
   public:
    // `clients` may be set later, or never.
    Relay(EventLoop& loop, Logs& logs, const Rates& rates);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    void set_clients(AttachSocket* clients) { clients_ = clients; }
    // Nothing is read before begin().
    void add(Stream stream, Fd fd);
    void begin();
    // A client has read.
    void caught_up() { settle(); }

    // The process has ended. Calls `done` once what it has written is in the logs and with the clients, however long
    // others keep its streams open, or when `patience` is over.
    void finish(std::chrono::milliseconds patience, std::function<void()> done);

   private:
    struct Line {
        std::unique_ptr<ProcessOutput> output;
        RateMeter meter;
        std::uint64_t dropped = 0;  // bytes that are not told yet
        std::size_t drained = 0;    // bytes that came after the process's end
    };

    void take(Line& line, std::string_view bytes);
    void log(Line& line, std::string_view bytes);
    void tell_dropped(Line& line);
    void settle();
    void settle_hold(Line& line, bool all);
    void wake_in(std::chrono::milliseconds time);
    void drain();

    EventLoop& loop_;
    Logs& logs_;
    Rates rates_;
    AttachSocket* clients_ = nullptr;
    std::vector<std::unique_ptr<Line>> lines_;
    std::optional<EventLoop::Timer> timer_;
    std::function<void()> done_;
    EventLoop::Clock::time_point deadline_{};
    bool draining_ = false;
};

}  // namespace ocirt::shim::monitor
