// A container's first process, from clone3 until it belongs to itself. The conversation is drawn in plan/protocol.h.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/report_page.h"
#include "runtime/lifecycle/seccomp_agent.h"
#include "runtime/lifecycle/trees.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

// Whose child it is, who reaps it.
enum class Parent : std::uint8_t {
    self,
    ours,  // CLONE_PARENT: this process is a worker of it, whose exit signal is SIGCHLD
};

class InitProcess {
   public:
    // Makes the process, has it execute init from a sealed file, and hands it the encoded plan. `cgroup` is the v2
    // tree's directory that it shall be born in, or nullptr. `plan` must outlive the object: errors are told in its
    // words.
    [[nodiscard]] static Result<InitProcess> launch(const plan::Plan& plan, const Fd* cgroup,
                                                    std::uint32_t preserve_fds, Parent parent = Parent::self);

    // Unless release() was called: SIGKILL, and reaped.
    ~InitProcess();
    InitProcess(InitProcess&&) noexcept;
    InitProcess& operator=(InitProcess&&) = delete;

    [[nodiscard]] Result<> send(plan::Stage stage, const std::vector<SlotFd>& descriptors = {});
    // Waits until init says `stage`. On the way it may have become another process (Respawn).
    // Errors: what the report tells of a failed step; Fault::timed_out.
    [[nodiscard]] Result<> expect(plan::Stage stage, std::chrono::milliseconds deadline);

    // After Stage::execute: waits until the program runs. `agent` gets the listener of its seccomp filter, where the
    // plan has one, with the state of the container. Errors: what the report tells of why it does not run; the agent's.
    [[nodiscard]] Result<> expect_program(std::chrono::milliseconds deadline, SeccompAgent* agent,
                                          const Container& container);

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const Fd& pidfd() const { return pidfd_; }
    // Whether the kernel let it be born in the cgroup (CLONE_INTO_CGROUP); else it has to be attached.
    [[nodiscard]] bool born_in_cgroup() const { return born_in_cgroup_; }
    [[nodiscard]] const ReportPage& report() const { return report_; }
    // The master end of the terminal that init has opened (OpenConsole); it came before what expect() waited for.
    [[nodiscard]] Fd take_console() { return std::move(console_); }

    // It belongs to itself from now on: whoever holds the object loses nothing but the descriptor.
    [[nodiscard]] Fd release();
    // Ends it at once.
    void kill();

   private:
    struct Birth;

    InitProcess(const plan::Plan& plan, ReportPage report, Parent parent);

    static void become_init(void* argument);

    [[nodiscard]] Result<> clone(const Fd& image, const Fd& their_end, const Fd* cgroup, std::uint32_t preserve_fds);
    [[nodiscard]] Error failure();
    // It has ended or is about to. Its status where it is ours to know.
    [[nodiscard]] Result<int> wait_for_status() const;
    [[nodiscard]] Result<> follow(pid_t pid, std::vector<Fd> descriptors);

    const plan::Plan* plan_;
    std::unique_ptr<Birth> birth_;  // the child's until it has executed init
    ReportPage report_;
    Fd channel_;
    Fd pidfd_;
    Fd console_;
    pid_t pid_ = 0;
    Parent parent_;
    bool born_in_cgroup_ = false;
};

}  // namespace ocirt::lifecycle
