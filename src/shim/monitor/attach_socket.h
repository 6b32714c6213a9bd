// The attach socket, where clients come and go (conmon's: SOCK_SEQPACKET).
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"
#include "shim/event_loop.h"
#include "shim/monitor/attach_client.h"

namespace ocirt::shim::monitor {

// Where clients look for the bundle: SOCKET_DIR/UUID is a link to it, for its own path may be longer than a socket's.
// One character less where the whole has 107, as conmon and its clients have it. Pure.
[[nodiscard]] std::string attach_link(const std::string& socket_dir, const std::string& uuid);

class AttachSocket {
   public:
    struct Events {
        std::function<void(std::string_view)> input;
        std::function<void(bool left)> input_ended;  // of one client
        std::function<void()> caught_up;             // no client is blocked any more
    };

    struct Place {
        Fd directory;
        std::string path;  // the directory's
        std::string name = "attach";
        std::string link{};  // to the directory; "" for none
    };

    // What lies there under these names is replaced.
    [[nodiscard]] static Result<std::unique_ptr<AttachSocket>> open(EventLoop& loop, Place place, Events events);
    ~AttachSocket();
    AttachSocket(const AttachSocket&) = delete;
    AttachSocket& operator=(const AttachSocket&) = delete;

    void send(Stream stream, std::string_view bytes);
    [[nodiscard]] bool is_blocked() const;
    void hold_input(bool hold);

   private:
    AttachSocket(EventLoop& loop, Place place, Events events)
        : loop_(loop), place_(std::move(place)), events_(std::move(events)) {}

    void accept();
    void remove(const AttachClient* client);

    EventLoop& loop_;
    Place place_;
    Events events_;
    Fd listener_;
    bool input_held_ = false;
    std::list<std::unique_ptr<AttachClient>> clients_;
};

}  // namespace ocirt::shim::monitor
