// Where a runtime hands over a terminal's master end: a socket in a directory that nobody else enters, there until one
// has come.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "shim/event_loop.h"

namespace ocirt::shim::monitor {

class ConsoleSocket {
   public:
    using Arrived = std::function<void(Fd console)>;

    [[nodiscard]] static Result<std::unique_ptr<ConsoleSocket>> open(EventLoop& loop, Arrived arrived);
    ~ConsoleSocket();
    ConsoleSocket(const ConsoleSocket&) = delete;
    ConsoleSocket& operator=(const ConsoleSocket&) = delete;

    [[nodiscard]] std::string path() const { return directory_ + "/console"; }
    // Takes what has come by now: the runtime has ended.
    void look();

   private:
    ConsoleSocket(EventLoop& loop, Arrived arrived) : loop_(loop), arrived_(std::move(arrived)) {}

    void accept();
    void receive();
    void remove();

    EventLoop& loop_;
    Arrived arrived_;
    std::string directory_;
    Fd listener_;
    Fd connection_;
};

}  // namespace ocirt::shim::monitor
