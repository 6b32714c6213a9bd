// A terminal of a test's own, and the socket on which a container's terminal is received.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "common/fd.h"
#include "support/process.h"

namespace ocirt::test {

// The master end of a terminal: what a person at it types and sees. Every wait has a deadline.
class Screen {
   public:
    explicit Screen(Fd master) : master_(std::move(master)) {}

    void type(const std::string& text) const;
    // Reads until `text` has appeared; false when the deadline passed or nobody can write any more.
    bool wait_for(const std::string& text, std::chrono::milliseconds limit = deadline);
    // Reads until nobody has the terminal open.
    std::string read_all(std::chrono::milliseconds limit = deadline);
    [[nodiscard]] const std::string& text() const { return text_; }
    void resize(unsigned short rows, unsigned short columns) const;
    [[nodiscard]] const Fd& master() const { return master_; }

   private:
    bool read_once(std::chrono::steady_clock::time_point until);

    Fd master_;
    std::string text_;
};

// A new terminal, with the end that a program gets as its stdio: Command::descriptors of {slave, 0}, {slave, 1}, …
struct Pty {
    Pty();
    [[nodiscard]] termios modes() const;

    Fd slave;
    Screen screen;
};

// Listens as an engine does for --console-socket.
class ConsoleSocket {
   public:
    explicit ConsoleSocket(std::filesystem::path path);
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    struct Console {
        std::string name;  // the message that came with it
        Fd master;
    };
    Console receive() const;

   private:
    std::filesystem::path path_;
    Fd socket_;
};

}  // namespace ocirt::test
