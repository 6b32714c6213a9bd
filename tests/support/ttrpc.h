// The other end of ttrpc for tests: a client that calls, and the place where containerd would receive events.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/fd.h"
#include "shim/ttrpc/frame.h"

namespace ocirt::test {

struct TtrpcReply {
    int code = -1;  // gRPC's; -1: the connection ended or the deadline passed
    std::string message{};
    std::string payload{};
};

class TtrpcClient {
   public:
    explicit TtrpcClient(const std::string& path);

    // One after the other.
    TtrpcReply call(const std::string& method, const std::string& payload,
                    const std::string& service = "containerd.task.v2.Task", std::chrono::nanoseconds timeout = {});

    // Its parts. send() returns the stream.
    std::uint32_t send(const std::string& method, const std::string& payload,
                       const std::string& service = "containerd.task.v2.Task", std::chrono::nanoseconds timeout = {});
    bool send_bytes(const std::string& bytes);
    // The answer to that stream; others that come first are kept.
    TtrpcReply receive(std::uint32_t stream, std::chrono::milliseconds limit = std::chrono::seconds(30));
    // Whether the other end has closed within the limit.
    bool is_closed(std::chrono::milliseconds limit = std::chrono::seconds(5));

   private:
    std::optional<shim::ttrpc::Frame> next(std::chrono::steady_clock::time_point until);

    Fd socket_;
    shim::ttrpc::FrameReader reader_;
    std::vector<shim::ttrpc::Frame> kept_;
    std::uint32_t stream_ = 0;
    bool ended_ = false;
};

struct Event {
    std::string topic;
    std::string type;
    std::string message;
};

// Acknowledges what a shim publishes, and remembers it in its order.
class EventReceiver {
   public:
    explicit EventReceiver(std::string path);
    ~EventReceiver();
    EventReceiver(const EventReceiver&) = delete;
    EventReceiver& operator=(const EventReceiver&) = delete;

    [[nodiscard]] std::vector<Event> events() const;
    // Whether an event of that topic has come within the limit.
    [[nodiscard]] bool wait_for(const std::string& topic, std::chrono::milliseconds limit = std::chrono::seconds(10));

   private:
    void serve();
    bool answer(const Fd& connection, shim::ttrpc::FrameReader& reader);

    std::string path_;
    Fd listener_;
    Fd stop_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Event> events_;
    std::thread thread_;
};

}  // namespace ocirt::test
