// Between a container's NOTIFY_SOCKET and that of ocirt's own caller: the program's readiness and status, passed on.
//
// One message at a time. While the host does not take one, or has not yet come to a barrier, the next ones wait where
// they are, in the kernel's queue: nothing is lost, and a container cannot fill this process. No descriptor of a
// container's reaches the host: a barrier is one of ocirt's own there, and its end ends the program's.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "common/log.h"

namespace ocirt::lifecycle {

// $NOTIFY_SOCKET of this process; empty where it has none.
[[nodiscard]] std::string notify_address();

class NotifyRelay {
   public:
    // `arriving` is the container's socket, `address` the host's. READY=1 is accompanied by MAINPID=`main_pid`: the
    // process that stands for the container, and which the manager shall wait for.
    [[nodiscard]] static Result<NotifyRelay> connect(Fd arriving, const std::string& address, pid_t main_pid);

    // For the caller's own loop: what has to happen before advance() can do something, and how long that may take.
    [[nodiscard]] pollfd awaited() const;
    [[nodiscard]] int timeout() const;  // for poll(2)
    // Never blocks, and may be called at any time.
    void advance();

    // Relays until the program has said that it is ready and the host has seen it, or until the container has ended.
    [[nodiscard]] Result<> await_ready(const Fd& pidfd);

    // What has been said by now, as far as the host takes it within a second: the program has ended.
    void finish();

   private:
    using Clock = std::chrono::steady_clock;

    NotifyRelay(Fd arriving, Fd host, pid_t main_pid)
        : arriving_(std::move(arriving)), host_(std::move(host)), main_pid_(main_pid) {}

    void take_in();
    void hand_out();
    void begin_barrier(Fd held);
    void look_at_barrier();
    [[nodiscard]] bool idle() const { return outgoing_.empty() && !barrier_; }
    // Until nothing is under way, or it takes too long.
    void settle(std::chrono::milliseconds patience);

    Fd arriving_;
    Fd host_;
    pid_t main_pid_;
    std::string outgoing_;  // not yet taken by the host; with `enclosed_`
    Fd enclosed_;
    Fd barrier_;  // ends when the host has closed `enclosed_`
    Fd held_;     // the program's: closed then
    Clock::time_point barrier_deadline_;
    bool ready_ = false;  // READY=1 has been handed out, or there is nobody to take it
};

// For a container in the foreground: ocirt waits for it and removes it, so ocirt's own process is the one that the
// manager waits for. Nothing where there is nobody to tell, with a warning if there should be.
[[nodiscard]] std::optional<NotifyRelay> relay_in_foreground(Fd arriving, const std::string& address, const Log& log);

}  // namespace ocirt::lifecycle
