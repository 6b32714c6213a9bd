#include "runtime/lifecycle/init_process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <string>

#include "common/clone.h"
#include "common/memfd.h"
#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/init/image.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/user_maps.h"
#include "runtime/plan/encode.h"
#include "runtime/plan/protocol.h"

namespace ocirt::lifecycle {

using plan::Message;
using plan::Stage;

// Where the child begins, and all it may touch: it runs in the parent's memory until it has executed init, or in a
// copy.
struct InitProcess::Birth {
    explicit Birth(int channel_fd) : channel(channel_fd), number(std::to_string(channel_fd)) {}
    Birth(const Birth&) = delete;
    Birth& operator=(const Birth&) = delete;

    int image = -1;
    int channel;
    int parent_channel = -1;
    int rootfs = -1;
    unsigned first_closed = 3;  // descriptors from here on are not the container's
    bool wait_for_maps = false;
    bool keep_groups = false;
    std::string number;
    std::array<char, 13> name{"ocirt:[init]"};
    std::array<char*, 3> argv{name.data(), number.data(), nullptr};
    std::array<char*, 1> environment{nullptr};
    Message message{};
    std::unique_ptr<ChildStack> stack = std::make_unique_for_overwrite<ChildStack>();
};

namespace {

OCIRT_ON_FOREIGN_STACK void exit_on_failure(long result) {
    if (result < 0) raw_syscall(SYS_exit_group, -result);
}

}  // namespace

// In the child. Its exit status is the errno of what failed.
OCIRT_ON_FOREIGN_STACK void InitProcess::become_init(void* argument) {
    Birth& birth = *static_cast<Birth*>(argument);
    if (birth.wait_for_maps) {
        raw_syscall(SYS_close, birth.parent_channel);  // else it would never see the channel's end
        const long got =
            raw_syscall(SYS_read, birth.channel, reinterpret_cast<long>(&birth.message), sizeof(birth.message));
        exit_on_failure(got == sizeof(birth.message) ? 0 : -ECANCELED);
        // Denied where an unprivileged user wrote the map; then the groups stay as they are.
        if (!birth.keep_groups) raw_syscall(SYS_setgroups);
        exit_on_failure(raw_syscall(SYS_setresgid));
        exit_on_failure(raw_syscall(SYS_setresuid));
    }
    // Where it stands, the root is attached (AttachRoot): any directory serves, but hooks look for it in this one.
    if (birth.rootfs >= 0) raw_syscall(SYS_fchdir, birth.rootfs);
    // What the caller of ocirt left open is not the container's (threat C4).
    exit_on_failure(raw_syscall(SYS_close_range, birth.first_closed, ~0u, CLOSE_RANGE_CLOEXEC));
    raw_syscall(SYS_fcntl, birth.channel, F_SETFD, 0);
    exit_on_failure(raw_syscall(SYS_execveat, birth.image, reinterpret_cast<long>(""),
                                reinterpret_cast<long>(birth.argv.data()),
                                reinterpret_cast<long>(birth.environment.data()), AT_EMPTY_PATH));
}

Result<InitProcess> InitProcess::launch(const plan::Plan& plan, const Fd* cgroup, std::uint32_t preserve_fds,
                                        Parent parent) {
    InitProcess init(plan, TRY(ReportPage::make(static_cast<std::uint32_t>(plan.steps.size()))), parent);
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
    const bool new_user = (plan_->clone_flags & CLONE_NEWUSER) != 0;
    birth_ = std::make_unique<Birth>(their_end.get());
    birth_->image = image.get();
    birth_->parent_channel = channel_.get();
    birth_->first_closed = 3 + preserve_fds;
    birth_->wait_for_maps = new_user;
    birth_->keep_groups = plan_->keep_groups;
    Fd rootfs;
    if (!plan_->rootfs.empty()) rootfs = sys::open(plan_->rootfs, O_PATH | O_DIRECTORY).value_or(Fd{});
    if (rootfs) birth_->rootfs = rootfs.get();  // else opening its tree says why not
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = plan_->clone_flags | CLONE_PIDFD;
    // A child that changes its ids would make this process undumpable with it.
    if (!new_user) arguments.flags |= CLONE_VM;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    // The kernel gives a sibling the exit signal that this process has.
    if (parent_ == Parent::ours) arguments.flags |= CLONE_PARENT;
    if (parent_ == Parent::self) arguments.exit_signal = SIGCHLD;
    if (cgroup != nullptr) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup->get());
    }
    const auto attempt = [&] { return clone_onto(*birth_->stack, arguments, become_init, birth_.get()); };
    long pid = attempt();
    // Where this process' children shall be in another time namespace, they cannot share its memory.
    if (pid == -EINVAL && !new_user) {
        arguments.flags &= ~std::uint64_t{CLONE_VM};
        pid = attempt();
    }
    // Not every place in the v2 tree can be born into: threaded ones, or without rights to the common ancestor.
    if (pid < 0 && cgroup != nullptr) {
        arguments.flags &= ~std::uint64_t{CLONE_INTO_CGROUP};
        cgroup = nullptr;
        pid = attempt();
    }
    born_in_cgroup_ = cgroup != nullptr;
    if (pid < 0) {
        Error error = fail_errno(static_cast<int>(-pid), "clone3", "make the container's process").error();
        error.pointer = "/linux/namespaces";
        if (error.errnum == ENOSPC || error.errnum == EUSERS)
            error.hint = "the limit of namespaces is reached: see /proc/sys/user/max_*_namespaces";
        return fail(std::move(error));
    }
    pid_ = static_cast<pid_t>(pid);
    pidfd_ = Fd(pidfd);
    // A scheduler that keeps a newborn beside its parent moves it to an idle processor at its execve: let it come there
    // before this process has blocked, so that both work at the same time. Elsewhere there is nobody to yield to.
    ::sched_yield();
    return {};
}

