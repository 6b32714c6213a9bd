#include "shim/monitor/restarts.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "runtime/state/exit_file.h"

namespace ocirt::shim::monitor {
namespace {

constexpr std::chrono::milliseconds longest_wait = std::chrono::minutes(1);
constexpr std::chrono::milliseconds long_life = std::chrono::seconds(10);

bool is_failure(int status) {
    constexpr int signal_base = 128;
    constexpr int clean[] = {0,
                             state::unknown_status,
                             signal_base + SIGHUP,
                             signal_base + SIGINT,
                             signal_base + SIGPIPE,
                             signal_base + SIGTERM};
    return std::ranges::find(clean, status) == std::end(clean);
}

}  // namespace

std::optional<std::chrono::milliseconds> Restarts::next(int status, std::chrono::milliseconds lived) {
    if (!policy_.on_failure || !is_failure(status) || (policy_.most > 0 && count_ >= policy_.most)) return std::nullopt;
    ++count_;
    if (lived >= long_life) wait_ = first_wait;
    return std::exchange(wait_, std::min(wait_ * 2, longest_wait));
}

}  // namespace ocirt::shim::monitor
