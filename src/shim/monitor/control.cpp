#include "shim/monitor/control.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <span>

#include "common/syscall.h"

namespace ocirt::shim::monitor {
namespace {

constexpr std::size_t line_limit = 200;
constexpr int size_limit = 1000;

// As many numbers as there is room for, with blanks between them and nothing else.
bool read_numbers(std::string_view line, std::span<int> numbers) {
    for (int& number : numbers) {
        while (line.starts_with(' ')) line.remove_prefix(1);
        const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), number);
        if (error != std::errc{}) return false;
        line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
    }
    return line.find_first_not_of(' ') == line.npos;
}

std::optional<ControlMessage> resize(int height, int width) {
    if (height < 0 || height > size_limit || width < 0 || width > size_limit) return std::nullopt;
    return ControlMessage{.kind = ControlMessage::Kind::resize,
                          .height = static_cast<std::uint16_t>(height),
                          .width = static_cast<std::uint16_t>(width)};
}

// One descriptor for both ends: writers come and go without an end of file.
Result<Fd> make_fifo(const Fd& bundle, const char* name) {
    if (::unlinkat(bundle.get(), name, 0) != 0 && errno != ENOENT) return fail_errno("unlinkat", "replace", name);
    if (::mkfifoat(bundle.get(), name, 0660) != 0) return fail_errno("mkfifoat", "make the FIFO", name);
    Fd fifo = TRY(sys::open_at(bundle, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW));
    struct stat status{};
    if (::fstat(fifo.get(), &status) != 0 || !S_ISFIFO(status.st_mode))
        return fail({.operation = "make the FIFO", .object = name, .detail = "something else is in its place"});
    return fifo;
}

}  // namespace

std::optional<ControlMessage> parse_control(std::string_view line) {
    std::array<int, 3> numbers{};
    if (!read_numbers(line, numbers)) return std::nullopt;
    if (numbers[0] == 1) return resize(numbers[1], numbers[2]);
    if (numbers[0] == 2) return ControlMessage{.kind = ControlMessage::Kind::reopen_logs};
    return std::nullopt;
}

std::optional<ControlMessage> parse_window_size(std::string_view line) {
    std::array<int, 2> numbers{};
    return read_numbers(line, numbers) ? resize(numbers[0], numbers[1]) : std::nullopt;
}

Result<std::unique_ptr<Control>> Control::open(EventLoop& loop, const Fd& bundle, Handler handler, Warn warn) {
    std::unique_ptr<Control> control(new Control(loop, std::move(handler), std::move(warn)));
    control->bundle_ = Fd(::fcntl(bundle.get(), F_DUPFD_CLOEXEC, 3));
    for (Fifo& fifo : control->fifos_) {
        fifo.fd = TRY(make_fifo(bundle, fifo.name));
        TRY(loop.watch(fifo.fd, EPOLLIN, [raw = control.get(), &fifo](std::uint32_t) { raw->read(fifo); }));
    }
    return control;
}

Control::~Control() {
    for (const Fifo& fifo : fifos_) {
        loop_.forget(fifo.fd);
        // Another monitor of the same bundle may have come already.
        if (sys::is_at(bundle_, fifo.name, fifo.fd)) ::unlinkat(bundle_.get(), fifo.name, 0);
    }
}

void Control::read(Fifo& fifo) {
    std::array<char, line_limit> bytes{};
    const ssize_t got = ::read(fifo.fd.get(), bytes.data(), bytes.size());
    if (got <= 0) return;
    fifo.begun.append(bytes.data(), static_cast<std::size_t>(got));
    for (std::size_t end = fifo.begun.find('\n'); end != std::string::npos; end = fifo.begun.find('\n')) {
        const std::string line = fifo.begun.substr(0, end);
        fifo.begun.erase(0, end + 1);
        if (const std::optional<ControlMessage> message = fifo.parse(line))
            handler_(*message);
        else
            warn_({.fault = Fault::invalid_argument,
                   .operation = "read the message on",
                   .object = fifo.name,
                   .detail = "\"1 HEIGHT WIDTH\" or \"2 0 0\" is expected on ctl, \"HEIGHT WIDTH\" on winsz"});
    }
    if (fifo.begun.size() > line_limit) fifo.begun.clear();
}

}  // namespace ocirt::shim::monitor
