#include "runtime/cli/live_output.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

namespace ocirt::cli {

Result<LiveOutput> LiveOutput::open() {
    LiveOutput output;
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGINT);
    ::sigaddset(&ends, SIGTERM);
    if (::sigprocmask(SIG_BLOCK, &ends, nullptr) != 0) return fail_errno("sigprocmask", "block signals");
    (void)::signal(SIGPIPE, SIG_IGN);
    output.signals_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC));
    if (!output.signals_) return fail_errno("signalfd", "receive signals");
    output.output_ = Fd(::dup(STDOUT_FILENO));
    if (!output.output_) return fail_errno("dup", "write the output");
    output.ended_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event signal{.events = EPOLLIN, .data = {}};
    if (!output.ended_ || ::epoll_ctl(output.ended_.get(), EPOLL_CTL_ADD, output.signals_.get(), &signal) != 0)
        return fail_errno("epoll_ctl", "receive signals");
    // Its errors alone. EPERM of a file on a disk: that has readers or not.
    epoll_event errors{.events = 0, .data = {}};
    (void)::epoll_ctl(output.ended_.get(), EPOLL_CTL_ADD, output.output_.get(), &errors);
    return output;
}

// Never more at once than what a pipe that is ready takes without waiting, as a signal would not end that.
Result<> LiveOutput::write(std::string_view text) const {
    while (!text.empty()) {
        std::array<pollfd, 2> waits{pollfd{.fd = output_.get(), .events = POLLOUT, .revents = 0},
                                    pollfd{.fd = ended_.get(), .events = POLLIN, .revents = 0}};
        if (::poll(waits.data(), waits.size(), -1) < 0) {
            if (errno != EINTR) return fail_errno("poll", "write the output");
            continue;
        }
        if (waits[1].revents != 0) return {};
        const ssize_t size = ::write(output_.get(), text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (size >= 0)
            text.remove_prefix(static_cast<std::size_t>(size));
        else if (errno == EPIPE)
            return {};
        else if (errno != EINTR && errno != EAGAIN)
            return fail_errno("write", "write the output");
    }
    return {};
}

bool LiveOutput::wait_until(std::chrono::steady_clock::time_point time) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - std::chrono::steady_clock::now());
        pollfd wait{.fd = ended_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000))) > 0) return false;
        if (std::chrono::steady_clock::now() >= time) return true;
    }
}

}  // namespace ocirt::cli
