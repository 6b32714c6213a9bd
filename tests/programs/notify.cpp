// What a service says to its manager (sd_notify(3)), for the containers of tests: every word is a datagram for
// $NOTIFY_SOCKET; "barrier" is BARRIER=1 with a descriptor, whose closing is waited for (sd_notify_barrier(3)).
// Exits with the errno of the first that could not be sent.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

bool send(int socket, std::string_view text, int descriptor) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        cmsghdr* rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
    }
    return ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

bool pass_barrier(int socket) {
    int ends[2];
    if (::pipe(ends) != 0 || !send(socket, "BARRIER=1", ends[1])) return false;
    ::close(ends[1]);
    char byte = 0;
    return ::read(ends[0], &byte, 1) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr) return 255;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return errno;
    for (int i = 1; i < argc; ++i)
        if (argv[i] == std::string_view("barrier") ? !pass_barrier(socket) : !send(socket, argv[i], -1)) return errno;
    return 0;
}
