// The life of a monitor: it launches one container, or one process in it, tells its manager, relays the streams until
// the end, and leaves the exit status behind.
//
//     sockets and FIFOs ─ runtime ─ "data": PID ─ streams … the end ─ logs on the disk ─ exit files ─ exit command
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup/oom.h"
#include "shim/event_loop.h"
#include "shim/monitor/attach_socket.h"
#include "shim/monitor/console_socket.h"
#include "shim/monitor/control.h"
#include "shim/monitor/launch.h"
#include "shim/monitor/logs.h"
#include "shim/monitor/manager_pipe.h"
#include "shim/monitor/messages.h"
#include "shim/monitor/notifications.h"
#include "shim/monitor/options.h"
#include "shim/monitor/process_input.h"
#include "shim/monitor/record.h"
#include "shim/monitor/relay.h"
#include "shim/monitor/restarts.h"
#include "shim/reaper.h"

namespace ocirt::shim::monitor {

class Monitor {
   public:
    struct Start {
        Options options{};
        ManagerPipes pipes{};
        bool native = false;  // ocirt's own commands have made it: the manager is told the exit status in any case
        Fd caller{};          // of these, told as the manager is until the container is there
        std::string root{};   // of these, of the containers' states
        std::optional<Record> record{};  // of `run --monitor`: what it leaves in the container's directory, and its
                                         // sockets with it
        Fd post{};                       // its lock; given to one that takes the place of another
        std::vector<std::unique_ptr<LogWriter>> writers{};
        bool passthrough = false;  // the process has the monitor's own stdio
        Rates rates{};
        int oom_score = 0;            // our caller's
        std::vector<Fd> passed{};     // descriptors of the caller's for the runtime
        std::vector<Fd> inherited{};  // others, which stay open until the end (ports that are to stay taken)
    };

    Monitor(Start start, const Messages& messages);

    // The exit status of the process; 1 where there was none, with the manager told why.
    [[nodiscard]] int run();

   private:
    [[nodiscard]] Result<> begin();
    [[nodiscard]] Result<> open_sockets(const std::string& directory);
    [[nodiscard]] Result<> launch_runtime();
    [[nodiscard]] Result<> open_pipes(Launch& request);
    [[nodiscard]] Result<Fd> writing_end(Fd writer) const;
    [[nodiscard]] Result<> move_in();
    [[nodiscard]] Result<> take_over();
    void look_for_status(EventLoop::Clock::time_point deadline);
    [[nodiscard]] Result<> watch_signals();
    void pass_signal();

    void take_input(Fd fd);
    void take_console(Fd console);
    void control(const ControlMessage& message);
    void resize() const;

    void runtime_ended(const Exit& exit);
    [[nodiscard]] Result<> adopt_process();
    void watch_memory();
    void look_at_memory();
    void time_is_over();
    void process_ended(const Exit& exit);
    void settle_end(int status);
    void restart();
    [[nodiscard]] bool is_ours() const;
    void stop(int status);
    void fail_launch(const std::string& message);

    void leave();
    void leave_exit(const Exit& exit) const;
    void report(int number, std::string_view message = {}) const;
    [[nodiscard]] Result<pid_t> find_process() const;

    Start start_;
    const Messages& messages_;
    EventLoop loop_;
    std::unique_ptr<Reaper> reaper_;
    Logs logs_;
    Fd bundle_;
    std::unique_ptr<Relay> relay_;
    std::unique_ptr<ProcessInput> input_;
    std::unique_ptr<AttachSocket> clients_;
    std::unique_ptr<Control> control_;
    std::unique_ptr<ConsoleSocket> console_socket_;
    std::unique_ptr<Notifications> notifications_;
    Fd console_;
    std::optional<ControlMessage> size_;  // the last one that was asked for
    Fd runtime_error_;                    // what the runtime says, while it runs
    Fd signals_;
    cgroup::OomWatch memory_;
    pid_t runtime_ = 0;
    pid_t process_ = 0;
    Fd pidfd_;
    Restarts restarts_;
    EventLoop::Clock::time_point began_{};  // its life
    std::chrono::system_clock::time_point ended_{};
    bool timed_out_ = false;
    bool launched_ = false;
    int status_ = 1;
};

}  // namespace ocirt::shim::monitor
