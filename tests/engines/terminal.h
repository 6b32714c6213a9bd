// A program at a terminal: what `docker run -it` takes for a person's.
#pragma once

#include <chrono>
#include <string>

#include "common/fd.h"
#include "support/process.h"

namespace ocirt::engines {

class Terminal {
   public:
    // Runs the shell's command line with a new terminal of 100x40 as its stdio and controlling terminal.
    explicit Terminal(const std::string& line);
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();  // kills what still runs

    void type(const std::string& text) const;
    void resize(unsigned short columns, unsigned short rows) const;
    // Reads until `text` stands in what has been shown since the last call; what was shown is then used up.
    bool shows(const std::string& text, std::chrono::milliseconds limit = test::deadline);
    // Its exit code; -1 when the deadline passed.
    int wait(std::chrono::milliseconds limit = test::deadline);
    [[nodiscard]] const std::string& screen() const { return screen_; }  // everything, with its carriage returns

   private:
    // False when the time is over or the terminal's other end was closed.
    bool read_until(std::chrono::steady_clock::time_point until);

    Fd master_{};
    pid_t pid_ = -1;
    std::string screen_{};
    std::size_t seen_ = 0;
};

// The shell at `terminal` sees the size that it was made with and the one that it gets meanwhile; told to exit with
// `status`, that is how the program ends.
void expect_shell_that_follows_size(Terminal& terminal, int status);

}  // namespace ocirt::engines
