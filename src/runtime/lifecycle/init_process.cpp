#include "runtime/lifecycle/init_process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <span>

#include "common/memfd.h"
#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/init/image.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/user_maps.h"
#include "runtime/plan/encode.h"
#include "runtime/plan/protocol.h"

namespace ocirt::lifecycle {
namespace {

using plan::Message;
using plan::Stage;

struct ChildPlace {
    int image;
    int channel;
    int parent_channel;
    unsigned first_closed;  // descriptors from here on are not the container's
    bool wait_for_maps;
};

// In the child: a copy of this process that may only make system calls. Its exit status is the errno of what failed.
[[noreturn]] void become_init(const ChildPlace& place) {
    ::close(place.parent_channel);
    if (place.wait_for_maps) {
        Message message;
        if (::recv(place.channel, &message, sizeof(message), 0) != sizeof(message)) ::_exit(ECANCELED);
        // Denied where an unprivileged user wrote the map; then the groups stay as they are.
        ::syscall(SYS_setgroups, 0, nullptr);
        if (::syscall(SYS_setresgid, 0, 0, 0) != 0 || ::syscall(SYS_setresuid, 0, 0, 0) != 0) ::_exit(errno);
    }
    // What the caller of ocirt left open is not the container's (threat C4).
    if (::close_range(place.first_closed, ~0u, CLOSE_RANGE_CLOEXEC) != 0) ::_exit(errno);
    ::fcntl(place.channel, F_SETFD, 0);
    char name[] = "ocirt:[init]";
    char number[16];
    std::snprintf(number, sizeof(number), "%d", place.channel);
    char* argv[] = {name, number, nullptr};
    char* environment[] = {nullptr};
    ::syscall(SYS_execveat, place.image, "", argv, environment, AT_EMPTY_PATH);
    ::_exit(errno);
}

}  // namespace

Result<InitProcess> InitProcess::launch(const plan::Plan& plan, const Fd* cgroup, std::uint32_t preserve_fds) {
    InitProcess init(plan, TRY(ReportPage::make(static_cast<std::uint32_t>(plan.steps.size()))));
    const std::vector<std::byte> program = TRY(plan::encode(plan.steps));
    std::vector<SlotFd> setup;
    setup.push_back({plan::slot_program, TRY(make_sealed_memfd("ocirt-plan", program))});
    setup.push_back({plan::slot_report, Fd(::fcntl(init.report_.file().get(), F_DUPFD_CLOEXEC, 0))});

    const Fd image = TRY(make_sealed_executable("ocirt-init", ocirt::init::image()));
    std::pair<Fd, Fd> ends = TRY(make_socket_pair());
    init.channel_ = std::move(ends.first);
    TRY(init.clone(image, ends.second, cgroup, preserve_fds));
    ends.second.reset();
    if ((plan.clone_flags & CLONE_NEWUSER) != 0) {
        TRY(write_user_maps(init.pid_, *plan.user_namespace));
        TRY(init.send(Stage::maps));
    }
    TRY(init.send(Stage::setup, setup));
    return init;
}

Result<> InitProcess::clone(const Fd& image, const Fd& their_end, const Fd* cgroup, std::uint32_t preserve_fds) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = plan_->clone_flags | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    const ChildPlace place{.image = image.get(),
                           .channel = their_end.get(),
                           .parent_channel = channel_.get(),
                           .first_closed = 3 + preserve_fds,
                           .wait_for_maps = (plan_->clone_flags & CLONE_NEWUSER) != 0};
    if (cgroup != nullptr) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup->get());
    }
    long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
    // Not every place in the v2 tree can be born into: threaded ones, or without rights to the common ancestor.
    if (pid < 0 && cgroup != nullptr) {
        arguments.flags &= ~std::uint64_t{CLONE_INTO_CGROUP};
        cgroup = nullptr;
        pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
    }
    if (pid == 0) become_init(place);
    born_in_cgroup_ = cgroup != nullptr;
    if (pid < 0) {
        Error error = fail_errno("clone3", "make the container's process").error();
        error.pointer = "/linux/namespaces";
        if (error.errnum == ENOSPC || error.errnum == EUSERS)
            error.hint = "the limit of namespaces is reached: see /proc/sys/user/max_*_namespaces";
        return fail(std::move(error));
    }
    pid_ = static_cast<pid_t>(pid);
    pidfd_ = Fd(pidfd);
    return {};
}

