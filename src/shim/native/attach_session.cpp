#include "shim/native/attach_session.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/syscall.h"
#include "runtime/lifecycle/host_terminal.h"
#include "shim/monitor/stream.h"

namespace ocirt::shim::native {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t packet_limit = 8193;  // the stream's number and 8192 bytes
constexpr std::size_t pipe_part = 4096;     // PIPE_BUF: a pipe that poll calls writable takes it at once
constexpr std::size_t typed_limit = std::size_t{64} << 10;
constexpr unsigned short size_limit = 1000;  // characters, of a message on "ctl"
// For the container's program to have seen the first size before the second one comes.
constexpr std::chrono::milliseconds redraw_pause{50};
constexpr short broken = POLLERR | POLLHUP | POLLNVAL;

// A terminal that is stopped must not stop us. Its description may be shared: O_NONBLOCK is for one of our own.
Fd open_output(int stdio) {
    if (::isatty(stdio) == 1)
        if (Result<Fd> own = sys::open("/proc/self/fd/" + std::to_string(stdio), O_WRONLY | O_NONBLOCK | O_NOCTTY))
            return *std::move(own);
    return Fd(::fcntl(stdio, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

// One of our streams, and what is to be written to it: one packet at most.
class Output {
   public:
    explicit Output(int stdio) : fd_(open_output(stdio)) {}

    [[nodiscard]] bool is_waiting() const { return !waiting_.empty(); }
    [[nodiscard]] const Fd& fd() const { return fd_; }
    [[nodiscard]] bool is_gone() const { return gone_; }
    void put(std::string_view bytes) {
        if (fd_ && !gone_) waiting_ = bytes;
    }
    // Once poll says that it can be. What nobody reads any more is dropped.
    Result<> write() {
        const ssize_t put = ::write(fd_.get(), waiting_.data(), std::min(waiting_.size(), pipe_part));
        if (put < 0 && (errno == EAGAIN || errno == EINTR)) return {};
        if (put < 0 && errno != EPIPE && errno != EIO) return fail_errno("write", "write the output");
        gone_ = put < 0;
        waiting_.erase(0, gone_ ? waiting_.npos : static_cast<std::size_t>(put));
        return {};
    }

   private:
    Fd fd_;
    std::string waiting_;
    bool gone_ = false;
};

// Those that end us but for the ones that our caller has us ignore (nohup), and those that are about the terminal.
class Signals {
   public:
    Signals() {
        ::sigemptyset(&set_);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT}) {
            struct sigaction action{};
            const bool ignored = ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
            if (!ignored) ::sigaddset(&set_, signal);
        }
    }
    ~Signals() {
        if (fd_) (void)::sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    Result<> take() {
        if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail_errno("signal", "ignore SIGPIPE");
        if (::sigprocmask(SIG_BLOCK, &set_, &before_) != 0) return fail_errno("sigprocmask", "block signals");
        fd_ = Fd(::signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!fd_) return fail_errno("signalfd", "receive signals");
        return {};
    }
    [[nodiscard]] const Fd& fd() const { return fd_; }

   private:
    sigset_t set_{};
    sigset_t before_{};
    Fd fd_;
};

// The size of our terminal, told to the container's.
class Window {
   public:
    explicit Window(Fd control) : control_(std::move(control)) {}
    ~Window() {
        if (back_at_) follow();
    }
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;

    // A program draws its screen anew where the size has changed. So it is another one for a moment.
    void redraw() {
        const std::optional<winsize> size = wanted();
        if (!size) return;
        send(static_cast<unsigned short>(size->ws_row < size_limit ? size->ws_row + 1 : size->ws_row - 1),
             size->ws_col);
        back_at_ = Clock::now() + redraw_pause;
    }
    void follow() {
        back_at_.reset();
        if (const std::optional<winsize> size = wanted()) send(size->ws_row, size->ws_col);
    }
    void advance() {
        if (back_at_ && *back_at_ <= Clock::now()) follow();
    }
    // For poll.
    [[nodiscard]] int timeout() const {
        if (!back_at_) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*back_at_ - Clock::now());
        return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }

   private:
    // A terminal that knows no size has 0.
    [[nodiscard]] std::optional<winsize> wanted() const {
        winsize size{};
        if (!control_ || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return std::nullopt;
        if (size.ws_row == 0 || size.ws_col == 0) return std::nullopt;
        size.ws_row = std::min(size.ws_row, size_limit);
        size.ws_col = std::min(size.ws_col, size_limit);
        return size;
    }
    // It never blocks, and a monitor that has gone needs no size.
    void send(unsigned short height, unsigned short width) const {
        const std::string line = "1 " + std::to_string(height) + " " + std::to_string(width) + "\n";
        (void)!::write(control_.get(), line.data(), line.size());
    }

    Fd control_;
    std::optional<Clock::time_point> back_at_;
};

class Session {
   public:
    Session(Attachment attachment, const Fd& signals)
        : socket_(std::move(attachment.socket)),
          keys_(std::move(attachment.keys)),
          signals_(signals),
          terminal_(attachment.terminal),
          typed_(::isatty(STDIN_FILENO) == 1),
          reads_(attachment.input),
          takes_input_(attachment.input),
          window_(attachment.terminal ? std::move(attachment.control) : Fd{}) {
        make_raw();
    }

    Result<AttachEnd> run() {
        window_.redraw();
        for (;;) {
            TRY(wait());
            if (ready(signal_slot)) take_signal();
            window_.advance();
            if (ready(stdin_slot)) read_input();
            if (ready(socket_slot) && has_input()) send_input();
            if (ready(stdout_slot)) TRY(write_output());
            if (ready(stderr_slot)) TRY(error_.write());
            if (!end_ && ready(socket_slot) && wants_packet()) receive();
            if (end_) return *end_;
        }
    }

   private:
    enum Slot : std::size_t { socket_slot, stdin_slot, stdout_slot, stderr_slot, signal_slot, slots };

    [[nodiscard]] bool ready(Slot slot) const { return polled_[slot].revents != 0; }
    [[nodiscard]] bool wants_packet() const { return !output_.is_waiting() && !error_.is_waiting(); }
    [[nodiscard]] bool has_input() const { return !input_.empty(); }

    // Keys are always read, as those that detach may be among them.
    [[nodiscard]] bool wants_input() const { return reads_ && (typed_ || !has_input()); }

    // A negative descriptor is not looked at: poll(2). Stdout's always is: its reader may leave.
    Result<> wait() {
        const auto when = [](bool wanted, int fd) { return wanted ? fd : -1; };
        const auto events = static_cast<short>((wants_packet() ? POLLIN : 0) | (has_input() ? POLLOUT : 0));
        const auto output_events = static_cast<short>(output_.is_waiting() ? POLLOUT : 0);
        polled_ = {{{.fd = when(events != 0, socket_.get()), .events = events, .revents = 0},
                    {.fd = when(wants_input(), STDIN_FILENO), .events = POLLIN, .revents = 0},
                    {.fd = output_.fd().get(), .events = output_events, .revents = 0},
                    {.fd = when(error_.is_waiting(), error_.fd().get()), .events = POLLOUT, .revents = 0},
                    {.fd = signals_.get(), .events = POLLIN, .revents = 0}}};
        if (::poll(polled_.data(), polled_.size(), window_.timeout()) >= 0) return {};
        if (errno != EINTR) return fail_errno("poll", "wait");
        for (pollfd& one : polled_) one.revents = 0;
        return {};
    }

    void end(AttachEnd::Kind kind, int signal = 0) {
        if (!end_) end_ = AttachEnd{.kind = kind, .signal = signal};
    }

    // Where the keys are for somebody else, Ctrl-C is for us.
    void make_raw() {
        if (terminal_ && typed_ && reads_) host_.make_raw();
    }

    void take_signal() {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
            const auto signal = static_cast<int>(info.ssi_signo);
            if (signal == SIGWINCH)
                window_.follow();
            else if (signal == SIGCONT)
                make_raw();
            else
                end(AttachEnd::Kind::signal, signal);
        }
    }

    void read_input() {
        std::array<char, pipe_part> bytes;
        const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return end_input();
        const std::string_view read(bytes.data(), static_cast<std::size_t>(got));
        if (!typed_) return queue(read);
        const DetachKeys::Typed typed = keys_.take(read);
        queue(typed.passed);
        if (typed.detached) end(AttachEnd::Kind::detached);
    }

    // What a container does not read is lost beyond the limit, as with every terminal; of a pipe nothing is read then.
    void queue(std::string_view bytes) {
        if (!takes_input_) return;
        input_ += bytes.substr(0, typed_limit - std::min(typed_limit, input_.size()));
        if (has_input()) send_input();
    }

    void send_input() {
        const std::size_t part = std::min(input_.size(), pipe_part);
        const ssize_t sent = ::send(socket_.get(), input_.data(), part, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)) return;
        if (sent < 0) {  // what it has sent is still to be read
            takes_input_ = false;
            reads_ = typed_ && reads_;
            return input_.clear();
        }
        input_.erase(0, static_cast<std::size_t>(sent));
        if (!has_input() && !reads_) shut_input();
    }

    void end_input() {
        reads_ = false;
        if (typed_) queue(keys_.take_held());
        if (!has_input()) shut_input();
    }

    // A terminal has no end of its input that others could not write behind.
    void shut_input() const {
        if (!terminal_) ::shutdown(socket_.get(), SHUT_WR);
    }

    Result<> write_output() {
        const bool is_broken = (polled_[stdout_slot].revents & broken) != 0;
        if (!is_broken) TRY(output_.write());
        if (is_broken || output_.is_gone()) end(AttachEnd::Kind::reader);
        return {};
    }

    void receive() {
        std::array<char, packet_limit> packet;
        const ssize_t got = ::recv(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
        // A monitor that has left what we sent unread resets the connection, and what it sent is still to come.
        if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET)) return;
        if (got <= 0) return end(AttachEnd::Kind::socket);
        const std::string_view bytes(packet.data() + 1, static_cast<std::size_t>(got) - 1);
        const auto stream = static_cast<monitor::Stream>(packet[0]);
        if (stream == monitor::Stream::output) output_.put(bytes);
        if (stream == monitor::Stream::error) error_.put(bytes);
    }

    Fd socket_;
    DetachKeys keys_;
    const Fd& signals_;
    bool terminal_;
    bool typed_;        // our stdin is a terminal
    bool reads_;        // something may come from our stdin
    bool takes_input_;  // the monitor does
    lifecycle::HostTerminal host_;
    Window window_;
    Output output_{STDOUT_FILENO};
    Output error_{STDERR_FILENO};
    std::string input_;  // on its way to the container
    std::optional<AttachEnd> end_;
    std::array<pollfd, slots> polled_{};
};

}  // namespace

Result<AttachEnd> stay_attached(Attachment attachment) {
    Signals signals;
    TRY(signals.take());
    return Session(std::move(attachment), signals.fd()).run();
}

}  // namespace ocirt::shim::native
