// One output of a process: the reading end of its stdout or stderr, or the terminal's master end.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "common/fd.h"
#include "shim/event_loop.h"
#include "shim/monitor/stream.h"

namespace ocirt::shim::monitor {

class ProcessOutput {
   public:
    // Bytes are there until it returns.
    using Take = std::function<void(std::string_view bytes)>;

    ProcessOutput(EventLoop& loop, Stream stream, Fd fd, Take take);
    ~ProcessOutput();
    ProcessOutput(const ProcessOutput&) = delete;
    ProcessOutput& operator=(const ProcessOutput&) = delete;

    [[nodiscard]] Stream stream() const { return stream_; }
    [[nodiscard]] const Fd& fd() const { return fd_; }

    // Nothing is read before begin(), nor while it is held.
    void begin();
    void hold(bool hold);
    // Reads once. False: there is nothing now, or never again. Not while it is held.
    bool read();
    [[nodiscard]] bool is_held() const { return held_; }

   private:
    void ready(std::uint32_t events);
    void watch();
    void unwatch();
    void look_again_later();

    EventLoop& loop_;
    Stream stream_;
    Fd fd_;
    Take take_;
    bool begun_ = false;
    bool held_ = false;
    bool ended_ = false;
    bool watched_ = false;
    std::optional<EventLoop::Timer> timer_;
};

}  // namespace ocirt::shim::monitor
