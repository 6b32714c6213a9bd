// The FIFOs "ctl" and "winsz" in a bundle, by which a manager sizes the terminal and has logs opened anew.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"
#include "shim/event_loop.h"

namespace ocirt::shim::monitor {

struct ControlMessage {
    enum class Kind : std::uint8_t { resize, reopen_logs };
    Kind kind = Kind::resize;
    std::uint16_t height = 0;  // characters
    std::uint16_t width = 0;
};

// A line of "ctl": "1 HEIGHT WIDTH" or "2 0 0"; of "winsz": "HEIGHT WIDTH". Sizes are 0 to 1000. Pure.
[[nodiscard]] std::optional<ControlMessage> parse_control(std::string_view line);
[[nodiscard]] std::optional<ControlMessage> parse_window_size(std::string_view line);

class Control {
   public:
    using Handler = std::function<void(const ControlMessage&)>;
    using Warn = std::function<void(const Error&)>;

    // What lies there under these names is replaced.
    [[nodiscard]] static Result<std::unique_ptr<Control>> open(EventLoop& loop, const Fd& bundle, Handler handler,
                                                               Warn warn);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

   private:
    struct Fifo {
        const char* name;
        std::optional<ControlMessage> (*parse)(std::string_view);
        Fd fd{};
        std::string begun{};
    };

    Control(EventLoop& loop, Handler handler, Warn warn)
        : loop_(loop), handler_(std::move(handler)), warn_(std::move(warn)) {}

    void read(Fifo& fifo);

    EventLoop& loop_;
    Fd bundle_;
    Handler handler_;
    Warn warn_;
    Fifo fifos_[2]{{"ctl", parse_control}, {"winsz", parse_window_size}};
};

}  // namespace ocirt::shim::monitor
