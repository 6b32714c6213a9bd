// A ttrpc server: requests of any number of connections, answered in any order.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/error.h"
#include "common/fd.h"
#include "shim/event_loop.h"

namespace ocirt::shim::ttrpc {

// gRPC's codes, as far as they are used.
enum class Code : std::uint8_t {
    ok = 0,
    unknown = 2,
    invalid_argument = 3,
    deadline_exceeded = 4,
    not_found = 5,
    already_exists = 6,
    resource_exhausted = 8,
    failed_precondition = 9,
    unimplemented = 12,
    unavailable = 14,
};

struct Call {
    std::string service;
    std::string method;
    std::string payload;
};

class Connection;

// The answer to one call, given now or later, once. One that is never given is answered with Code::unavailable.
class Reply {
   public:
    Reply(std::weak_ptr<Connection> connection, std::uint32_t stream)
        : connection_(std::move(connection)), stream_(stream) {}
    Reply(Reply&& other) noexcept : connection_(std::move(other.connection_)), stream_(other.stream_) {
        other.connection_.reset();
    }
    Reply& operator=(Reply&&) = delete;
    ~Reply();

    void ok(const std::string& payload);
    void fail(Code code, const std::string& message);

   private:
    std::weak_ptr<Connection> connection_;
    std::uint32_t stream_;
};

using Handler = std::function<void(const Call& call, std::shared_ptr<Reply> reply)>;

class Server {
   public:
    // `listener` is non-blocking. Only processes of this user's are let in.
    [[nodiscard]] static Result<std::unique_ptr<Server>> listen(EventLoop& loop, Fd listener, Handler handler);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Takes no more connections; those that are there go on.
    void close();
    // Whether an answer has not been taken by its client yet.
    [[nodiscard]] bool has_unsent() const;

   private:
    Server(EventLoop& loop, Fd listener, Handler handler);

    [[nodiscard]] Result<> watch_listener();
    void accept();
    void drop(int number) { connections_.erase(number); }

    EventLoop& loop_;
    Fd listener_;
    Handler handler_;
    std::unordered_map<int, std::shared_ptr<Connection>> connections_;
};

}  // namespace ocirt::shim::ttrpc
