#include "shim/ttrpc/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "shim/ttrpc/frame.h"
#include "ttrpc.pb.h"

namespace ocirt::shim::ttrpc {
namespace {

// A client that does not take its answers is not listened to any more.
constexpr std::size_t unsent_limit = std::size_t{1} << 20;
constexpr std::chrono::nanoseconds longest_deadline = std::chrono::hours(24);
constexpr std::chrono::milliseconds accept_pause{100};

bool is_ours(const Fd& socket) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

}  // namespace

class Connection : public std::enable_shared_from_this<Connection> {
   public:
    Connection(EventLoop& loop, Fd socket, const Handler& handler, std::function<void()> closed)
        : loop_(loop), socket_(std::move(socket)), handler_(handler), closed_(std::move(closed)) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { loop_.forget(socket_); }

    Result<> open() {
        return loop_.watch(socket_, EPOLLIN, [this](std::uint32_t events) { ready(events); });
    }

    void send(std::uint32_t stream, Code code, const std::string& text, const std::string& payload) {
        wire::Response response;
        response.mutable_status()->set_code(static_cast<int>(code));
        response.mutable_status()->set_message(text);
        response.set_payload(payload);
        const bool idle = unsent_.empty();
        unsent_ += encode(stream, FrameType::response, response.SerializeAsString());
        if (idle) write();
    }

    [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }

   private:
    void ready(std::uint32_t events) {
        const std::shared_ptr<Connection> alive = shared_from_this();
        if ((events & EPOLLOUT) != 0) write();
        if ((events & EPOLLIN) != 0)
            read();
        else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
            close();
    }

    void read() {
        constexpr std::size_t part = 16384;
        std::array<char, part> bytes{};
        const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return close();
        reader_.feed({bytes.data(), static_cast<std::size_t>(got)});
        while (std::optional<Frame> frame = reader_.next()) {
            take(*frame);
            if (ended_) return;
        }
    }

    void take(const Frame& frame) {
        if (frame.stream % 2 == 0 || frame.type != FrameType::request) return close();
        if (frame.too_long) return send(frame.stream, Code::resource_exhausted, "the message is above 4 MiB", {});
        wire::Request request;
        if (!request.ParseFromString(frame.message))
            return send(frame.stream, Code::invalid_argument, "the request cannot be read", {});
        const auto reply = std::make_shared<Reply>(weak_from_this(), frame.stream);
        if (const std::chrono::nanoseconds time(request.timeout_nano()); time.count() > 0)
            loop_.after(std::chrono::ceil<std::chrono::milliseconds>(std::min(time, longest_deadline)),
                        [late = std::weak_ptr(reply)] {
                            if (const auto unanswered = late.lock())
                                unanswered->fail(Code::deadline_exceeded, "context deadline exceeded");
                        });
        handler_({.service = request.service(), .method = request.method(), .payload = request.payload()}, reply);
    }

    void write() {
        while (!unsent_.empty()) {
            const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0 && errno != EAGAIN) return close();
            if (sent < 0) break;
            unsent_.erase(0, static_cast<std::size_t>(sent));
        }
        if (unsent_.empty()) unsent_.shrink_to_fit();
        const std::uint32_t reading = unsent_.size() < unsent_limit ? std::uint32_t{EPOLLIN} : 0;
        loop_.change(socket_, reading | (unsent_.empty() ? 0 : std::uint32_t{EPOLLOUT}));
    }

    void close() {
        if (ended_) return;
        ended_ = true;
        loop_.forget(socket_);
        loop_.defer(closed_);
    }

    EventLoop& loop_;
    Fd socket_;
    const Handler& handler_;
    std::function<void()> closed_;
    FrameReader reader_;
    std::string unsent_;
    bool ended_ = false;
};

Reply::~Reply() { fail(Code::unavailable, "no answer was found"); }

void Reply::ok(const std::string& payload) {
    if (const auto connection = std::exchange(connection_, {}).lock()) connection->send(stream_, Code::ok, {}, payload);
}

void Reply::fail(Code code, const std::string& message) {
    if (const auto connection = std::exchange(connection_, {}).lock()) connection->send(stream_, code, message, {});
}

Server::Server(EventLoop& loop, Fd listener, Handler handler)
    : loop_(loop), listener_(std::move(listener)), handler_(std::move(handler)) {}

Server::~Server() { close(); }

Result<std::unique_ptr<Server>> Server::listen(EventLoop& loop, Fd listener, Handler handler) {
    std::unique_ptr<Server> server(new Server(loop, std::move(listener), std::move(handler)));
    TRY(server->watch_listener());
    return server;
}

Result<> Server::watch_listener() {
    if (!listener_) return {};
    return loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { accept(); });
}

void Server::close() {
    loop_.forget(listener_);
    listener_.reset();
}

bool Server::has_unsent() const {
    return std::ranges::any_of(connections_, [](const auto& entry) { return entry.second->has_unsent(); });
}

void Server::accept() {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && (errno == EMFILE || errno == ENFILE)) {
        // Until one is closed; connections wait in the queue.
        loop_.forget(listener_);
        loop_.after(accept_pause, [this] { (void)watch_listener(); });
    }
    if (!socket || !is_ours(socket)) return;
    const int number = socket.get();
    auto connection =
        std::make_shared<Connection>(loop_, std::move(socket), handler_, [this, number] { drop(number); });
    if (connection->open()) connections_[number] = std::move(connection);
}

}  // namespace ocirt::shim::ttrpc
