#include "shim/monitor/notifications.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/socket.h"
#include "common/syscall.h"

namespace ocirt::shim::monitor {
namespace {

constexpr const char* name = "notify.sock";

}  // namespace

Result<std::unique_ptr<Notifications>> Notifications::open(EventLoop& loop, const std::string& bundle,
                                                           const std::string& host) {
    const Fd directory = TRY(sys::open(bundle + "/notify", O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (::unlinkat(directory.get(), name, 0) != 0 && errno != ENOENT)
        return fail_errno("unlinkat", "replace the socket", name);
    Fd arriving = TRY(bind_datagram_at(directory, name));
    lifecycle::NotifyRelay relay = TRY(lifecycle::NotifyRelay::connect(std::move(arriving), host, ::getpid()));
    std::unique_ptr<Notifications> notifications(new Notifications(loop, std::move(relay)));
    notifications->watch();
    return notifications;
}

Notifications::~Notifications() { unwatch(); }

void Notifications::finish() {
    unwatch();
    relay_.finish();
}

// What has to happen next changes with each step.
void Notifications::watch() {
    const pollfd awaited = relay_.awaited();
    const auto step = [this] {
        unwatch();
        relay_.advance();
        watch();
    };
    watched_ = Fd(::fcntl(awaited.fd, F_DUPFD_CLOEXEC, 3));
    if (watched_)
        (void)loop_.watch(watched_, static_cast<std::uint32_t>(awaited.events), [step](std::uint32_t) { step(); });
    if (const int time = relay_.timeout(); time >= 0) timer_ = loop_.after(std::chrono::milliseconds(time), step);
}

void Notifications::unwatch() {
    if (watched_) loop_.forget(watched_);
    watched_.reset();
    if (timer_) loop_.cancel(*timer_);
    timer_.reset();
}

}  // namespace ocirt::shim::monitor
