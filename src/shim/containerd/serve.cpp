#include "shim/containerd/serve.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "shim/containerd/publisher.h"
#include "shim/event_loop.h"
#include "shim/reaper.h"
#include "shim/task_service.h"
#include "shim/ttrpc/server.h"

namespace ocirt::shim {
namespace {

constexpr std::chrono::milliseconds look_again{5};
constexpr std::chrono::milliseconds event_deadline{5000};

Result<Fd> block_end_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return fail_errno("sigprocmask", "wait for signals");
    Fd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("signalfd", "wait for signals");
    return fd;
}

// Stops the loop when nobody needs the shim any more: no container, no unread output, no event or answer on its way.
class Ending {
   public:
    Ending(EventLoop& loop, const TaskService& service, const Publisher& publisher, const ttrpc::Server& server)
        : loop_(loop), service_(service), publisher_(publisher), server_(server) {}

    void look() {
        if (service_.is_done()) {
            const auto now = EventLoop::Clock::now();
            if (!since_) since_ = now;
            const bool told = publisher_.is_idle() || now - *since_ > event_deadline;
            if (told && !server_.has_unsent()) return loop_.stop();
        }
        if (service_.is_shutting_down()) loop_.after(look_again, [this] { look(); });
    }

   private:
    EventLoop& loop_;
    const TaskService& service_;
    const Publisher& publisher_;
    const ttrpc::Server& server_;
    std::optional<EventLoop::Clock::time_point> since_;
};

}  // namespace

Result<> serve(const Bootstrap& bootstrap, const Flags& flags, Fd listener, const Log& log) {
    EventLoop loop = TRY(EventLoop::make());
    const std::unique_ptr<Reaper> reaper = TRY(Reaper::start(loop));
    const Fd signals = TRY(block_end_signals());
    Publisher publisher(loop, bootstrap.ttrpc_address, flags.namespace_name, log);
    TaskService service(
        {.loop = loop, .reaper = *reaper, .publisher = publisher, .log = log, .namespace_name = flags.namespace_name});
    std::unique_ptr<Ending> ending;
    const std::unique_ptr<ttrpc::Server> server =
        TRY(ttrpc::Server::listen(loop, std::move(listener), [&](const ttrpc::Call& call, const Reply& reply) {
            const bool before = service.is_shutting_down();
            service.handle(call, reply);
            if (!before && service.is_shutting_down()) ending->look();
        }));
    ending = std::make_unique<Ending>(loop, service, publisher, *server);
    TRY(loop.watch(signals, EPOLLIN, [&](std::uint32_t) {
        signalfd_siginfo signal{};
        while (::read(signals.get(), &signal, sizeof(signal)) > 0) {}
        service.end_if_idle();
        if (service.is_shutting_down())
            ending->look();
        else
            log.warning({.operation = "end", .detail = "containers are still here: not on a signal"});
    }));
    return loop.run();
}

}  // namespace ocirt::shim
