// FIFOs between a test and what it runs.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "common/fd.h"

namespace ocirt::test {

// A FIFO that the test reads, as a client of containerd's does.
class FifoReader {
   public:
    explicit FifoReader(const std::filesystem::path& path);  // makes it where there is none
    // Until its end or the limit.
    std::string read_all(std::chrono::milliseconds limit = std::chrono::seconds(10));
    // Until `text` has come.
    bool wait_for(const std::string& text, std::chrono::milliseconds limit = std::chrono::seconds(10));

   private:
    bool read_some(std::chrono::steady_clock::time_point until);

    Fd fd_;
    std::string text_;
};

}  // namespace ocirt::test
