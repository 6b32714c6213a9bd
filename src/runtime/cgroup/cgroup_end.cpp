// Cgroup's end: who is in it, signals, and its removal.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <thread>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/cgroup_tree.h"
#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch = 256;  // pidfds open at once

// From 1 ms to 64 ms, never past the deadline. false: it has passed.
bool back_off(std::chrono::milliseconds& delay, Clock::time_point deadline) {
    const auto left = deadline - Clock::now();
    if (left <= 0ms) return false;
    std::this_thread::sleep_for(std::min<Clock::duration>(delay, left));
    delay = std::min(delay * 2, std::chrono::milliseconds(64));
    return true;
}

Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

}  // namespace

Result<std::vector<pid_t>> Cgroup::pids() {
    std::vector<pid_t> all;
    for (Member* member : witnesses()) {
        const auto opened = directory(*member);
        if (!opened && opened.error().errnum == ENOENT) continue;
        const auto some = TRY(pids_below(*TRY(opened)));
        std::vector<pid_t> merged;
        std::ranges::set_union(all, some, std::back_inserter(merged));
        all = std::move(merged);
    }
    return all;
}

Result<bool> Cgroup::is_empty() { return TRY(pids()).empty(); }

Result<> Cgroup::signal_all(int signal) {
    const FreezerState before = freezer_state().value_or(FreezerState::thawed);
    const bool paused = before != FreezerState::thawed;
    // Where freezing fails the signal goes out nevertheless; kill_all comes back for those it missed.
    if (!paused) (void)freeze(1s);
    auto sent = [&]() -> Result<> {
        const auto listed = TRY(pids());
        for (std::size_t start = 0; start < listed.size(); start += batch) {
            std::vector<std::pair<pid_t, Fd>> opened;
            for (std::size_t i = start; i < std::min(start + batch, listed.size()); ++i)
                opened.emplace_back(listed[i], open_pidfd(listed[i]));
            // A number may have gone to a stranger between reading it and opening it. What is listed still is ours.
            const auto still = TRY(pids());
            for (const auto& [pid, pidfd] : opened) {
                if (!pidfd || !std::ranges::binary_search(still, pid)) continue;
                if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0 || errno == ESRCH) continue;
                return fail_errno("pidfd_send_signal", "signal process", std::to_string(pid));
            }
        }
        return {};
    }();
    if (paused && signal != SIGKILL) return sent;
    const auto thawed = thaw();
    return sent ? thawed : sent;
}

Result<> Cgroup::kill_all(std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    auto delay = 1ms;
    // cgroup.kill (Linux 5.14) reaches the frozen and the newly forked. What is not in the v2 tree is met below.
    if (Member* member = unified())
        if (const auto opened = directory(*member); opened) (void)write_file(**opened, "cgroup.kill", "1");
    (void)thaw();
    for (bool first = true;; first = false) {
        const auto left = TRY(pids());
        if (left.empty()) return {};
        // Those that cgroup.kill met need a moment to end.
        if (!first || unified() == nullptr) TRY(signal_all(SIGKILL));
        if (back_off(delay, deadline)) continue;
        return fail(
            {.fault = Fault::timed_out,
             .operation = "kill all processes of cgroup",
             .object = members_.front().place.path,
             .detail = "process " + std::to_string(left.front()) + " does not end",
             .hint = "it may be in uninterruptible sleep: see /proc/" + std::to_string(left.front()) + "/stack"});
    }
}

Result<> Cgroup::remove(std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    auto delay = 1ms;
    for (;;) {
        Member* busy = nullptr;
        for (Member& member : members_) {
            if (member.removed) continue;
            member.removed = TRY(remove_tree(member.place.path));
            if (!member.removed) busy = &member;
        }
        if (busy == nullptr) break;
        if (back_off(delay, deadline)) continue;
        const auto opened = directory(*busy);
        const auto left = opened ? pids_below(**opened) : Result<std::vector<pid_t>>{};
        const bool known = left && !left->empty();
        return fail({.fault = Fault::timed_out,
                     .operation = "remove cgroup",
                     .object = busy->place.path,
                     .syscall = "unlinkat",
                     .errnum = EBUSY,
                     .detail = known ? "process " + std::to_string(left->front()) + " is in it" : std::string{}});
    }
    for (const Member& member : members_) std::erase(made_, member.place.path);
    remove_made();
    return {};
}

}  // namespace ocirt::cgroup
