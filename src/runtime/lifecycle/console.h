// The master end of a process's terminal, and who shall hold it.
#pragma once

#include <optional>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/lifecycle/receiver.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

struct ConsoleRequest {
    // --console-socket: whoever shall hold the terminal listens there and gets the master end, with the terminal's name
    // as the message (runc's docs/terminals.md; conmon, containerd's shim and crun speak it too).
    std::string socket{};
    bool keep = false;  // without a socket: this process stays and holds it
};

class Console {
   public:
    // To be asked before anything is changed. Errors: Fault::invalid_argument where nobody would hold the terminal, or
    // somebody shall hold one that the process does not have; the socket's.
    [[nodiscard]] static Result<Console> prepare(const plan::Plan& plan, const ConsoleRequest& request);

    // Gives the terminal its size and hands it over, or keeps it. Without a terminal in the plan it does nothing.
    [[nodiscard]] Result<> place(Fd master);

    // The master end, if it is kept.
    [[nodiscard]] Fd take() { return std::move(master_); }

   private:
    explicit Console(const plan::Plan& plan) : plan_(&plan) {}

    const plan::Plan* plan_;
    std::optional<Receiver> receiver_;
    Fd master_;
};

}  // namespace ocirt::lifecycle
