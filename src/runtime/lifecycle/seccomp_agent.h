// The seccomp agent: who answers for the system calls that a container's filter hands over (SCMP_ACT_NOTIFY,
// config-linux.md "listenerPath").
//
// How the listener's descriptor comes to it is drawn in plan/protocol.h. init cannot send it: its own sendmsg could be
// what the filter hands over. So it is taken out of init, while init looks at the report page, which is no system call.
// pidfd_getfd(2) takes the right to ptrace init: root's, or that of whoever made the user namespace in which init was
// executed. A rootless `exec` has neither.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/lifecycle/report_page.h"
#include "runtime/plan/plan.h"
#include "runtime/state/record.h"

namespace ocirt::lifecycle {

class SeccompAgent {
   public:
    // Connects to the agent's socket, before anything depends on it.
    [[nodiscard]] static Result<SeccompAgent> connect(const plan::SeccompListener& listener);

    // Whose filter it is: the container's record and status, and the process, which is another one than the container's
    // for an exec.
    struct Owner {
        const state::Record& record;
        state::Status status{};
        pid_t pid = 0;
        const Fd& pidfd;
    };
    // init has said Stage::listener over `socket`: lets it install the filter, hands the listener and the container
    // process state to the agent, hangs up, and lets init go on. Where init fails on its way that is no error here: the
    // page says it.
    [[nodiscard]] Result<> serve(const Fd& socket, ReportPage& page, const Owner& owner);

   private:
    SeccompAgent(plan::SeccompListener listener, Fd socket)
        : listener_(std::move(listener)), socket_(std::move(socket)) {}

    plan::SeccompListener listener_;
    Fd socket_;
};

}  // namespace ocirt::lifecycle
