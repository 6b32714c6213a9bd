// What the spec has and ocirt does not have yet: refused by name, never ignored.
#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

std::unexpected<Error> not_built(std::string pointer, const std::string& what) {
    return fail({.fault = Fault::unsupported,
                 .pointer = std::move(pointer),
                 .operation = "plan the container",
                 .detail = what + " is not supported by this version of ocirt"});
}

}  // namespace

Result<> refuse_unbuilt(const spec::Config& config) {
    const spec::Linux& linux = config.linux;
    if (!linux.net_devices.empty()) return not_built("/linux/netDevices", "moving network devices");
    if (linux.intel_rdt) return not_built("/linux/intelRdt", "Intel RDT");
    return {};
}

}  // namespace ocirt::plan
