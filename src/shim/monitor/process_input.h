// The input of a process: what clients write, in the order in which it comes, a bounded buffer at most.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/fd.h"
#include "shim/event_loop.h"

namespace ocirt::shim::monitor {

class ProcessInput {
   public:
    // `hold`: told whether clients are to wait.
    ProcessInput(EventLoop& loop, Fd fd, std::function<void(bool)> hold);
    ~ProcessInput();
    ProcessInput(const ProcessInput&) = delete;
    ProcessInput& operator=(const ProcessInput&) = delete;

    void write(std::string_view bytes);
    // The end of the input, behind what has been written.
    void end();

   private:
    void flush();
    void close();

    EventLoop& loop_;
    Fd fd_;
    std::function<void(bool)> hold_;
    std::string waiting_;
    bool watched_ = false;
    bool ends_ = false;
};

}  // namespace ocirt::shim::monitor
