#include "shim/stdio.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/syscall.h"

namespace ocirt::shim {
namespace {

constexpr std::size_t relay_limit = std::size_t{64} << 10;
constexpr std::chrono::milliseconds first_look{1};
constexpr std::chrono::milliseconds longest_look{100};
constexpr std::chrono::milliseconds logger_deadline = std::chrono::seconds(10);
constexpr std::chrono::milliseconds reading_limit{500};

bool is_fifo(const Fd& fd) {
    struct stat status{};
    return ::fstat(fd.get(), &status) == 0 && S_ISFIFO(status.st_mode);
}

Result<Fd> open_stdio(const std::string& path, int flags) {
    Result<Fd> fd = sys::open(path, flags | O_NOCTTY, 0600);
    if (!fd) fd.error().operation = "open the standard stream";
    return fd;
}

Result<bool> names_fifo(const std::string& path) {
    const Fd place = TRY(open_stdio(path, O_PATH));
    struct stat status{};
    if (::fstat(place.get(), &status) == 0 && S_ISDIR(status.st_mode))
        return fail({.operation = "open the standard stream", .object = path, .errnum = EISDIR});
    return S_ISFIFO(status.st_mode);
}

Result<> put_at(int number, const std::string& name, int flags) {
    const StdioTarget target = TRY(parse_stdio(name));
    const bool none = target.kind == StdioTarget::Kind::none;
    if (target.kind == StdioTarget::Kind::append) flags |= O_CREAT;
    // Where it is a file after all: stdout and stderr may be the same one, and what stood in it stays.
    if (flags != O_RDONLY) flags |= O_APPEND;
    const Fd fd = TRY(open_stdio(none ? "/dev/null" : target.path, flags));
    if (::dup2(fd.get(), number) < 0) return fail_errno("dup2", "pass the standard stream", target.path);
    return {};
}

bool has_reader(const Fd& writer) {
    pollfd state{.fd = writer.get(), .events = 0, .revents = 0};
    return ::poll(&state, 1, 0) == 0;  // POLLERR where there is none
}

// What fits of `buffer`, which loses it. False: nobody takes any more.
bool write_part(const Fd& to, std::string& buffer) {
    while (!buffer.empty()) {
        const ssize_t written = ::write(to.get(), buffer.data(), buffer.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno == EAGAIN;
        buffer.erase(0, static_cast<std::size_t>(written));
    }
    buffer.shrink_to_fit();
    return true;
}

}  // namespace

Result<StdioTarget> parse_stdio(const std::string& name) {
    if (name.empty()) return StdioTarget{};
    const std::size_t colon = name.find("://");
    if (name.starts_with('/') || colon == std::string::npos)
        return StdioTarget{.kind = StdioTarget::Kind::path, .path = name};
    const std::string scheme = name.substr(0, colon);
    const std::string path = name.substr(colon + 3, name.find('?') - (colon + 3));
    if (scheme == "fifo") return StdioTarget{.kind = StdioTarget::Kind::path, .path = path};
    if (scheme == "file") return StdioTarget{.kind = StdioTarget::Kind::append, .path = path};
    if (scheme == "binary") {
        LoggerProgram logger = TRY(parse_logger(name.substr(colon + 3)));
        return StdioTarget{
            .kind = StdioTarget::Kind::program, .path = std::move(logger.path), .args = std::move(logger.args)};
    }
    return fail({.fault = Fault::unsupported,
                 .operation = "use the standard stream",
                 .object = "\"" + name + "\"",
                 .detail = "a path of a FIFO, fifo://, file:// or binary:// is expected"});
}

Result<> take_stdio(const StdioNames& names) {
    const StdioNames wanted = names.terminal ? StdioNames{} : names;
    TRY(put_at(STDIN_FILENO, wanted.input, O_RDONLY));
    TRY(put_at(STDOUT_FILENO, wanted.output, O_WRONLY));
    return put_at(STDERR_FILENO, wanted.error, O_WRONLY);
}

Result<std::unique_ptr<Stdio>> Stdio::hold(const Owner& owner, const StdioNames& names) {
    std::unique_ptr<Stdio> stdio(new Stdio(owner.loop, names));
    const StdioTarget input = TRY(parse_stdio(names.input));
    if (input.kind == StdioTarget::Kind::path) {
        // What is no FIFO has an end of its own, and may be there for reading only.
        if (TRY(names_fifo(input.path))) stdio->input_ = TRY(open_stdio(input.path, O_RDWR | O_NONBLOCK));
    }
    const StdioTarget output = TRY(parse_stdio(names.output));
    if (output.kind == StdioTarget::Kind::program) TRY(stdio->hold_logger(owner, output));
    TRY(hold_output(output, stdio->output_));
    // A logger takes both.
    if (!names.terminal && (output.kind != StdioTarget::Kind::program || names.error != names.output))
        TRY(hold_output(TRY(parse_stdio(names.error)), stdio->error_));
    return stdio;
}

Result<> Stdio::hold_logger(const Owner& owner, const StdioTarget& target) {
    logger_ = {.path = target.path, .args = target.args};
    Logger logger = TRY(start_logger(owner.reaper, logger_, owner.id, owner.namespace_name));
    const std::string own = "/proc/" + std::to_string(::getpid()) + "/fd/";
    ready_ = std::move(logger.ready);
    if (names_.error == names_.output && !names_.terminal) {
        names_.error = own + std::to_string(logger.error.get());
        error_ = {.reader = {}, .writer = std::move(logger.error), .is_fifo = true};
    }
    names_.output = own + std::to_string(logger.output.get());
    // The relay of a terminal never waits.
    if (names_.terminal) ::fcntl(logger.output.get(), F_SETFL, O_NONBLOCK);
    output_ = {.reader = {}, .writer = std::move(logger.output), .is_fifo = true};
    return {};
}

Result<> Stdio::hold_output(const StdioTarget& target, Output& output) {
    if (target.kind == StdioTarget::Kind::none || output.writer) return {};
    if (target.kind == StdioTarget::Kind::program)
        return fail({.fault = Fault::unsupported,
                     .operation = "use the logger",
                     .object = target.path,
                     .detail = "it is not that of stdout, too"});
    if (target.kind == StdioTarget::Kind::append) {
        output.writer = TRY(open_stdio(target.path, O_WRONLY | O_APPEND | O_CREAT));
        return {};
    }
    output.reader = TRY(open_stdio(target.path, O_RDONLY | O_NONBLOCK));
    output.is_fifo = is_fifo(output.reader);
    if (!output.is_fifo) output.reader.reset();
    output.writer = TRY(open_stdio(target.path, O_WRONLY | O_APPEND | O_NONBLOCK));
    return {};
}

void Stdio::when_ready(std::function<void(Result<>)> then) {
    if (!ready_) return then({});
    when_ready_ = std::move(then);
    timer_ = loop_.after(logger_deadline, [this] {
        timer_.reset();
        settle_ready(fail({.fault = Fault::timed_out,
                           .operation = "run the logger",
                           .object = logger_.path,
                           .detail = "it did not get ready: its descriptor 5 is still open"}));
    });
    const Result<> watched =
        loop_.watch(ready_, EPOLLIN, [this](std::uint32_t) { settle_ready(read_ready(ready_, logger_)); });
    if (!watched) settle_ready(watched);
}

void Stdio::settle_ready(const Result<>& result) {
    if (timer_) loop_.cancel(*timer_);
    timer_.reset();
    loop_.forget(ready_);
    ready_.reset();
    loop_.defer([then = std::exchange(when_ready_, nullptr), result] { then(result); });
}

Stdio::~Stdio() {
    if (timer_) loop_.cancel(*timer_);
    release();
}

Result<> Stdio::relay(Fd console) {
    console_ = std::move(console);
    ::fcntl(console_.get(), F_SETFL, O_NONBLOCK);
    TRY(loop_.watch(console_, EPOLLIN, [this](std::uint32_t events) { console_ready(events); }));
    if (input_) TRY(loop_.watch(input_, EPOLLIN, [this](std::uint32_t) { input_ready(); }));
    return {};
}

void Stdio::console_ready(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) write_to_console();
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || to_client_.size() >= relay_limit) return;
    std::array<char, 16384> bytes{};
    const ssize_t got = ::read(console_.get(), bytes.data(), bytes.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {  // EIO: nobody has the terminal open any more
        console_ended_ = true;
        loop_.forget(console_);
        return check_drained();
    }
    if (!output_.writer) return;
    to_client_.append(bytes.data(), static_cast<std::size_t>(got));
    write_to_client();
}

// Full: the terminal waits, too.
void Stdio::write_to_client() {
    if (!write_part(output_.writer, to_client_)) to_client_.clear();
    const bool blocked = !to_client_.empty();
    if (blocked == output_blocked_) return;
    output_blocked_ = blocked;
    if (blocked)
        (void)loop_.watch(output_.writer, EPOLLOUT, [this](std::uint32_t) { write_to_client(); });
    else
        loop_.forget(output_.writer);
    change_console();
    check_drained();
}

void Stdio::input_ready() {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(input_.get(), bytes.data(), bytes.size());
    if (got <= 0) return;
    to_console_.append(bytes.data(), static_cast<std::size_t>(got));
    write_to_console();
}

void Stdio::write_to_console() {
    if (!write_part(console_, to_console_)) to_console_.clear();
    const bool blocked = !to_console_.empty();
    if (blocked == console_blocked_) return;
    console_blocked_ = blocked;
    loop_.change(input_, blocked ? 0 : std::uint32_t{EPOLLIN});
    change_console();
}

void Stdio::change_console() {
    if (!console_ended_)
        loop_.change(console_,
                     (output_blocked_ ? 0 : std::uint32_t{EPOLLIN}) | (console_blocked_ ? std::uint32_t{EPOLLOUT} : 0));
}

Result<> Stdio::resize(std::uint16_t width, std::uint16_t height) const {
    if (!console_)
        return fail({.fault = Fault::wrong_state, .operation = "resize the terminal", .detail = "there is none"});
    const winsize size{.ws_row = height, .ws_col = width, .ws_xpixel = 0, .ws_ypixel = 0};
    if (::ioctl(console_.get(), TIOCSWINSZ, &size) != 0) return fail_errno("ioctl TIOCSWINSZ", "resize the terminal");
    return {};
}

void Stdio::taken() {
    taken_ = true;
    if (input_ended_) close_input();
}

void Stdio::close_input() {
    input_ended_ = true;
    if (!taken_ || console_) return;  // a terminal's input ends with it
    input_.reset();
}

bool Stdio::is_read() const {
    const auto none_left = [](const Output& output) {
        int left = 0;
        return !output.is_fifo || ::ioctl(output.writer.get(), FIONREAD, &left) != 0 || left == 0 ||
               !has_reader(output.writer);
    };
    if (console_ && !(console_ended_ && to_client_.empty())) return false;
    return none_left(output_) && none_left(error_);
}

bool Stdio::is_drained() const {
    const auto has_client = [](const Output& output) { return !output.is_fifo || has_reader(output.writer); };
    return is_read() && (!client_expected_ || (has_client(output_) && has_client(error_)));
}

void Stdio::check_drained() {
    if (!drained_) return;
    if (console_ended_ && to_client_.empty()) output_.reader.reset();
    const EventLoop::Clock::time_point now = EventLoop::Clock::now();
    const bool ends = is_drained() || (deadline_ && now >= *deadline_);
    if (read_ && (ends || is_read() || now >= read_deadline_)) std::exchange(read_, nullptr)();
    if (!ends) {
        if (timer_) loop_.cancel(*timer_);
        pause_ = std::clamp(pause_ * 2, first_look, longest_look);
        timer_ = loop_.after(pause_, [this] {
            timer_.reset();
            check_drained();
        });
        return;
    }
    release();
    loop_.defer(std::exchange(drained_, nullptr));
}

// The clients see the end of the output now.
void Stdio::release() {
    for (Fd* fd : {&console_, &input_, &output_.writer, &ready_})
        if (*fd) loop_.forget(*fd);
    for (Fd* fd : {&ready_, &console_, &input_, &output_.reader, &output_.writer, &error_.reader, &error_.writer})
        fd->reset();
}

void Stdio::expect_no_client(std::chrono::milliseconds patience) {
    client_expected_ = false;
    deadline_ = EventLoop::Clock::now() + patience;
    check_drained();
}

void Stdio::finish(std::function<void()> read, std::function<void()> drained) {
    read_ = std::move(read);
    read_deadline_ = EventLoop::Clock::now() + reading_limit;
    drained_ = std::move(drained);
    pause_ = {};
    if (!console_) {
        input_.reset();
        output_.reader.reset();
        error_.reader.reset();
    }
    check_drained();
}

}  // namespace ocirt::shim
