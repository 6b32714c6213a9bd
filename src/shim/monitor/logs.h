// All logs of a container, and what happens while one of them takes nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/error.h"
#include "shim/monitor/log_target.h"
#include "shim/monitor/log_writer.h"
#include "shim/monitor/options.h"

namespace ocirt::shim::monitor {

// One writer for each target that has any. Errors: the options' and the files'.
[[nodiscard]] Result<std::vector<std::unique_ptr<LogWriter>>> open_writers(const Options& options,
                                                                           const std::vector<LogTarget>& targets);

class Logs {
   public:
    using Clock = std::chrono::steady_clock;
    using Warn = std::function<void(const Error&)>;

    // `patient`: whoever writes waits until everything has been taken, however long that is; else for a second, and
    // then what is not taken is lost and counted in the log. `warn` is told when a log stops taking.
    Logs(std::vector<std::unique_ptr<LogWriter>> writers, bool patient, Warn warn);

    void write(const Chunk& chunk);
    // While this is so nothing is to be written; retry() is to be called every few milliseconds.
    [[nodiscard]] bool is_stuck() const;
    void retry();

    // A line of ocirt's own.
    void note(const std::string& line);
    void reopen();
    // The end: what is left is tried for `patience` at most. May wait for the disk.
    void finish(std::chrono::milliseconds patience, bool sync);

   private:
    struct Log {
        std::unique_ptr<LogWriter> writer;
        bool stuck = false;
        bool given_up = false;  // nobody waits for it any more
        Clock::time_point since{};
        std::uint64_t lost = 0;  // bytes
    };

    void settle(Log& log, const Result<>& result);
    void stop_waiting(Log& log);
    void tell_lost(Log& log);

    std::vector<Log> logs_;
    bool patient_;
    Warn warn_;
};

}  // namespace ocirt::shim::monitor
