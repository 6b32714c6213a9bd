// Processes as the host's /proc shows them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/plan/plan.h"
#include "runtime/state/record.h"

namespace ocirt::lifecycle {

// When the process started; std::nullopt if there is none with this pid, or it has ended and waits to be reaped.
[[nodiscard]] std::optional<std::uint64_t> start_time(pid_t pid);

// The pid that the process has in its own PID namespace; `pid` itself where that cannot be read.
[[nodiscard]] pid_t pid_inside(pid_t pid);

// A pidfd of exactly this process; an invalid Fd if it has ended.
[[nodiscard]] Result<Fd> open_process(const state::ProcessIdentity& identity);

// Waits for the end of a process by its pidfd. False: it still lives after `deadline`.
[[nodiscard]] Result<bool> wait_for_end(const Fd& pidfd, std::chrono::milliseconds deadline);

// Reaps our child. Its wait status as a shell has it: the exit status, or 128 plus the signal.
[[nodiscard]] Result<int> reap(const Fd& pidfd);

// How a process ended that is another's child, in the same form, for a pidfd that was opened before. std::nullopt: its
// parent has not reaped it yet. Errors: the kernel does not tell (before Linux 6.15).
[[nodiscard]] Result<std::optional<int>> reaped_status(const Fd& pidfd);
// The same once it has been reaped, for which it waits at most `deadline`; std::nullopt where nobody knows.
[[nodiscard]] std::optional<int> await_reaped_status(const Fd& pidfd, std::chrono::milliseconds deadline);

// For its parent to reap a child that has ended, where that is a host's init that looks from time to time only.
inline constexpr std::chrono::milliseconds reaping_deadline = std::chrono::seconds(10);

// Writes oom_score_adj of a process. Errors carry the pointer "/process/oomScoreAdj".
[[nodiscard]] Result<> set_oom_score(pid_t pid, int score);

// Keeps this thread, and the children that it has from then on, on these CPUs.
[[nodiscard]] Result<> run_on(const plan::InitialAffinity& affinity);

// This boot's id.
[[nodiscard]] std::string boot_id();

// Now, as RFC 3339 in UTC with nanoseconds.
[[nodiscard]] std::string timestamp();

}  // namespace ocirt::lifecycle
