#include "shim/native/await_exit.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include "common/syscall.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/directory_watch.h"
#include "runtime/lifecycle/process.h"
#include "runtime/state/exit_file.h"
#include "shim/monitor/record.h"
#include "shim/native/adopt.h"

namespace ocirt::shim::native {
namespace {

Result<> wait_for_either(const Fd& one, const Fd& other) {
    std::array<pollfd, 2> waits{pollfd{.fd = one.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = other.get(), .events = POLLIN, .revents = 0}};
    while (::poll(waits.data(), waits.size(), -1) < 0)
        if (errno != EINTR) return fail_errno("poll", "wait for the container");
    return {};
}

class Waiter {
   public:
    Waiter(const std::string& root, const std::string& id, const Log& log) : root_(root), id_(id), log_(log) {}

    Result<int> run() {
        for (;;) {
            if (const std::optional<int> told = look_at_file()) return *told;
            // Another container may have the name by now.
            if (const std::optional<int> left = monitor::read_post(post_)) return known_or_of_init(left);
            Result<bool> there = settle();
            if (!there) return std::unexpected(std::move(there).error());
            if (!*there) return known_or_of_init(monitor::read_post(post_));
        }
    }

   private:
    // What stands on the disk, unless the kernel knows more.
    std::optional<int> look_at_file() {
        const std::optional<state::Exit> exit = state::read_exit(root_, id_);
        if (!exit) return std::nullopt;
        return known_or_of_init(exit->status);
    }

    int known_or_of_init(std::optional<int> status) const {
        if (status && *status != state::unknown_status) return *status;
        if (!init_) return state::unknown_status;
        return lifecycle::await_reaped_status(init_, lifecycle::reaping_deadline).value_or(state::unknown_status);
    }

    // Waits for something to happen. False: there is nothing more to wait for.
    Result<bool> settle() {
        Result<lifecycle::Container> container = lifecycle::Container::open(root_, id_);
        if (!container && ((!init_ && !post_) || container.error().fault != Fault::not_found))
            return std::unexpected(std::move(container).error());
        if (!container) return await_monitor();
        if (const Result<> adopted = adopt_if_alone(root_, id_); !adopted) log_.warning(adopted.error());
        const auto watch = TRY(lifecycle::DirectoryWatch::make());
        const Result<int> watched = watch.add(root_ + "/" + id_, IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR);
        if (!watched) return watched.error().errnum == ENOENT ? Result<bool>(true) : std::unexpected(watched.error());
        if (Fd init = TRY(container->init())) init_ = std::move(init);
        post_ = monitor::open_post(root_, id_);
        find_monitor();
        if (state::read_exit(root_, id_)) return true;
        if (!monitor_ && !init_) return false;
        TRY(wait_for_either(watch.fd(), monitor_ ? monitor_ : init_));
        return monitor_ || !has_ended(init_);
    }

    void find_monitor() {
        const auto record = monitor::read_record(root_, id_);
        Result<Fd> monitor = record && *record ? sys::open_pidfd((*record)->monitor) : Result<Fd>(Fd{});
        monitor_ = monitor ? *std::move(monitor) : Fd{};
    }

    // The container has been deleted, and its monitor, if it has one, is about to say how it ended.
    Result<bool> await_monitor() const {
        if (monitor_) TRY(wait_for_either(monitor_, {}));
        return false;
    }

    static bool has_ended(const Fd& process) {
        const Result<bool> ended = lifecycle::wait_for_end(process, std::chrono::milliseconds(0));
        return ended && *ended;
    }

    const std::string& root_;
    const std::string& id_;
    const Log& log_;
    Fd init_;     // of the last life that was seen
    Fd monitor_;  // invalid without one
    Fd post_;     // what it leaves, also where the container is deleted
};

}  // namespace

Result<int> await_exit(const std::string& root, const std::string& id, const Log& log) {
    return Waiter(root, id, log).run();
}

}  // namespace ocirt::shim::native
