#include "support/pty.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

namespace ocirt::test {
namespace {

template <class T>
T check(T value, const char* what) {
    if (value < 0) throw std::system_error(errno, std::generic_category(), what);
    return value;
}

Fd open_master() {
    Fd master(check(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt"));
    check(::unlockpt(master.get()), "unlockpt");
    return master;
}

Fd open_slave(const Fd& master) {
    return Fd(check(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), "TIOCGPTPEER"));
}

bool wait_readable(int fd, std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0;
}

}  // namespace

void Screen::type(const std::string& text) const { check(::write(master_.get(), text.data(), text.size()), "type"); }

bool Screen::read_once(std::chrono::steady_clock::time_point until) {
    if (!wait_readable(master_.get(), until)) return false;
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(master_.get(), bytes.data(), bytes.size());
    if (got <= 0) return false;
    text_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
}

bool Screen::wait_for(const std::string& text, std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (text_.find(text) == text_.npos)
        if (!read_once(until)) return false;
    return true;
}

std::string Screen::read_all(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (read_once(until)) {}
    return text_;
}

void Screen::resize(unsigned short rows, unsigned short columns) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    check(::ioctl(master_.get(), TIOCSWINSZ, &size), "TIOCSWINSZ");
}

Pty::Pty() : screen(open_master()) { slave = open_slave(screen.master()); }

termios Pty::modes() const {
    termios modes{};
    check(::tcgetattr(slave.get(), &modes), "tcgetattr");
    return modes;
}

ConsoleSocket::ConsoleSocket(std::filesystem::path path)
    : path_(std::move(path)), socket_(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& name = path_.native();
    if (name.size() >= sizeof(address.sun_path)) throw std::length_error(name);
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    check(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "bind");
    check(::listen(socket_.get(), 4), "listen");
}

ConsoleSocket::Console ConsoleSocket::receive() const {
    const auto until = std::chrono::steady_clock::now() + deadline;
    if (!wait_readable(socket_.get(), until)) throw std::runtime_error("nobody connected to the console socket");
    const Fd connection(check(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    std::array<char, 4096> name{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{.iov_base = name.data(), .iov_len = name.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    if (!wait_readable(connection.get(), until)) throw std::runtime_error("nothing came over the console socket");
    const ssize_t got = check(::recvmsg(connection.get(), &header, MSG_CMSG_CLOEXEC), "recvmsg");
    const cmsghdr* rights = CMSG_FIRSTHDR(&header);
    if (rights == nullptr || rights->cmsg_len != CMSG_LEN(sizeof(int))) throw std::runtime_error("no terminal came");
    int master = -1;
    std::memcpy(&master, CMSG_DATA(rights), sizeof(int));
    return {.name = std::string(name.data(), static_cast<std::size_t>(got)), .master = Fd(master)};
}

}  // namespace ocirt::test
