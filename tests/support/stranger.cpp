#include "support/stranger.h"

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

#include "common/syscall.h"
#include "support/host.h"
#include "support/process.h"

namespace ocirt::test {

Stranger::Stranger(pid_t pid) {
    int process = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&process);
    arguments.exit_signal = SIGCHLD;
    arguments.set_tid = reinterpret_cast<std::uint64_t>(&pid);
    arguments.set_tid_size = 1;
    long made = -1;
    (void)eventually([&] {
        reap_orphans();
        made = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
        if (made == 0)
            for (;;) ::pause();
        return made > 0 || errno != EEXIST;
    });
    if (made < 0) throw std::system_error(errno, std::generic_category(), "clone3 with a pid");
    process_ = Fd(process);
}

Stranger::~Stranger() {
    (void)sys::send_signal(process_, SIGKILL);
    siginfo_t info{};
    (void)::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED);
}

bool Stranger::is_unharmed() const {
    siginfo_t info{};
    return ::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

}  // namespace ocirt::test
