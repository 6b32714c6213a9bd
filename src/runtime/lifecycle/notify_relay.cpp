#include "runtime/lifecycle/notify_relay.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <utility>

#include "common/socket.h"
#include "runtime/lifecycle/notification.h"

namespace ocirt::lifecycle {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds barrier_patience = std::chrono::seconds(30);  // as runc's
constexpr milliseconds finish_patience = std::chrono::seconds(1);

}  // namespace

std::string notify_address() {
    const char* address = std::getenv("NOTIFY_SOCKET");
    return address == nullptr ? "" : address;
}

Result<NotifyRelay> NotifyRelay::connect(Fd arriving, const std::string& address, pid_t main_pid) {
    Result<Fd> host = connect_datagram(address);
    if (host) return NotifyRelay(std::move(arriving), std::move(*host), main_pid);
    host.error().operation = "pass notifications of the container on to NOTIFY_SOCKET";
    return std::unexpected(std::move(host).error());
}

pollfd NotifyRelay::awaited() const {
    if (!outgoing_.empty()) return {.fd = host_.get(), .events = POLLOUT, .revents = 0};
    return {.fd = barrier_ ? barrier_.get() : arriving_.get(), .events = POLLIN, .revents = 0};
}

int NotifyRelay::timeout() const {
    if (!outgoing_.empty() || !barrier_) return -1;
    const auto left = std::chrono::ceil<milliseconds>(barrier_deadline_ - Clock::now());
    return static_cast<int>(std::max(left, milliseconds(0)).count());
}

void NotifyRelay::advance() {
    if (!outgoing_.empty())
        hand_out();
    else if (barrier_)
        look_at_barrier();
    else
        take_in();
}

void NotifyRelay::take_in() {
    Result<Datagram> datagram = receive_datagram(arriving_, notification_limit, milliseconds(0));
    if (!datagram) return;  // nothing there, or longer than any notification
    Notification read = read_notification(datagram->data);
    if (read.barrier) {
        if (datagram->descriptors.size() == 1) begin_barrier(std::move(datagram->descriptors.front()));
        return;
    }
    if (read.lines.empty()) return;
    if (read.ready) read.lines += "MAINPID=" + std::to_string(main_pid_) + "\n";
    ready_ = ready_ || read.ready;
    outgoing_ = std::move(read.lines);
    hand_out();
}

// What nobody takes is dropped: a manager that is gone is no reason to stop.
void NotifyRelay::hand_out() {
    const std::array enclosed{enclosed_.get()};
    const Result<> sent = send_message(host_, outgoing_.data(), outgoing_.size(),
                                       std::span(enclosed.data(), enclosed_ ? enclosed.size() : 0));
    if (!sent && sent.error().errnum == EAGAIN) return;
    outgoing_.clear();
    enclosed_.reset();
}

// Any descriptor will do: the manager closes it (sd_notify_barrier(3)).
void NotifyRelay::begin_barrier(Fd held) {
    Result<std::pair<Fd, Fd>> ends = make_socket_pair();
    if (!ends) return;
    barrier_ = std::move(ends->first);
    enclosed_ = std::move(ends->second);
    held_ = std::move(held);
    barrier_deadline_ = Clock::now() + barrier_patience;
    outgoing_ = "BARRIER=1";
    hand_out();
}

void NotifyRelay::look_at_barrier() {
    pollfd closed{.fd = barrier_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&closed, 1, 0) == 0 && Clock::now() < barrier_deadline_) return;
    barrier_.reset();
    held_.reset();
}

void NotifyRelay::settle(milliseconds patience) {
    const auto end = Clock::now() + patience;
    while (!idle()) {
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
        pollfd ready = awaited();
        if (left.count() <= 0 || (::poll(&ready, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)) return;
        advance();
    }
}

Result<> NotifyRelay::await_ready(const Fd& pidfd) {
    bool ended = false;
    while (!ended && (!ready_ || !outgoing_.empty())) {
        std::array waited{awaited(), pollfd{.fd = pidfd.get(), .events = POLLIN, .revents = 0}};
        if (::poll(waited.data(), waited.size(), timeout()) < 0 && errno != EINTR) return fail_errno("poll", "wait");
        ended = waited[1].revents != 0;
        advance();
    }
    settle(barrier_patience);
    finish();
    if (!ready_ || !idle()) return {};
    // Once this process has ended the manager cannot find out any more whose message it was: until it has read it.
    begin_barrier({});
    settle(barrier_patience);
    finish();
    return {};
}

void NotifyRelay::finish() {
    const auto end = Clock::now() + finish_patience;
    const auto left = [end] { return std::chrono::ceil<milliseconds>(end - Clock::now()); };
    settle(finish_patience);
    for (pollfd more = awaited(); idle() && left().count() > 0 && ::poll(&more, 1, 0) > 0;) {
        advance();
        settle(left());
    }
}

std::optional<NotifyRelay> relay_in_foreground(Fd arriving, const std::string& address, const Log& log) {
    if (!arriving || address.empty()) return std::nullopt;
    Result<NotifyRelay> relay = NotifyRelay::connect(std::move(arriving), address, ::getpid());
    if (relay) return std::move(*relay);
    log.warning(relay.error());
    return std::nullopt;
}

}  // namespace ocirt::lifecycle
