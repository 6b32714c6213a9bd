#include "shim/monitor/process_input.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ocirt::shim::monitor {

ProcessInput::ProcessInput(EventLoop& loop, Fd fd, std::function<void(bool)> hold)
    : loop_(loop), fd_(std::move(fd)), hold_(std::move(hold)) {
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
}

ProcessInput::~ProcessInput() {
    if (watched_) loop_.forget(fd_);
}

void ProcessInput::write(std::string_view bytes) {
    if (!fd_ || ends_) return;
    waiting_ += bytes;
    flush();
}

void ProcessInput::end() {
    ends_ = true;
    flush();
}

// A client that has written more than the process takes waits until all of it is taken.
void ProcessInput::flush() {
    while (fd_ && !waiting_.empty()) {
        const ssize_t written = ::write(fd_.get(), waiting_.data(), waiting_.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) break;
        if (written < 0) return close();  // nobody reads it any more
        waiting_.erase(0, static_cast<std::size_t>(written));
    }
    waiting_.shrink_to_fit();
    if (ends_ && waiting_.empty()) return close();
    const bool waits = !waiting_.empty();
    if (waits == watched_) return;
    watched_ = waits;
    if (waits)
        (void)loop_.watch(fd_, EPOLLOUT, [this](std::uint32_t) { flush(); });
    else
        loop_.forget(fd_);
    hold_(waits);
}

void ProcessInput::close() {
    if (std::exchange(watched_, false)) {
        loop_.forget(fd_);
        hold_(false);
    }
    waiting_.clear();
    fd_.reset();
}

}  // namespace ocirt::shim::monitor
