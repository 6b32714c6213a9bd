// A program that a test runs, with its output caught. Every wait has a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/fd.h"

namespace ocirt::test {

// How many times as long as elsewhere a test waits here: an emulated machine is slow ($OCIRT_TEST_PATIENCE).
int patience();
// A number of the environment's, at least 1: how often a test does what it does very often.
int asked(const char* variable, int usual);

inline const std::chrono::seconds deadline{30 * patience()};
inline const std::chrono::seconds soon{10 * patience()};

struct Command {
    std::vector<std::string> args;                   // args[0] is a path
    std::optional<std::string> cwd{};                // of the program; the test's when unset
    std::string input{};                             // its stdin, at most a pipe's 64 KiB; then end of file
    std::vector<std::pair<int, int>> descriptors{};  // more of them: {the test's, the program's number}
};

// How a program ended and what it wrote until then.
struct Finished {
    int status = -1;  // its exit code; 128 + the signal that killed it; -1 when the deadline passed and it was killed
    std::string out{};
    std::string err{};
};

class Process {
   public:
    // Throws std::system_error when the program cannot be started.
    explicit Process(const Command& command);
    Process(Process&&) noexcept = default;
    Process& operator=(Process&&) = delete;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();  // kills what still runs

    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const;

    // Reads until the program ends, then what has been written by then. A container that outlives the program holds the
    // other ends of the pipes: its output is read by later calls of drain().
    Finished wait(std::chrono::milliseconds limit = deadline);
    // Reads until `text` stands in stdout; false when the program ended or the deadline passed first.
    bool wait_for(const std::string& text, std::chrono::milliseconds limit = deadline);
    // Reads until nobody holds the pipes open any more, or for as long as the limit says.
    Finished drain(std::chrono::milliseconds limit = deadline);

   private:
    using Clock = std::chrono::steady_clock;
    struct Stream {
        Fd fd{};
        std::string text{};
        void read();
    };
    // Waits for output or the program's end; false when the time is over.
    bool poll_once(Clock::time_point until, bool also_exit);
    void reap();

    pid_t pid_ = -1;
    Fd pidfd_{};
    Stream out_{};
    Stream err_{};
    std::optional<int> status_{};
};

// Whether the pid is that of a Process that has not been waited for: nobody else must reap it.
bool is_process(pid_t pid);

// Whether it is there and no zombie, which is for somebody else to reap.
bool is_alive(pid_t pid);

// Tries until it holds; false when the deadline passed.
bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit = soon);

// Starts, waits, returns.
Finished run(const Command& command);

}  // namespace ocirt::test
