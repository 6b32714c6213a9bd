#include "support/fifo.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace ocirt::test {

FifoReader::FifoReader(const std::filesystem::path& path) {
    ::mkfifo(path.c_str(), 0600);
    fd_ = Fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

bool FifoReader::read_some(std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 65536> bytes{};
    const ssize_t got = ::read(fd_.get(), bytes.data(), bytes.size());
    if (got > 0) text_.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0;
}

std::string FifoReader::read_all(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (read_some(until)) {}
    return std::move(text_);
}

bool FifoReader::wait_for(const std::string& text, std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (text_.find(text) == std::string::npos)
        if (!read_some(until)) return false;
    return true;
}

}  // namespace ocirt::test
