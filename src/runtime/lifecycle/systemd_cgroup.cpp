#include "runtime/lifecycle/systemd_cgroup.h"

#include <fcntl.h>

#include <string>

#include "common/syscall.h"
#include "runtime/lifecycle/annotations.h"

namespace ocirt::lifecycle {
namespace {

constexpr std::size_t devices_limit = 64 << 10;

Result<cgroup::Cgroup> take_over(Prepared& prepared, pid_t process) {
    const cgroup::Layout& layout = prepared.host.cgroups;
    const cgroup::Unit& unit = prepared.plan.unit->unit;
    const cgroup::Layout seen = TRY(cgroup::read_layout(std::to_string(process)));
    prepared.plan.cgroup_paths = TRY(cgroup::unit_paths(layout, seen, unit));
    // What a unit delegates systemd has enabled; what it does not know (hugetlb, rdma) is enabled where it is needed.
    return cgroup::Cgroup::create(layout, prepared.plan.cgroup_paths,
                                  {.best_effort = unit.session.has_value(),
                                   .occupied = true,
                                   .enable = prepared.plan.resources.unified_controllers});
}

}  // namespace

void probe_systemd(plan::Host& host) {
    host.session = host.uid != 0 ? cgroup::Session(host.uid) : own_user_namespace();
    if (host.cgroups.find("devices") != nullptr) host.proc_devices = read_proc_devices();
}

std::string read_proc_devices() {
    const Result<Fd> devices = sys::open("/proc/devices", O_RDONLY);
    return devices ? sys::read_all(*devices, devices_limit).value_or("") : "";
}

Result<cgroup::Cgroup> start_unit(cgroup::Systemd& systemd, Prepared& prepared, pid_t process) {
    const cgroup::UnitPlan& plan = *prepared.plan.unit;
    TRY(systemd.start(plan, prepared.plan.id, process));
    Result<cgroup::Cgroup> cgroup = take_over(prepared, process);
    if (!cgroup) (void)systemd.stop(plan.unit.name);
    return cgroup;
}

}  // namespace ocirt::lifecycle
