#include "shim/monitor/attach_client.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ocirt::shim::monitor {
namespace {

// Podman's and CRI-O's buffers hold a packet with so many bytes behind the stream's number.
constexpr std::size_t packet_limit = 8192;
constexpr std::size_t input_limit = std::size_t{32} << 10;

}  // namespace

AttachClient::AttachClient(EventLoop& loop, Fd socket, const Events& events)
    : loop_(loop), socket_(std::move(socket)), events_(events) {
    const Result<> watched = loop_.watch(socket_, EPOLLIN, [this](std::uint32_t happened) { ready(happened); });
    if (!watched) leave();
}

AttachClient::~AttachClient() { loop_.forget(socket_); }

void AttachClient::send(Stream stream, std::string_view bytes) {
    while (!gone_ && !parked_ && !bytes.empty()) {
        const std::string_view part = bytes.substr(0, packet_limit);
        bytes.remove_prefix(part.size());
        if (waiting_.empty() && send_packet(stream, part)) continue;
        if (gone_) return;
        waiting_.emplace_back(1, static_cast<char>(stream)).append(part);
        if (waiting_.size() == 1) watch_anew();
    }
}

// False: there is no room, or nobody.
bool AttachClient::send_packet(Stream stream, std::string_view bytes) {
    auto number = static_cast<char>(stream);
    std::array<iovec, 2> parts{
        {{.iov_base = &number, .iov_len = 1}, {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()}}};
    msghdr header{};
    header.msg_iov = parts.data();
    header.msg_iovlen = parts.size();
    if (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
    if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR) leave();
    return false;
}

void AttachClient::ready(std::uint32_t happened) {
    if ((happened & EPOLLOUT) != 0) send_waiting();
    if (!gone_ && (happened & EPOLLIN) != 0 && !input_held_ && !input_ended_)
        return read_input((happened & EPOLLHUP) != 0);
    if (gone_ || (happened & (EPOLLHUP | EPOLLERR)) == 0) return;
    if (input_held_ && !input_ended_) return park();
    if (!std::exchange(input_ended_, true)) events_.input_ended(true);
    leave();
}

// It is gone, and what it has written is to be read later.
void AttachClient::park() {
    parked_ = true;
    loop_.forget(socket_);
    waiting_.clear();
    events_.caught_up();
}

void AttachClient::read_input(bool left) {
    static std::array<char, input_limit> bytes;  // not on the stack, where every page would be touched
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) return events_.input({bytes.data(), static_cast<std::size_t>(got)});
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    input_ended_ = true;
    watch_anew();
    events_.input_ended(left);
}

void AttachClient::send_waiting() {
    while (!waiting_.empty()) {
        const std::string& packet = waiting_.front();
        if (!send_packet(static_cast<Stream>(packet.front()), std::string_view(packet).substr(1))) return;
        waiting_.pop_front();
    }
    watch_anew();
    events_.caught_up();
}

void AttachClient::hold_input(bool hold) {
    if (std::exchange(input_held_, hold) == hold || gone_) return;
    if (!hold && std::exchange(parked_, false)) {
        if (!loop_.watch(socket_, EPOLLIN, [this](std::uint32_t happened) { ready(happened); })) leave();
        return;
    }
    watch_anew();
}

void AttachClient::watch_anew() {
    if (gone_ || parked_) return;
    const bool reads = !input_held_ && !input_ended_;
    loop_.change(socket_, (reads ? std::uint32_t{EPOLLIN} : 0) | (waiting_.empty() ? 0 : std::uint32_t{EPOLLOUT}));
}

void AttachClient::leave() {
    if (std::exchange(gone_, true)) return;
    loop_.forget(socket_);
    waiting_.clear();
    events_.gone();
}

}  // namespace ocirt::shim::monitor