InitProcess::InitProcess(const plan::Plan& plan, ReportPage report, Parent parent)
    : plan_(&plan), report_(std::move(report)), parent_(parent) {}
InitProcess::InitProcess(InitProcess&&) noexcept = default;
InitProcess::~InitProcess() { kill(); }

void InitProcess::kill() {
    if (!pidfd_) return;
    (void)sys::send_signal(pidfd_, SIGKILL);
    (void)wait_for_status();
    pidfd_.reset();
}

Result<int> InitProcess::wait_for_status() const {
    if (parent_ == Parent::self) return reap(pidfd_);
    constexpr std::chrono::seconds end_deadline{10};
    (void)TRY(wait_for_end(pidfd_, end_deadline));
    return fail_errno(ECHILD, "waitid", "wait for init");
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
        if (message.stage == Stage::console && received->descriptors.size() == 1) {
            console_ = std::move(received->descriptors.front());
            continue;
        }
        if (message.stage == stage) return {};
        return fail({.fault = Fault::corrupted,
                     .operation = "read a message of init",
                     .detail = "stage " + std::to_string(static_cast<std::uint32_t>(message.stage)) + " came before " +
                               std::to_string(static_cast<std::uint32_t>(stage))});
    }
}

Result<> InitProcess::expect_program(std::chrono::milliseconds deadline, SeccompAgent* agent,
                                     const Container& container) {
    Message message{};
    Result<Received> received = receive_message(channel_, &message, sizeof(message), deadline);
    if (received && received->open && message.stage == Stage::listener && agent != nullptr) {
        TRY(agent->serve(channel_, report_,
                         {.record = container.record, .status = container.status(), .pid = pid_, .pidfd = pidfd_}));
        received = receive_message(channel_, &message, sizeof(message), deadline);
    }
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
    if (parent_ == Parent::self) (void)TRY(reap(pidfd_));
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
    const Result<int> status = wait_for_status();
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
