// Cgroup's freezer: the v2 tree's cgroup.freeze where it is, else v1's freezer controller.
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::unexpected<Error> still_freezing(const std::string& path) {
    return fail({.fault = Fault::timed_out,
                 .operation = "freeze",
                 .object = path,
                 .detail = "some of its processes do not stand still",
                 .hint = "a process in uninterruptible sleep, or new ones that keep coming"});
}

std::unexpected<Error> at(Error error, const std::string& path) {
    error.object = path + "/" + error.object;
    return std::unexpected(std::move(error));
}

Result<bool> events_frozen(const Fd& directory) {
    return TRY(read_file(directory, "cgroup.events")).find("frozen 1") != std::string::npos;
}

// The kernel announces a change of cgroup.events to pollers of it.
Result<> wait_frozen(const Fd& directory, const std::string& path, Clock::time_point deadline) {
    auto events = Fd(::openat(directory.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
    if (!events) return fail_errno("openat", "open", path + "/cgroup.events");
    for (;;) {
        if (TRY(events_frozen(directory))) return {};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left <= 0ms) return still_freezing(path);
        // Between that reading and this poll a change may have been announced already: look again soon.
        pollfd wait{.fd = events.get(), .events = POLLPRI, .revents = 0};
        (void)::poll(&wait, 1, static_cast<int>(std::min(left, std::chrono::milliseconds(10)).count()));
    }
}

Result<> freeze_v1(const Fd& directory, const std::string& path, Clock::time_point deadline) {
    for (int tries = 1;; ++tries) {
        // A cgroup where processes keep appearing can stay FREEZING for good: writing again, and letting go now and
        // then, is what helps (the kernel's own old advice, and runc's experience).
        if (tries % 50 == 0) {
            TRY(write_file(directory, "freezer.state", "THAWED"));
            std::this_thread::sleep_for(10ms);
        }
        TRY(write_file(directory, "freezer.state", "FROZEN"));
        if (chomp(TRY(read_file(directory, "freezer.state"))) == "FROZEN") return {};
        if (Clock::now() >= deadline) return still_freezing(path);
        if (tries % 25 == 0) std::this_thread::sleep_for(1ms);
    }
}

}  // namespace

Result<> Cgroup::freeze(std::chrono::milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    if (Member* member = unified()) {
        const Fd& tree = *TRY(directory(*member));
        const auto asked = write_file(tree, "cgroup.freeze", "1");
        if (asked) {
            auto frozen = wait_frozen(tree, member->place.path, deadline);
            if (!frozen) (void)thaw();
            return frozen;
        }
        if (asked.error().errnum != ENOENT) return at(asked.error(), member->place.path);
    }
    Member* member = holding("freezer");
    if (member == nullptr)
        return fail({.fault = Fault::unsupported,
                     .operation = "freeze",
                     .detail = "this host has neither cgroup.freeze nor the freezer controller"});
    auto frozen = freeze_v1(*TRY(directory(*member)), member->place.path, deadline);
    if (!frozen) (void)thaw();
    return frozen;
}

// In both, whichever froze it: a cgroup must never be left frozen.
Result<> Cgroup::thaw() {
    Result<> result;
    const auto thaw_in = [&result](Member* member, const char* file, const char* value) {
        if (member == nullptr) return;
        const auto opened = directory(*member);
        const auto thawed = opened ? write_file(**opened, file, value) : Result<>(std::unexpected(opened.error()));
        if (!thawed && thawed.error().errnum != ENOENT) result = at(thawed.error(), member->place.path);
    };
    thaw_in(unified(), "cgroup.freeze", "0");
    thaw_in(holding("freezer"), "freezer.state", "THAWED");
    return result;
}

Result<FreezerState> Cgroup::freezer_state() {
    if (Member* member = unified()) {
        const Fd& tree = *TRY(directory(*member));
        const auto asked = read_file(tree, "cgroup.freeze");
        if (!asked && asked.error().errnum != ENOENT) return at(asked.error(), member->place.path);
        if (asked && asked->starts_with('1'))
            return TRY(events_frozen(tree)) ? FreezerState::frozen : FreezerState::freezing;
    }
    Member* member = holding("freezer");
    if (member == nullptr) return FreezerState::thawed;
    const Fd& freezer = *TRY(directory(*member));
    const std::string text = TRY(read_file(freezer, "freezer.state"));
    if (text.starts_with("THAWED")) return FreezerState::thawed;
    const auto self = read_file(freezer, "freezer.self_freezing");
    if (self && self->starts_with('0')) return FreezerState::thawed;
    return text.starts_with("FROZEN") ? FreezerState::frozen : FreezerState::freezing;
}

}  // namespace ocirt::cgroup
