#include "shim/worker.h"

#include <linux/close_range.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <utility>

#include "common/socket.h"
#include "worker.pb.h"

namespace ocirt::shim {
namespace {

constexpr std::size_t answer_limit = std::size_t{256} << 10;
constexpr std::chrono::milliseconds at_once{0};

void encode(const Error& error, wire::WorkerError& out) {
    out.set_fault(static_cast<int>(error.fault));
    out.set_position(error.position);
    out.set_pointer(error.pointer);
    out.set_operation(error.operation);
    out.set_object(error.object);
    out.set_syscall(error.syscall);
    out.set_errnum(error.errnum);
    out.set_detail(error.detail);
    out.set_hint(error.hint);
    if (error.cause) encode(*error.cause, *out.mutable_cause());
}

Error decode(const wire::WorkerError& error) {
    return {.fault = static_cast<Fault>(error.fault()),
            .position = error.position(),
            .pointer = error.pointer(),
            .operation = error.operation(),
            .object = error.object(),
            .syscall = error.syscall(),
            .errnum = error.errnum(),
            .detail = error.detail(),
            .hint = error.hint(),
            .cause = error.has_cause() ? std::make_shared<const Error>(decode(error.cause())) : nullptr};
}

void close_all_but(const Fd& kept) {
    const auto number = static_cast<unsigned>(kept.get());
    if (number > 3) ::close_range(3, number - 1, 0);
    ::close_range(number + 1, ~0U, 0);
}

void answer(const Fd& socket, Result<Output> result) {
    wire::WorkerAnswer message;
    message.set_answered(true);
    std::vector<int> descriptors;
    if (result) {
        message.set_result(std::move(result->message));
        for (const Fd& fd : result->descriptors) descriptors.push_back(fd.get());
    } else {
        encode(result.error(), *message.mutable_error());
    }
    const std::string bytes = message.SerializeAsString();
    (void)send_message(socket, bytes.data(), bytes.size(), descriptors);
}

[[noreturn]] void work_in_child(pid_t shim, const Fd& socket, const Work& work) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != shim) ::_exit(1);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    close_all_but(socket);
    answer(socket, work());
    ::_exit(0);
}

Result<Output> read_answer(const Fd& socket) {
    Datagram datagram = TRY(receive_datagram(socket, answer_limit, at_once));
    wire::WorkerAnswer message;
    if (!datagram.open || !message.ParseFromString(datagram.data))
        return fail({.fault = Fault::corrupted,
                     .operation = "wait for the worker",
                     .detail = "it ended without an answer",
                     .hint = "somebody killed it, or the host is out of memory"});
    if (message.has_error()) return fail(decode(message.error()));
    return Output{.message = std::move(*message.mutable_result()), .descriptors = std::move(datagram.descriptors)};
}

}  // namespace

void run_worker(EventLoop& loop, Reaper& reaper, const Work& work, Done done) {
    Result<std::pair<Fd, Fd>> ends = make_socket_pair();
    const pid_t shim = ::getpid();
    const pid_t pid = ends ? ::fork() : -1;
    if (pid == 0) work_in_child(shim, ends->second, work);
    if (pid < 0) {
        Error error = ends ? fail_errno("fork", "make a worker").error() : ends.error();
        loop.defer([done = std::move(done), error] { done(fail(error)); });
        return;
    }
    reaper.hold();
    reaper.expect_new(pid, [](const Exit&) {});
    const auto socket = std::make_shared<Fd>(std::move(ends->first));
    const Result<> watched =
        loop.watch(*socket, EPOLLIN, [&loop, &reaper, socket, done = std::move(done)](std::uint32_t) {
            loop.forget(*socket);
            done(read_answer(*socket));
            reaper.release();
        });
    (void)watched;
}

}  // namespace ocirt::shim
