#include "runtime/checkpoint/criu.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <thread>

#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/checkpoint/criu_log.h"

namespace ocirt::checkpoint {
namespace {

constexpr int socket_number = 3;
// What is to become 3, 4, … is out of the way of these numbers first.
constexpr int out_of_the_way = 64;
constexpr std::size_t message_limit = std::size_t{64} * 1024;
// A dump writes all of a container's memory, or waits until a page server has sent it.
constexpr std::chrono::milliseconds response_deadline = std::chrono::hours(24);
// Told that it shall not go on, criu cleans up; not if what it restored has been killed meanwhile.
constexpr std::chrono::milliseconds objection_deadline = std::chrono::seconds(5);
constexpr int end_deadline_ms = 10'000;

class SpawnPlan {
   public:
    SpawnPlan() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnPlan() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    Result<> give(const Fd& fd, int number) {
        Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, out_of_the_way));
        if (!moved) return fail_errno("fcntl", "give criu a descriptor");
        ::posix_spawn_file_actions_adddup2(&actions, moved.get(), number);
        moved_.push_back(std::move(moved));
        return {};
    }

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};

   private:
    std::vector<Fd> moved_;
};

std::unexpected<Error> cannot_execute(const std::string& program, int errnum) {
    Error error{.operation = "execute criu", .object = program, .syscall = "execve", .errnum = errnum};
    if (errnum == ENOENT) {
        error.fault = Fault::unsupported;
        error.hint = "checkpoint and restore are criu's work: install it (apt-get install criu) or name it with --criu";
    }
    return fail(std::move(error));
}

Error silent_end() { return {.operation = "ask criu", .detail = "it ended without an answer"}; }

}  // namespace

Result<Criu> Criu::start(const std::string& program, const Setting& setting) {
    std::pair<Fd, Fd> ends = TRY(make_socket_pair());
    SpawnPlan plan;
    TRY(plan.give(ends.second, socket_number));
    int number = first_given_descriptor;
    for (const Fd& fd : setting.given) TRY(plan.give(fd, number++));
    ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, number);
    for (int stdio = 0; setting.quiet && stdio < socket_number; ++stdio)
        ::posix_spawn_file_actions_addopen(&plan.actions, stdio, "/dev/null", O_RDWR, 0);

    std::string name = program;
    std::string swrk = "swrk";
    std::string socket = std::to_string(socket_number);
    const std::array<char*, 4> words{name.data(), swrk.data(), socket.data(), nullptr};
    pid_t pid = 0;
    int errnum = 0;
    const auto spawn = [&] {
        errnum = ::posix_spawnp(&pid, program.c_str(), &plan.actions, &plan.attributes, words.data(), environ);
    };
    if (setting.no_new_privileges) {
        // It is a thread's, cannot be taken back, and is inherited: a thread of its own takes it along. With a root and
        // working directory of its own, too: while these are shared, this process could not change its namespace.
        std::thread([&] {
            if (::unshare(CLONE_FS) == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
                spawn();
            else
                errnum = errno;
        }).join();
    } else {
        spawn();
    }
    if (errnum != 0) return cannot_execute(program, errnum);
    return Criu(std::move(ends.first), TRY(sys::open_pidfd(pid)), pid);
}

Criu::~Criu() {
    if (!pidfd_) return;
    (void)sys::send_signal(pidfd_, SIGKILL);
    end();
}

// Waits for its end and reaps it: at once where it has been killed, soon where its socket is closed.
void Criu::end() {
    socket_.reset();
    pollfd ready{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    while (::poll(&ready, 1, end_deadline_ms) < 0 && errno == EINTR) {}
    if ((ready.revents & POLLIN) == 0) (void)sys::send_signal(pidfd_, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0 && errno == EINTR) {}
    pidfd_.reset();
}

Result<> Criu::send(const criu::Request& request) {
    const std::string text = request.SerializeAsString();
    if (!send_message(socket_, text.data(), text.size())) return fail(silent_end());
    return {};
}

Result<criu::Response> Criu::request(const criu::Request& request, const Listener& listener) {
    Result<criu::Response> response = converse(request, listener);
    end();
    return response;
}

Result<criu::Response> Criu::converse(const criu::Request& request, const Listener& listener) {
    TRY(send(request));
    std::optional<Error> objection;
    for (;;) {
        Result<Datagram> message =
            receive_datagram(socket_, message_limit, objection ? objection_deadline : response_deadline);
        if (!message && objection) {
            (void)sys::send_signal(pidfd_, SIGKILL);
            return fail(std::move(*objection));
        }
        if (!message) return std::unexpected(std::move(message).error());
        criu::Response response;
        if (!message->open || !response.ParseFromString(message->data))
            return fail(objection ? std::move(*objection) : silent_end());
        if (response.type() == criu::NOTIFY) {
            Result<> heard = listener({.script = response.notify().script(),
                                       .pid = response.notify().pid(),
                                       .descriptors = std::move(message->descriptors)});
            criu::Request answer;
            answer.set_type(criu::NOTIFY);
            answer.set_notify_success(heard.has_value());
            if (!heard && !objection) objection = std::move(heard).error();
            TRY(send(answer));
            continue;
        }
        if (objection) return fail(std::move(*objection));
        if (response.success()) return response;
        const std::string told = last_errors(response.cr_errmsg());
        return fail({.operation = "ask criu",
                     .errnum = response.cr_errno(),
                     .detail = !told.empty()                   ? told
                               : !response.cr_errmsg().empty() ? response.cr_errmsg()
                                                               : "it failed"});
    }
}

}  // namespace ocirt::checkpoint
