// One client on the attach socket. It gets the output in packets, the first byte of each the stream's number, and
// sends input as it likes; when it has shut down its side that is the end of its input, and it still gets output.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "common/fd.h"
#include "shim/event_loop.h"
#include "shim/monitor/stream.h"

namespace ocirt::shim::monitor {

class AttachClient {
   public:
    struct Events {
        std::function<void(std::string_view)> input;
        std::function<void(bool left)> input_ended;  // it has shut down its side, or left without
        std::function<void()> caught_up;             // not blocked any more
        std::function<void()> gone;                  // to be deleted, later
    };

    AttachClient(EventLoop& loop, Fd socket, const Events& events);
    ~AttachClient();
    AttachClient(const AttachClient&) = delete;
    AttachClient& operator=(const AttachClient&) = delete;

    void send(Stream stream, std::string_view bytes);
    // It has not yet read what it was sent.
    [[nodiscard]] bool is_blocked() const { return !waiting_.empty(); }
    void hold_input(bool hold);

   private:
    [[nodiscard]] bool send_packet(Stream stream, std::string_view bytes);
    void ready(std::uint32_t events);
    void read_input(bool left);
    void park();
    void send_waiting();
    void watch_anew();
    void leave();

    EventLoop& loop_;
    Fd socket_;
    Events events_;
    std::deque<std::string> waiting_;  // packets
    bool input_held_ = false;
    bool input_ended_ = false;
    bool parked_ = false;
    bool gone_ = false;
};

}  // namespace ocirt::shim::monitor
