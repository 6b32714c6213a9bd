#include "runtime/lifecycle/pause.h"

#include "runtime/cgroup/cgroup.h"

namespace ocirt::lifecycle {
namespace {

using state::Status;

constexpr std::chrono::milliseconds lock_deadline = std::chrono::seconds(10);

Result<cgroup::Cgroup> cgroup_of(const Container& container, const std::string& operation) {
    if (container.record.use_cgroups) return cgroup::Cgroup::open(container.record.cgroups);
    return fail({.fault = Fault::unsupported,
                 .operation = operation,
                 .object = "\"" + container.record.id + "\"",
                 .detail = "it was created without cgroups, which have the freezer"});
}

}  // namespace

Result<> pause(Container& container) {
    constexpr const char* operation = "pause the container";
    TRY(container.lock(lock_deadline));
    const Status status = container.status();
    if (status != Status::created && status != Status::running) return wrong_state(container, operation, "running");
    return TRY(cgroup_of(container, operation)).freeze();
}

Result<> resume(Container& container) {
    constexpr const char* operation = "resume the container";
    TRY(container.lock(lock_deadline));
    if (container.status() != Status::paused) return wrong_state(container, operation, "paused");
    return TRY(cgroup_of(container, operation)).thaw();
}

}  // namespace ocirt::lifecycle
