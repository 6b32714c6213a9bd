#include "support/exec_counter.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "support/host.h"

namespace ocirt::test {
namespace {

std::string tracepoint() {
    for (const char* root : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"})
        if (std::string id = read_trimmed(std::string(root) + "/events/sched/sched_process_exec/id"); !id.empty())
            return id;
    return {};
}

}  // namespace

std::optional<ExecCounter> ExecCounter::start() {
    const std::string id = tracepoint();
    if (id.empty()) return std::nullopt;
    perf_event_attr event{};
    event.type = PERF_TYPE_TRACEPOINT;
    event.size = sizeof(event);
    event.config = std::stoull(id);
    event.inherit = 1;
    const auto fd = ::syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) return std::nullopt;
    return ExecCounter(Fd(static_cast<int>(fd)));
}

std::uint64_t ExecCounter::count() const {
    std::uint64_t value = 0;
    (void)!::read(fd_.get(), &value, sizeof(value));
    return value;
}

}  // namespace ocirt::test