InitProcess::~InitProcess() { kill(); }

void InitProcess::kill() {
    if (!pidfd_) return;
    (void)sys::send_signal(pidfd_, SIGKILL);
    (void)reap(pidfd_);
    pidfd_.reset();
}

Fd InitProcess::release() { return std::move(pidfd_); }

Result<> InitProcess::send(Stage stage, const std::vector<SlotFd>& descriptors) {
    std::size_t next = 0;
    do {
        Message message{.stage = stage};
        std::array<int, plan::message_descriptor_limit> numbers{};
        // One message carries a run of slots that follow each other.
        while (next < descriptors.size() && message.descriptors < plan::message_descriptor_limit) {
            const SlotFd& entry = descriptors[next];
            if (message.descriptors == 0) message.first_slot = entry.slot;
            if (entry.slot != message.first_slot + message.descriptors) break;
            numbers[message.descriptors++] = entry.fd.get();
            ++next;
        }
        message.more = next < descriptors.size() ? 1 : 0;
        const Result<> sent =
            send_message(channel_, &message, sizeof(message), std::span(numbers.data(), message.descriptors));
        if (!sent) return fail(failure());
    } while (next < descriptors.size());
    return {};
}

Result<> InitProcess::expect(Stage stage, std::chrono::milliseconds deadline) {
    for (;;) {
        Message message{};
        Result<Received> received = receive_message(channel_, &message, sizeof(message), deadline);
        if (!received && received.error().errnum == ETIMEDOUT) {
            return fail({.fault = Fault::timed_out,
                         .operation = "wait for init",
                         .detail = "it has not come further for " + std::to_string(deadline.count() / 1000) + " s"});
        }
        if (!received) return std::unexpected(std::move(received).error());
        if (!received->open) return fail(failure());
        if (message.magic != plan::message_magic)
            return fail({.fault = Fault::corrupted, .operation = "read a message of init", .detail = "it is not one"});
        if (message.stage == Stage::moved) {
            TRY(follow(static_cast<pid_t>(message.pid), std::move(received->descriptors)));
            continue;
        }
        if (message.stage == stage) return {};
        return fail({.fault = Fault::corrupted,
                     .operation = "read a message of init",
                     .detail = "stage " + std::to_string(static_cast<std::uint32_t>(message.stage)) + " came before " +
                               std::to_string(static_cast<std::uint32_t>(stage))});
    }
}

Result<> InitProcess::expect_program(std::chrono::milliseconds deadline) {
    Message message{};
    const Result<Received> received = receive_message(channel_, &message, sizeof(message), deadline);
    if (!received) return std::unexpected(received.error());
    if (received->open)
        return fail({.fault = Fault::corrupted, .operation = "read a message of init", .detail = "none was expected"});
    // The channel was closed by execve, or by the end of the process.
    return report_.executing() ? Result<>{} : fail(failure());
}

// The process goes on as another one, our child too (CLONE_PARENT): the first one is reaped.
Result<> InitProcess::follow(pid_t pid, std::vector<Fd> descriptors) {
    if (descriptors.size() != 1)
        return fail({.fault = Fault::corrupted, .operation = "follow init", .detail = "it sent no pidfd"});
    (void)TRY(reap(pidfd_));
    pidfd_ = std::move(descriptors.front());
    pid_ = pid;
    return {};
}

Error InitProcess::failure() {
    if (report_.failed()) {
        const std::uint32_t index = report_.report().step;
        if (index >= plan_->steps.size()) return explain(report_.report(), nullptr);
        const state::StartStep step = summarize(plan_->steps[index], index);
        return explain(report_.report(), &step);
    }
    // It ended without a word: before it was init, or by a signal.
    Error error{.operation = "wait for init", .detail = "it ended without a report"};
    if (!pidfd_ || !wait_for_end(pidfd_, std::chrono::seconds(2)).value_or(false)) return error;
    const Result<int> status = reap(pidfd_);
    pidfd_.reset();
    if (!status) return error;
    if (report_.report().started == 0 && *status < 128) {
        error = Error{.operation = "execute init", .errnum = *status};
    } else if (*status == 128 + SIGKILL) {
        error.detail = "it was killed";
        error.hint = "a memory limit may be too small for a container to start";
    } else {
        error.detail = "it ended with status " + std::to_string(*status);
    }
    return error;
}

}  // namespace ocirt::lifecycle
