#include "runtime/lifecycle/events.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/cgroup/oom.h"

namespace ocirt::lifecycle {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* operation = "watch the container";

Result<> check_watchable(const Container& container, const Fd& init) {
    if (!container.record.complete || !init) return wrong_state(container, operation, "running");
    if (container.record.use_cgroups) return {};
    return fail({.fault = Fault::unsupported,
                 .operation = operation,
                 .object = "\"" + container.record.id + "\"",
                 .detail = "it was created without cgroups, which count for it"});
}

enum class Woken { oom, time, ended };

Result<Woken> wait(const cgroup::OomWatch& oom, const Fd& init, Clock::time_point until) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        std::array<pollfd, 2> waits{pollfd{.fd = init.get(), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = oom.fd().get(), .events = oom.events(), .revents = 0}};
        const auto timeout = std::clamp<std::int64_t>(left.count(), 0, 3'600'000);
        if (::poll(waits.data(), waits.size(), static_cast<int>(timeout)) < 0) {
            if (errno != EINTR) return fail_errno("poll", operation);
            continue;
        }
        if (waits[0].revents != 0) return Woken::ended;
        if (waits[1].revents != 0) return Woken::oom;
        if (Clock::now() >= until) return Woken::time;
    }
}

}  // namespace

Result<cgroup::Stats> stats(const Container& container) {
    TRY(check_watchable(container, TRY(container.init())));
    return cgroup::read_stats(container.record.cgroups);
}

std::optional<Counted> stats_if_running(const std::string& root, const std::string& id) {
    const Result<Container> container = Container::open(root, id);
    if (!container || !container->record.use_cgroups) return std::nullopt;
    const state::Status status = container->status();
    if (status != state::Status::running && status != state::Status::paused) return std::nullopt;
    const auto at = Clock::now();
    auto counted = cgroup::read_stats(container->record.cgroups);
    if (!counted) return std::nullopt;
    return Counted{.id = id, .at = at, .stats = *std::move(counted)};
}

Result<std::vector<Counted>> stats_of_all(const std::string& root) {
    std::vector<Counted> all;
    for (const std::string& id : TRY(state::list_ids(root)))
        if (auto counted = stats_if_running(root, id)) all.push_back(*std::move(counted));
    return all;
}

Result<> watch(const Container& container, std::chrono::nanoseconds interval, const EventSink& sink) {
    const Fd init = TRY(container.init());
    TRY(check_watchable(container, init));
    cgroup::OomWatch oom = TRY(cgroup::OomWatch::open(container.record.cgroups));
    for (auto next = Clock::now() + interval;;) {
        const Woken woken = TRY(wait(oom, init, next));
        // Asked at the end too: what ended the container may be just this.
        for (std::uint64_t count = oom.take(); count > 0; --count) TRY(sink.oom());
        if (woken == Woken::ended) return {};
        if (woken != Woken::time) continue;
        next = std::max(next + interval, Clock::now());
        const auto counted = cgroup::read_stats(container.record.cgroups);
        if (counted) {
            TRY(sink.stats(*counted));
        } else if (counted.error().errnum != ENOENT && counted.error().errnum != ENODEV) {
            return std::unexpected(counted.error());
        }
    }
}

}  // namespace ocirt::lifecycle
