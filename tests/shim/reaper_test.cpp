// The reaper, with pids that come again.
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "common/syscall.h"
#include "shim/reaper.h"

namespace ocirt::test {
namespace {

using shim::EventLoop;
using shim::Exit;
using shim::Reaper;

struct Child {
    pid_t pid = -1;
    Fd process{};
};

// `wanted`: its pid; 0 is any. It exits with `status`, or waits for a signal where that is -1.
Child make_child(pid_t wanted, int status) {
    int process = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&process);
    arguments.exit_signal = SIGCHLD;
    if (wanted != 0) {
        arguments.set_tid = reinterpret_cast<std::uint64_t>(&wanted);
        arguments.set_tid_size = 1;
    }
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (pid == 0 && status < 0) ::pause();
    if (pid == 0) ::_exit(status);
    if (pid < 0) ::_exit(100);  // nobody goes on with -1 for a pid
    return {.pid = static_cast<pid_t>(pid), .process = Fd(process)};
}

void wait_until_ended(const Child& child) {
    siginfo_t info{};
    (void)::waitid(P_PIDFD, static_cast<id_t>(child.process.get()), &info, WEXITED | WNOWAIT);
}

// A step that failed is the exit status; 0: all went well.
int reuse_pid() {
    EventLoop loop = EventLoop::make().value();
    const std::unique_ptr<Reaper> reaper = Reaper::start(loop).value();
    reaper->hold();  // a worker is under way all the time
    std::vector<int> told;
    const auto tell = [&told](const Exit& exit) { told.push_back(exit.status); };

    const Child stranger = make_child(0, 3);
    wait_until_ended(stranger);
    reaper->sweep();
    const Child running = make_child(stranger.pid, -1);
    reaper->expect(running.pid, running.process, tell);
    if (!told.empty()) return 1;  // the stranger's end
    if (!sys::send_signal(running.process, SIGKILL)) return 5;
    wait_until_ended(running);
    reaper->sweep();
    if (told != std::vector<int>{137}) return 2;

    const Child other_stranger = make_child(stranger.pid, 4);
    wait_until_ended(other_stranger);
    reaper->sweep();
    const Child ended = make_child(stranger.pid, 5);
    wait_until_ended(ended);
    reaper->expect(ended.pid, ended.process, tell);  // it is still to be reaped
    if (told != std::vector<int>{137, 5}) return 3;

    const Child reaped = make_child(0, 6);
    wait_until_ended(reaped);
    reaper->sweep();
    reaper->expect(reaped.pid, reaped.process, tell);
    return told == std::vector<int>{137, 5, 6} ? 0 : 4;
}

// The reaper takes all children's ends: it has a process of its own.
TEST(ShimReaper, APidThatComesAgainHasNotTheEndOfTheOneBefore) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(reuse_pid());
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "the step that failed";
}

}  // namespace
}  // namespace ocirt::test
