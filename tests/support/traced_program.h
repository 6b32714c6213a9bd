// A program that stops at each of its system calls, so that it can be killed at any of them. What it starts itself is
// not traced and runs freely.
#pragma once

#include <sys/types.h>

#include <optional>

#include "support/process.h"

namespace ocirt::test {

class TracedProgram {
   public:
    // Where in a system call: before the kernel did anything, somewhere in the middle, or with its result known.
    enum class Moment { entry, inside, exit };

    // Stands before its first instruction. Its stdio is /dev/null. Throws std::system_error when it cannot be started.
    explicit TracedProgram(const Command& command);
    TracedProgram(const TracedProgram&) = delete;
    TracedProgram& operator=(const TracedProgram&) = delete;
    ~TracedProgram();  // kills it

    [[nodiscard]] pid_t pid() const { return pid_; }

    // Goes on to that moment of its `number`th system call, counted from 1. False: it ended before.
    bool advance_to(int number, Moment moment);
    // SIGKILL, and reaped.
    void kill();
    // Lets it go on without further stops. Its status as in Finished.
    int finish(std::chrono::milliseconds limit = deadline);

   private:
    bool next_stop();
    void note(int status);

    pid_t pid_ = -1;
    std::optional<int> status_{};
};

}  // namespace ocirt::test
