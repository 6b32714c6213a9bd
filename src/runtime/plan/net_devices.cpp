// Network devices that the parent moves into the container's network namespace.
#include "common/json_document.h"
#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

std::unexpected<Error> refuse(Fault fault, std::string detail, std::string hint) {
    return fail({.fault = fault,
                 .pointer = "/linux/netDevices",
                 .operation = "move network devices",
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

}  // namespace

Result<> plan_net_devices(Draft& draft) {
    const std::vector<spec::NetDevice>& devices = draft.config.linux.net_devices;
    if (devices.empty()) return {};
    if (!draft.has(spec::NamespaceKind::network))
        return refuse(Fault::invalid_config, "the container has the host's network",
                      "add {\"type\": \"network\"} to /linux/namespaces");
    if (draft.rootless()) return refuse(Fault::unsupported, "only root may", "run ocirt as root");
    draft.plan.net_devices.reserve(devices.size());
    for (const spec::NetDevice& device : devices)
        draft.plan.net_devices.push_back({.host_name = device.host_name,
                                          .name = device.name.empty() ? device.host_name : device.name,
                                          .pointer = "/linux/netDevices" + pointer_step(device.host_name)});
    return {};
}

}  // namespace ocirt::plan
