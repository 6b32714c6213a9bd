#include "runtime/lifecycle/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <span>

#include "runtime/lifecycle/foreground.h"
#include "runtime/lifecycle/host_terminal.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::lifecycle {
namespace {

// One direction: bytes that were read and not yet written.
class Pipeline {
   public:
    Pipeline(int from, int to) : from_(from), to_(to) {}

    [[nodiscard]] bool wants_input() const { return !ended_ && size_ == 0; }
    [[nodiscard]] bool wants_output() const { return size_ != 0; }
    [[nodiscard]] bool ended() const { return ended_; }

    // False once nothing comes any more.
    bool read() {
        const ssize_t got = ::read(from_, bytes_.data(), bytes_.size());
        if (got > 0) {
            begin_ = 0;
            size_ = static_cast<std::size_t>(got);
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            ended_ = true;
        }
        return got > 0;
    }

    // What a reader that is gone would have got is dropped: the container shall not wait for it.
    void write() {
        const ssize_t put = ::write(to_, bytes_.data() + begin_, size_);
        if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
        const std::size_t done = put < 0 ? size_ : static_cast<std::size_t>(put);
        begin_ += done;
        size_ -= done;
    }

    // As if it had been read.
    void put(char byte) {
        bytes_[0] = static_cast<std::byte>(byte);
        begin_ = 0;
        size_ = 1;
    }

   private:
    int from_;
    int to_;
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
    bool ended_ = false;
    std::array<std::byte, 4096> bytes_;  // at most PIPE_BUF: a pipe that poll calls writable takes it at once
};

Result<Fd> watch_window_size() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGWINCH);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask", "block SIGWINCH");
    Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("signalfd", "receive SIGWINCH");
    return fd;
}

bool drain(const Fd& signals) {
    signalfd_siginfo info{};
    return ::read(signals.get(), &info, sizeof(info)) == sizeof(info);
}

class Relay {
   public:
    Relay(const Fd& signals, const Fd& pidfd, const Fd& console, NotifyRelay* notifications, Fd window)
        : signals_(signals),
          pidfd_(pidfd),
          console_(console),
          notifications_(notifications),
          window_(std::move(window)),
          input_(STDIN_FILENO, console.get()),
          output_(console.get(), STDOUT_FILENO) {
        host_.make_raw();
    }

    Result<int> run() {
        for (;;) {
            TRY(wait(true));
            if (ready(window_slot)) follow_window();
            if (ready(signal_slot)) {
                forward_signals(signals_, pidfd_);
                host_.make_raw();  // one of them may have been SIGCONT
            }
            move_bytes();
            if (notifications_ != nullptr) notifications_->advance();
            if (ready(process_slot)) break;
        }
        const int status = TRY(reap(pidfd_));
        TRY(finish_output());
        return status;
    }

   private:
    enum Slot : std::size_t {
        process_slot,
        signal_slot,
        window_slot,
        stdin_slot,
        console_slot,
        stdout_slot,
        notify_slot,
        slots
    };

    [[nodiscard]] bool ready(Slot slot) const { return polled_[slot].revents != 0; }

    // A negative descriptor is not looked at: poll(2).
    Result<> wait(bool alive) {
        const auto when = [](bool wanted, int fd) { return wanted ? fd : -1; };
        const short console_events =
            static_cast<short>((output_.wants_input() ? POLLIN : 0) | (alive && input_.wants_output() ? POLLOUT : 0));
        polled_ = {{{.fd = when(alive, pidfd_.get()), .events = POLLIN, .revents = 0},
                    {.fd = signals_.get(), .events = POLLIN, .revents = 0},
                    {.fd = when(alive, window_.get()), .events = POLLIN, .revents = 0},
                    {.fd = when(alive && input_.wants_input(), STDIN_FILENO), .events = POLLIN, .revents = 0},
                    {.fd = when(console_events != 0, console_.get()), .events = console_events, .revents = 0},
                    {.fd = when(output_.wants_output(), STDOUT_FILENO), .events = POLLOUT, .revents = 0},
                    {.fd = -1, .events = 0, .revents = 0}}};
        const bool notified = alive && notifications_ != nullptr;
        if (notified) polled_[notify_slot] = notifications_->awaited();
        if (::poll(polled_.data(), polled_.size(), notified ? notifications_->timeout() : -1) < 0 && errno != EINTR)
            return fail_errno("poll", "wait");
        return {};
    }

    void move_bytes() {
        if (ready(stdin_slot) && !input_.read() && input_.ended()) end_input();
        if (ready(console_slot)) {
            if (input_.wants_output()) input_.write();
            if (output_.wants_input() && (polled_[console_slot].revents & ~POLLOUT) != 0) (void)output_.read();
        }
        if (ready(stdout_slot)) output_.write();
    }

    // A terminal's reader knows no end of the bytes, only the character that means it.
    void end_input() {
        termios modes{};
        if (::tcgetattr(console_.get(), &modes) != 0 || (modes.c_lflag & ICANON) == 0) return;
        input_.put(static_cast<char>(modes.c_cc[VEOF]));
    }

    void follow_window() {
        while (drain(window_)) {}
        host_.copy_size(console_);
    }

    // Until the terminal is empty; others may still have it open. A signal ends the wait for a slow reader.
    Result<> finish_output() {
        while (output_.wants_output() || output_.read()) {
            TRY(wait(false));
            if (ready(signal_slot)) return {};
            if (ready(stdout_slot)) output_.write();
        }
        return {};
    }

    const Fd& signals_;
    const Fd& pidfd_;
    const Fd& console_;
    NotifyRelay* notifications_;
    Fd window_;
    HostTerminal host_;
    Pipeline input_;
    Pipeline output_;
    std::array<pollfd, slots> polled_{};
};

}  // namespace

void prepare_console(const Fd& console) {
    HostTerminal().copy_size(console);
    termios modes{};
    if (::tcgetattr(console.get(), &modes) != 0) return;
    modes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
    (void)::tcsetattr(console.get(), TCSANOW, &modes);
}

Result<int> wait_with_terminal(const Fd& signals, const Fd& pidfd, const Fd& console, NotifyRelay* notifications) {
    if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail_errno("signal", "ignore SIGPIPE");
    if (::fcntl(console.get(), F_SETFL, O_RDWR | O_NONBLOCK) != 0) return fail_errno("fcntl", "prepare the terminal");
    return Relay(signals, pidfd, console, notifications, TRY(watch_window_size())).run();
}

}  // namespace ocirt::lifecycle
