#include "support/ttrpc.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "events.pb.h"
#include "ttrpc.pb.h"

namespace ocirt::test {
namespace {

using shim::ttrpc::Frame;
using shim::ttrpc::FrameReader;
using shim::ttrpc::FrameType;

sockaddr_un name_of(const std::string& path) {
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof(name.sun_path)) throw std::runtime_error("the path of a socket is too long: " + path);
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    return name;
}

// False: the other end has closed.
bool read_some(const Fd& socket, FrameReader& reader) {
    std::array<char, 65536> bytes{};
    const ssize_t got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) reader.feed({bytes.data(), static_cast<std::size_t>(got)});
    return got > 0;
}

bool is_readable(const Fd& socket, std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0;
}

}  // namespace

TtrpcClient::TtrpcClient(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un name = name_of(path);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0)
        throw std::runtime_error("connect " + path + ": " + std::strerror(errno));
}

bool TtrpcClient::send_bytes(const std::string& bytes) {
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

std::uint32_t TtrpcClient::send(const std::string& method, const std::string& payload, const std::string& service,
                                std::chrono::nanoseconds timeout) {
    wire::Request request;
    request.set_service(service);
    request.set_method(method);
    request.set_payload(payload);
    request.set_timeout_nano(timeout.count());
    stream_ = stream_ == 0 ? 1 : stream_ + 2;
    (void)send_bytes(shim::ttrpc::encode(stream_, FrameType::request, request.SerializeAsString()));
    return stream_;
}

std::optional<Frame> TtrpcClient::next(std::chrono::steady_clock::time_point until) {
    for (;;) {
        if (auto frame = reader_.next()) return frame;
        if (ended_ || !is_readable(socket_, until)) return std::nullopt;
        ended_ = !read_some(socket_, reader_);
    }
}

TtrpcReply TtrpcClient::receive(std::uint32_t stream, std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;) {
        auto found = std::ranges::find(kept_, stream, &Frame::stream);
        if (found == kept_.end()) {
            auto frame = next(until);
            if (!frame) return {};
            kept_.push_back(*std::move(frame));
            continue;
        }
        wire::Response response;
        const bool read = response.ParseFromString(found->message);
        kept_.erase(found);
        if (!read) return {};
        return {
            .code = response.status().code(), .message = response.status().message(), .payload = response.payload()};
    }
}

TtrpcReply TtrpcClient::call(const std::string& method, const std::string& payload, const std::string& service,
                             std::chrono::nanoseconds timeout) {
    return receive(send(method, payload, service, timeout));
}

bool TtrpcClient::is_closed(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!ended_ && is_readable(socket_, until)) ended_ = !read_some(socket_, reader_);
    return ended_;
}

EventReceiver::EventReceiver(std::string path)
    : path_(std::move(path)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
    const sockaddr_un name = name_of(path_);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 ||
        ::listen(listener_.get(), 8) != 0)
        throw std::runtime_error("listen at " + path_ + ": " + std::strerror(errno));
    thread_ = std::thread([this] { serve(); });
}

EventReceiver::~EventReceiver() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
    ::unlink(path_.c_str());
}

void EventReceiver::serve() {
    struct Peer {
        Fd socket;
        FrameReader reader;
    };
    std::vector<Peer> peers;
    for (;;) {
        std::vector<pollfd> ready{{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
        for (const Peer& peer : peers) ready.push_back({.fd = peer.socket.get(), .events = POLLIN, .revents = 0});
        ::poll(ready.data(), ready.size(), -1);
        if (ready[0].revents != 0) return;
        for (std::size_t i = ready.size(); i-- > 2;)
            if (ready[i].revents != 0 && !answer(peers[i - 2].socket, peers[i - 2].reader))
                peers.erase(peers.begin() + static_cast<std::ptrdiff_t>(i - 2));
        if (ready[1].revents != 0)
            peers.push_back({.socket = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), .reader = {}});
    }
}

bool EventReceiver::answer(const Fd& connection, FrameReader& reader) {
    if (!read_some(connection, reader)) return false;
    while (const auto frame = reader.next()) {
        wire::Request request;
        wire::ForwardRequest forward;
        if (!request.ParseFromString(frame->message) || !forward.ParseFromString(request.payload())) return false;
        {
            const std::scoped_lock lock(mutex_);
            const wire::Envelope& envelope = forward.envelope();
            events_.push_back({envelope.topic(), envelope.event().type_url(), envelope.event().value()});
        }
        arrived_.notify_all();
        const std::string bytes = shim::ttrpc::encode(frame->stream, FrameType::response, "");
        (void)::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    return true;
}

std::vector<Event> EventReceiver::events() const {
    const std::scoped_lock lock(mutex_);
    return events_;
}

bool EventReceiver::wait_for(const std::string& topic, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, limit, [&] {
        return std::ranges::any_of(events_, [&topic](const Event& event) { return event.topic == topic; });
    });
}

}  // namespace ocirt::test
