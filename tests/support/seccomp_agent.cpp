#include "support/seccomp_agent.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/process.h"

namespace ocirt::test {
namespace {

constexpr std::size_t longest_state = 1 << 16;

Fd listen_on(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path.string();
    if (name.size() >= sizeof(address.sun_path)) throw std::runtime_error("the socket's path is too long: " + name);
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(socket.get(), 8) != 0)
        throw std::runtime_error("cannot listen on " + name);
    return socket;
}

// The state as it came, and the descriptors with its first byte.
std::string receive_state(const Fd& connection, std::vector<Fd>& descriptors) {
    std::string text(longest_state, '\0');
    std::size_t size = 0;
    for (;;) {
        alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
        iovec part{.iov_base = text.data() + size, .iov_len = text.size() - size};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof(control);
        const ssize_t got = ::recvmsg(connection.get(), &header, MSG_CMSG_CLOEXEC);
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
        for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c))
            for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
                int number = -1;
                std::memcpy(&number, CMSG_DATA(c) + at, sizeof(int));
                descriptors.emplace_back(number);
            }
    }
    text.resize(size);
    return text;
}

void answer_one(const Fd& listener, const AgentAnswer& answer) {
    seccomp_notif asked{};
    if (::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return;
    seccomp_notif_resp given{};
    given.id = asked.id;
    if (asked.data.nr == answer.system_call) {
        given.error = -answer.errnum;
        given.val = answer.value;
    } else {
        given.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    (void)::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &given);
}

[[noreturn]] void serve(const Fd& socket, const Fd& states, const AgentAnswer& answer) {
    std::vector<Fd> listeners;
    while (answer.asleep) ::pause();
    for (;;) {
        std::vector<pollfd> waiting{{.fd = socket.get(), .events = POLLIN, .revents = 0}};
        for (const Fd& listener : listeners) waiting.push_back({.fd = listener.get(), .events = POLLIN, .revents = 0});
        if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
        // From the last one on, as those whose processes are gone are closed.
        for (std::size_t at = waiting.size(); at-- > 1;) {
            if ((waiting[at].revents & POLLIN) != 0)
                answer_one(listeners[at - 1], answer);
            else if (waiting[at].revents != 0)
                listeners.erase(listeners.begin() + static_cast<std::ptrdiff_t>(at) - 1);
        }
        if (waiting[0].revents == 0) continue;
        const Fd connection(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (answer.deaf) continue;
        std::vector<Fd> descriptors;
        Json state = Json::parse(receive_state(connection, descriptors), nullptr, false);
        if (state.is_object()) state["descriptors"] = descriptors.size();
        const std::string text = state.dump();
        (void)::send(states.get(), text.data(), text.size(), MSG_NOSIGNAL);
        for (Fd& descriptor : descriptors) listeners.push_back(std::move(descriptor));
    }
}

}  // namespace

SeccompAgent::SeccompAgent(const std::filesystem::path& socket, const AgentAnswer& answer) {
    const Fd listener = listen_on(socket);
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
    states_ = Fd(ends[0]);
    const Fd theirs(ends[1]);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(listener, theirs, answer);
}

SeccompAgent::~SeccompAgent() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

Json SeccompAgent::state() {
    pollfd ready{.fd = states_.get(), .events = POLLIN, .revents = 0};
    const auto limit = std::chrono::milliseconds(deadline).count();
    if (::poll(&ready, 1, static_cast<int>(limit)) != 1) return nullptr;
    std::string text(longest_state, '\0');
    const ssize_t size = ::recv(states_.get(), text.data(), text.size(), 0);
    if (size <= 0) return nullptr;
    text.resize(static_cast<std::size_t>(size));
    return Json::parse(text, nullptr, false);
}

}  // namespace ocirt::test
