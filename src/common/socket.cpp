#include "common/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace ocirt {
namespace {

constexpr std::size_t descriptor_limit = 253;  // SCM_MAX_FD

Result<sockaddr_un> address_of(const Fd& directory, const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
    if (path.size() >= sizeof(address.sun_path)) return fail_errno(ENAMETOOLONG, "bind", "name the socket", name);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

Result<> wait_readable(const Fd& socket, std::chrono::milliseconds deadline) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
        const int polled = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (polled > 0) return {};
        if (polled == 0) return fail_errno(ETIMEDOUT, "poll", "receive a message");
        if (errno != EINTR) return fail_errno("poll", "receive a message");
    }
}

Result<Fd> make_socket(int type) {
    Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno("socket", "make a socket");
    return socket;
}

Result<Fd> connected(Fd socket, const Fd& directory, const std::string& name) {
    const sockaddr_un address = TRY(address_of(directory, name));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        return fail_errno("connect", "connect to the socket", name);
    return socket;
}

// One message, as far as there is room for it. Nothing: the peer has closed.
struct Arrived {
    std::size_t size = 0;
    bool truncated = false;
    std::vector<Fd> descriptors{};
};

Result<Arrived> receive(const Fd& socket, void* data, std::size_t room) {
    alignas(cmsghdr) char control[CMSG_SPACE(descriptor_limit * sizeof(int))];
    iovec part{.iov_base = data, .iov_len = room};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    const ssize_t got = ::recvmsg(socket.get(), &header, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == ECONNRESET) return Arrived{};
    if (got < 0) return fail_errno("recvmsg", "receive a message");

    Arrived arrived{.size = static_cast<std::size_t>(got),
                    .truncated = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0};
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        for (std::size_t offset = 0; CMSG_LEN(offset + sizeof(int)) <= c->cmsg_len; offset += sizeof(int)) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(c) + offset, sizeof(int));
            arrived.descriptors.emplace_back(number);
        }
    }
    return arrived;
}

// How much of it was sent: of a message all.
Result<std::size_t> send_some(const Fd& socket, const void* data, std::size_t size, std::span<const int> descriptors) {
    alignas(cmsghdr) char control[CMSG_SPACE(descriptor_limit * sizeof(int))];
    iovec part{.iov_base = const_cast<void*>(data), .iov_len = size};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (!descriptors.empty()) {
        const std::size_t bytes = descriptors.size_bytes();
        if (descriptors.size() > descriptor_limit) return fail_errno(E2BIG, "sendmsg", "send descriptors");
        std::memset(control, 0, CMSG_SPACE(bytes));
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(bytes);
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(bytes);
        std::memcpy(CMSG_DATA(rights), descriptors.data(), bytes);
    }
    for (;;) {
        const ssize_t sent = ::sendmsg(socket.get(), &header, MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno != EINTR) return fail_errno("sendmsg", "send a message");
    }
}

}  // namespace

Result<std::pair<Fd, Fd>> make_socket_pair() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fail_errno("socketpair", "make a socket pair");
    return std::pair(Fd(pair[0]), Fd(pair[1]));
}

Result<> send_message(const Fd& socket, const void* data, std::size_t size, std::span<const int> descriptors) {
    (void)TRY(send_some(socket, data, size, descriptors));
    return {};
}

Result<> send_stream(const Fd& socket, std::string_view text, std::span<const int> descriptors) {
    while (!text.empty()) {
        text.remove_prefix(TRY(send_some(socket, text.data(), text.size(), descriptors)));
        descriptors = {};
    }
    return {};
}

Result<Received> receive_message(const Fd& socket, void* data, std::size_t size, std::chrono::milliseconds deadline) {
    TRY(wait_readable(socket, deadline));
    Arrived arrived = TRY(receive(socket, data, size));
    if (arrived.size != 0 && (arrived.truncated || arrived.size != size))
        return fail_errno(EBADMSG, "recvmsg", "receive a message");
    return Received{.open = arrived.size != 0, .descriptors = std::move(arrived.descriptors)};
}

Result<Datagram> receive_datagram(const Fd& socket, std::size_t limit, std::chrono::milliseconds deadline) {
    TRY(wait_readable(socket, deadline));
    std::string data(limit, '\0');
    Arrived arrived = TRY(receive(socket, data.data(), data.size()));
    if (arrived.truncated) return fail_errno(EBADMSG, "recvmsg", "receive a message");
    data.resize(arrived.size);
    return Datagram{.open = arrived.size != 0, .data = std::move(data), .descriptors = std::move(arrived.descriptors)};
}

Result<Fd> listen_at(const Fd& directory, const std::string& name, int type) {
    Fd socket = TRY(make_socket(type));
    const sockaddr_un address = TRY(address_of(directory, name));
    // The mode that bind gives the socket file is the descriptor's own.
    if (::fchmod(socket.get(), 0600) != 0) return fail_errno("fchmod", "set the mode of the socket", name);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        return fail_errno("bind", "make the socket", name);
    if (::listen(socket.get(), 16) != 0) return fail_errno("listen", "listen on the socket", name);
    return socket;
}

Result<Fd> bind_datagram_at(const Fd& directory, const std::string& name) {
    Fd socket = TRY(make_socket(SOCK_DGRAM | SOCK_NONBLOCK));
    const sockaddr_un address = TRY(address_of(directory, name));
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        return fail_errno("bind", "make the socket", name);
    // By name, as the umask has had its part in what bind made.
    if (::fchmodat(directory.get(), name.c_str(), 0777, 0) != 0)
        return fail_errno("fchmodat", "set the mode of the socket", name);
    return socket;
}

Result<Fd> connect_datagram(const std::string& address) {
    Fd socket = TRY(make_socket(SOCK_DGRAM | SOCK_NONBLOCK));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const bool abstract = address.starts_with('@');
    // An abstract name ends where the address does, a path with its NUL.
    const std::size_t size = address.size() + (abstract ? 0 : 1);
    if (size > sizeof(name.sun_path)) return fail_errno(ENAMETOOLONG, "connect", "connect to the socket", address);
    std::memcpy(name.sun_path, address.c_str(), size);
    if (abstract) name.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0)
        return fail_errno("connect", "connect to the socket", address);
    return socket;
}

Result<Fd> connect_at(const Fd& directory, const std::string& name, int type) {
    return connected(TRY(make_socket(type)), directory, name);
}

Result<Fd> connect_stream_at(const Fd& directory, const std::string& name, std::chrono::milliseconds deadline) {
    Fd socket = TRY(make_socket(SOCK_STREAM));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(deadline);
    const timeval limit{.tv_sec = seconds.count(), .tv_usec = std::chrono::microseconds(deadline - seconds).count()};
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
        return fail_errno("setsockopt", "limit the time of sending");
    return connected(std::move(socket), directory, name);
}

}  // namespace ocirt
