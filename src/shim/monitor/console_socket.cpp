#include "shim/monitor/console_socket.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "common/socket.h"
#include "common/syscall.h"

namespace ocirt::shim::monitor {
namespace {

constexpr std::size_t name_limit = 4096;

// Lines are to end where a client's terminal begins the next one, as clients of conmon expect.
void add_carriage_returns(const Fd& console) {
    termios settings{};
    if (::tcgetattr(console.get(), &settings) != 0) return;
    settings.c_oflag |= ONLCR;
    (void)::tcsetattr(console.get(), TCSANOW, &settings);
}

}  // namespace

Result<std::unique_ptr<ConsoleSocket>> ConsoleSocket::open(EventLoop& loop, Arrived arrived) {
    const char* const parent = std::getenv("TMPDIR");
    std::string name = std::string(parent != nullptr && *parent == '/' ? parent : "/tmp") + "/ocirt-XXXXXX";
    std::unique_ptr<ConsoleSocket> socket(new ConsoleSocket(loop, std::move(arrived)));
    if (::mkdtemp(name.data()) == nullptr) return fail_errno("mkdtemp", "make a directory for the terminal", name);
    socket->directory_ = name;
    const Fd directory = TRY(sys::open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    socket->listener_ = TRY(listen_at(directory, "console", SOCK_STREAM));
    ::fcntl(socket->listener_.get(), F_SETFL, O_NONBLOCK);
    TRY(loop.watch(socket->listener_, EPOLLIN, [raw = socket.get()](std::uint32_t) { raw->accept(); }));
    return socket;
}

ConsoleSocket::~ConsoleSocket() {
    loop_.forget(connection_);
    remove();
}

void ConsoleSocket::accept() {
    connection_ = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection_) return;
    remove();
    (void)loop_.watch(connection_, EPOLLIN, [this](std::uint32_t) { receive(); });
}

void ConsoleSocket::look() {
    if (listener_) accept();
    if (connection_) receive();
}

void ConsoleSocket::receive() {
    loop_.forget(connection_);
    Result<Datagram> message = receive_datagram(connection_, name_limit, {});
    connection_.reset();
    if (!message || message->descriptors.empty() || ::isatty(message->descriptors.front().get()) == 0) return;
    add_carriage_returns(message->descriptors.front());
    arrived_(std::move(message->descriptors.front()));
}

void ConsoleSocket::remove() {
    if (!listener_) return;
    loop_.forget(listener_);
    listener_.reset();
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
}

}  // namespace ocirt::shim::monitor
