#include "shim/containerd/publisher.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "events.pb.h"
#include "shim/timestamp.h"
#include "ttrpc.pb.h"

namespace ocirt::shim {
namespace {

constexpr std::size_t limit = 16384;  // about 4 MiB
constexpr std::chrono::milliseconds first_pause{50};
constexpr std::chrono::milliseconds longest_pause{3000};
constexpr std::chrono::milliseconds answer_deadline{10000};

}  // namespace

Publisher::Publisher(EventLoop& loop, std::string address, std::string namespace_name, const Log& log)
    : loop_(loop),
      address_(std::move(address)),
      namespace_(std::move(namespace_name)),
      log_(log),
      pause_(first_pause) {}

Publisher::~Publisher() { disconnect(); }

void Publisher::publish(const std::string& topic, const std::string& type, const std::string& event) {
    if (address_.empty()) return;
    // As many processes end as were started, and containerd waits for each of them.
    if (queue_.size() >= limit && topic != "/tasks/exit") {
        ++lost_;
        return;
    }
    wire::ForwardRequest request;
    wire::Envelope& envelope = *request.mutable_envelope();
    set(*envelope.mutable_timestamp(), std::chrono::system_clock::now());
    envelope.set_namespace_(namespace_);
    envelope.set_topic(topic);
    envelope.mutable_event()->set_type_url(type);
    envelope.mutable_event()->set_value(event);
    queue_.push_back(request.SerializeAsString());
    // The answer that containerd waits for goes first.
    if (queue_.size() == 1 && !timer_) loop_.defer([this] { send_next(); });
}

void Publisher::send_next() {
    if (queue_.empty() || timer_) return;
    socket_ ? send_first() : connect();
}

void Publisher::connect() {
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || address_.size() >= sizeof(name.sun_path)) return retry();
    std::memcpy(name.sun_path, address_.c_str(), address_.size() + 1);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) return retry();
    socket_ = std::move(socket);
    if (!loop_.watch(socket_, EPOLLIN, [this](std::uint32_t events) { ready(events); })) return retry();
    stream_ = 0;
    send_first();
}

void Publisher::send_first() {
    wire::Request request;
    request.set_service("containerd.services.events.ttrpc.v1.Events");
    request.set_method("Forward");
    request.set_payload(queue_.front());
    wire::KeyValue& metadata = *request.add_metadata();
    metadata.set_key("containerd-namespace-ttrpc");
    metadata.set_value(namespace_);
    stream_ = stream_ == 0 ? 1 : stream_ + 2;
    unsent_ = ttrpc::encode(stream_, ttrpc::FrameType::request, request.SerializeAsString());
    if (timer_) loop_.cancel(*timer_);
    timer_ = loop_.after(answer_deadline, [this] { retry(); });
    ready(EPOLLOUT);
}

void Publisher::ready(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0 && !unsent_.empty()) {
        const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return retry();
        if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
        loop_.change(socket_, EPOLLIN | (unsent_.empty() ? 0 : std::uint32_t{EPOLLOUT}));
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return queue_.empty() ? disconnect() : retry();
    reader_.feed({bytes.data(), static_cast<std::size_t>(got)});
    while (const std::optional<ttrpc::Frame> frame = reader_.next()) acknowledge(*frame);
}

void Publisher::acknowledge(const ttrpc::Frame& frame) {
    if (frame.stream != stream_ || queue_.empty()) return;
    if (wire::Response response; response.ParseFromString(frame.message) && response.status().code() != 0)
        log_.warning(
            {.operation = "publish an event", .detail = "containerd refuses it: " + response.status().message()});
    queue_.pop_front();
    pause_ = first_pause;
    if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
    if (lost_ > 0 && queue_.size() < limit / 2)
        log_.warning({.operation = "publish events",
                      .detail = std::to_string(std::exchange(lost_, 0)) + " were lost while containerd was away"});
    if (!queue_.empty()) send_first();
}

void Publisher::disconnect() {
    if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
    if (socket_) loop_.forget(socket_);
    socket_.reset();
    reader_ = {};
    unsent_ = {};
}

void Publisher::retry() {
    disconnect();
    timer_ = loop_.after(pause_, [this] {
        timer_.reset();
        connect();
    });
    pause_ = std::min(pause_ * 2, longest_pause);
}

}  // namespace ocirt::shim
