// A container's NOTIFY_SOCKET, BUNDLE/notify/notify.sock, relayed to the host's within the event loop
// (lifecycle/notify_relay.h says what goes on).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/error.h"
#include "runtime/lifecycle/notify_relay.h"
#include "shim/event_loop.h"

namespace ocirt::shim::monitor {

class Notifications {
   public:
    // `host`: the service manager's socket. The main process that it is told is this one: the manager of the container
    // told it so, too.
    [[nodiscard]] static Result<std::unique_ptr<Notifications>> open(EventLoop& loop, const std::string& bundle,
                                                                     const std::string& host);
    ~Notifications();
    Notifications(const Notifications&) = delete;
    Notifications& operator=(const Notifications&) = delete;

    // What has been said by now.
    void finish();

   private:
    Notifications(EventLoop& loop, lifecycle::NotifyRelay relay) : loop_(loop), relay_(std::move(relay)) {}

    void watch();
    void unwatch();

    EventLoop& loop_;
    lifecycle::NotifyRelay relay_;
    Fd watched_;  // a copy: the relay's own come and go
    std::optional<EventLoop::Timer> timer_;
};

}  // namespace ocirt::shim::monitor
