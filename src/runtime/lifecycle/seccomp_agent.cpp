#include "runtime/lifecycle/seccomp_agent.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/plan/protocol.h"

namespace ocirt::lifecycle {
namespace {

using Clock = std::chrono::steady_clock;

// For each of two calls: together shorter than init looks at the page (init/exec.cpp).
constexpr std::chrono::seconds patience{3};
constexpr std::chrono::microseconds glance{50};

std::unexpected<Error> about(Error error, const char* operation, const plan::SeccompListener& listener) {
    error.pointer = "/linux/seccomp/listenerPath";
    error.operation = operation;
    error.object = listener.path;
    return fail(std::move(error));
}

// False: init has ended, or is about to.
Result<bool> await_listener(const Fd& socket, const ReportPage& page) {
    const Clock::time_point end = Clock::now() + patience;
    const timespec pause{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(glance).count()};
    while (!page.listener()) {
        if (page.failed()) return false;
        pollfd closed{.fd = socket.get(), .events = POLLIN, .revents = 0};
        if (::ppoll(&closed, 1, &pause, nullptr) > 0) return false;
        if (Clock::now() > end)
            return fail({.fault = Fault::timed_out,
                         .operation = "wait for the seccomp filter",
                         .detail = "init has not installed it"});
    }
    return true;
}

}  // namespace

Result<SeccompAgent> SeccompAgent::connect(const plan::SeccompListener& listener) {
    const std::size_t slash = listener.path.rfind('/');
    Result<Fd> connected = [&]() -> Result<Fd> {
        const Fd directory = TRY(sys::open(slash == 0 ? "/" : listener.path.substr(0, slash), O_PATH | O_DIRECTORY));
        return connect_stream_at(directory, listener.path.substr(slash + 1), patience);
    }();
    if (connected) return SeccompAgent(listener, std::move(*connected));
    Error error = std::move(connected).error();
    if (error.errnum == ENOENT || error.errnum == ECONNREFUSED) error.hint = "the seccomp agent does not run";
    return about(std::move(error), "connect to the seccomp agent at", listener);
}

Result<> SeccompAgent::serve(const Fd& socket, ReportPage& page, const Owner& owner) {
    const plan::Message go_on{.stage = plan::Stage::listener};
    TRY(send_message(socket, &go_on, sizeof(go_on)));
    if (!TRY(await_listener(socket, page))) return {};
    Result<Fd> taken = sys::take_descriptor(owner.pidfd, *page.listener());
    if (!taken) {
        if (taken.error().errnum == EPERM)
            taken.error().hint = "it takes CAP_SYS_PTRACE; without root it works for `run` and `start`, not for `exec`";
        return about(std::move(taken).error(), "take the seccomp listener for", listener_);
    }
    const std::array descriptors{taken->get()};
    const std::string state =
        state::container_process_state(owner.record, owner.status, owner.pid, {"seccompFd"}, listener_.metadata);
    if (Result<> sent = send_stream(socket_, state, descriptors); !sent)
        return about(std::move(sent).error(), "hand the seccomp listener to", listener_);
    socket_.reset();  // the end of the state, as the spec has it: the agent may wait for it
    page.acknowledge_listener();
    return {};
}

}  // namespace ocirt::lifecycle
