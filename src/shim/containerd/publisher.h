// Events for containerd, in their order, each until containerd has acknowledged it: containerd may be restarted
// meanwhile. Bounded: above the limit the oldest are kept, and how many were lost is logged; ends of processes are
// always kept.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "common/fd.h"
#include "common/log.h"
#include "shim/event_loop.h"
#include "shim/ttrpc/frame.h"

namespace ocirt::shim {

class Publisher {
   public:
    // `address`: the path of containerd's ttrpc socket; "" publishes nothing.
    Publisher(EventLoop& loop, std::string address, std::string namespace_name, const Log& log);
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    // `topic`: "/tasks/start"; `type`: "containerd.events.TaskStart"; `event`: the message.
    void publish(const std::string& topic, const std::string& type, const std::string& event);

    // Whether containerd has them all.
    [[nodiscard]] bool is_idle() const { return queue_.empty(); }

   private:
    void send_next();
    void connect();
    void send_first();
    void ready(std::uint32_t events);
    void acknowledge(const ttrpc::Frame& frame);
    void retry();
    void disconnect();

    EventLoop& loop_;
    std::string address_;
    std::string namespace_;
    const Log& log_;
    std::deque<std::string> queue_;  // ForwardRequests
    std::size_t lost_ = 0;
    Fd socket_;
    ttrpc::FrameReader reader_;
    std::string unsent_;
    std::uint32_t stream_ = 0;
    std::chrono::milliseconds pause_;
    std::optional<EventLoop::Timer> timer_;
};

}  // namespace ocirt::shim
